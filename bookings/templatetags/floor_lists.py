"""How the staff's lists say when."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone

from core import day_words

register = template.Library()


@register.filter
def near_clock(at: datetime | None, zone: ZoneInfo) -> str:
    """14:30 on the shop's wall where that is today, further away with the day: short, for narrow columns."""
    if at is None:
        return ""
    now = timezone.now()
    if at.astimezone(zone).date() == now.astimezone(zone).date():
        return f"{at.astimezone(zone):%H:%M}"
    return day_words.within(day_words.near_day_time(at, now=now, zone=zone))
