"""Messages to browsers: a stand-in push service checks our token, the browser decrypts, and others stay out."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from threading import Thread
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from core import vapid_keys
from notifications import delivering, kinds, telling
from notifications.channels.base import AddressRefusedError, ChannelDownError, RefusedError, TryLaterError
from notifications.channels.push import PushSender
from notifications.channels.strangers import ForbiddenAddressError, Strangers
from notifications.choices import Channel, MessageStatus, Topic
from notifications.kinds import Kind
from notifications.models import ChannelState, Message, Notice, PushSubscription

pytestmark = pytest.mark.django_db
KEY = vapid_keys.make()


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Browser:
    """A browser with its keys, and how it reads what it was sent."""

    def __init__(self) -> None:
        self.private, self.auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
        point = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        self.p256dh = b64(self.private.public_key().public_bytes(*point))

    def read(self, body: bytes) -> Any:
        return json.loads(http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm"))


class _Service(BaseHTTPRequestHandler):
    got: list[tuple[str, dict[str, str], bytes]] = []
    status = 201

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def service(settings: Any) -> Iterator[tuple[str, type[_Service]]]:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = KEY, "mailto:ops@carkeeper.example"
    settings.STRANGERS_MAY_BE_LOCAL = True
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    _Service.got, _Service.status = [], 201
    yield f"http://127.0.0.1:{server.server_port}", _Service
    server.shutdown()
    server.server_close()


@pytest.fixture
def owner() -> User:
    return User.objects.create_user(email="lin@example.com", language="en")


def subscribed(owner: User, endpoint: str, browser: Browser | None = None, **more: Any) -> PushSubscription:
    browser = browser or Browser()
    keys = {"p256dh": browser.p256dh, "auth": b64(browser.auth), **more}
    endpoint_hash = str(PushSubscription.objects.count())
    return PushSubscription.objects.create(
        user=owner, endpoint=endpoint, endpoint_hash=endpoint_hash, created_at=timezone.now(), **keys
    )


def to(row: PushSubscription) -> Message:
    return Message(channel="push", kind="t", recipient=row.public_id, subject="Ready", body="车好了")


def token_is_right(header: str, audience: str) -> bool:
    """RFC 8292, from the text of the standard: an ES256 token and the key that signed it."""
    given = dict(part.split("=", 1) for part in header.removeprefix("vapid ").split(","))
    head, claims, signature = given["t"].split(".")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), plain(given["k"]))
    raw = plain(signature)
    numbers = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(numbers, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    said = json.loads(plain(claims))
    ends = datetime.fromtimestamp(said["exp"], UTC) - timezone.now()
    is_ours = given["k"] == vapid_keys.public_of(KEY) and said["sub"] == "mailto:ops@carkeeper.example"
    return is_ours and said["aud"] == audience and timedelta() < ends < timedelta(hours=24)


def test_only_the_browser_reads_what_the_service_carries(service: Any, owner: User) -> None:
    origin, got = service
    kinds.register(Kind("contact_changed", Topic.VISITS, "Test", lives=timedelta(hours=2)))
    browser, at = Browser(), timezone.now()
    subscribed(owner, f"{origin}/send/abc?x=1", browser)
    telling.tell(kind="contact_changed", key="k", to=owner, context={"old": "a", "new": "b"}, at=at, path="/cars/")
    assert delivering.deliver(channel=Channel.PUSH, clock=lambda: at) == 1
    path, headers, body = got.got[0]
    notice = Notice.objects.get()
    assert path == "/send/abc?x=1"
    assert browser.read(body) == {
        "title": notice.title,
        "text": notice.text,
        "url": f"/inbox/{notice.public_id}/",
        "tag": notice.public_id,
    }
    assert token_is_right(headers["authorization"], origin)
    assert (headers["topic"], headers["urgency"], headers["content-encoding"]) == (
        notice.public_id,
        "high",
        "aes128gcm",
    )
    assert 7100 < int(headers["ttl"]) <= 7200


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, AddressRefusedError),
        (410, AddressRefusedError),
        (403, AddressRefusedError),
        (429, TryLaterError),
        (500, TryLaterError),
        (413, RefusedError),
        (302, RefusedError),
    ],
)
def test_an_answer_of_the_service_means_what_it_says(service: Any, owner: User, status: int, error: Any) -> None:
    origin, got = service
    got.status = status
    message = to(subscribed(owner, f"{origin}/s"))
    with pytest.raises(error), PushSender() as sender:
        sender.send(message)
    assert len(got.got) == 1


def test_a_browser_that_is_gone_is_forgotten(service: Any, owner: User) -> None:
    origin, got = service
    got.status = 410
    kinds.register(Kind("contact_changed", Topic.VISITS, "Test"))
    subscribed(owner, f"{origin}/s")
    at = timezone.now()
    telling.tell(kind="contact_changed", key="k", to=owner, context={"old": "a", "new": "b"}, at=at)
    delivering.deliver(channel=Channel.PUSH, clock=lambda: at)
    assert not PushSubscription.objects.exists()
    assert Message.objects.get(channel="push").status == MessageStatus.BOUNCED


def test_a_service_that_is_away_holds_up_no_other(service: Any, owner: User) -> None:
    origin, _got = service
    kinds.register(Kind("contact_changed", Topic.VISITS, "Test"))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    for number, where in enumerate([away, origin, away, origin]):
        subscribed(owner, f"{where}/{number}")
    at = timezone.now()
    telling.tell(kind="contact_changed", key="k", to=owner, context={"old": "a", "new": "b"}, at=at)
    assert delivering.deliver(channel=Channel.PUSH, clock=lambda: at) == 2
    waiting = Message.objects.filter(channel="push", status=MessageStatus.QUEUED)
    assert waiting.count() == 2
    assert waiting.filter(error__contains="a moment ago").count() == 1
    assert ChannelState.objects.get(channel="push").paused_until is None


@pytest.mark.parametrize("keys", [{"p256dh": "x"}, {"p256dh": b64(b"\x04" + b"\x01" * 64)}, {"auth": "!"}])
def test_keys_that_are_none_are_refused(service: Any, owner: User, keys: dict[str, str]) -> None:
    message = to(subscribed(owner, f"{service[0]}/s", **keys))
    with pytest.raises(AddressRefusedError), PushSender() as sender:
        sender.send(message)


def test_without_a_key_the_channel_waits(owner: User, settings: Any) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    with pytest.raises(ChannelDownError), PushSender() as sender:
        sender.send(to(subscribed(owner, "https://push.example/")))


# --- Addresses that a stranger gave us ---------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fd00::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.5",
        "64:ff9b::a00:5",
        "2002:a00:5::1",
    ],
)
def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, 443)) for found in ("93.184.215.14", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: rows)
    with pytest.raises(ForbiddenAddressError):
        Strangers().post("https://push.example/", body=b"", headers={})


@pytest.mark.parametrize(
    "url",
    ["http://93.184.215.14/", "file:///etc/passwd", "https://u:p@93.184.215.14/", "https://[::1", "https:///x", "x"],
)
def test_an_address_that_is_none_is_not_called(url: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        Strangers().post(url, body=b"", headers={})


def test_a_service_inside_is_forgotten(owner: User, settings: Any) -> None:
    settings.VAPID_PRIVATE_KEY = KEY
    with pytest.raises(AddressRefusedError), PushSender() as sender:
        sender.send(to(subscribed(owner, "https://127.0.0.1/")))


def test_a_key_is_made_for_the_environment() -> None:
    out = StringIO()
    call_command("make_push_key", stdout=out)
    name, _, private = out.getvalue().strip().partition("=")
    assert name == "VAPID_PRIVATE_KEY"
    assert len(plain(vapid_keys.public_of(private))) == 65


@pytest.mark.parametrize("private", ["x", "AAAA", "A" * 43])
def test_what_is_no_key_is_refused(private: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        vapid_keys.public_of(private)


def test_a_browser_that_another_has_signed_in_on_meanwhile_shows_nothing_of_who_had_it(
    owner: User, service: tuple[str, type[_Service]]
) -> None:
    row = subscribed(owner, service[0])
    kinds.register(Kind("contact_changed", Topic.VISITS, "Test"))
    telling.tell(kind="contact_changed", key="k", to=owner, context={"old": "a", "new": "b"}, at=timezone.now())
    message = Message.objects.get(channel=Channel.PUSH)
    PushSubscription.objects.filter(pk=row.pk).update(user=User.objects.create_user(email="wang@example.com"))
    with PushSender() as sender, pytest.raises(RefusedError):
        sender.send(message)
    assert service[1].got == []
