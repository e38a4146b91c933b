"""How long the services of a visit were expected to take when it was booked, and what that rests on. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import BookedService, Booking, LearnedDuration


@dataclass(frozen=True)
class Timing:
    """The time agreed for one service, and where it comes from, in words."""

    name: str
    minutes: int
    source: str


def timings(booking: Booking) -> list[Timing]:
    """The times of the visit's services in order. Needs `booked_services` and `variant` at hand; one query."""
    lines = list(booking.booked_services.all())
    learned = LearnedDuration.objects.filter(
        shop=booking.shop_id,
        service__in=[line.service_id for line in lines],
        price_class=booking.variant.model.price_class,
    )
    known = {row.service_id: row for row in learned}
    return [Timing(line.service.name, line.minutes, _source(line, known.get(line.service_id))) for line in lines]


def _source(line: BookedService, known: LearnedDuration | None) -> str:
    if known is not None and known.minutes == line.minutes:
        text = ngettext("learned from %(n)d visit here", "learned from %(n)d visits here", known.visits)
        return text % {"n": known.visits}
    return _("standard time") if line.service.standard_minutes == line.minutes else _("as the shop set it")
