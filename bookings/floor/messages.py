"""What owner and shop say to each other in a visit. Instants are UTC; what was said is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.actions import locked
from bookings.choices import IN_SHOP, PhotoKind, Status
from bookings.errors import WrongStatusError
from bookings.floor import photos, progress
from bookings.floor.photos import Shown
from bookings.models import Booking, VisitMessage
from core import outbox
from core.errors import Conflict, InvalidInput
from core.photos import CleanPhoto

MAX_LENGTH = 1_000
# A conversation, not a forum; it also bounds the pages (product decision).
MAX_MESSAGES = 300
# Before the car has come the shop has no page to read and answer on: owners leave a note with the booking, or call.
TALKING = (*IN_SHOP, Status.COMPLETED)


class TooManyMessagesError(Conflict):
    code = "too_many_messages"
    message = _("This visit has reached the limit of 300 messages. Please call instead.")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something: the owner (`user` None by the visit's link), or somebody of the shop in a role."""

    is_owner: bool
    user: User | None = None
    role: str = ""


@transaction.atomic
def say(*, booking: Booking, text: str, by: Speaker, at: datetime, cleaned: Sequence[CleanPhoto] = ()) -> VisitMessage:
    """Say something in a visit, with photos or without words. Saying it is reading what came before.

    Raises InvalidInput, TooManyMessagesError, WrongStatusError before the car has come and for a visit that came to
    nothing. Side effects: outbox
    `visit.message` with the message's id, so that the other side is told.
    """
    booking = locked(booking)
    text = text.strip()
    if booking.status not in TALKING:
        raise WrongStatusError
    if not text and not cleaned:
        raise InvalidInput(_("Write something, or add a photo."), field="text")
    if len(text) > MAX_LENGTH:
        raise InvalidInput(_("1,000 characters at most."), field="text")
    if booking.messages.count() >= MAX_MESSAGES:
        raise TooManyMessagesError(field="text")
    message = VisitMessage.objects.create(
        booking=booking, at=at, is_from_owner=by.is_owner, author=by.user, author_role=by.role, text=text
    )
    photos.attach(booking=booking, cleaned=cleaned, shown=Shown(PhotoKind.MESSAGE, message=message), by=by.user, at=at)
    outbox.emit(topic="visit.message", key=booking.public_id, at=at, payload={"message": message.pk})
    progress.touch(booking)
    _read(booking, by, at)
    return message


@transaction.atomic
def mark_read(*, booking: Booking, by: Speaker, at: datetime) -> None:
    """One side has seen everything up to now. Counts no change: nobody else's page looks different."""
    _read(booking, by, at)


def _read(booking: Booking, by: Speaker, at: datetime) -> None:
    Booking.objects.filter(pk=booking.pk).update(**{"owner_read_at" if by.is_owner else "shop_read_at": at})


def unread_by_shop(booking: Booking) -> int:
    """How many of the owner's messages nobody of the shop has seen. One query."""
    rows = booking.messages.filter(is_from_owner=True)
    return (rows.filter(at__gt=booking.shop_read_at) if booking.shop_read_at else rows).count()
