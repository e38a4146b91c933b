"""Letters that come back, and complaints: what counts, and what nobody can make up."""

from __future__ import annotations

import hashlib
import hmac
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from notifications import bounces, kinds, preferences, telling
from notifications.bounces import NotAReportError, Outcome
from notifications.choices import Channel, MessageStatus, Topic
from notifications.kinds import Kind
from notifications.models import Message, UnreachableAddress
from notifications.preferences import Reach

pytestmark = pytest.mark.django_db
MAIL, PHONE = "lin@example.com", "+8613800138001"


@pytest.fixture
def owner() -> User:
    return User.objects.create_user(email=MAIL, phone=PHONE, phone_verified_at=timezone.now(), language="en")


def sent(to: Any = None, topic: Topic = Topic.VISITS, days_ago: int = 0, key: str = "k") -> Message:
    """A letter that was told and handed over."""
    at = timezone.now() - timedelta(days=days_ago)
    if to is None:
        sent_before = {"kind": "t", "recipient": MAIL, "subject": "s", "body": "b", "status": MessageStatus.SENT}
        return Message.objects.create(channel="email", sent_at=at, **sent_before)
    kinds.register(Kind("contact_changed", topic, "Test"))
    if isinstance(to, User):
        preferences.choose(user=to, choices={(topic, Channel.EMAIL): True, (topic, Channel.SMS): False}, at=at)
    telling.tell(kind="contact_changed", key=key, to=to, context={"old": "a", "new": "b"}, at=at)
    Message.objects.filter(notice__key=key, channel="email").update(status=MessageStatus.SENT, sent_at=at)
    return Message.objects.get(notice__key=key, channel="email")


def dsn(
    message: Message, *, status: str = "5.1.1", action: str = "failed", recipient: str = MAIL, **more: str
) -> bytes:
    original = more.get("original", f"Message-ID: <{message.public_id}@carkeeper.example>\nTo: {MAIL}\nSubject: s\n")
    return f"""From: MAILER-DAEMON@mx.example
To: {more.get("to", "no-reply@carkeeper.example")}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

It did not work.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Fri, 20 Nov 2026 04:00:00 +0000

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no
 such user

--b1
Content-Type: {more.get("type", "text/rfc822-headers")}

{original}
--b1--
""".encode()


def arf(message: Message, *, kind: str = "abuse", recipient: str = MAIL) -> bytes:
    return f"""From: fbl@provider.example
To: abuse@carkeeper.example
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b1"

--b1
Content-Type: text/plain

A complaint.

--b1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Provider/1
Version: 1

--b1
Content-Type: message/rfc822

Message-ID: <{message.public_id}@carkeeper.example>
To: {recipient}
Subject: s

text
--b1--
""".encode()


def read(raw: bytes) -> list[Outcome]:
    return bounces.read(raw, at=timezone.now())


def test_an_address_that_does_not_exist_gets_nothing_more_and_the_owner_a_text(owner: User) -> None:
    message = sent(owner)
    assert read(dsn(message)) == [Outcome.UNREACHABLE]
    message.refresh_from_db()
    assert (message.status, message.error) == (MessageStatus.BOUNCED, "5.1.1 smtp; 550 5.1.1 no such user")
    assert UnreachableAddress.objects.get().recipient == MAIL
    assert Message.objects.get(channel="sms").recipient == PHONE
    assert read(dsn(message)) == [Outcome.PASSED_OVER]


def test_a_letter_is_known_by_the_address_it_comes_back_to() -> None:
    message = sent()
    raw = dsn(message, original="Subject: s\n", to=f"bounces+{message.public_id.upper()}@mail.example")
    assert read(raw) == [Outcome.UNREACHABLE]


def test_a_whole_letter_that_is_returned_is_known() -> None:
    message = sent()
    assert read(dsn(message, type="message/rfc822")) == [Outcome.UNREACHABLE]


@pytest.mark.parametrize("change", [{"recipient": "other@example.com"}, {"original": "Message-ID: <x@y>\n"}])
def test_a_report_that_was_made_up_silences_nobody(change: dict[str, str]) -> None:
    message = sent()
    sent()
    assert read(dsn(message, **change)) == [Outcome.PASSED_OVER]
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.SENT}
    assert not UnreachableAddress.objects.exists()


def test_a_letter_that_waits_cannot_have_come_back() -> None:
    message = sent()
    Message.objects.update(status=MessageStatus.QUEUED, due_at=timezone.now())
    assert read(dsn(message)) == [Outcome.PASSED_OVER]


@pytest.mark.parametrize(
    ("status", "action"),
    [("4.4.1", "delayed"), ("2.0.0", "delivered"), ("5.1.1", "relayed"), ("", "failed"), ("9.9.9", "failed")],
)
def test_what_is_no_failure_changes_nothing(status: str, action: str) -> None:
    message = sent()
    assert read(dsn(message, status=status, action=action)) == [Outcome.PASSED_OVER]


@pytest.mark.parametrize("status", ["5.7.1", "5.6.0", "5.3.4"])
def test_a_letter_that_was_not_liked_leaves_the_address_as_it_was(owner: User, status: str) -> None:
    for number, days_ago in enumerate((8, 4, 0)):
        assert read(dsn(sent(owner, days_ago=days_ago, key=f"k{number}"), status=status)) == [Outcome.CAME_BACK]
    assert not UnreachableAddress.objects.exists()
    assert Message.objects.filter(channel="sms").count() == 3


def test_a_mailbox_that_is_full_for_days_is_given_up() -> None:
    for days_ago in (5, 4, 3):
        assert read(dsn(sent(days_ago=days_ago), status="4.2.2")) == [Outcome.CAME_BACK]
    assert not UnreachableAddress.objects.exists()
    read(dsn(sent(), status="5.2.2"))
    assert UnreachableAddress.objects.get().fault == "full"


def is_on(owner: User, topic: Topic) -> bool:
    return preferences.wishes_of([owner])[owner.pk].is_on(topic, Channel.EMAIL)


def test_who_calls_a_reminder_spam_gets_no_more_of_them_by_mail(owner: User) -> None:
    assert read(arf(sent(owner, Topic.REMINDERS))) == [Outcome.COMPLAINED]
    assert not is_on(owner, Topic.REMINDERS)
    assert not UnreachableAddress.objects.exists()


def test_who_calls_a_letter_about_a_visit_spam_gets_the_next_one(owner: User) -> None:
    assert read(arf(sent(owner, Topic.VISITS))) == [Outcome.COMPLAINED]
    assert is_on(owner, Topic.VISITS)
    assert not UnreachableAddress.objects.exists()


def test_who_has_no_account_and_complains_gets_nothing_more() -> None:
    message = sent(Reach(Channel.EMAIL, MAIL), Topic.REVIEWS)
    assert read(arf(message)) == [Outcome.COMPLAINED]
    assert UnreachableAddress.objects.get().fault == "complained"


@pytest.mark.parametrize("change", [{"kind": "not-spam"}, {"recipient": "other@example.com"}])
def test_a_complaint_that_is_none_changes_nothing(owner: User, change: dict[str, str]) -> None:
    assert read(arf(sent(owner, Topic.REMINDERS), **change)) == [Outcome.PASSED_OVER]
    assert is_on(owner, Topic.REMINDERS)


NONSENSE = [
    b"",
    b"\x00" * 1000,
    b"Subject: hello\n\nI am on holiday.",
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n',
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n--x\n'
    b"Content-Type: message/delivery-status\n\n\xff\xfe\n\n--x--\n",
    b'Content-Type: multipart/report; report-type=feedback-report; boundary="x"\n\n--x--\n',
    b"Content-Type: multipart/report; report-type*=utf-9''%ff; boundary=x\n\n--x\n\n--x--",
]


@pytest.mark.parametrize("raw", NONSENSE)
def test_what_is_no_report_is_refused(raw: bytes) -> None:
    with pytest.raises(NotAReportError):
        read(raw)


# --- How reports come in ----------------------------------------------------------------------------


def post(client: Client, raw: bytes, signature: str | None = None) -> Any:
    right = "sha256=" + hmac.new(b"of ours", raw, hashlib.sha256).hexdigest()
    headers = {"X-Signature": right if signature is None else signature}
    return client.post("/notices/mail/", raw, content_type="message/rfc822", headers=headers)


@pytest.fixture
def secret(settings: Any) -> None:
    settings.BOUNCE_SECRET = "of ours"


@pytest.mark.usefixtures("secret")
def test_a_signed_report_is_taken(client: Client) -> None:
    answer = post(client, dsn(sent()))
    assert (answer.status_code, answer.json()) == (200, {"outcomes": ["unreachable"]})


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "签名", "sha1=x"])
def test_a_report_that_is_not_signed_is_refused(client: Client, signature: str) -> None:
    assert post(client, dsn(sent()), signature).status_code == 403
    assert not UnreachableAddress.objects.exists()


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("raw", NONSENSE)
def test_signed_nonsense_is_said_to_be_nonsense(client: Client, raw: bytes) -> None:
    assert post(client, raw).status_code == 400


@pytest.mark.usefixtures("secret")
def test_a_report_that_is_too_long_is_refused(client: Client) -> None:
    assert post(client, b"x" * (bounces.MAX_BYTES + 1)).status_code == 413
    assert client.get("/notices/mail/").status_code == 405


def test_without_a_secret_there_is_no_such_address(client: Client) -> None:
    assert post(client, b"x").status_code == 404


class _Stdin:
    def __init__(self, raw: bytes) -> None:
        self.buffer = io.BytesIO(raw)


def test_a_mail_server_hands_a_report_over_by_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", _Stdin(dsn(sent())))
    out = io.StringIO()
    call_command("read_bounce", stdout=out)
    assert out.getvalue().strip() == "unreachable"


def test_another_letter_in_the_pipe_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", _Stdin(b"Subject: hello\n\nhello"))
    with pytest.raises(CommandError):
        call_command("read_bounce")
