"""Messages to browsers (Web Push: RFC 8030, 8291, 8292), encrypted so that only the browser can read them.

Every browser's maker has a push service of its own. One that does not answer is left alone for a while; the others go
on, so the channel as a whole is never down for it.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from http_ece import ECEException
from py_vapid import Vapid02
from pywebpush import WebPusher, WebPushException

from notifications.channels.base import AddressRefusedError, ChannelDownError, Receipt, RefusedError, TryLaterError
from notifications.channels.strangers import ForbiddenAddressError, Strangers, UnansweredError
from notifications.choices import Topic
from notifications.models import Message, PushSubscription

# How long a push service keeps a message for a browser that is not running, where the message itself has no end.
LIFE = timedelta(days=3)
# A service that did not answer is not called again before (seconds).
AWAY_SECONDS = 120
# Push services take 4,096 bytes; a character has up to four.
MAX_TEXT = 600
# What wakes a phone that saves its battery (RFC 8030, section 5.3).
_URGENCY = {Topic.VISITS: "high", Topic.ACCOUNT: "high", Topic.CAMPAIGNS: "low", Topic.REVIEWS: "low"}


class PushSender:
    """Connections to push services, one for each."""

    def __enter__(self) -> Self:
        self.strangers = Strangers()
        self.tokens: dict[str, str] = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.strangers.close()

    def send(self, message: Message) -> Receipt:
        """Hand a message to the browser's push service. See `base.Sender`.

        Its Topic is the notice's number: handed over twice, the second replaces the first, there and on the screen.
        """
        if not settings.VAPID_PRIVATE_KEY:
            raise ChannelDownError("Set VAPID_PRIVATE_KEY.")
        browser = PushSubscription.objects.filter(public_id=message.recipient).first()
        if browser is None:
            raise AddressRefusedError("The browser is not told any more.")
        if message.notice is not None and message.notice.person_id != browser.user_id:
            raise RefusedError("Somebody else has signed in on this browser.")
        parts = urlsplit(browser.endpoint)
        if cache.get(_away(parts.netloc)):
            raise TryLaterError(f"{parts.netloc} did not answer a moment ago.")
        origin = f"{parts.scheme}://{parts.netloc}"
        body = _encrypted(browser, _payload(message))
        try:
            answer = self.strangers.post(browser.endpoint, body=body, headers=self._headers(message, origin))
        except ForbiddenAddressError as error:
            raise AddressRefusedError(f"Not a push service: {error}") from error
        except UnansweredError as error:
            cache.set(_away(parts.netloc), True, AWAY_SECONDS)
            raise TryLaterError(f"{parts.netloc}: {error}") from error
        if not 200 <= answer.status < 300:
            raise self._meaning(answer.status, parts.netloc)
        return Receipt()

    def ask(self, message: Message) -> Receipt | None:  # noqa: ARG002
        """Nobody says; but a message that comes twice replaces itself, so it counts as never handed over."""
        return None

    def _headers(self, message: Message, origin: str) -> dict[str, str]:
        notice = message.notice
        ends = notice.expires_at if notice is not None else None
        return {
            "Authorization": self._token(origin),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(_seconds_left(ends, timezone.now())),
            "Topic": _tag(message),
            "Urgency": _URGENCY.get(Topic(notice.topic), "normal") if notice is not None else "normal",
        }

    def _token(self, origin: str) -> str:
        if origin not in self.tokens:
            ends = int((timezone.now() + timedelta(hours=12)).timestamp())
            claims = {"aud": origin, "sub": settings.VAPID_SUBJECT, "exp": ends}
            signed = Vapid02.from_raw(settings.VAPID_PRIVATE_KEY.encode()).sign(claims)
            self.tokens[origin] = signed["Authorization"]
        return self.tokens[origin]

    def _meaning(self, status: int, service: str) -> Exception:
        said = f"{service}: {status}"
        match status:
            case 403 | 404 | 410:  # gone; 403: it subscribed under another key of ours
                return AddressRefusedError(said)
            case 429 | 503:
                cache.set(_away(service), True, AWAY_SECONDS)
                return TryLaterError(said)
            case 401 | 500 | 502 | 504:
                return TryLaterError(said)
            case _:
                return RefusedError(said)


def _payload(message: Message) -> bytes:
    """What the service worker shows (static/js/service-worker.js)."""
    notice = message.notice
    opens = f"/inbox/{notice.public_id}/" if notice is not None and notice.in_inbox else "/"
    said = {"title": message.subject, "text": message.body[:MAX_TEXT], "url": opens, "tag": _tag(message)}
    return json.dumps(said, ensure_ascii=False).encode()


def _tag(message: Message) -> str:
    return message.notice.public_id if message.notice is not None else message.public_id


def _encrypted(browser: PushSubscription, payload: bytes) -> bytes:
    keys = {"endpoint": browser.endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}}
    try:
        body: bytes = WebPusher(keys).encode(payload)["body"]
    except (ValueError, WebPushException, ECEException) as error:  # no point of the curve, not base 64
        raise AddressRefusedError(f"The browser's keys are none: {type(error).__name__}") from error
    return body


def _seconds_left(ends: datetime | None, at: datetime) -> int:
    return max(0, int(min(ends - at, LIFE).total_seconds())) if ends is not None else int(LIFE.total_seconds())


def _away(service: str) -> str:
    return f"push-away:{service}"
