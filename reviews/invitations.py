"""Asking the owner how a visit was: once, by day, and reminding them once if nothing came. Never more.

Who is asked: the owner of a visit that was handed over, if they have an account and do not belong to the shop. A
comeback is not asked about: its owner was asked about the visit that it puts right, and can change what they said.

The row of an invitation is the truth. `sweep` marks it and tells of it in one transaction, so that two sweeps or a
crash make neither two of one nor none.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.choices import EventKind, Status
from bookings.models import Booking
from core import faults, outbox
from core.models import OutboxEvent
from notifications import keys, telling
from reviews import rules
from reviews.limits import INVITE_AFTER, REMIND_AFTER
from reviews.message_kinds import INVITATION, REMINDER
from reviews.models import ReviewInvitation, VisitAnswer

# Nobody is asked before or after, on the shop's wall clock (product decision).
FROM, UNTIL = time(9), time(20)
BATCH = 200


def connect() -> None:
    """Subscribe to handovers; called once when the app is ready."""
    outbox.subscribe(f"booking.{EventKind.COMPLETED}")(invite)


def invite(event: OutboxEvent) -> None:
    """Write down that the owner of a visit (`booking.completed`) is to be asked. Handled twice it is written once."""
    booking = Booking.objects.select_related("owner", "shop").filter(public_id=event.key).first()
    if booking is None or booking.owner is None or booking.completed_at is None:
        return
    if booking.comeback_of_id is not None:
        return
    if rules.belongs_to(booking.owner, booking.shop, at=booking.completed_at, visit=booking):
        return
    due_at = by_day(booking.completed_at + INVITE_AFTER, zone=booking.zone)
    times = {"due_at": due_at, "remind_at": by_day(due_at + REMIND_AFTER, zone=booking.zone)}
    ReviewInvitation.objects.get_or_create(booking=booking, defaults=times)


def by_day(at: datetime, *, zone: ZoneInfo) -> datetime:
    """The first moment from `at` on between 9:00 and 20:00 on the wall clock of `zone`."""
    local = at.astimezone(zone)
    if FROM <= local.time() < UNTIL:
        return at
    day = local.date() if local.time() < FROM else local.date() + timedelta(days=1)
    return datetime.combine(day, FROM, zone).astimezone(at.tzinfo)


def end(booking: Booking, *, at: datetime) -> None:
    """Ask nothing more about a visit."""
    ReviewInvitation.objects.filter(booking=booking, ended_at=None).update(ended_at=at)


def sweep(*, at: datetime, limit: int = BATCH) -> int:
    """Tell what is due, at most `limit` rows, each in a transaction of its own. Returns how many were told. Rows that
    another sweep holds are left to it."""
    told = 0
    for _row in range(limit):
        kind = _take_up(at)
        if kind is None:
            break
        told += bool(kind)
    return told


@transaction.atomic
def _take_up(at: datetime) -> str | None:
    """Tell of the next row that is due, and which kind; "" where the row was ended or put off instead. None when
    nothing is due."""
    rows = ReviewInvitation.objects.select_for_update(skip_locked=True, of=("self",))
    due = Q(sent_at=None, due_at__lte=at) | Q(sent_at__isnull=False, reminded_at=None, remind_at__lte=at)
    rows = rows.filter(due, ended_at=None).select_related("booking__owner", "booking__shop")
    invitation = rows.order_by("due_at", "pk").first()
    if invitation is None:
        return None
    kind = _mark(invitation, at)
    faults.point("reviews.invitation_marked")
    if kind:
        _tell(invitation.booking, kind, at)
    return kind


def _mark(invitation: ReviewInvitation, at: datetime) -> str:
    booking, is_first = invitation.booking, invitation.sent_at is None
    by = by_day(at, zone=booking.zone)
    if not _is_to_be_asked(booking, at):
        invitation.ended_at, kind = at, ""
    elif by > at:  # late, after an outage: the night is left alone
        name = "due_at" if is_first else "remind_at"
        setattr(invitation, name, by)
        kind = ""
    elif is_first:
        invitation.sent_at, kind = at, INVITATION
        invitation.remind_at = by_day(at + REMIND_AFTER, zone=booking.zone)
    else:
        invitation.reminded_at = invitation.ended_at = at
        kind = REMINDER
    invitation.save(update_fields=["due_at", "sent_at", "remind_at", "reminded_at", "ended_at"])
    return kind


def _is_to_be_asked(booking: Booking, at: datetime) -> bool:
    """Whether the owner can still say something, has not, and can be reached by an account."""
    owner = booking.owner
    if owner is None or not owner.is_active or booking.status != Status.COMPLETED:
        return False
    if VisitAnswer.objects.filter(booking=booking).exists():
        return False
    return rules.why_not_review(owner, booking, at=at) is None


def _tell(booking: Booking, kind: str, at: datetime) -> None:
    owner, path = booking.owner, reverse("reviews:answer", args=[booking.public_id])
    assert owner is not None  # noqa: S101  (`_is_to_be_asked` has seen to it)
    telling.tell(
        kind=kind,
        key=keys.make(kind, booking.public_id),
        to=owner,
        context=lambda: {
            "service": Booking.objects.for_card().get(pk=booking.pk).title,
            "shop_name": booking.shop.name,
            "answer_url": settings.SITE_URL.rstrip("/") + path,
            "action_words": _("Say how it was"),
        },
        path=path,
        at=at,
    )
