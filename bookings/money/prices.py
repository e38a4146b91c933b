"""What a visit costs as known now, and the lines that its bill is made of."""

from __future__ import annotations

from django.db.models import F, QuerySet

from bookings.choices import LineState
from bookings.models import Booking, LineVersion
from payments.choices import LineKind
from payments.orders import LineDraft

_AGREED = (LineState.APPROVED, LineState.DONE)


def total_fen(booking: Booking) -> int:
    """What is to be paid in all, fen: the bill; before it what the owner has approved; before that the price agreed."""
    if booking.final_fen is not None:
        return booking.final_fen
    lines = list(_present(booking).select_related("line"))
    if not lines:
        return booking.agreed_fen
    return sum(version.total_fen for version in lines if version.line.state in _AGREED)


def done_lines(booking: Booking) -> list[LineDraft]:
    """What was done, as the order keeps it. One query."""
    rows = _present(booking).filter(line__state=LineState.DONE).select_related("line", "service", "measure")
    return [_draft(version) for version in rows.order_by("line__position", "line__pk")]


def _present(booking: Booking) -> QuerySet[LineVersion]:
    return LineVersion.objects.filter(line__booking=booking, number=F("line__version"))


def _draft(version: LineVersion) -> LineDraft:
    zh, en = titles_of(version)
    return LineDraft(
        LineKind.WORK,
        zh,
        en,
        version.total_fen,
        labour_fen=version.labour_fen - version.discount_fen,
        reference=version.line.public_id,
        service_id=version.service_id,
    )


def titles_of(version: LineVersion) -> tuple[str, str]:
    """What is to be done in Chinese and English; words of the shop's own are the same in both."""
    named = version.service or version.measure
    if version.title or named is None:
        return version.title, version.title
    return named.name_zh, named.name_en


def titles_of_visit(booking: Booking) -> tuple[str, str]:
    """The services of a visit in Chinese and English, in order."""
    services = [one.service for one in booking.booked_services.select_related("service").order_by("position", "pk")]
    services = services or [booking.service]
    return " + ".join(one.name_zh for one in services), " + ".join(one.name_en for one in services)
