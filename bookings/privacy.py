"""What visits keep about a person, given out and let go of (`accounts.privacy`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from accounts import privacy
from accounts.models import User
from bookings.choices import IN_SHOP, UPCOMING
from bookings.models import Booking, CalendarFeed, WaitingEntry
from core import idempotency
from core.errors import Conflict


class OpenVisitError(Conflict):
    """Somebody whose car is booked in or in the shop cannot vanish: the shop must be able to reach them."""

    code = "open_visit"
    message = _("You have a visit that is not over. Cancel it or collect your car first.")


def connect() -> None:
    """Register with `accounts.privacy`; called once when the app is ready."""
    privacy.register("visits", export=export, erase=erase)
    privacy.register("waiting_lists", export=export_waiting, erase=erase_waiting)
    privacy.register("calendar", export=export_feed, erase=erase_feeds)


def export(user: User) -> list[dict[str, Any]]:
    """The person's visits with what they said and where they could be reached."""
    visits = Booking.objects.visible_to(user).select_related("shop").prefetch_related("booked_services__service")
    return [
        {
            "number": visit.number,
            "shop": visit.shop.slug,
            "services": [line.service.key for line in visit.booked_services.all()],
            "status": visit.status,
            "starts_at": visit.starts_at.isoformat(),
            "total_fen": visit.total_fen,
            "contact_name": visit.contact_name,
            "contact_phone": visit.contact_phone,
            "plate": visit.plate,
            "note": visit.owner_note,
            "address": visit.visit_address,
        }
        for visit in visits.order_by("pk")
    ]


def erase(user: User, at: datetime) -> None:  # noqa: ARG001  (every keeper is told the time)
    """Forget name, number, plate, words and address on every visit; the visit and its bill stay.

    Raises OpenVisitError while a visit is asked for or booked, or a car is in the shop. The API's remembered answers,
    which repeat all that, go too.
    """
    visits = Booking.objects.visible_to(user)
    if visits.filter(status__in=[*UPCOMING, *IN_SHOP]).exists():
        raise OpenVisitError
    visits.update(
        contact_name="",
        contact_phone="",
        plate="",
        owner_note="",
        visit_address="",
        visit_latitude=None,
        visit_longitude=None,
        # The phases of an on-site visit say where it was.
        plan=Func(F("plan"), template=_WITHOUT_PLACE),
    )
    idempotency.forget_owner(f"user {user.pk}")


_WITHOUT_PLACE = "jsonb_set(%(expressions)s, '{place}', 'null', false)"


def export_waiting(user: User) -> list[dict[str, Any]]:
    """The person's places on waiting lists, with what they wait for and where."""
    entries = WaitingEntry.objects.visible_to(user).select_related("shop").prefetch_related("wanted__service")
    return [
        {
            "shop": entry.shop.slug,
            "services": [wanted.service.key for wanted in entry.wanted.all()],
            "not_before": entry.not_before.isoformat(),
            "not_after": entry.not_after.isoformat(),
            "status": entry.status,
            "wishes": entry.wishes,
        }
        for entry in entries.order_by("pk")
    ]


def erase_waiting(user: User, at: datetime) -> None:  # noqa: ARG001  (every keeper is told the time)
    """Give up the person's places; a time that is held for them lapses by itself."""
    WaitingEntry.objects.visible_to(user).delete()


def export_feed(user: User) -> dict[str, Any] | None:
    """Since when the person's visits can be read at a secret address; not the address, which opens them."""
    feed = CalendarFeed.objects.filter(user=user).first()
    return {"made_at": feed.created_at.isoformat()} if feed else None


def erase_feeds(user: User, at: datetime) -> None:  # noqa: ARG001  (every keeper is told the time)
    """Switch off the calendar of the person's visits, and those of their working days.

    Runs before the shops unlink the person's account (`accounts.privacy.keepers`).
    """
    CalendarFeed.objects.filter(Q(user=user) | Q(resource__technician__user=user)).delete()
