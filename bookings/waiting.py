"""The waiting list: "tell me if something frees before Friday". What frees is held for the next in line.

Served after time has come free (outbox `slots.freed`) and by a sweep each minute: nothing depends on one wake-up. Each
offer is a hold in a transaction of its own: one winner, all services of the visit or none. A start that somebody
let pass is not offered to them again, so it goes on to the next in line, and they keep their place for others.
Instants are UTC.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings import actions
from bookings.actions import Actor
from bookings.choices import ActorRole, EventKind, Source, Status, WaitingStatus
from bookings.engine import availability, claims
from bookings.engine.jobs import Job, QuotedJob, VisitPlace
from bookings.errors import SlotTakenError
from bookings.models import Booking, WaitingEntry, WaitingService
from core import outbox
from core.errors import Conflict, InvalidInput, Refusal
from core.models import OutboxEvent
from shops.models import Shop
from vehicles.models import Car

# Long enough to see a message and decide, short enough that the slot is not lost for the next (product decision).
OFFER_MINUTES = 30
# Places that one person can have at once, over all shops (product decision).
MAX_PLACES = 5


class AlreadyWaitingError(Conflict):
    code = "already_waiting"
    message = _("You are on this shop's waiting list already.")


class TooManyPlacesError(Conflict):
    code = "too_many_places"
    message = _("Five places on waiting lists at most: leave one first.")


def connect() -> None:
    """Subscribe to time that comes free and to what becomes of offers; called once when the app is ready."""
    outbox.subscribe("slots.freed")(_freed)
    for kind in (EventKind.CONFIRMED, EventKind.REQUESTED, EventKind.CANCELLED, EventKind.EXPIRED):
        outbox.subscribe(f"booking.{kind}")(_settled)


@transaction.atomic
def join(
    *, job: Job, owner: User, car: Car | None, not_before: datetime, not_after: datetime, at: datetime
) -> WaitingEntry:
    """Wait for a start of the job from `not_before` until before `not_after`.

    Raises NotOfferedError and what else `Job.quoted` raises, InvalidInput for a window that is over, empty or beyond
    the shop's booking window, AlreadyWaitingError, TooManyPlacesError. Side effect: the list is served (outbox).
    """
    job.quoted()
    job.check_address()
    not_before = max(not_before, at)
    _check_window(job.shop, not_before, not_after, at)
    _lock("waiting", owner.pk)
    mine = WaitingEntry.objects.visible_to(owner).open()
    if mine.filter(shop=job.shop).exists():
        raise AlreadyWaitingError
    if mine.count() >= MAX_PLACES:
        raise TooManyPlacesError
    entry = WaitingEntry.objects.create(
        shop=job.shop,
        owner=owner,
        variant=job.variant,
        car=car,
        not_before=not_before,
        not_after=not_after,
        wishes=_wishes(job),
    )
    WaitingService.objects.bulk_create(
        WaitingService(entry=entry, service=service, position=n) for n, service in enumerate(job.services)
    )
    claims.tell_freed(job.shop, at=at)
    return entry


@transaction.atomic
def leave(*, entry: WaitingEntry, at: datetime) -> WaitingEntry:
    """Give up a place. An offer that stands is given back with it. Leaving twice is leaving once."""
    entry = WaitingEntry.objects.select_for_update(of=("self",)).select_related("offered", "owner").get(pk=entry.pk)
    if entry.status in (WaitingStatus.WAITING, WaitingStatus.OFFERED):
        offered = entry.offered
        _end(entry, WaitingStatus.WITHDRAWN, at)
        if offered is not None and offered.status == Status.HELD:
            actions.cancel(booking=offered, by=Actor(ActorRole.OWNER, entry.owner), at=at, reason="left the list")
    return entry


def serve(*, shop: Shop, at: datetime) -> int:
    """Offer what is free at the shop to those in line, the longest first. Returns how many offers were made.

    Each offer is a transaction of its own. Call outside a transaction.
    """
    with transaction.atomic():
        claims.remove_lapsed(shop=shop, at=at)
        _tidy(shop, at)
    asked: set[int] = set()
    offers = 0
    while (made := _offer_next(shop, at, asked)) is not None:
        offers += made
    return offers


def serve_all(*, at: datetime) -> int:
    """Serve every shop with a waiting list: what the sweep does. Returns how many offers were made."""
    shops = Shop.objects.filter(waiting_list__in=WaitingEntry.objects.open()).select_related("city")
    return sum(serve(shop=shop, at=at) for shop in shops.order_by("pk").distinct())


def job_of(entry: WaitingEntry) -> Job:
    """The job that somebody waits for. Needs shop, city and variant at hand; one query for the services."""
    wanted = entry.wanted.select_related("service").order_by("position")
    first, *others = [row.service for row in wanted]
    place = entry.wishes.get("place")
    return Job(
        shop=entry.shop,
        service=first,
        variant=entry.variant,
        also=tuple(others),
        handover=entry.wishes["handover"],
        place=VisitPlace(*place) if place else None,
        with_loaner=entry.wishes["with_loaner"],
    )


# --- Parts ------------------------------------------------------------------------------------------


def _wishes(job: Job) -> dict[str, Any]:
    place = job.place
    return {
        "handover": str(job.handover),
        "with_loaner": job.with_loaner,
        "place": [place.address, place.latitude, place.longitude] if place else None,
        "passed": [],
    }


def _check_window(shop: Shop, not_before: datetime, not_after: datetime, at: datetime) -> None:
    if not_after <= at:
        raise InvalidInput(_("That time has passed."), field="not_after")
    if not_after <= not_before:
        raise InvalidInput(_("The end must be after the start."), field="not_after")
    if not_before > at + timedelta(days=shop.booking_window_days):
        raise InvalidInput(_("Further ahead than the shop takes bookings"), field="not_before")


def _lock(what: str, pk: int) -> None:
    """Let two who do this at once come one after the other, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bookings.{what} {pk}"])


@transaction.atomic
def _offer_next(shop: Shop, at: datetime, asked: set[int]) -> int | None:
    """Offer to the next in line who was not asked yet: 1 if a slot was held, 0 if not, None if nobody is left.

    One after the other at a shop, else two who serve could let the second in line be faster. A row that somebody else
    has locked is being given up at this moment.
    """
    _lock("line", shop.pk)
    line = WaitingEntry.objects.in_line(shop).exclude(pk__in=asked)
    rows = line.select_for_update(skip_locked=True, of=("self",))
    entry = rows.select_related("shop__city", "variant__model__make", "owner").first()
    if entry is None:
        return None
    asked.add(entry.pk)
    if Booking.objects.filter(owner=entry.owner, shop=shop, status=Status.HELD, hold_expires_at__gt=at).exists():
        return 0
    try:
        quoted = job_of(entry).quoted()
    except Refusal:  # the shop no longer offers it; the place ends by itself at `not_after`
        return 0
    return int(_offer(entry, quoted, at))


def _offer(entry: WaitingEntry, quoted: QuotedJob, at: datetime) -> bool:
    for starts_at in _free_starts(entry, quoted, at):
        try:
            with transaction.atomic():
                claims.lock_team(entry.shop)
                booking = _hold(entry, quoted, starts_at, at)
        except SlotTakenError:  # a rival was faster: perhaps the next start
            continue
        entry.status, entry.offered = WaitingStatus.OFFERED, booking
        entry.save(update_fields=["status", "offered"])
        outbox.emit(topic="waiting.offered", key=entry.public_id, at=at)
        return True
    return False


def _hold(entry: WaitingEntry, quoted: QuotedJob, starts_at: datetime, at: datetime) -> Booking:
    return actions.open_visit(
        quoted=quoted,
        starts_at=starts_at,
        at=at,
        by=Actor(ActorRole.SYSTEM),
        kind=EventKind.HELD,
        owner=entry.owner,
        car=entry.car,
        status=Status.HELD,
        source=Source.WAITING_LIST,
        hold_expires_at=min(at + timedelta(minutes=OFFER_MINUTES), starts_at),
    )


def _free_starts(entry: WaitingEntry, quoted: QuotedJob, at: datetime) -> list[datetime]:
    """The starts in the window that can be had now and were not let pass before."""
    shop, passed = entry.shop, set(entry.wishes["passed"])
    first = max(entry.not_before, at).astimezone(shop.zone).date()
    days = min((entry.not_after.astimezone(shop.zone).date() - first).days + 1, shop.booking_window_days + 1)
    found = availability.day_slots(shop=shop, plan=quoted.plan, first=first, days=days, at=at)
    every = (slot.starts_at for day in found for slot in day.slots)
    wanted = (start for start in every if entry.not_before <= start < entry.not_after)
    return [start for start in wanted if start.isoformat() not in passed][:3]


def _tidy(shop: Shop, at: datetime) -> None:
    """End the places whose window is over, and settle offers that were taken, given up or have lapsed."""
    rows = WaitingEntry.objects.open().filter(shop=shop).select_for_update(skip_locked=True, of=("self",))
    for entry in rows.select_related("offered").order_by("pk"):
        if entry.offered is not None and entry.status == WaitingStatus.OFFERED:
            _settle(entry, entry.offered, at)
        if entry.status == WaitingStatus.WAITING and entry.not_after <= at:
            _end(entry, WaitingStatus.OVER, at)


def _settle(entry: WaitingEntry, offered: Booking, at: datetime) -> None:
    if offered.status == Status.HELD:
        return
    if offered.status in (Status.EXPIRED, Status.CANCELLED) and offered.confirmed_at is None:
        entry.wishes["passed"].append(offered.starts_at.isoformat())
        entry.status, entry.offered = WaitingStatus.WAITING, None
        entry.save(update_fields=["status", "offered", "wishes"])
    else:
        _end(entry, WaitingStatus.TAKEN, at)


def _end(entry: WaitingEntry, status: WaitingStatus, at: datetime) -> None:
    entry.status, entry.ended_at = status, at
    entry.save(update_fields=["status", "ended_at"])


# --- Wake-ups -----------------------------------------------------------------------------------------


def _freed(event: OutboxEvent) -> None:
    _serve_afterwards(Shop.objects.filter(public_id=event.key).values_list("pk", flat=True), event.due_at)


def _settled(event: OutboxEvent) -> None:
    offered = WaitingEntry.objects.filter(offered__public_id=event.key, status=WaitingStatus.OFFERED)
    _serve_afterwards(offered.values_list("shop_id", flat=True), event.due_at)


def _serve_afterwards(shop_ids: Collection[int] | Any, at: datetime) -> None:
    """Serve once the event is marked as handled: offers are transactions of their own."""
    shops = list(Shop.objects.filter(pk__in=list(shop_ids)).select_related("city"))
    if shops:
        transaction.on_commit(lambda: [serve(shop=shop, at=at) for shop in shops], robust=True)
