"""What visits tell people; registered when the app is ready.

What needs an answer, or is waited for, is sent at any hour; the rest keeps the quiet hours of who reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.choices import IN_SHOP, Status
from bookings.floor import handing_over, links
from bookings.models import Booking, CheckIn, Line, VisitMessage
from notifications import keys, kinds
from notifications.choices import Topic
from notifications.kinds import Kind
from notifications.models import Notice

Still = Callable[[Notice], bool]

REQUESTED, CONFIRMED, RESCHEDULED = "bookings/requested", "bookings/confirmed", "bookings/rescheduled"
SWAPPED, EXPIRED, CANCELLED = "bookings/swapped", "bookings/expired", "bookings/cancelled"
OFFERED, TOMORROW = "bookings/offered", "bookings/tomorrow"
CHECKED_IN, INSPECTED, PROPOSED = "bookings/checked_in", "bookings/inspected", "bookings/proposed"
PROMISE, NOT_NEEDED, READY = "bookings/promise", "bookings/not_needed", "bookings/ready"
MESSAGE, PHONE, COMPLETED, LINK = "bookings/message", "bookings/phone", "bookings/completed", "bookings/link"
SHOP_REQUESTED, SHOP_BOOKED = "bookings/shop_requested", "bookings/shop_booked"
SHOP_MOVED, SHOP_CANCELLED = "bookings/shop_moved", "bookings/shop_cancelled"

# News of a visit is worth nothing after so long, and the links in it open nothing any more.
LIVES = links.LIFE


def connect() -> None:
    """Register the kinds; called once when the app is ready."""
    kinds.register(*_before_the_visit(), *_in_the_shop(), *_for_the_shop())


def _before_the_visit() -> list[Kind]:
    return [
        _kind(REQUESTED, _("Your request was sent"), still=_is_in(Status.REQUESTED)),
        _kind(CONFIRMED, _("Your visit is booked"), still=_is_in(Status.CONFIRMED)),
        _kind(RESCHEDULED, _("Your visit was moved"), still=_is_in(Status.CONFIRMED)),
        _kind(SWAPPED, _("Your visit has a new time"), still=_is_in(Status.CONFIRMED)),
        _kind(EXPIRED, _("The shop has not answered"), still=_is_in(Status.EXPIRED), waits=True),
        _kind(CANCELLED, _("Your visit is cancelled"), still=_is_in(Status.CANCELLED)),
        _kind(OFFERED, _("A time is held for you"), still=_is_in(Status.HELD)),
        _kind(TOMORROW, _("Your visit is tomorrow"), still=_still_starts_then, waits=True),
    ]


def _in_the_shop() -> list[Kind]:
    in_shop, at_work = _is_in(*IN_SHOP), _is_in(Status.CHECKED_IN, Status.IN_SERVICE)
    here = _is_in(*IN_SHOP, Status.COMPLETED)
    completed = _kind(COMPLETED, _("Your car was handed over"), still=_is_in(Status.COMPLETED))
    return [
        _kind(CHECKED_IN, _("The shop has your car"), still=_is_state_to_confirm),
        _kind(INSPECTED, _("Your car is inspected"), still=in_shop, waits=True),
        _kind(PROPOSED, _("The shop waits for your answer"), still=_is_answer_wanted),
        _kind(PROMISE, _("A new time for your car"), still=at_work),
        _kind(NOT_NEEDED, _("Work that is not needed after all"), still=in_shop, waits=True),
        _kind(READY, _("Your car is ready"), still=_is_in(Status.READY)),
        _kind(MESSAGE, _("The shop has written to you"), still=_is_unread),
        _kind(PHONE, _("What was said on the phone"), still=here),
        replace(completed, lives=handing_over.CONFIRM_WITHIN),
        # Who is signed in needs no link: it would be a line that says nothing.
        replace(_kind(LINK, _("A new link to your visit"), still=here), in_inbox=False),
    ]


def _for_the_shop() -> list[Kind]:
    return [
        # Unanswered it lapses: it goes where word about the shop goes, not only to the inbox.
        replace(_shop_kind(SHOP_REQUESTED, _("A request to answer"), still=_is_in(Status.REQUESTED)), topic=Topic.SHOP),
        _shop_kind(SHOP_BOOKED, _("A new booking"), still=_is_in(Status.CONFIRMED), waits=True),
        _shop_kind(SHOP_MOVED, _("A visit was moved by its owner"), still=_is_in(Status.CONFIRMED), waits=True),
        _shop_kind(SHOP_CANCELLED, _("A visit was cancelled by its owner"), still=_is_in(Status.CANCELLED), waits=True),
    ]


def _kind(name: str, label: str | Promise, *, still: Still, waits: bool = False) -> Kind:
    return Kind(name, Topic.VISITS, label, waits_for_morning=waits, lives=LIVES, still=still)


def _shop_kind(name: str, label: str | Promise, *, still: Still, waits: bool = False) -> Kind:
    return Kind(name, Topic.SHOP_VISITS, label, waits_for_morning=waits, lives=LIVES, still=still)


def _is_in(*statuses: str) -> Still:
    def still(notice: Notice) -> bool:
        return Booking.objects.filter(public_id=keys.subject(notice), status__in=statuses).exists()

    return still


def _still_starts_then(notice: Notice) -> bool:
    starts_at = datetime.fromtimestamp(int(keys.rest(notice)[0]), UTC)
    visits = Booking.objects.filter(public_id=keys.subject(notice), status=Status.CONFIRMED)
    return visits.filter(starts_at=starts_at).exists()


def _is_state_to_confirm(notice: Notice) -> bool:
    sheets = CheckIn.objects.filter(booking__public_id=keys.subject(notice), booking__status__in=IN_SHOP)
    return sheets.filter(confirmed_at=None).exists()


def _is_answer_wanted(notice: Notice) -> bool:
    pending = Line.objects.pending()
    return pending.filter(booking__public_id=keys.subject(notice), booking__status__in=IN_SHOP).exists()


def _is_unread(notice: Notice) -> bool:
    said = VisitMessage.objects.filter(pk=int(keys.rest(notice)[0]), booking__public_id=keys.subject(notice))
    return said.filter(Q(booking__owner_read_at=None) | Q(booking__owner_read_at__lt=F("at"))).exists()
