"""How a topic looks where people read and choose."""

from __future__ import annotations

from typing import NamedTuple

from django import template

from notifications.choices import Topic

register = template.Library()


class Look(NamedTuple):
    """Icon and tone."""

    icon: str
    tone: str


_LOOKS: dict[str, Look] = {
    Topic.VISITS: Look("calendar-check", "brand"),
    Topic.REMINDERS: Look("gauge", "warn"),
    Topic.REVIEWS: Look("star", "part"),
    Topic.MONEY: Look("wallet", "ok"),
    Topic.CAMPAIGNS: Look("tag", "qc"),
    Topic.SHOP: Look("store", "info"),
    Topic.SHOP_VISITS: Look("calendar-clock", "info"),
    Topic.PLATFORM: Look("layout-dashboard", "mute"),
    Topic.ACCOUNT: Look("user-round", "mute"),
}


@register.simple_tag
def topic_look(topic: str) -> Look:
    """The icon and the tone of a topic. Decorative: its words stand beside it."""
    return _LOOKS[topic]
