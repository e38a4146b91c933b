"""Everything that the page of a visit in the shop shows, gathered in a number of queries that does not grow with it."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext

from bookings import rules
from bookings.choices import IN_SHOP, EventKind, PhotoKind, Stage, Status
from bookings.floor import checking_in, comebacks, handing_over, line_looks, lines
from bookings.floor.line_looks import Reading
from bookings.floor.messages import TALKING
from bookings.models import (
    Allocation,
    BookedService,
    Booking,
    BookingEvent,
    Inspection,
    InspectionItem,
    Line,
    VisitLink,
    VisitMessage,
    VisitPhoto,
)
from bookings.money.card import card_of
from bookings.owner_views import crew, line_cards, timeline
from bookings.owner_views.asked import query_of
from bookings.owner_views.doors import Door
from bookings.owner_views.line_cards import Facts, LineCard
from bookings.owner_views.live_forms import MessageForm
from catalog.models import CheckPoint, Service
from core.photos import GridPhoto

# The parts of the page that renew themselves: id of the element, template.
PARTS = {
    "visit-head": "bookings/live/_head.html",
    "visit-asked": "bookings/live/_asked.html",
    "visit-lines": "bookings/live/_lines.html",
    "visit-agreed": "bookings/live/_agreed.html",
    "visit-money": "bookings/live/_money.html",
    "visit-timeline": "bookings/live/_timeline.html",
    "visit-messages": "bookings/live/_messages.html",
    "visit-sheet": "bookings/live/_sheet.html",
    "visit-bar": "bookings/live/_bar.html",
    "visit-poll": "bookings/live/_poll.html",
}
_FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
_FORGOTTEN_BY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Part:
    """A rendered part of the page: the element's id, what it says as a short sum, its HTML."""

    id: str
    stamp: str
    html: SafeString


@dataclass(slots=True)
class Trouble:
    """What went wrong with what the owner has just sent, to be said on the page with what they had chosen."""

    message: str = ""
    # The line whose form it was, or that had changed.
    line: str = ""
    field_name: str = ""
    chosen: Sequence[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    form: MessageForm | None = None


def context(door: Door, *, at: datetime, trouble: Trouble | None = None, later: str = "") -> dict[str, Any]:
    """What the page's templates need. `later`: the line whose reminder is being chosen (without JavaScript)."""
    booking = door.booking
    _bring_claims(booking)
    rows = list(booking.lines.shown_to_owner().with_versions())
    events = list(booking.events.filter(kind__in=timeline.SHOWN).order_by("at", "pk"))
    inspections = _inspections(booking)
    photos = {photo: grid_photo(door, photo) for photo in _photos(booking)}
    facts = _facts(rows, inspections)
    totals = lines.totals(rows)
    cards = _cards(booking, rows, facts, photos, totals.approved_fen)
    messages = _messages(booking, photos)
    return {
        **_addresses(door),
        "door": door,
        "booking": booking,
        "shop": booking.shop,
        "is_in_shop": booking.status in IN_SHOP,
        "is_overdue": rules.is_overdue(booking, at=at),
        "crew": crew.of_booking(booking),
        "steps": steps(booking),
        "stage_look": _stage_look(booking),
        "first_promise": _first_promise(booking, events),
        "promise_reason": _promise_reason(events),
        "pending": [card for card in cards if card.is_pending],
        "settled": [card for card in cards if not card.is_pending],
        "totals": totals,
        "if_all_at": booking.ends_at + timedelta(minutes=totals.pending_minutes),
        "approved_share": f"{100 * totals.approved_fen / max(1, totals.if_all_fen):.1f}",
        "today": f"{at.astimezone(booking.zone):%Y-%m-%d}",
        "has_links": VisitLink.objects.valid(at=at).filter(booking=booking).exists(),
        "masked_phone": _masked(booking.contact_phone),
        "entries": timeline.entries(booking, events, inspections, photos, rows),
        "findings": _findings(inspections, facts),
        "messages_said": messages,
        "message_form": (trouble and trouble.form) or MessageForm(),
        "can_talk": booking.status in TALKING,
        "trouble": trouble or Trouble(),
        "later": later,
        "is_live": booking.status in (*IN_SHOP, Status.CONFIRMED) or _was_just_here(booking, at),
        "money": card_of(booking, at=at),
        **_sheet(booking, photos),
        **_end(booking, at),
    }


def parts(request: HttpRequest, page: dict[str, Any]) -> str:
    """Every part as an out-of-band swap, each stamped with what it says: an equal one is left alone by the page."""
    found = _stamped(request, page)
    return "".join(render_to_string("bookings/live/_part.html", {"part": one, "is_news": True}) for one in found)


def whole(request: HttpRequest, page: dict[str, Any]) -> dict[str, Part]:
    """The parts for the whole page, by the name of their template's place: head, lines, …"""
    return {part.id.removeprefix("visit-"): part for part in _stamped(request, page)}


def _stamped(request: HttpRequest, page: dict[str, Any]) -> Iterator[Part]:
    for name, template in PARTS.items():
        inside = render_to_string(template, page, request)
        yield Part(name, stamp(inside), mark_safe(inside))  # noqa: S308  (a rendered template)


def stamp(html: str) -> str:
    """What a part says, as a short sum; the token against forged requests is another every time and says nothing."""
    return f"{zlib.crc32(_FORM_TOKEN.sub('', html).encode()):08x}"


def grid_photo(door: Door, photo: VisitPhoto) -> GridPhoto:
    """A photo with its addresses on this side of the door."""
    return GridPhoto(
        url=door.url("photo", photo.public_id, "full"),
        thumbnail_url=door.url("photo", photo.public_id, "thumbnail"),
        alt=photo.caption or str(PhotoKind(photo.kind).label),
        caption=photo.caption,
    )


# --- Head ---------------------------------------------------------------------------------------------


_STEPS = (Stage.RECEIVED, Stage.INSPECTING, Stage.WAITING_OWNER, Stage.WORKING, Stage.CHECKING, Stage.READY)


def steps(booking: Booking) -> list[dict[str, Any]]:
    """The stages as the stepper shows them; waiting for parts is a stop within the work."""
    names = {
        Stage.RECEIVED: pgettext("stage of a visit", "Arrived"),
        Stage.INSPECTING: pgettext("stage of a visit", "Inspect"),
        Stage.WAITING_OWNER: pgettext("stage of a visit", "Approve"),
        Stage.WORKING: pgettext("stage of a visit", "Work"),
        Stage.CHECKING: pgettext("stage of a visit", "Check"),
        Stage.READY: pgettext("stage of a visit", "Ready"),
    }
    here = Stage(booking.stage)
    if here == Stage.WAITING_PARTS:
        names[Stage.WORKING] = pgettext("stage of a visit", "Parts")
        here = Stage.WORKING
    is_over = booking.status == Status.COMPLETED
    if here not in _STEPS and not is_over:
        return []
    reached = len(_STEPS) if is_over else _STEPS.index(here)
    tone, icon = _stage_look(booking)[:2]
    return [
        {
            "label": names[one],
            "is_done": place < reached or (one == Stage.READY and here == Stage.READY),
            "is_now": place == reached,
            "tone": tone,
            "icon": icon,
        }
        for place, one in enumerate(_STEPS)
    ]


_STAGE_LOOKS = {
    Stage.RECEIVED: ("brand", "car-front"),
    Stage.INSPECTING: ("brand", "search-check"),
    Stage.WAITING_OWNER: ("warn", "hand"),
    Stage.WAITING_PARTS: ("part", "package-search"),
    Stage.WORKING: ("brand", "wrench"),
    Stage.CHECKING: ("qc", "shield-check"),
    Stage.READY: ("ok", "check"),
}


def _stage_look(booking: Booking) -> tuple[str, str, str]:
    """Tone, icon and words of where the car is."""
    stage = Stage(booking.stage)
    if booking.status == Status.COMPLETED or stage not in _STAGE_LOOKS:
        return "mute", "check", booking.get_status_display()
    tone, icon = _STAGE_LOOKS[stage]
    return tone, icon, str(stage.label)


def _first_promise(booking: Booking, events: Sequence[BookingEvent]) -> datetime | None:
    """What was promised before the promise was changed; None where it never was."""
    changed = next((one for one in events if one.kind == EventKind.PROMISE), None)
    before = datetime.fromisoformat(changed.data["before"]) if changed else None
    return before if before != booking.ends_at else None


def _promise_reason(events: Sequence[BookingEvent]) -> str:
    last = next((one for one in reversed(events) if one.kind == EventKind.PROMISE), None)
    return timeline.promise_reason(last) if last else ""


# --- Lines and findings -------------------------------------------------------------------------------


def _cards(
    booking: Booking, rows: Sequence[Line], facts: Facts, photos: dict[VisitPhoto, GridPhoto], approved_fen: int
) -> list[LineCard]:
    """The lines as cards. A line without photos of its own shows those of the check points that speak for it."""
    own: dict[int, list[GridPhoto]] = defaultdict(list)
    of_point: dict[str, list[GridPhoto]] = defaultdict(list)
    for photo, drawn in photos.items():
        if photo.line_id:
            own[photo.line_id].append(drawn)
        elif photo.item is not None:
            of_point[photo.item.point].append(drawn)
    cards = []
    for line in rows:
        named = [str(entry.get("point", "")) for entry in line.current.evidence]
        borrowed = [drawn for point in dict.fromkeys(named) for drawn in of_point.get(point, ())]
        cards.append(LineCard(booking, line, facts, tuple(own.get(line.pk) or borrowed), approved_fen))
    return cards


def _inspections(booking: Booking) -> list[Inspection]:
    items = Prefetch("items", InspectionItem.objects.order_by("pk"))
    return list(booking.inspections.order_by("pk").prefetch_related(items))


def _facts(rows: Sequence[Line], inspections: Sequence[Inspection]) -> Facts:
    """The services and check points that are named anywhere on the page: two queries."""
    services, points = line_cards.keys_of([version for line in rows for version in line.versions.all()])
    points |= {item.point for inspection in inspections for item in inspection.items.all()}
    return Facts(
        {row.key: row for row in Service.objects.filter(key__in=services)},
        {row.key: row for row in CheckPoint.objects.filter(key__in=points).select_related("limit_from")},
    )


def _findings(inspections: Sequence[Inspection], facts: Facts) -> dict[str, list[Reading]]:
    """What finished inspections found, by tone: `bad`, `warn`, `ok` and `mute` (not measured)."""
    found: dict[str, list[Reading]] = {"bad": [], "warn": [], "ok": [], "mute": []}
    for inspection in inspections:
        items = list(inspection.items.all()) if inspection.finished_at else []
        limits = {item.point: item.value for item in items if item.value is not None}
        for item in items:
            if point := facts.points.get(item.point):
                reading = line_looks.read(point, item.value, item.tone, limits=limits)
                found[reading.tone].append(reading)
    return found


# --- Messages, sheet, end -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A message with its photos."""

    message: VisitMessage
    photos: Sequence[GridPhoto]
    is_new: bool


def _messages(booking: Booking, photos: dict[VisitPhoto, GridPhoto]) -> list[Said]:
    of_message: dict[int, list[GridPhoto]] = defaultdict(list)
    for photo, drawn in photos.items():
        if photo.message_id:
            of_message[photo.message_id].append(drawn)
    seen_at = booking.owner_read_at
    rows = booking.messages.select_related("author").order_by("at", "pk")
    return [
        Said(row, of_message[row.pk], is_new=not row.is_from_owner and (seen_at is None or row.at > seen_at))
        for row in rows
    ]


def _sheet(booking: Booking, photos: dict[VisitPhoto, GridPhoto]) -> dict[str, Any]:
    """The check-in sheet with its photos, and whether the owner can confirm it."""
    sheet = checking_in.sheet_of(booking)
    shown = [drawn for photo, drawn in photos.items() if photo.kind in checking_in.SHEET_PHOTOS]
    return {
        "sheet": sheet,
        "sheet_photos": shown,
        "sheet_version": checking_in.version(booking, sheet) if sheet else "",
        "can_confirm_sheet": sheet is not None and sheet.confirmed_at is None and booking.status in IN_SHOP,
    }


def _end(booking: Booking, at: datetime) -> dict[str, Any]:
    """Handover, warranty and comeback; only a visit that is over asks for comebacks."""
    is_over = booking.status == Status.COMPLETED
    return {
        "can_confirm_handover": handing_over.can_confirm(booking, at=at),
        "comeback_lines": comebacks.can_open(booking, at) if is_over else [],
        "comeback": comebacks.current(booking) if is_over else None,
    }


def _addresses(door: Door) -> dict[str, str]:
    names = ("decide", "confirm_sheet", "confirm_handover", "say", "end_links", "news")
    rebook = "" if door.is_link else rebook_address(door.booking)
    return {"poll_url": door.poll_url, "rebook_url": rebook, **{f"{name}_url": door.url(name) for name in names}}


def rebook_address(booking: Booking) -> str:
    """Where the same visit can be booked again."""
    url = reverse("bookings:slots", args=[booking.shop.slug, booking.service.key])
    return f"{url}?{query_of(booking)}"


def _masked(phone: str) -> str:
    """A number that its owner knows again and nobody else learns: the last four figures."""
    return f"•••• {phone[-4:]}" if len(phone) > 4 else ""


def _was_just_here(booking: Booking, at: datetime) -> bool:
    return booking.completed_at is not None and at < booking.completed_at + _FORGOTTEN_BY


def _photos(booking: Booking) -> list[VisitPhoto]:
    return list(booking.photos.select_related("item").order_by("uploaded_at", "pk"))


def _bring_claims(booking: Booking) -> None:
    claims = Prefetch("allocations", Allocation.objects.select_related("resource__technician"))
    services = Prefetch("booked_services", BookedService.objects.select_related("service"))
    prefetch_related_objects([booking], claims, services)


def unread(page: dict[str, Any]) -> bool:
    """Whether the shop has said something that the owner has not seen."""
    return any(said.is_new for said in page["messages_said"])
