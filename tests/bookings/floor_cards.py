"""Visits on the workshop floor with lines in every state, for the tests of the job card."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.choices import Decision, DecisionWay, Status, Urgency
from bookings.engine.jobs import Job
from bookings.floor import deciding, lines, warranty
from bookings.floor.deciding import Choice, Voice
from bookings.floor.drafts import Draft, Part
from bookings.floor.lines import Author
from bookings.models import Booking, Line
from shops.choices import Role
from shops.models import Shop, ShopMember
from tests.bookings.test_availability import local
from tests.factories.board import member, visit

# Within the visit of 13:00 to 13:40.
NOW = local(13, 20)
PADS = Part("Brake pads", Decimal(1), 30_000, "5QD698151")


def staff(shop: Shop, role: Role = Role.ADVISOR) -> User:
    """The member in this role, the same each time."""
    found = ShopMember.objects.filter(shop=shop, role=role).select_related("user").first()
    return found.user if found else member(shop, role)


def here(job: Job, status: Status = Status.IN_SERVICE) -> Booking:
    """A car in the shop, received by the advisor."""
    return visit(job, starts_at=local(13), status=status, by=staff(job.shop))


def own_words(title: str = "Brake pads", fen: int = 12_000, **changes: Any) -> Draft:
    """A line in the shop's own words: labour and one part for ¥300."""
    given: dict[str, Any] = {"parts": (PADS,), "price_reason": "Maker's part", "extra_minutes": 30} | changes
    terms = warranty.STATUTORY[warranty.WarrantyScope.MINOR]
    return Draft(Urgency.RED, terms, title=title, labour_fen=fen, **given)


def author(booking: Booking, role: Role = Role.ADVISOR) -> Author:
    return Author(staff(booking.shop, role), role)


def proposed(booking: Booking, title: str = "Brake pads", **changes: Any) -> Line:
    """A line that only the shop sees."""
    return lines.propose(booking=booking, draft=own_words(title, **changes), by=author(booking), at=NOW)


def sent(booking: Booking, title: str = "Brake pads", **changes: Any) -> Line:
    """A line that waits for the owner."""
    line = proposed(booking, title, **changes)
    lines.send(booking=booking, by=author(booking), at=NOW)
    return lines.find(booking, line.public_id)


def on_the_phone(booking: Booking) -> Voice:
    return Voice(DecisionWay.PHONE, recorded_by=staff(booking.shop), role=Role.ADVISOR, spoke_with="Ms Lin")


def decided(line: Line, decision: Decision = Decision.APPROVE) -> Line:
    """The line after the owner's answer on the phone."""
    booking = Booking.objects.get(pk=line.booking_id)
    choice = Choice(line.public_id, line.version, decision)
    deciding.decide(booking=booking, choices=[choice], voice=on_the_phone(booking), at=NOW)
    return lines.find(booking, line.public_id)


def approved(booking: Booking, title: str = "Brake pads", **changes: Any) -> Line:
    return decided(sent(booking, title, **changes))


def url(name: str, booking: Booking, *more: object) -> str:
    return reverse(f"floor:{name}", args=[booking.shop.slug, booking.public_id, *more])


def as_member(client: Client, shop: Shop, role: Role = Role.ADVISOR) -> Client:
    """Signed in in this role, reading English."""
    client.force_login(staff(shop, role))
    client.cookies["django_language"] = "en"
    return client


def typed_line(**changes: str) -> dict[str, str]:
    """What the form of a line sends for a line in own words."""
    return {
        "what": "own",
        "title": "Wiper blades",
        "urgency": "yellow",
        "price_basis": "entered",
        "labour": "20",
        "price_reason": "Maker's part",
        "warranty_scope": "minor",
        "parts-TOTAL_FORMS": "1",
        "parts-INITIAL_FORMS": "0",
        "parts-0-name": "Blade",
        "parts-0-quantity": "2",
        "parts-0-unit": "68",
        **changes,
    }
