"""A form about one visit on the board: shown, done once however often it is sent, and refused in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from bookings.board.day import Card
from bookings.board.pages import attempt, day_address, done, form_page, panel, visit_asked
from bookings.choices import Status
from bookings.errors import RequestLapsedError, WrongStatusError
from bookings.models import Booking
from core.errors import Refusal
from shops.models import Shop


@dataclass
class VisitStep:
    """What a form does to a visit. `ends` is the state in which it has been done already, `name` the template's."""

    form: forms.Form
    act: Callable[[], object]
    ends: Status | None
    name: str
    said: str
    context: Mapping[str, Any] = field(default_factory=dict)


def visit_form(request: HttpRequest, shop: Shop, booking: Booking, at: datetime, step: VisitStep) -> HttpResponse:
    """Show the form, or do what it asks for; twice is harmless, and a visit that has moved on is a 409."""
    status, alternatives = 200, ()
    if request.method == "POST":
        if step.ends is not None and booking.status == step.ends:
            return done(request, shop, booking, at, step.said)
        try:
            status, alternatives = attempt(step.form, step.act)
        except WrongStatusError as refusal:
            fresh = visit_asked(shop, booking.public_id)
            if fresh.status == step.ends:
                return done(request, shop, fresh, at, step.said)
            said = _said_of(fresh, refusal)
            return panel(request, shop, booking.public_id, at, status=said.status, problem=said.message)
        if status == 200:
            return done(request, shop, visit_asked(shop, booking.public_id), at, step.said)
    context = {
        "form": step.form,
        "booking": booking,
        "card": Card(booking, at),
        "alternatives": alternatives,
        "back_url": day_address(shop, date=booking.local_start.date().isoformat(), visit=booking.public_id),
        **step.context,
    }
    return form_page(request, shop, f"board/_{step.name}_form.html", context, status=status)


def _said_of(fresh: Booking, refusal: Refusal) -> Refusal:
    """A request that nobody answered in time has not just "moved on"."""
    was_asked = fresh.hold_expires_at is not None and fresh.confirmed_at is None
    return RequestLapsedError() if fresh.status == Status.EXPIRED and was_asked else refusal
