"""A start that the address of a shop's times names (`?at=`): chosen already, held with one tap, if it can be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from bookings.engine import availability
from bookings.engine.availability import Slot
from bookings.errors import SlotTakenError
from bookings.forms import StartField
from bookings.owner_views.asked import Asked
from core.errors import Refusal


@dataclass(frozen=True, slots=True)
class Picked:
    """The named start: its slot, or the refusal with which it went."""

    starts_at: datetime
    slot: Slot | None = None
    refusal: SlotTakenError | None = None


def read(request: HttpRequest, asked: Asked, *, at: datetime) -> Picked | None:
    """The start that the address names, None if it names none or what is asked for cannot be had at all. What cannot be
    read counts as not named. Three queries where one is named."""
    text = request.GET.get("at", "")
    if not text or asked.chosen.variant is None:
        return None
    try:
        starts_at: datetime = StartField().clean(text)
        job = asked.job(asked.chosen.variant).quoted()
    except (ValidationError, Refusal):
        return None
    placed = availability.placement(shop=asked.shop, plan=job.plan, starts_at=starts_at, at=at)
    if placed.reason or placed.ends_at is None:
        return Picked(starts_at, refusal=SlotTakenError())
    return Picked(starts_at, slot=Slot(starts_at, placed.ends_at, placed.discount_percent))
