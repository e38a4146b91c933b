"""A visit that is over enters the car's health record, in words and numbers that stand without any row of ours.

`facts` say what was done to the car; `private` says for whom and for how much, and is kept only for an owner whose it
is: nobody could ever ask for the erasure of what belongs to nobody. Shapes: `vehicles.record.shape`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Concat

from bookings.choices import LineState, PhotoKind, Status
from bookings.floor import agreed
from bookings.models import Booking, CheckIn, InspectionItem, Line, LineVersion, VisitPhoto
from catalog.models import CheckPoint
from core.catalogue import TwoNames
from shops.models import Shop
from vehicles.choices import EntrySource
from vehicles.models import HealthEntry, HealthRecord
from vehicles.record import actions, shape

logger = logging.getLogger(__name__)

_OUTCOMES = {
    LineState.DONE: "done",
    LineState.DECLINED: "declined",
    LineState.DEFERRED: "deferred",
    LineState.NOT_NEEDED: "not_needed",
}
_FAULT_CODE = re.compile(r"[PBCU][0-9A-F]{4,6}(-[0-9A-F]{2})?")


def write(*, booking: Booking, at: datetime) -> HealthEntry | None:
    """Enter a handed-over visit into the car's record, once however often it is asked; call inside a transaction.

    The record is that of the visit's car, else that of the VIN read at check-in (made, without a holder, if there is
    none); without either nothing is written and None returned, as for a record that is full.
    """
    record = _record_of(booking)
    if record is None:
        return None
    lines = list(booking.lines.filter(state__in=_OUTCOMES).with_versions())
    holder = booking.owner if booking.owner is not None and booking.owner.is_active else None
    try:
        return actions.append(
            record=record,
            facts=facts(booking, lines, at=at),
            private=private(booking, lines) if holder else {},
            source=EntrySource.VISIT,
            holder=holder,
            at=at,
            reference=reference(booking),
        )
    except actions.RecordFullError:  # a car must leave the shop all the same
        logger.warning("the health record of visit %s is full", booking.public_id)
        return None


def reference(booking: Booking) -> str:
    """How the entry of a visit is found."""
    return f"visit:{booking.public_id}"


def backfill(*, at: datetime, limit: int = 500) -> int:
    """Enter visits that were handed over before visits entered records, the oldest first, `limit` at most.

    A visit without lines is told by the services that were booked. Each is a transaction of its own. Returns how many
    visits were looked at that have an entry now.
    """
    entered = HealthEntry.objects.filter(reference=Concat(Value("visit:"), OuterRef("public_id")))
    missing = Booking.objects.filter(~Exists(entered), status=Status.COMPLETED).exclude(car=None, vin="")
    rows = missing.select_related("shop__city", "owner", "car__record").order_by("completed_at", "pk")[:limit]
    return sum(write(booking=booking, at=at) is not None for booking in rows)


def facts(booking: Booking, lines: Sequence[Line], *, at: datetime) -> dict[str, Any]:
    """What was done to the car, as `shape.check_facts` wants it; `lines` with their versions."""
    sheet = _sheet(booking)
    items = list(InspectionItem.objects.filter(inspection__booking=booking).order_by("at", "pk"))
    handed_over_on = (booking.completed_at or at).astimezone(booking.zone).date().isoformat()
    came_at = booking.checked_in_at
    return {
        "v": shape.VERSION,
        "kind": "visit",
        "date": handed_over_on,
        "odometer_km": None if sheet and sheet.is_odometer_questioned else booking.odometer_km,
        "vin": booking.vin or (booking.car.vin if booking.car else ""),
        "shop": _shop(booking.shop),
        "number": booking.number,
        "checked_in_on": came_at.astimezone(booking.zone).date().isoformat() if came_at else "",
        "settled_on": handed_over_on,
        "items": [_item(line) for line in lines] or _booked_items(booking),
        "measurements": _measurements(items),
        "fault_codes": _fault_codes(items, lines),
        "photos": [
            {"sha256": sha256, "kind": kind}
            for sha256, kind in VisitPhoto.objects.filter(booking=booking)
            .exclude(kind=PhotoKind.MESSAGE)
            .order_by("uploaded_at", "pk")
            .values_list("sha256", "kind")[: shape.MAX_ROWS]
        ],
        "corrects": None,
    }


def private(booking: Booking, lines: Sequence[Line]) -> dict[str, Any]:
    """For whom it was done, by whom and for how much. What was not done cost nothing and has no price."""
    sheet = _sheet(booking)
    words = dict.fromkeys(filter(None, [booking.owner_note, sheet.owner_words if sheet else ""]))
    done = [line for line in lines if line.state == LineState.DONE]
    people = dict.fromkeys(line.technician.name_zh for line in done if line.technician)
    return {
        "plate": booking.plate,
        "fault": "\n".join(words)[: shape.MAX_TEXT],
        "technicians": list(people),
        "items": [_price(line) for line in lines] or _booked_prices(booking),
        "total_fen": booking.total_fen,
    }


# --- Parts ------------------------------------------------------------------------------------------


def _record_of(booking: Booking) -> HealthRecord | None:
    if booking.car is not None:
        return actions.record_of(booking.car)
    return actions.record_for_vin(booking.vin) if booking.vin else None


def _sheet(booking: Booking) -> CheckIn | None:
    """The check-in; a visit from before there were any has none."""
    return getattr(booking, "check_in", None)


def _shop(shop: Shop) -> dict[str, Any]:
    city = shop.city
    return {
        "slug": shop.slug,
        "name_zh": shop.name_zh,
        "name_en": shop.name_en,
        "city_zh": city.name_zh,
        "city_en": city.name_en,
    }


def _item(line: Line) -> dict[str, Any]:
    said, is_done = line.current, line.state == LineState.DONE
    return {
        "service": said.service.key if said.service else "",
        "measure": said.measure.key if said.measure else "",
        **_names(said),
        "outcome": _OUTCOMES[LineState(line.state)],
        "labour_minutes": said.labour_minutes,
        "parts": [{"name": part["name"], "code": part["code"], "quantity": part["quantity"]} for part in said.parts],
        "warranty": {"km": said.warranty_km, "days": said.warranty_days} if is_done else None,
        "advice": said.advice_verdict,
    }


def _names(said: LineVersion) -> dict[str, str]:
    """What the work is called: the catalogue's names, or the shop's own words in whichever language they are."""
    known: TwoNames | None = said.service or said.measure
    if said.title or known is None:
        return {"name_zh": said.title, "name_en": said.title}
    return {"name_zh": known.name_zh, "name_en": known.name_en}


def _price(line: Line) -> dict[str, int | None]:
    """What was charged, or would have been: what an owner did not spend is worth knowing too."""
    return {"labour_fen": line.current.labour_fen - line.current.discount_fen, "parts_fen": line.current.parts_fen}


def _booked_items(booking: Booking) -> list[dict[str, Any]]:
    """What a visit from before lines were kept was for."""
    return [
        {
            "service": one.service.key,
            "measure": "",
            "name_zh": one.service.name_zh,
            "name_en": one.service.name_en,
            "outcome": "done",
            "labour_minutes": one.minutes,
            "parts": [{"name": one.parts_note, "code": "", "quantity": "1"}] if one.parts_note else [],
            "warranty": None,
            "advice": "",
        }
        for one in booking.booked_services.select_related("service").order_by("position", "pk")
    ]


def _booked_prices(booking: Booking) -> list[dict[str, int | None]]:
    booked = list(booking.booked_services.order_by("position", "pk"))
    shares = agreed.discount_shares([one.labour_fen for one in booked], booking.discount_fen)
    return [
        {"labour_fen": one.labour_fen - share, "parts_fen": one.parts_fen}
        for one, share in zip(booked, shares, strict=True)
    ]


def _measurements(items: Sequence[InspectionItem]) -> list[dict[str, Any]]:
    """The last value of each point, in the order in which they were read."""
    last = {item.point: item for item in items if item.value is not None}
    units = dict(CheckPoint.objects.filter(key__in=last).values_list("key", "unit"))
    return [
        {
            "point": item.point,
            "value": format(item.value.normalize() + 0, "f"),  # no "-0"
            "unit": units.get(item.point, ""),
            "tone": item.tone,
        }
        for item in list(last.values())[: shape.MAX_ROWS]
        if item.value is not None
    ]


def _fault_codes(items: Sequence[InspectionItem], lines: Sequence[Line]) -> list[str]:
    named = {code for item in items for code in item.codes}
    named |= {code for line in lines for code in line.current.fault_codes}
    return sorted(code for code in named if _FAULT_CODE.fullmatch(code))[: shape.MAX_ROWS]
