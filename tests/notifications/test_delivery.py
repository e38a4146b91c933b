import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Self

import pytest
from django.core import mail

from notifications import delivery
from notifications.channels.base import ChannelDownError, Receipt, RefusedError, TryLaterError
from notifications.channels.gateways.http import HttpGateway
from notifications.channels.sms import SmsSender
from notifications.models import Message
from notifications.templatetags.letters import linked

pytestmark = pytest.mark.django_db

CODE = {"channel": "email", "kind": "code", "recipient": "a@example.com", "context": {"code": "123456"}, "secret": True}


def test_code_is_masked_in_the_log_but_not_in_the_mail() -> None:
    message = delivery.send_template(**CODE)
    assert "123456" not in message.body + message.subject
    assert "••••••" in message.body
    assert "123456" in mail.outbox[0].body
    assert "123456" in mail.outbox[0].alternatives[0].content


def test_code_is_in_the_clear_in_the_developer_outbox(settings: object) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]
    assert "123456" in delivery.send_template(**CODE).body


def test_code_does_not_reach_the_log_file(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="notifications"):
        delivery.send_template(**CODE)
    assert "a@example.com" in caplog.text
    assert "123456" not in caplog.text


class _Refusing:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def send(self, message: Message) -> Receipt:
        raise OSError(f"{message.recipient} refused: {message.body}")


LINK = {
    "kind": "link",
    "subject": "https://carkeeper.example/r/k3v9m2x7c4q8t5zb/",
    "body": "Your car: https://carkeeper.example/v/Ab_c-9xyz/ opens for three days",
}


def test_a_link_is_sent_whole_and_kept_and_logged_without_its_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="notifications"):
        message = delivery.send(channel="email", recipient="a@example.com", **LINK)
    message.refresh_from_db()
    assert message.body == "Your car: https://carkeeper.example/v/••••••/ opens for three days"
    assert message.subject == "https://carkeeper.example/r/••••••/"
    assert (mail.outbox[0].subject, mail.outbox[0].body) == (LINK["subject"], LINK["body"])
    assert "k3v9m2x7c4q8t5zb" not in caplog.text
    assert "Ab_c-9xyz" not in caplog.text


def test_a_link_that_could_not_be_sent_is_kept_without_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "open_sender", lambda _channel: _Refusing())
    message = delivery.send(channel="email", recipient="a@example.com", **LINK)
    assert message.status == "failed"
    assert "https://carkeeper.example/v/••••••/" in message.error
    assert "Ab_c-9xyz" not in message.body + message.error


def test_a_message_that_failed_is_logged_by_its_kind_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "open_sender", lambda _channel: _Refusing())
    body = f"123456 {LINK['body']}"
    with caplog.at_level("DEBUG"):
        message = delivery.send(
            channel="sms", kind="code", recipient="+8613800138001", subject="", body=body, secret=True
        )
    assert "message code failed: OSError" in caplog.text
    assert [told for told in ("123456", "Ab_c-9xyz", "8613800138001", "Your car") if told in caplog.text] == []
    assert message.error.startswith("OSError: ")
    assert message.error.endswith(" refused: •••••• Your car: https://carkeeper.example/v/••••••/ opens for three days")


def test_a_link_is_in_the_clear_in_the_developer_outbox(settings: object) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]
    assert delivery.send(channel="email", recipient="a@example.com", **LINK).body == LINK["body"]


@pytest.mark.parametrize("channel", ["email", "sms"])
@pytest.mark.parametrize("kind", ["code", "contact_changed"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_letter_renders_in_both_languages(channel: str, kind: str, language: str) -> None:
    context = {"code": "123456", "old": "a@example.com", "new": "b@example.com"}
    message = delivery.send_template(
        channel=channel, kind=kind, recipient="a@example.com", context=context, language=language
    )
    assert message.status == "sent"
    assert "{{" not in message.body
    assert len(message.body) > 20


def test_sms_fits_into_two_parts() -> None:
    body = delivery.send_template(channel="sms", kind="code", recipient="+8613800138001", context={"code": "1"}).body
    assert len(body) <= 134
    assert "\n" not in body


def test_failure_is_recorded_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "open_sender", lambda _channel: _Refusing())
    message = delivery.send(channel="email", kind="test", recipient="a@example.com", subject="s", body="b")
    assert message.status == "failed"
    assert "a@example.com refused: b" in message.error
    assert Message.objects.get() == message


def test_line_break_in_a_subject_is_refused_by_the_mail_not_raised() -> None:
    message = delivery.send(channel="email", kind="t", recipient="a@example.com", subject="a\nBcc: x@y.z", body="b")
    assert message.status == "failed"
    assert mail.outbox == []


class _Gateway(BaseHTTPRequestHandler):
    received: list[tuple[str, dict[str, str]]] = []
    status = 200

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.received.append((self.headers["Authorization"], body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def gateway(settings: object) -> Iterator[type[_Gateway]]:
    server = HTTPServer(("127.0.0.1", 0), _Gateway)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.SMS_GATEWAY = "notifications.channels.gateways.http.HttpGateway"  # type: ignore[attr-defined]
    settings.SMS_GATEWAY_URL = f"http://127.0.0.1:{server.server_port}/send"  # type: ignore[attr-defined]
    settings.SMS_GATEWAY_TOKEN = "t0ken"  # type: ignore[attr-defined]
    _Gateway.received, _Gateway.status = [], 200
    yield _Gateway
    server.shutdown()
    server.server_close()


def test_http_gateway_hands_an_sms_over(gateway: type[_Gateway]) -> None:
    message = delivery.send(channel="sms", kind="t", recipient="+8613800138001", subject="", body="你好")
    assert message.status == "sent"
    sent = {"id": message.public_id, "to": "+8613800138001", "text": "你好"}
    assert gateway.received == [("Bearer t0ken", sent)]
    assert message.cost_li == 45


def test_http_gateway_that_refuses_is_recorded(gateway: type[_Gateway]) -> None:
    gateway.status = 500
    message = delivery.send(channel="sms", kind="t", recipient="+8613800138001", subject="", body="x")
    assert message.status == "failed"
    assert "500" in message.error


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, ChannelDownError),
        (401, ChannelDownError),
        (503, ChannelDownError),
        (429, TryLaterError),
        (500, TryLaterError),
        (422, RefusedError),
    ],
)
def test_http_gateway_answers_by_status(gateway: type[_Gateway], status: int, error: type[Exception]) -> None:
    gateway.status = status
    with pytest.raises(error), SmsSender() as sender:
        sender.send(Message(channel="sms", recipient="+8613800138001", body="x"))


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "http://127.0.0.1:1/", "http://nowhere.invalid/"])
def test_http_gateway_that_cannot_be_reached_is_a_channel_that_is_down(settings: object, url: str) -> None:
    settings.SMS_GATEWAY_URL = url  # type: ignore[attr-defined]
    with pytest.raises(ChannelDownError):
        HttpGateway().send(Message(channel="sms", recipient="+8613800138001", body="x"))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "看车：https://x.cn/v/A_b-9/。三天内有效",
            '看车：<a href="https://x.cn/v/A_b-9/">https://x.cn/v/A_b-9/</a>。三天内有效',
        ),
        ("https://x.cn/?a=1&b, then", '<a href="https://x.cn/?a=1&amp;b">https://x.cn/?a=1&amp;b</a>, then'),
        ('<b> "https://x.cn/"', '&lt;b&gt; &quot;<a href="https://x.cn/">https://x.cn/</a>&quot;'),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_addresses_in_a_letter_are_links_and_nothing_else_is(text: str, html: str) -> None:
    assert linked(text) == html
