"""Browsers that asked to be told (Web Push): taken in, moved to who is signed in now, and forgotten."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import User
from notifications.models import PushSubscription

# Where browsers' push services are: Chrome and Edge's Android, Firefox, Safari, Edge. We post to no other host.
PUSH_SERVICES = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
)
# Who has more has forgotten the oldest (product decision).
MOST = 10

# A program's mark in the User-Agent header, the first that is found; others carry the marks of those below them.
_PROGRAMS = (
    ("MicroMessenger/", "WeChat"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser gave us: where to post, and the keys that only it can open."""

    endpoint: str
    p256dh: str
    auth: str


def public_key() -> str:
    """The key by which browsers know us (VAPID), empty where push messages are not set up."""
    return str(getattr(settings, "VAPID_PUBLIC_KEY", ""))


@transaction.atomic
def remember(*, person: User, subscription: Subscription, device: str, at: datetime) -> PushSubscription:
    """Tell this browser what the person is told from now on; whoever it belonged to is told there no more.

    Side effect: beyond MOST browsers of a person the oldest is forgotten.
    """
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    row, _is_new = PushSubscription.objects.update_or_create(
        endpoint_hash=hashlib.sha256(subscription.endpoint.encode()).hexdigest(),
        defaults={
            "user": person,
            "endpoint": subscription.endpoint,
            "p256dh": subscription.p256dh,
            "auth": subscription.auth,
            "device": device[:80],
            "created_at": at,
        },
    )
    kept = PushSubscription.objects.filter(user=person).order_by("-created_at", "-pk").values("pk")[:MOST]
    PushSubscription.objects.filter(user=person).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return row


def forget(*, person: User, public_id: str) -> bool:
    """Tell this browser nothing more; False if it is none of the person's."""
    return bool(PushSubscription.objects.filter(user=person, public_id=public_id).delete()[0])


def name_of(user_agent: str) -> str:
    """What a person calls their browser: "Chrome, Android". Empty if it does not say."""
    found = [
        next((name for mark, name in marks if re.search(rf"\b{re.escape(mark)}", user_agent)), "")
        for marks in (_PROGRAMS, _SYSTEMS)
    ]
    return ", ".join(part for part in found if part)
