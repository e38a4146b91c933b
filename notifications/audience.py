"""Whom a topic concerns. What somebody has nothing to do with is not offered on their page of preferences.

audience.register(Topic.SHOP, lambda person: person.memberships.exists())   # in the higher room's AppConfig.ready()
"""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import User
from notifications.choices import Topic

Concerns = Callable[[User], bool]

_concerns: dict[Topic, Concerns] = {
    # Until the room that knows members says who they are.
    Topic.SHOP: lambda _person: False,
    Topic.SHOP_VISITS: lambda _person: False,
    Topic.PLATFORM: lambda person: person.is_staff,
}


def register(topic: Topic, concerns: Concerns) -> None:
    """Say whom a topic concerns; registering again replaces it. Topics nobody speaks for concern everybody."""
    _concerns[topic] = concerns


def topics_of(person: User) -> list[Topic]:
    """The topics that concern a person, in their usual order."""
    said = {concerns: concerns(person) for concerns in set(_concerns.values())}  # one may speak for several topics
    return [topic for topic in Topic if topic not in _concerns or said[_concerns[topic]]]
