"""Leaving a topic on a channel by the link at the end of a letter: signed, without signing in, as often as one likes.

A link is for one person, one topic and one channel, and does nothing but switch that off, or on again for who did it by
mistake. It has no end: letters are read years later. Whoever is forwarded a letter can do as much; it shows no address
and no name, and is masked in logs like other addresses that need no signing in (`core.secret_addresses`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import User
from notifications import preferences
from notifications.choices import Channel, Topic

_SALT = "notifications.unsubscribe"
# What somebody may leave altogether. Of a booked visit and of money they are told in any case.
CAN_BE_LEFT = (Topic.REMINDERS, Topic.CAMPAIGNS, Topic.REVIEWS)


@dataclass(frozen=True, slots=True)
class Leave:
    """Who leaves what."""

    person: User
    topic: Topic
    channel: Channel


def address(person: User, topic: Topic, channel: Channel) -> str:
    """The full address by which the person leaves, empty for a topic that cannot be left."""
    if topic not in CAN_BE_LEFT:
        return ""
    token: str = signing.dumps([person.public_id, topic.value, channel.value], salt=_SALT, compress=False)
    path = reverse("notifications:unsubscribe", args=[token])
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def read(token: str) -> Leave | None:
    """What a link says; None for one that we never wrote, or whose person is gone."""
    try:
        public_id, topic, channel = signing.loads(token, salt=_SALT)
        leave = Topic(topic), Channel(channel)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    person = User.objects.filter(public_id=public_id, is_active=True).first()
    return Leave(person, *leave) if person and leave[0] in CAN_BE_LEFT else None


def is_on(leave: Leave) -> bool:
    """Whether such messages go there now."""
    return preferences.wishes_of([leave.person])[leave.person.pk].is_on(leave.topic, leave.channel)


def leave(*, leave: Leave, at: datetime) -> bool:
    """Switch it off; False if it was off already."""
    was_on = is_on(leave)
    preferences.choose(user=leave.person, choices={(leave.topic, leave.channel): False}, at=at)
    return was_on


def come_back(*, leave: Leave, at: datetime) -> None:
    """Switch it on again."""
    preferences.choose(user=leave.person, choices={(leave.topic, leave.channel): True}, at=at)
