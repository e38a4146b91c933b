"""What was agreed when booking becomes the first lines of a visit, approved by the booking itself."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate
from typing import Any

from bookings.choices import Decision, DecisionWay, LineOrigin, LineState, PriceBasis, Urgency
from bookings.floor import warranty
from bookings.models import BookedService, Booking, Line, LineDecision, LineVersion


def open_lines(booking: Booking, *, at: datetime) -> list[Line]:
    """Write the lines of a visit whose row is locked. Nothing happens where it has some.

    Five statements for any number of services. A comeback's lines are put right under warranty and cost nothing.
    """
    if booking.lines.exists():
        return []
    services = list(booking.booked_services.select_related("service").order_by("position", "pk"))
    origin = LineOrigin.WARRANTY if booking.comeback_of_id else LineOrigin.BOOKED
    agreed_at = booking.confirmed_at or at
    lines = Line.objects.bulk_create(
        Line(booking=booking, position=place, origin=origin, sent_at=agreed_at) for place in range(len(services))
    )
    shares = discount_shares([one.labour_fen for one in services], booking.discount_fen)
    LineVersion.objects.bulk_create(
        LineVersion(line=line, created_at=agreed_at, **_content(booking, one, share))
        for line, one, share in zip(lines, services, shares, strict=True)
    )
    LineDecision.objects.bulk_create(
        LineDecision(
            line=line,
            version=1,
            decision=Decision.APPROVE,
            way=DecisionWay.BOOKING,
            at=agreed_at,
            owner_id=booking.owner_id,
        )
        for line in lines
    )
    booking.lines.update(state=LineState.APPROVED)
    return lines


def discount_shares(labour_fen: list[int], discount_fen: int) -> list[int]:
    """The discount of a visit spread over its services by labour, to the fen; no share exceeds its labour."""
    whole = sum(labour_fen)
    upto = [discount_fen * seen // whole if whole else 0 for seen in accumulate(labour_fen)]
    return [share - before for share, before in zip(upto, [0, *upto], strict=False)]


def _content(booking: Booking, one: BookedService, discount_fen: int) -> dict[str, Any]:
    terms = warranty.terms(one.service, booking.shop)
    return {
        "number": 1,
        "service": one.service,
        "labour_minutes": one.minutes,
        "labour_fen": one.labour_fen,
        "parts": parts_of(one),
        "parts_fen": one.parts_fen,
        "discount_fen": discount_fen,
        "price_basis": PriceBasis.OFFER,
        "urgency": Urgency.GREEN,
        "warranty_scope": terms.scope,
        "warranty_days": terms.days,
        "warranty_km": terms.km,
    }


def parts_of(one: BookedService) -> list[dict[str, Any]]:
    """The parts of a booked service as lines keep them: an offer names its parts in one note with one price."""
    if not one.parts_fen and not one.parts_note:
        return []
    name = one.parts_note or one.service.name
    return [{"name": name, "code": "", "quantity": "1", "unit_fen": one.parts_fen}]
