"""What visits keep about a person, given out and let go of (`accounts.privacy`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, F, Func, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from accounts import privacy
from accounts.models import User
from bookings.choices import IN_SHOP, UPCOMING, EventKind, PhotoKind
from bookings.models import (
    Booking,
    BookingEvent,
    CalendarFeed,
    CheckIn,
    LineDecision,
    VisitLink,
    VisitMessage,
    VisitPhoto,
    WaitingEntry,
)
from core import idempotency
from core.errors import Conflict
from notifications import keeping
from notifications.models import Message


class OpenVisitError(Conflict):
    """Somebody whose car is booked in or in the shop cannot vanish: the shop must be able to reach them."""

    code = "open_visit"
    message = _("You have a visit that is not over. Cancel it or collect your car first.")


def connect() -> None:
    """Register with `accounts.privacy`; called once when the app is ready."""
    privacy.register("visits", export=export, erase=erase)
    privacy.register("visit_words", export=export_words, erase=erase_words)
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
    """Forget name, number, plate, words and address on every visit, and the number in the delivery log; the visit and
    its bill stay.

    Raises OpenVisitError while a visit is asked for or booked, or a car is in the shop. The API's remembered answers,
    which repeat all that, go too.
    """
    visits = Booking.objects.visible_to(user)
    if visits.filter(status__in=[*UPCOMING, *IN_SHOP]).exists():
        raise OpenVisitError
    keeping.empty(Message.objects.filter(kind="bookings/link", recipient__in=_numbers(user)))
    visits.update(
        contact_name="",
        contact_phone="",
        plate="",
        owner_note="",
        vin="",
        comeback_reason="",
        visit_address="",
        visit_latitude=None,
        visit_longitude=None,
        # The phases of an on-site visit say where it was.
        plan=Func(F("plan"), template=_WITHOUT_PLACE),
    )
    idempotency.forget_owner(f"user {user.pk}")


def _numbers(user: User) -> QuerySet[Booking, str]:
    """Where links to the person's visits went that is none of their account: the numbers left with the visits. One that
    is somebody else's too, by their account or a visit, keeps its messages until they leave."""
    elsewhere = Booking.objects.exclude(owner=user).filter(contact_phone=OuterRef("contact_phone"))
    others = User.objects.exclude(pk=user.pk).filter(phone=OuterRef("contact_phone"))
    left = Booking.objects.visible_to(user).exclude(contact_phone="").exclude(Exists(elsewhere) | Exists(others))
    return left.values_list("contact_phone", flat=True)


_WITHOUT_PLACE = "jsonb_set(%(expressions)s, '{place}', 'null', false)"


def export_words(user: User) -> list[dict[str, Any]]:
    """What was said and written down in the person's visits, and which photos there are; the photos themselves are on
    the visit's page."""
    visits = Booking.objects.visible_to(user).select_related("check_in")
    visits = visits.prefetch_related("messages", "photos", "lines__decisions")
    return [told for visit in visits.order_by("pk") if (told := _told(visit))]


def _told(visit: Booking) -> dict[str, Any] | None:
    sheet: CheckIn | None = getattr(visit, "check_in", None)
    said = [{"at": row.at.isoformat(), "by_owner": row.is_from_owner, "text": row.text} for row in visit.messages.all()]
    photos = [
        {"at": row.uploaded_at.isoformat(), "kind": row.kind, "caption": row.caption, "sha256": row.sha256}
        for row in visit.photos.all()
    ]
    answers = _answers(visit)
    if sheet is None and not (said or photos or answers):
        return None
    words = {name: getattr(sheet, name) for name in _SHEET_WORDS} if sheet else {}
    return {
        "number": visit.number,
        "odometer_km": visit.odometer_km,
        "vin": visit.vin,
        **words,
        "comeback_reason": visit.comeback_reason,
        "messages": said,
        "answers": answers,
        "photos": photos,
    }


def _answers(visit: Booking) -> list[dict[str, Any]]:
    """The words beside what was decided: on the phone whom the shop spoke with, and the note."""
    decisions = [said for line in visit.lines.all() for said in line.decisions.all() if said.spoke_with or said.note]
    return [
        {"at": said.at.isoformat(), "way": said.way, "spoke_with": said.spoke_with, "note": said.note}
        for said in sorted(decisions, key=lambda said: (said.at, said.pk))
    ]


_SHEET_WORDS = ("condition", "belongings", "owner_words", "odometer_reason")
# Photos that show how the person lives rather than what was done to the car.
_PERSONAL_PHOTOS = (PhotoKind.CONDITION, PhotoKind.DASHBOARD, PhotoKind.MESSAGE)


def erase_words(user: User, at: datetime) -> None:
    """Empty what was said and written down in the person's visits, delete the photos of the car's state and those sent
    in messages, and end every link. What was measured, decided, done and charged stays. Runs before `erase`."""
    visits = Booking.objects.visible_to(user)
    VisitMessage.objects.filter(booking__in=visits).exclude(text="").update(text="")
    for photo in VisitPhoto.objects.filter(booking__in=visits, kind__in=_PERSONAL_PHOTOS):
        photo.delete()
    # An odometer that was doubted stays explained: its second person needs a reason beside it.
    CheckIn.objects.filter(booking__in=visits).update(condition="", belongings="", owner_words="")
    VisitLink.objects.valid(at=at).filter(booking__in=visits).update(revoked_at=at)
    _erase_calls(visits)


def _erase_calls(visits: QuerySet[Booking]) -> None:
    """Whom the shop spoke with on the phone, and the note of it. The database lets these words of a decision go, and
    nothing else of it; an answer by telephone keeps that there was somebody."""
    spoke_with = Case(When(spoke_with="", then=Value("")), default=Value(keeping.ERASED))
    said = LineDecision.objects.filter(line__booking__in=visits)
    said.exclude(spoke_with__in=("", keeping.ERASED), note="").update(spoke_with=spoke_with, note="")
    # Events of earlier versions repeat the name.
    told = BookingEvent.objects.filter(booking__in=visits, kind=EventKind.DECIDED, data__has_key="spoke_with")
    told.update(data=Func(F("data"), template="%(expressions)s - 'spoke_with'"))


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
