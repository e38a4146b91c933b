"""Letters over real SMTP: what each answer means, and what a server that refuses or hangs does to the others."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

import pytest

from accounts.models import User
from notifications import delivering, kinds, preferences, telling
from notifications.channels.base import (
    AddressRefusedError,
    ChannelDownError,
    OutcomeUnknownError,
    RefusedError,
    TryLaterError,
)
from notifications.channels.email import EmailSender
from notifications.choices import Channel, Topic
from notifications.kinds import Kind
from notifications.models import ChannelState, Message, Notice, UnreachableAddress
from tests.notifications.smtp_servers import HANG_UP, SILENCE, Script, mail_server

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture
def over_smtp(settings: Any) -> Any:
    """Letters go to the mail server at a port."""
    settings.EMAIL_BACKEND = "notifications.channels.smtp.SmtpBackend"
    settings.EMAIL_HOST, settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "127.0.0.1", "", ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 0.1

    def use(port: int) -> None:
        settings.EMAIL_PORT = port

    return use


def letter(**more: Any) -> Message:
    return Message(
        **{"channel": "email", "kind": "t", "recipient": "lin@example.com", "subject": "s", "body": "b", **more}
    )


def sent_error(sender: EmailSender, message: Message | None = None) -> type[BaseException] | None:
    try:
        sender.send(message or letter())
    except Exception as error:
        return type(error)
    return None


@pytest.mark.parametrize(
    ("answers", "meaning"),
    [
        ({}, None),
        ({"greeting": "421 too busy"}, ChannelDownError),
        ({"greeting": SILENCE}, ChannelDownError),
        ({"ehlo": SILENCE}, ChannelDownError),
        ({"mail": HANG_UP}, ChannelDownError),
        ({"mail": "530 5.7.0 who are you"}, ChannelDownError),
        ({"mail": "552 5.3.4 too big"}, RefusedError),
        ({"rcpt": "550 5.1.1 no such user"}, AddressRefusedError),
        ({"rcpt": "550 not here"}, AddressRefusedError),
        ({"rcpt": "551 moved"}, AddressRefusedError),
        ({"rcpt": "550 5.7.1 relaying denied"}, RefusedError),
        ({"rcpt": "550 5.2.2 full"}, RefusedError),
        ({"rcpt": "450 4.2.0 greylisted"}, TryLaterError),
        ({"rcpt": "421 slow down"}, TryLaterError),
        ({"rcpt": HANG_UP}, TryLaterError),
        ({"data": "451 try later"}, TryLaterError),
        ({"text": "554 5.7.1 spam"}, RefusedError),
        ({"text": "550 5.1.1 no such user"}, AddressRefusedError),
        ({"text": "451 4.3.0 try later"}, TryLaterError),
        ({"text": SILENCE}, OutcomeUnknownError),
        ({"text": HANG_UP}, OutcomeUnknownError),
    ],
)
def test_an_answer_of_the_server_means_what_it_says(over_smtp: Any, answers: dict[str, str], meaning: Any) -> None:
    with mail_server(**answers) as (port, _script):
        over_smtp(port)
        with EmailSender() as sender:
            assert sent_error(sender) is meaning


def test_nobody_listening_is_a_channel_that_is_down(over_smtp: Any) -> None:
    with mail_server() as (port, _script):
        pass
    over_smtp(port)
    with EmailSender() as sender:
        assert sent_error(sender) is ChannelDownError


def test_a_wrong_password_is_a_channel_that_is_down(over_smtp: Any, settings: Any) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "u", "p"
    with mail_server(ehlo="250 AUTH PLAIN", auth="535 5.7.8 no") as (port, _script):
        over_smtp(port)
        with EmailSender() as sender:
            assert sent_error(sender) is ChannelDownError


def test_a_batch_goes_over_one_connection_whoever_is_refused(over_smtp: Any) -> None:
    def judge(argument: str) -> str:
        return "550 5.1.1 no" if "gone@" in argument else "250 ok"

    with mail_server(rcpt=judge) as (port, script):
        over_smtp(port)
        with EmailSender() as sender:
            outcomes = [sent_error(sender, letter(recipient=f"{name}@example.com")) for name in ("a", "gone", "b")]
    assert outcomes == [None, AddressRefusedError, None]
    assert [recipient for _sender, recipient, _text in script.letters] == ["a@example.com", "b@example.com"]
    assert script.connections == 1


def test_a_connection_that_broke_between_two_letters_is_opened_anew(over_smtp: Any) -> None:
    seen: list[str] = []

    def once(argument: str) -> str:
        seen.append(argument)
        return HANG_UP if len(seen) == 2 else "250 ok"

    with mail_server(mail=once) as (port, script):
        over_smtp(port)
        with EmailSender() as sender:
            assert [sent_error(sender), sent_error(sender)] == [None, None]
    assert (len(script.letters), script.connections) == (2, 2)


def test_a_connection_that_breaks_under_every_letter_is_a_channel_that_is_down(over_smtp: Any) -> None:
    with mail_server(text=HANG_UP) as (port, script):
        over_smtp(port)
        with EmailSender() as sender:
            outcomes = [sent_error(sender) for _ in range(3)]
    assert outcomes == [OutcomeUnknownError, OutcomeUnknownError, ChannelDownError]
    assert script.connections == 2


# --- What a letter says -----------------------------------------------------------------------------


@pytest.fixture
def server(over_smtp: Any) -> Iterator[Script]:
    with mail_server() as (port, script):
        over_smtp(port)
        yield script


def handed_over(script: Script, message: Message) -> tuple[str, str, Any]:
    with EmailSender() as sender:
        sender.send(message)
    sender_address, recipient, text = script.letters[-1]
    return sender_address, recipient, email.message_from_string(text, policy=email.policy.default)


def test_a_letter_names_itself_and_asks_for_no_answer(server: Script, settings: Any) -> None:
    settings.SITE_URL, settings.BOUNCE_ADDRESS = "https://carkeeper.example:8443", "bounces+{id}@mail.example"
    message = letter(subject="你的车好了", html="<p>x</p>")
    came_from, _recipient, parsed = handed_over(server, message)
    assert came_from == f"bounces+{message.public_id}@mail.example"
    assert parsed["From"] == settings.DEFAULT_FROM_EMAIL
    assert parsed["Message-ID"] == f"<{message.public_id}@carkeeper.example>"
    assert parsed["Subject"] == "你的车好了"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Date"]
    assert parsed["List-Unsubscribe"] is None
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(("language", "name"), [("zh-hans", "车管家"), ("en", "CarKeeper")])
def test_a_letter_is_from_us_by_the_name_its_reader_knows(
    server: Script, settings: Any, language: str, name: str
) -> None:
    _sender, _recipient, parsed = handed_over(server, letter(notice=Notice(language=language)))
    assert [(one.display_name, one.addr_spec) for one in parsed["From"].addresses] == [
        (name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    ]


def test_an_address_of_another_script_is_written_so_that_servers_understand_it(server: Script) -> None:
    assert handed_over(server, letter(recipient="lin@例子.example"))[1] == "lin@xn--fsqu00a.example"


@pytest.mark.parametrize("recipient", ["林@example.com", "lin", "@example.com", "a b@example.com", "a@b\r\nRSET"])
def test_an_address_that_is_none_is_refused(server: Script, recipient: str) -> None:
    with EmailSender() as sender:
        assert sent_error(sender, letter(recipient=recipient)) is AddressRefusedError
    assert server.connections == 0


@pytest.mark.parametrize("subject", ["a\nBcc: x@example.com", "a\rb"])
def test_a_subject_of_two_lines_is_refused(server: Script, subject: str) -> None:
    with EmailSender() as sender:
        assert sent_error(sender, letter(subject=subject)) is RefusedError


# --- Beside other channels --------------------------------------------------------------------------

KIND = "contact_changed"


@pytest.fixture
def owner() -> User:
    kinds.register(Kind(KIND, Topic.REMINDERS, "Test"))
    owner = User.objects.create_user(
        email="lin@example.com", phone="+8613800138001", phone_verified_at=AT, language="en"
    )
    both = {(Topic.REMINDERS, channel): True for channel in (Channel.EMAIL, Channel.SMS)}
    preferences.choose(user=owner, choices=both, at=AT)
    return owner


def tell(owner: User, number: int = 0) -> None:
    telling.tell(kind=KIND, key=f"k{number}", to=owner, context={"old": "a", "new": "b"}, at=AT)


def test_a_letter_that_can_be_left_says_how_in_one_click(server: Script, owner: User) -> None:
    tell(owner)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 1
    parsed = email.message_from_string(server.letters[0][2], policy=email.policy.default)
    assert "/unsubscribe/" in parsed["List-Unsubscribe"]
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = parsed.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert 'name="color-scheme"' in html
    assert "/unsubscribe/" in html
    assert "<img" not in html


@pytest.mark.parametrize("answers", [{"greeting": SILENCE}, {"mail": "451 not now"}, {"greeting": "554 no service"}])
def test_a_server_that_hangs_or_refuses_delays_no_text_message_and_loses_no_letter(
    over_smtp: Any, owner: User, answers: dict[str, str]
) -> None:
    for number in range(3):
        tell(owner, number)
    with mail_server(**answers) as (port, script):
        over_smtp(port)
        assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 0
        assert delivering.deliver(channel=Channel.SMS, clock=lambda: AT) == 3
        assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 0
    assert script.connections == 1
    assert set(Message.objects.filter(channel="email").values_list("status", "attempts")) == {("queued", 0)}
    later = ChannelState.objects.get(channel="email").paused_until
    assert later is not None
    with mail_server() as (port, script):
        over_smtp(port)
        assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: later) == 3
    assert len(script.letters) == 3


def test_an_address_that_does_not_exist_gets_nothing_more(over_smtp: Any, owner: User) -> None:
    tell(owner)
    tell(owner, 1)
    with mail_server(rcpt="550 5.1.1 no such user") as (port, script):
        over_smtp(port)
        delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT)
    assert UnreachableAddress.objects.get().recipient == "lin@example.com"
    assert sorted(Message.objects.filter(channel="email").values_list("status", flat=True)) == ["bounced", "bounced"]
    tell(owner, 2)
    assert Message.objects.filter(channel="email").count() == 2
    assert script.letters == []
