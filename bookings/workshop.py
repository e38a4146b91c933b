"""What a shop does to a visit: walk-in, move, check-in, work, ready, handover, no-show; and bays out of use.

Same rules as `bookings.actions`: lock, check, change, event, outbox, in one transaction. Instants are UTC. Whether the
member may do it is asked by the view (`shops.rules`); the actor's role here is always STAFF.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import DateTimeTZRange

from accounts.models import User
from bookings.actions import (
    Actor,
    Contact,
    Wanted,
    locked,
    offering_nearest,
    open_visit,
    record,
    resource_ids,
    transition,
)
from bookings.choices import IN_SHOP, ActorRole, AllocationKind, EventKind, Source, Stage, Status
from bookings.engine import claims
from bookings.engine.jobs import Job, QuotedJob, plan_of
from bookings.engine.phases import Claim
from bookings.errors import (
    LinesOpenError,
    NotCheckedError,
    RequestLapsedError,
    SlotTakenError,
    WrongStatusError,
)
from bookings.floor import agreed, bills, known_readings, record_entry, warranty
from bookings.models import MAX_CLAIM, Allocation, Booking, CheckIn
from bookings.money import visit_orders
from bookings.rules import NO_SHOW_AFTER
from core.errors import InvalidInput, NotAllowed
from payments.choices import ShopMethod
from shops.choices import ResourceKind
from shops.models import Resource
from vehicles import actions as vehicle_actions
from vehicles.choices import OdometerSource
from vehicles.models import Car

# A car that is still in work when its claim is about to end keeps its place, a step at a time.
OVERRUN_NOTICE = timedelta(minutes=5)
OVERRUN_STEP = timedelta(minutes=15)
# A visit that was forgotten must not keep its bay for days: the closing list puts it right.
MAX_OVERRUN = timedelta(hours=12)


def walk_in(*, job: Job, starts_at: datetime, wanted: Wanted, contact: Contact, by: User, at: datetime) -> Booking:
    """Open a visit at the counter; it is confirmed at once. Lead time, window and grid do not bind staff.

    Raises NotOfferedError, or SlotUnavailableError / SlotTakenError with the nearest slots.
    """
    quoted = job.quoted()
    with offering_nearest(job.shop, quoted.plan, starts_at, at):
        return _walk_in(quoted, starts_at, wanted, contact, by, at)


@transaction.atomic
def _walk_in(
    quoted: QuotedJob, starts_at: datetime, wanted: Wanted, contact: Contact, by: User, at: datetime
) -> Booking:
    claims.lock_team(quoted.job.shop)
    claims.remove_lapsed(shop=quoted.job.shop, at=at)
    return open_visit(
        quoted=quoted,
        starts_at=starts_at,
        at=at,
        by=Actor(ActorRole.STAFF, by),
        kind=EventKind.CONFIRMED,
        wanted=wanted,
        status=Status.CONFIRMED,
        source=Source.WALK_IN,
        confirmed_at=at,
        contact_name=contact.name,
        contact_phone=contact.phone,
        plate=contact.plate,
        owner_note=contact.note,
    )


@transaction.atomic
def accept(*, booking: Booking, by: User, at: datetime) -> Booking:
    """Say yes to a request. Raises RequestLapsedError when the time to answer is over, WrongStatusError.

    Side effects: the claims stand for good; event and outbox `booking.confirmed`.
    """
    booking = locked(booking)
    _check_open_request(booking, at)
    booking.allocations.update(held_until=None)
    return transition(
        booking=booking,
        kind=EventKind.CONFIRMED,
        by=Actor(ActorRole.STAFF, by),
        at=at,
        changes={"confirmed_at": at, "hold_expires_at": None},
    )


@transaction.atomic
def decline(*, booking: Booking, by: User, at: datetime, reason: str) -> Booking:
    """Say no to a request, with a reason that the owner reads. Costs nobody anything; the time is free at once.

    Raises InvalidInput without a reason, RequestLapsedError, WrongStatusError.
    """
    booking = locked(booking)
    _check_open_request(booking, at)
    if not reason.strip():
        raise InvalidInput(_("Say why, so that the owner can choose another time."), field="reason")
    claims.release(booking, at=at)
    transition(
        booking=booking,
        kind=EventKind.CANCELLED,
        by=Actor(ActorRole.STAFF, by),
        at=at,
        changes={"cancelled_at": at},
        reason=reason,
        data={"declined": True},
    )
    visit_orders.call_off(booking, at=at)
    return booking


def _check_open_request(booking: Booking, at: datetime) -> None:
    if booking.status == Status.REQUESTED and booking.hold_expires_at is not None and booking.hold_expires_at <= at:
        raise RequestLapsedError
    if booking.status != Status.REQUESTED:
        raise WrongStatusError


@transaction.atomic
def reassign(*, booking: Booking, wanted: Wanted, by: User, at: datetime) -> Booking:
    """Give a visit whose car is in the shop another bay or technician for what it still claims.

    The wanted one takes over every claim of a kind of resource that it can do. Before check-in use
    `actions.reschedule`. Raises InvalidInput for a resource that cannot do the job, SlotTakenError if it is taken
    (nothing has changed then), WrongStatusError.
    """
    booking = locked(booking)
    claims.remove_lapsed(shop=booking.shop, at=at)
    claimed_now = list(booking.allocations.select_related("resource").order_by("resource_id", "during"))
    if booking.status not in IN_SHOP or not claimed_now:
        raise WrongStatusError
    before = resource_ids(booking)
    for resource in _wanted_resources(booking, wanted):
        _take_over(booking, resource, claimed_now)
    if booking.shop.is_on_site:
        touched = {*before, *resource_ids(booking)}
        claims.claim_ways(shop=booking.shop, resources=touched, day=booking.local_date)
    booking.revision += 1
    booking.save(update_fields=["revision"])
    data = {"before": {"resources": before}, "after": {"resources": resource_ids(booking)}}
    record(booking=booking, kind=EventKind.REASSIGNED, by=Actor(ActorRole.STAFF, by), at=at, data=data)
    return booking


def _wanted_resources(booking: Booking, wanted: Wanted) -> list[Resource]:
    new = list(Resource.objects.in_use().filter(shop=booking.shop, pk__in=wanted.ids).order_by("pk"))
    if len(new) != len(wanted.ids):
        raise InvalidInput(_("There is no such bay or technician here."), field="resource")
    return new


def _take_over(booking: Booking, resource: Resource, claimed_now: list[Allocation]) -> None:
    needs = [claim for claim in plan_of(booking).claims if claim.kind == resource.kind]
    if not any(claim.suits(resource.kind, resource.capabilities) for claim in needs):
        raise InvalidInput(_("It is not equipped or trained for this work."), field="resource")
    for claimed in claimed_now:
        if claimed.resource.kind == resource.kind and _can_do(resource, claimed.resource, needs):
            claimed.resource, claimed.is_pinned = resource, True
            with claims.losing_politely():
                claimed.save(update_fields=["resource", "is_pinned"])


def _can_do(resource: Resource, present: Resource, needs: list[Claim]) -> bool:
    """Whether `resource` can do everything of the visit that the present one can."""
    theirs = [claim for claim in needs if claim.suits(present.kind, present.capabilities)]
    return all(claim.suits(resource.kind, resource.capabilities) for claim in theirs)


@transaction.atomic
def check_in(
    *, booking: Booking, odometer_km: int, by: User, at: datetime, plate: str = "", odometer_note: str = ""
) -> Booking:
    """Receive the car. `odometer_km` is compared with what is known of it: a smaller value, or more than anybody drives
    since (`vehicles.actions.MAX_KM_PER_DAY`), is refused (OdometerError) unless `odometer_note` says why it is right.
    A health record refuses nothing: what does not fit it is taken and doubtful (`floor.known_readings`).

    Side effects: what was agreed becomes the visit's lines; the reading joins the car's record (if the car is known),
    a doubtful one only once a second person has looked (`confirm_odometer`); event and outbox `booking.checked_in`.
    """
    booking = locked(booking)
    doubt = known_readings.question(booking, odometer_km, odometer_note, at)
    transition(
        booking=booking,
        kind=EventKind.CHECKED_IN,
        by=Actor(ActorRole.STAFF, by),
        at=at,
        changes={
            "stage": Stage.RECEIVED,
            "checked_in_at": at,
            "agreed_end_at": booking.ends_at,
            "odometer_km": odometer_km,
            "plate": plate or booking.plate,
        },
        reason=odometer_note,
        data={"odometer_km": odometer_km, "doubtful": bool(doubt.reason), **doubt.told},
    )
    CheckIn.objects.create(booking=booking, recorded_at=at, recorded_by=by, odometer_reason=doubt.reason)
    agreed.open_lines(booking, at=at)
    if booking.car is not None and not doubt.reason:
        _join_record(booking.car, odometer_km, by, at)
    return booking


def _join_record(car: Car, km: int, by: User, at: datetime, *, is_correction: bool = False) -> None:
    source = OdometerSource.CHECK_IN
    vehicle_actions.record_odometer(car=car, km=km, by=by, source=source, at=at, is_correction=is_correction)


@transaction.atomic
def confirm_odometer(*, booking: Booking, by: User, at: datetime, role: ActorRole = ActorRole.STAFF) -> Booking:
    """A second person of the shop has looked at a doubtful reading: it joins the car's record. Twice is once.

    Where the shop has nobody else that is the owner of the car (`floor.checking_in.confirm`), in the role OWNER.

    Raises NotAllowed for the person who read it first, WrongStatusError where there is nothing to confirm.
    """
    booking = locked(booking)
    sheet = CheckIn.objects.filter(booking=booking).first()
    if sheet is None or not sheet.odometer_reason or booking.odometer_km is None:
        raise WrongStatusError
    if sheet.odometer_second_by_id is not None:
        return booking
    if sheet.recorded_by_id == by.pk:
        raise NotAllowed(_("Somebody else has to check the odometer."))
    sheet.odometer_second_by, sheet.odometer_second_at = by, at
    sheet.save(update_fields=["odometer_second_by", "odometer_second_at"])
    if booking.car is not None:
        _join_record(booking.car, booking.odometer_km, by, at, is_correction=True)
    booking.revision += 1
    booking.save(update_fields=["revision"])
    kind, data = EventKind.ODOMETER_CONFIRMED, {"odometer_km": booking.odometer_km}
    record(booking=booking, kind=kind, by=Actor(role, by), at=at, data=data)
    return booking


@transaction.atomic
def correct_odometer(*, booking: Booking, odometer_km: int, note: str, by: User, at: datetime) -> Booking:
    """Put right what was read at check-in, while the car is in the shop; `note` says why and is kept with the event.

    Raises OdometerError, InvalidInput without a note, WrongStatusError before check-in and after handover. Once a
    health record doubted a reading of the visit, whatever is entered is doubtful. Side effects: the reading joins the
    car's record as a correction, a doubtful one only once a second person has looked; the owner is to confirm the
    check-in sheet again; event and outbox `booking.odometer`.
    """
    booking = locked(booking)
    if booking.status not in IN_SHOP:
        raise WrongStatusError
    if not note.strip():
        raise InvalidInput(_("Say why the reading is changed."), field="odometer_note")
    doubt = known_readings.question(booking, odometer_km, note, at)
    before, booking.odometer_km = booking.odometer_km, odometer_km
    booking.revision += 1
    booking.save(update_fields=["odometer_km", "revision"])
    sheets = CheckIn.objects.filter(booking=booking)
    sheets.update(
        recorded_by=by,
        odometer_reason=doubt.reason,
        odometer_second_by=None,
        odometer_second_at=None,
        confirmed_at=None,
        confirmed_way="",
        confirmed_by=None,
    )
    if booking.car is not None and not doubt.reason:
        _join_record(booking.car, odometer_km, by, at, is_correction=True)
    record(
        booking=booking,
        kind=EventKind.ODOMETER,
        by=Actor(ActorRole.STAFF, by),
        at=at,
        reason=note,
        data={"before_km": before, "odometer_km": odometer_km, **doubt.told},
    )
    return booking


@transaction.atomic
def compare_odometer(*, booking: Booking, by: User, at: datetime) -> Booking:
    """Compare a reading again because the VIN was read after it; one that is questioned already is left alone.

    Side effects, where the record doubts it: the reading waits for a second person; event and outbox
    `booking.odometer`. Nothing is refused.
    """
    booking = locked(booking)
    sheet = CheckIn.objects.filter(booking=booking, odometer_reason="").first()
    km = booking.odometer_km
    if sheet is None or km is None or not known_readings.is_doubted_by_record(booking, km, at):
        return booking
    doubt = known_readings.Doubt(CheckIn.UNEXPLAINED, by_record=True)
    sheet.odometer_reason = doubt.reason
    sheet.save(update_fields=["odometer_reason"])
    booking.revision += 1
    booking.save(update_fields=["revision"])
    data = {"before_km": km, "odometer_km": km, **doubt.told}
    record(booking=booking, kind=EventKind.ODOMETER, by=Actor(ActorRole.STAFF, by), at=at, data=data)
    return booking


@transaction.atomic
def start(*, booking: Booking, by: User, at: datetime) -> Booking:
    """Work begins, or is taken up again after it was reported ready; the bill is open again then.

    Raises WrongStatusError, LinesOpenError while the owner has not answered what was proposed.
    """
    booking = locked(booking)
    if booking.lines.pending().exists():
        raise LinesOpenError(_("The owner has not answered every line yet."))
    again = booking.status == Status.READY
    return transition(
        booking=booking,
        kind=EventKind.REOPENED if again else EventKind.STARTED,
        by=Actor(ActorRole.STAFF, by),
        at=at,
        changes={"stage": Stage.WORKING, **(_REOPENED if again else {"started_at": at})},
    )


# What was true of finished work, and is not any more.
_REOPENED = {"ready_at": None, "final_fen": None, "handover_confirmed_at": None, "handover_confirmed_way": ""}


@transaction.atomic
def mark_ready(*, booking: Booking, by: User, at: datetime) -> Booking:
    """The work has passed its check and the car can be collected; the rest of its claims is free at once.

    The bill is made: the sum of what was done. Raises NotCheckedError without a passed check of this work
    (`bookings.floor.quality`), LinesOpenError while something is not settled.
    """
    booking = locked(booking)
    last = booking.quality_checks.order_by("-at", "-pk").first()
    if booking.status == Status.IN_SERVICE and (booking.stage != Stage.CHECKING or last is None or not last.is_passed):
        raise NotCheckedError
    transition(
        booking=booking,
        kind=EventKind.READY,
        by=Actor(ActorRole.STAFF, by),
        at=at,
        changes={"stage": Stage.READY, "ready_at": at, "final_fen": bills.final_fen(booking)},
    )
    claims.end_work(booking, at=at)
    return booking


@transaction.atomic
def hand_over(*, booking: Booking, by: User, at: datetime, shop_method: ShopMethod = ShopMethod.CASH) -> Booking:
    """The owner has the car back, and the shop a loaner car. Handed over twice is refused (WrongStatusError).

    A car is handed over when it is paid: what was not paid online was paid at the counter, by `shop_method`.

    Side effects, in order: event and outbox `booking.completed`, which starts what follows a visit; the claims end;
    the warranty of what was done begins; the visit enters the car's health record; its order closes.
    """
    booking = locked(booking)
    transition(
        booking=booking,
        kind=EventKind.COMPLETED,
        by=Actor(ActorRole.STAFF, by),
        at=at,
        changes={"stage": Stage.NONE, "completed_at": at},
        data={"total_fen": booking.total_fen},
    )
    claims.end_all(booking, at=at)
    warranty.begin(booking, at=at)
    record_entry.write(booking=booking, at=at)
    visit_orders.complete(booking, by=by, at=at, shop_method=shop_method)
    return booking


@transaction.atomic
def mark_no_show(*, booking: Booking, by: User, at: datetime) -> Booking:
    """The customer did not come and owes the fee frozen on the visit. Possible from `NO_SHOW_AFTER` past the start;
    everything claimed is free at once."""
    booking = locked(booking)
    if booking.status == Status.CONFIRMED and at < booking.starts_at + NO_SHOW_AFTER:
        raise InvalidInput(_("Wait 15 minutes after the start before you report a no-show."))
    fee_fen = booking.no_show_fee_fen
    transition(
        booking=booking,
        kind=EventKind.NO_SHOW,
        by=Actor(ActorRole.STAFF, by),
        at=at,
        changes={"fee_fen": fee_fen},
        data={"fee_fen": fee_fen},
    )
    claims.release(booking, at=at)
    visit_orders.call_off(booking, at=at)
    return booking


@transaction.atomic
def block(
    *, resource: Resource, starts_at: datetime, ends_at: datetime, kind: AllocationKind, reason: str, at: datetime
) -> list[Allocation]:
    """Take a bay or technician out of use for a time, in claims of at most `MAX_CLAIM` each.

    Raises SlotTakenError where something stands already; nothing is blocked then.
    """
    if ends_at <= starts_at:
        raise InvalidInput(_("The end must be after the start."), field="ends_at")
    claims.remove_lapsed(shop=resource.shop, at=at)
    pieces = []
    while starts_at < ends_at:
        until = min(starts_at + MAX_CLAIM, ends_at)
        during = DateTimeTZRange(starts_at, until)
        pieces.append(Allocation(resource=resource, kind=kind, during=during, reason=reason))
        starts_at = until
    try:
        with claims.losing_politely():
            return Allocation.objects.bulk_create(pieces)
    except SlotTakenError as error:
        raise SlotTakenError(_("Something is already planned there in that time."), field="starts_at") from error


@transaction.atomic
def unblock(*, allocation: Allocation, at: datetime) -> None:
    """Put a bay or technician back in use. Raises WrongStatusError for the claim of a visit."""
    if allocation.booking_id is not None:
        raise WrongStatusError
    shop = allocation.resource.shop
    allocation.delete()
    claims.tell_freed(shop, at=at)


def extend_overruns(*, at: datetime) -> int:
    """Let cars that are still in work keep bay and technician truly taken: where the claims end within
    `OVERRUN_NOTICE` of `at`, they reach `OVERRUN_STEP` further if nothing else stands there.

    Where something does, they stay as they are, and the board says that the next visit waits. Each visit is a
    transaction of its own. Returns how many were extended.
    """
    soon = Allocation.objects.filter(during__endswith__lte=at + OVERRUN_NOTICE).values("booking")
    working = Booking.objects.filter(status__in=(Status.CHECKED_IN, Status.IN_SERVICE), ends_at__gt=at - MAX_OVERRUN)
    return sum(
        _extend_overrun(pk, at) for pk in working.filter(pk__in=soon).order_by("pk").values_list("pk", flat=True)
    )


def _last_claims(booking: Booking) -> list[Allocation]:
    """The claims with which the visit ends, in the order of claiming: those of its last phase."""
    every = list(booking.allocations.exclude(resource__kind=ResourceKind.LOANER).order_by("resource_id"))
    last = max((claims.span_of(claimed)[1] for claimed in every), default=None)
    return [claimed for claimed in every if last is not None and claims.span_of(claimed)[1] >= last - OVERRUN_STEP]


@transaction.atomic
def _extend_overrun(pk: int, at: datetime) -> bool:
    claims.lock_team(Booking.objects.select_related("shop").get(pk=pk).shop)
    rows = Booking.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    booking = rows.filter(pk=pk, status__in=(Status.CHECKED_IN, Status.IN_SERVICE)).first()
    # In the order in which claims are made, so that the two cannot wait for each other in a circle.
    claimed_now = _last_claims(booking) if booking else []
    if not any(claims.span_of(claimed)[1] <= at + OVERRUN_NOTICE for claimed in claimed_now):
        return False
    try:
        with claims.losing_politely():
            for claimed in claimed_now:
                start, end = claims.span_of(claimed)
                claimed.during = DateTimeTZRange(start, max(end, at) + OVERRUN_STEP)
                claimed.save(update_fields=["during"])
    except SlotTakenError:
        return False
    return True
