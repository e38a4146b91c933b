"""Who came back: a visit that was booked within `WITHIN` of a letter about the same work on the same car.

A visit counts for one letter, the newest that spoke of its work. It is written down when it is booked, with whether the
link of the letter led there; its end is written beside it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from bookings.choices import EventKind
from bookings.models import Booking
from core import outbox
from core.models import OutboxEvent
from reminders.choices import LetterKind, StageOutcome
from reminders.models import Letter, LetterReturn

# Product decisions: later than that one had another reason to come; a link that was followed longer ago did not lead
# there.
WITHIN = timedelta(days=60)
TAPPED_WITHIN = timedelta(days=1)


def connect() -> None:
    """Subscribe to visits; called once when the app is ready."""
    outbox.subscribe(f"booking.{EventKind.CONFIRMED}")(booked)
    outbox.subscribe(f"booking.{EventKind.COMPLETED}")(ended)
    outbox.subscribe(f"booking.{EventKind.CANCELLED}")(ended)
    outbox.subscribe(f"booking.{EventKind.NO_SHOW}")(ended)


def booked(event: OutboxEvent) -> None:
    """Write down that a visit (`booking.confirmed`) came after a letter. Handled twice it is written once."""
    booking = Booking.objects.filter(public_id=event.key).first()
    if booking is None or booking.car_id is None or booking.owner_id is None or booking.comeback_of_id is not None:
        return
    booked_at = booking.created_at
    letter = _letter_of(booking)
    if letter is None:
        return
    followed_at = letter.followed_at
    is_tapped = followed_at is not None and followed_at <= booked_at <= followed_at + TAPPED_WITHIN
    LetterReturn.objects.get_or_create(
        booking=booking, defaults={"letter": letter, "is_tapped": is_tapped, "booked_at": booked_at}
    )


def ended(event: OutboxEvent) -> None:
    """Write down how a visit ended (`booking.completed`, `.cancelled`, `.no_show`): once, however often handled."""
    rows = LetterReturn.objects.filter(booking__public_id=event.key)
    if event.topic == f"booking.{EventKind.COMPLETED}":
        rows.filter(visited_at=None).update(visited_at=event.due_at)
    else:
        rows.filter(cancelled_at=None).update(cancelled_at=event.due_at)


def _letter_of(booking: Booking) -> Letter | None:
    """The newest letter before the visit was booked that spoke of one of its services on its car, or offered it."""
    keys = list(booking.booked_services.values_list("service__key", flat=True))
    letters = Letter.objects.filter(
        owner=booking.owner_id, sent_at__lte=booking.created_at, sent_at__gt=booking.created_at - WITHIN
    )
    told = letters.filter(
        kind=LetterKind.REMINDER,
        lines__outcome=StageOutcome.SENT,
        lines__item__car=booking.car_id,
        lines__item__service__in=keys,
    )
    offered = letters.filter(
        Q(campaign=None) | Q(campaign__shop=booking.shop_id),
        Q(campaign__service__key__in=keys) | Q(slots__services__overlap=keys),
        slots__car=booking.car_id,
    )
    found = [told.order_by("-sent_at", "-pk").first(), offered.order_by("-sent_at", "-pk").first()]
    return max((letter for letter in found if letter), key=lambda letter: (letter.sent_at, letter.pk), default=None)
