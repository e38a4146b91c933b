"""Which browsers a person uses: enough to see that two accounts share one, and nothing else about it.

A browser gets a random key in a first-party cookie when somebody signs in. What is kept is a keyed hash of it: without
the server's secret nobody can tell which cookie it was. Nothing is derived from the browser itself, and nobody is
followed from page to page: a device is noted when its person signs in and when they write (a review, a vote, a reply).
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from accounts import privacy
from accounts.models import KnownDevice, User

COOKIE = "device"
# As long as the cookie lives; who does not come back within it is forgotten (product decision).
KEPT = timedelta(days=365)

_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_PROGRAMS = "/api/"


def note(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Note that `user` uses this browser now. One statement; call it outside of a longer transaction.

    A browser without a key gets one with the answer (`accounts.middleware.DeviceMiddleware`). Programs that keep no
    cookies (the API) have no device.
    """
    key = _key_of(request)
    if key is None:
        if request.path_info.startswith(_PROGRAMS):
            return
        key = secrets.token_urlsafe(32)
        request.new_device_key = key  # type: ignore[attr-defined]
    row = KnownDevice(user=user, key_hash=hash_of(key), first_seen_at=at, last_seen_at=at)
    KnownDevice.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["user", "key_hash"], update_fields=["last_seen_at"]
    )


def hash_of(key: str) -> str:
    """What is kept of a browser's key: 64 hexadecimal digits."""
    return salted_hmac("accounts.devices", key, algorithm="sha256").hexdigest()


def give_key(request: HttpRequest, response: HttpResponse) -> None:
    """Put the key that `note` made into the answer, if it made one."""
    key = getattr(request, "new_device_key", None)
    if key is not None:
        response.set_cookie(
            COOKIE,
            key,
            max_age=int(KEPT.total_seconds()),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def forget_old(*, at: datetime) -> int:
    """Forget devices that were not seen for a year. Returns how many."""
    count, _rows = KnownDevice.objects.filter(last_seen_at__lt=at - KEPT).delete()
    return count


def connect() -> None:
    """Register with `accounts.privacy`; called once when the app is ready."""
    privacy.register("devices", export=export, erase=erase)


def export(user: User) -> list[dict[str, Any]]:
    """When each of the person's browsers was first and last seen."""
    rows = KnownDevice.objects.filter(user=user)
    return [
        {"first_seen_at": row.first_seen_at.isoformat(), "last_seen_at": row.last_seen_at.isoformat()} for row in rows
    ]


def erase(user: User, _at: datetime) -> None:
    """Forget the person's devices."""
    KnownDevice.objects.filter(user=user).delete()


def _key_of(request: HttpRequest) -> str | None:
    """The browser's key. One made earlier in this request counts; a value that is not of ours is none."""
    made: str | None = getattr(request, "new_device_key", None)
    key = made or request.COOKIES.get(COOKIE, "")
    return key if _KEY.fullmatch(key) else None
