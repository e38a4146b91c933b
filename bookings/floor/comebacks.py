"""A car that comes back within warranty: one tap opens a visit at no charge, linked to the one that is put right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.actions import Actor, locked, open_visit, record
from bookings.choices import ENDED, EventKind, Handover, LineState, Source, Status
from bookings.engine import availability, claims, phases
from bookings.engine.jobs import MAX_SERVICES, Job, QuotedJob, VisitPlace
from bookings.errors import NoSuchLineError, SlotTakenError
from bookings.floor import warranty
from bookings.models import Booking, Line
from catalog.models import Offer, Service
from catalog.pricing import Quote
from core.errors import Conflict, InvalidInput

MAX_WORDS = 500
# Somebody else may take the first free slot in this moment: the next ones are tried.
SLOTS_TRIED = 3


class WarrantyOverError(Conflict):
    """Nothing of this visit is under warranty any more, or not this line."""

    code = "warranty_over"
    message = _("The warranty on this is over. Book a new visit, or call the shop.")


class TooManyServicesError(InvalidInput):
    """More is to be put right than one visit takes; the owner chooses, nothing is left out unsaid."""

    message = _(
        "A visit has room for six kinds of work. Take some out and name them below: the shop then knows about them, "
        "and you can come back for them after this visit."
    )


class NoFreeSlotError(Conflict):
    """The shop has no free time in the days to come; a person has to find one."""

    code = "no_free_slot"

    def __init__(self, phone: str) -> None:
        without = _("The shop has no free time in the next two weeks. Call them: they must put it right.")
        with_number = _("The shop has no free time in the next two weeks. Call %(phone)s: they must put it right.")
        super().__init__(with_number % {"phone": phone} if phone else without, extra={"phone": phone})


def current(booking: Booking) -> Booking | None:
    """The comeback of a visit that is not over yet, if there is one. One query."""
    return booking.comebacks.exclude(status__in=ENDED).order_by("pk").first()


def can_open(booking: Booking, at: datetime) -> list[Line]:
    """The done lines of a visit that are under warranty at `at`, with their versions: what can be complained about.

    Empty before the handover and while a comeback of the visit is open (`current`). The kilometres are those last
    known of the car. At most six queries.
    """
    if booking.status != Status.COMPLETED or current(booking) is not None:
        return []
    today = at.astimezone(booking.zone).date()
    km = booking.car.odometer_km if booking.car else None
    done = booking.lines.filter(state=LineState.DONE, warranty_until__gte=today).with_versions()
    return [
        line
        for line in done
        if warranty.covers(until=line.warranty_until, until_km=line.warranty_until_km, today=today, odometer_km=km)
    ]


def fitting(booking: Booking, lines: Sequence[Line]) -> list[Line]:
    """As many of `lines`, from the first on, as one visit takes (`MAX_SERVICES`). Pure, with the versions at hand."""
    fits = set(list(dict.fromkeys(_service_of(line, booking) for line in lines))[:MAX_SERVICES])
    return [line for line in lines if _service_of(line, booking) in fits]


def done_lines(booking: Booking) -> list[Line]:
    """What was done on a visit, with its versions, under warranty or not: what a shop may put right of its own accord.
    Empty before the handover. At most four queries."""
    if booking.status != Status.COMPLETED:
        return []
    return list(booking.lines.filter(state=LineState.DONE).with_versions())


@transaction.atomic
def open(
    *,
    booking: Booking,
    lines: Sequence[Line],
    words: str,
    by: Actor,
    at: datetime,
    beyond_warranty: bool = False,
) -> Booking:
    """Open a visit at the shop's next free slot in which `lines` are put right at no charge; `words` (may be
    empty) says what is wrong again. It is confirmed at once, whatever the shop asks of other visits, and moves like
    any visit. `beyond_warranty`: the shop has offered it, so the warranty is not asked.

    While a comeback of the visit is open it is returned and nothing is opened. Raises InvalidInput (no line,
    too many words), TooManyServicesError, NoSuchLineError (404) for another visit's line, WarrantyOverError,
    NoFreeSlotError with the shop's number.
    Side effects: the new visit's event and outbox `booking.confirmed`; event and outbox `booking.comeback` on the
    visit that is put right.
    """
    booking = locked(booking)
    if (known := current(booking)) is not None:
        return known
    words = words.strip()
    possible = done_lines(booking) if beyond_warranty else can_open(booking, at)
    covered = _checked(booking, lines, words, possible)
    services = _services(booking, covered)
    comeback = _at_next_slot(booking, _free_job(booking, services), words, by, at)
    data = {"visit": comeback.public_id, "lines": [line.public_id for line in covered]}
    record(booking=booking, kind=EventKind.COMEBACK, by=by, at=at, data=data)
    booking.revision += 1
    booking.save(update_fields=["revision"])
    return comeback


def _checked(booking: Booking, lines: Sequence[Line], words: str, possible: Sequence[Line]) -> list[Line]:
    if not lines:
        raise InvalidInput(_("Choose what has to be put right."), field="lines")
    if any(line.booking_id != booking.pk for line in lines):
        raise NoSuchLineError
    if len(words) > MAX_WORDS:
        raise InvalidInput(_("Write 500 characters at most."), field="words")
    wanted = {line.pk for line in lines}
    covered = [line for line in possible if line.pk in wanted]
    if len(covered) < len(wanted):
        raise WarrantyOverError
    if len(fitting(booking, covered)) < len(covered):
        raise TooManyServicesError(field="lines")
    return covered


def _services(booking: Booking, lines: Sequence[Line]) -> dict[Service, int]:
    """The services to be put right, with their minutes: those of the lines. A line in the shop's own words stands
    under the service that the visit was for."""
    minutes: dict[Service, int] = {}
    for line in lines:
        service = _service_of(line, booking)
        minutes[service] = max(minutes.get(service, 0), line.current.labour_minutes or service.standard_minutes)
    return minutes


def _service_of(line: Line, booking: Booking) -> Service:
    return line.current.service or booking.service


def _free_job(booking: Booking, services: dict[Service, int]) -> QuotedJob:
    """The job at no charge: no offer of the shop's price list is asked, for it need not offer the service any more."""
    first, *also = services
    place = None
    if booking.visit_latitude is not None and booking.visit_longitude is not None:
        place = VisitPlace(booking.visit_address, booking.visit_latitude, booking.visit_longitude)
    fetched = booking.handover == Handover.PICK_UP and place is not None and bool(booking.shop.pickup_radius_km)
    phases.bring_phases(services)
    job = Job(
        booking.shop,
        first,
        booking.variant,
        tuple(also),
        handover=Handover.PICK_UP if fetched else Handover.DROP_OFF,
        place=place if fetched or booking.shop.is_on_site else None,
    )
    quotes = [
        Quote(Offer(shop=booking.shop, service=service), 0, 0, minutes, parts_note="", is_per_piece=False)
        for service, minutes in services.items()
    ]
    return job.with_quotes(quotes)


def _at_next_slot(booking: Booking, quoted: QuotedJob, words: str, by: Actor, at: datetime) -> Booking:
    shop = booking.shop
    claims.remove_lapsed(shop=shop, at=at)
    slots = availability.next_slots(plans={shop: quoted.plan}, at=at, limit=SLOTS_TRIED)[shop.pk]
    for slot in slots:
        try:
            with transaction.atomic():
                return open_visit(
                    quoted=quoted,
                    starts_at=slot.starts_at,
                    at=at,
                    by=by,
                    kind=EventKind.CONFIRMED,
                    owner=booking.owner,
                    car=booking.car,
                    status=Status.CONFIRMED,
                    source=Source.ONLINE,
                    confirmed_at=at,
                    contact_name=booking.contact_name,
                    contact_phone=booking.contact_phone,
                    plate=booking.plate,
                    owner_note=words,
                    comeback_of=booking,
                    comeback_reason=words,
                )
        except SlotTakenError:
            continue
    raise NoFreeSlotError(shop.phone)
