"""An inspection: points of a template measured one after the other; the tone of each follows by rule, not by mood.

The rule is `catalog.points`. Whoever measures can correct a point until the inspection is finished. A red point that
needs a photo lets nobody finish without it, and what was not measured is listed with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from bookings.actions import Actor, locked
from bookings.actions import record as write_event
from bookings.choices import ActorRole, EventKind, PhotoKind, Stage, Status, Urgency
from bookings.errors import WrongStatusError
from bookings.floor import photos, progress
from bookings.floor.photos import Shown
from bookings.models import Booking, Inspection, InspectionItem, VisitPhoto
from catalog import inspection as catalogue
from catalog import points as rules
from catalog.choices import PointKind, Symptom, Tone
from catalog.models import CheckPoint, InspectionTemplate
from core.errors import Conflict, InvalidInput
from core.photos import CleanPhoto

# Kept as the note of a reading for which no limit is known: it has no tone, and was measured all the same.
NO_LIMIT = "no_limit"
MAX_NOTE = 300
# More than a control unit's memory holds is a paste that went wrong.
MAX_CODES = 40
# What the column holds, whatever a point allows.
MAX_VALUE = Decimal(999_999)
_NUMBER = re.compile(r"-?\d{1,7}(\.\d{1,3})?")
_CODE = re.compile(r"[PBCU][0-3][0-9A-F]{3}")
_LOOKS = {Tone.GREEN: Decimal(0), Tone.YELLOW: Decimal(1), Tone.RED: Decimal(2)}


class PhotoNeededError(Conflict):
    """A red point that needs a photo has none. `extra["points"]` names them."""

    code = "photo_needed"
    message = _("A red result needs its photo first.")


class PointsOpenError(Conflict):
    """Points are neither measured nor given a reason. `extra["points"]` names them."""

    code = "points_open"
    message = _("Some points are still open. Measure them, or say why they were not measured.")


class InspectionOverError(Conflict):
    code = "inspection_over"
    message = _("This inspection is finished. Nothing was changed.")


class NoSuchPointError(InvalidInput):
    code = "no_such_point"
    status = 404
    message = _("There is no such point in this inspection.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was found at a point, by its kind: a measured `value` (text as typed, or a number in the point's unit), a
    `look`, the fault `codes` (none stored: empty), or a tyre's date (`value` 2319, or `on_date`). Or `unmeasurable`:
    why it could not be measured. `symptoms` are keys of `catalog.choices.Symptom`."""

    value: str | int | Decimal | None = None
    look: str = ""
    on_date: date | None = None
    codes: Sequence[str] | None = None
    unmeasurable: str = ""
    symptoms: Sequence[str] = ()
    note: str = ""


@transaction.atomic
def start(*, booking: Booking, template_key: str, by: User, at: datetime) -> Inspection:
    """Begin an inspection by a template that suits the car; one that is open already is gone on with.

    Raises InvalidInput for a template that is none of the car's, WrongStatusError before check-in and once the work is
    done, WrongStageError during the quality check. Side effects: the stage INSPECTING with its event.
    """
    booking = locked(booking)
    if booking.status not in (Status.CHECKED_IN, Status.IN_SERVICE):
        raise WrongStatusError
    suiting = InspectionTemplate.objects.listed().suiting(booking.variant)
    if not suiting.filter(key=template_key).exists():
        raise InvalidInput(_("Choose an inspection for this car."), field="template")
    open_one = booking.inspections.filter(template=template_key, finished_at=None).first()
    progress.set_stage(booking, Stage.INSPECTING, by=Actor(ActorRole.STAFF, by), at=at)
    if open_one is not None:
        return open_one
    progress.touch(booking)
    return Inspection.objects.create(booking=booking, template=template_key, started_at=at, started_by=by)


@transaction.atomic
def record(*, inspection: Inspection, point_key: str, reading: Reading, by: User, at: datetime) -> InspectionItem:
    """Write down what was found at a point; again corrects it. The tone follows by the point's rule on the local day.

    Raises NoSuchPointError, InspectionOverError, WrongStatusError, and InvalidInput with the field named for what
    cannot be: no number, beyond the sane range, a date ahead, a code of the wrong form. Side effects: points whose
    limit is read at this one get their tone anew; counts as a change of the visit.
    """
    inspection = _open(inspection)
    points = {point.key: point for point in points_of(inspection)}
    if point_key not in points:
        raise NoSuchPointError
    point, day = points[point_key], at.astimezone(inspection.booking.zone).date()
    found = _found(point, reading, day)
    values: dict[str, Any] = {
        "value": None,
        "on_date": None,
        "codes": [],
        **found,
        "symptoms": _symptoms(reading.symptoms),
        "note": _note(reading),
        "at": at,
        "by": by,
    }
    limits = _limits(inspection) | ({point_key: found["value"]} if "value" in found else {})
    values |= _judged(point, values["value"], values["note"], day, limits)
    item, _is_new = InspectionItem.objects.update_or_create(inspection=inspection, point=point_key, defaults=values)
    _judge_again(inspection, points, point_key, limits)
    progress.touch(inspection.booking)
    return item


@transaction.atomic
def add_photos(
    *, inspection: Inspection, point_key: str, cleaned: Sequence[CleanPhoto], by: User, at: datetime
) -> list[VisitPhoto]:
    """Keep photos with what was found at a point. Raises NoSuchPointError before it has a result, InspectionOverError,
    TooManyPhotosError. Counts as a change of the visit."""
    inspection = _open(inspection)
    item = inspection.items.filter(point=point_key).first()
    if item is None:
        raise NoSuchPointError(_("Write down the result first, then add its photo."), field="photos")
    measured = CheckPoint.objects.filter(key=point_key, kind=PointKind.MEASURE).exists()
    shown = Shown(PhotoKind.MEASUREMENT if measured else PhotoKind.FINDING, item=item)
    kept = photos.attach(booking=inspection.booking, cleaned=cleaned, shown=shown, by=by, at=at)
    progress.touch(inspection.booking)
    return kept


@transaction.atomic
def finish(*, inspection: Inspection, by: User, at: datetime, rest_reason: str = "") -> Inspection:
    """End an inspection; `rest_reason` says why the points that are still open were not measured. Twice is once.

    Raises PointsOpenError, PhotoNeededError, WrongStatusError, InvalidInput. Side effects: event and outbox
    `booking.inspected` with the counts and what was not measured; the stage goes on from INSPECTING.
    """
    inspection = _locked(inspection)
    if inspection.finished_at is not None:
        return inspection
    if inspection.booking.status not in (Status.CHECKED_IN, Status.IN_SERVICE):
        raise WrongStatusError
    points = points_of(inspection)
    _close_rest(inspection, points, rest_reason.strip(), by=by, at=at)
    items = {item.point: item for item in inspection.items.all()}
    _check_photos(points, items)
    inspection.finished_at, inspection.finished_by = at, by
    inspection.save(update_fields=["finished_at", "finished_by"])
    booking, actor = inspection.booking, Actor(ActorRole.STAFF, by)
    progress.touch(booking)
    data = {"template": inspection.template, **_outcome(points, items)}
    write_event(booking=booking, kind=EventKind.INSPECTED, by=actor, at=at, data=data)
    _go_on(booking, by=actor, at=at)
    return inspection


def points_of(inspection: Inspection) -> list[CheckPoint]:
    """The points of the inspection's template in order, thresholds at hand. Four queries."""
    template = InspectionTemplate.objects.with_points().filter(key=inspection.template).first()
    return [row.point for row in template.points.all()] if template else []


def photo_missing(point: CheckPoint, item: InspectionItem, *, has_photo: bool) -> bool:
    """Whether the result cannot stand without a photo and has none."""
    return point.needs_photo and item.tone == Urgency.RED and not has_photo


# --- What was found -------------------------------------------------------------------------------------


def _found(point: CheckPoint, reading: Reading, day: date) -> dict[str, Any]:
    if reading.unmeasurable.strip():
        return {}
    if point.kind == PointKind.CODES:
        codes = _codes(reading.codes)
        return {"codes": codes, "value": Decimal(len(codes))}
    if point.kind == PointKind.LOOK:
        return {"value": _look(reading)}
    if point.kind == PointKind.DATE:
        return _tyre_date(point, reading, day)
    return {"value": _measured(point, reading.value, day)}


def _measured(point: CheckPoint, typed: str | int | Decimal | None, day: date) -> Decimal:
    text = unicodedata.normalize("NFKC", str("" if typed is None else typed)[:30]).strip().replace("−", "-")
    text = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    if not text:
        raise InvalidInput(_("Enter the value, or say why it cannot be measured."), field="value")
    if not _NUMBER.fullmatch(text) or not text.isascii():
        raise InvalidInput(_("Enter a number, for example 2.8."), field="value")
    value = Decimal(text)
    highest = min(point.highest, MAX_VALUE)
    if not point.lowest <= value <= highest or not point.threshold.is_sane(value, on=day):
        raise InvalidInput(
            _("An instrument shows between %(lowest)s and %(highest)s %(unit)s here. Look again.")
            % {"lowest": plain(point.lowest), "highest": plain(highest), "unit": point.unit},
            field="value",
        )
    if -int(value.normalize().as_tuple().exponent) > point.decimals:
        most = ngettext("Enter %(n)d decimal place at most.", "Enter %(n)d decimal places at most.", point.decimals)
        raise InvalidInput(most % {"n": point.decimals}, field="value")
    return value


def _look(reading: Reading) -> Decimal:
    if reading.look in _LOOKS:
        return _LOOKS[Tone(reading.look)]
    raise InvalidInput(_("Choose what you saw: in order, keep an eye on it, or needs work."), field="look")


def _tyre_date(point: CheckPoint, reading: Reading, day: date) -> dict[str, Any]:
    """The week and year on the tyre: 2319 is week 23 of 2019 (GB 9743, ECE R30: four digits after DOT)."""
    if reading.on_date is not None:
        year, week, _weekday = reading.on_date.isocalendar()
        text = f"{week:02}{year % 100:02}" if 2000 <= year < 2100 else ""
    else:
        text = unicodedata.normalize("NFKC", str("" if reading.value is None else reading.value)[:30]).strip()
    if not re.fullmatch(r"[0-9]{3,4}", text):
        raise InvalidInput(
            _("Enter the four digits on the tyre, week and year: 2319 is week 23 of 2019."), field="value"
        )
    value = Decimal(text)
    made = rules.made_on(value)
    if made is None or not point.lowest <= value <= point.highest:
        raise InvalidInput(_("There is no such week. 2319 is week 23 of 2019."), field="value")
    if made > day:
        raise InvalidInput(_("This week has not come yet. The first two digits are the week."), field="value")
    return {"value": value, "on_date": made}


def _codes(typed: Sequence[str] | None) -> list[str]:
    if typed is None:
        raise InvalidInput(_("Enter the stored codes, or say that none is stored."), field="codes")
    codes = list(dict.fromkeys(unicodedata.normalize("NFKC", code[:30]).strip().upper() for code in typed))
    codes = [code for code in codes if code]
    if len(codes) > MAX_CODES:
        raise InvalidInput(_("Forty codes at most."), field="codes")
    if wrong := next((code for code in codes if not _CODE.fullmatch(code)), None):
        raise InvalidInput(
            _("“%(code)s” is not a fault code. A code is P, B, C or U and four characters: P0300.")
            % {"code": wrong[:12]},
            field="codes",
        )
    return codes


def _symptoms(keys: Sequence[str]) -> list[str]:
    if set(keys) - set(Symptom.values):
        raise InvalidInput(_("Choose symptoms from the list."), field="symptoms")
    return [key for key in Symptom.values if key in set(keys)]


def _note(reading: Reading) -> str:
    note = (reading.unmeasurable or reading.note).strip()
    if len(note) > MAX_NOTE:
        field = "unmeasurable" if reading.unmeasurable else "note"
        raise InvalidInput(_("300 characters at most."), field=field)
    return note


# --- The tone by rule -----------------------------------------------------------------------------------


def _limits(inspection: Inspection) -> dict[str, Decimal]:
    rows = inspection.items.filter(value__isnull=False).values_list("point", "value")
    return {point: value for point, value in rows if value is not None}


def _judged(
    point: CheckPoint, value: Decimal | None, note: str, day: date, limits: Mapping[str, Decimal]
) -> dict[str, str]:
    """Tone and note: a value for which no limit is known has no tone and says so."""
    tone = None if value is None else catalogue.tone_of(point, value, on=day, limits=limits)
    note = "" if note == NO_LIMIT else note
    if tone is not None or value is None:
        return {"tone": tone or "", "note": note}
    return {"tone": "", "note": note or NO_LIMIT}


def _judge_again(
    inspection: Inspection, points: Mapping[str, CheckPoint], key: str, limits: Mapping[str, Decimal]
) -> None:
    """The points whose limit was just read have their tone by it."""
    hanging = [point.key for point in points.values() if point.limit_from and point.limit_from.key == key]
    for item in inspection.items.filter(point__in=hanging, value__isnull=False):
        day = item.at.astimezone(inspection.booking.zone).date()
        judged = _judged(points[item.point], item.value, item.note, day, limits)
        item.tone, item.note = judged["tone"], judged["note"]
        item.save(update_fields=["tone", "note"])


# --- The end --------------------------------------------------------------------------------------------


def _close_rest(inspection: Inspection, points: Sequence[CheckPoint], reason: str, *, by: User, at: datetime) -> None:
    done = set(inspection.items.values_list("point", flat=True))
    rest = [point for point in points if point.key not in done]
    if rest and not reason:
        raise PointsOpenError(field="rest_reason", extra={"points": [point.key for point in rest]})
    if len(reason) > MAX_NOTE:
        raise InvalidInput(_("300 characters at most."), field="rest_reason")
    InspectionItem.objects.bulk_create(
        InspectionItem(inspection=inspection, point=point.key, note=reason, at=at, by=by) for point in rest
    )


def _check_photos(points: Sequence[CheckPoint], items: Mapping[str, InspectionItem]) -> None:
    shown = set(VisitPhoto.objects.filter(item__in=items.values()).values_list("item_id", flat=True))
    bare = [
        point
        for point in points
        if point.key in items and photo_missing(point, items[point.key], has_photo=items[point.key].pk in shown)
    ]
    if bare:
        names = _(", ").join(point.name for point in bare[:5])
        message = _("A red result needs its photo first: %(names)s.") % {"names": names}
        raise PhotoNeededError(message, extra={"points": [point.key for point in bare]})


def _outcome(points: Sequence[CheckPoint], items: Mapping[str, InspectionItem]) -> dict[str, Any]:
    """How many of each tone, and what was not measured and why, as the event keeps it."""
    tones = Counter(items[point.key].tone for point in points if items[point.key].value is not None)
    missing = [items[point.key] for point in points if items[point.key].value is None]
    return {
        "counts": {tone.value: tones[tone.value] for tone in Urgency},
        "not_measured": [{"point": item.point, "reason": item.note} for item in missing],
    }


def _go_on(booking: Booking, *, by: Actor, at: datetime) -> None:
    """Where a car goes after its inspection: to whoever is waited for, back to work, or it waits for the work to
    begin, for which the stage stays."""
    if booking.stage != Stage.INSPECTING or booking.inspections.filter(finished_at=None).exists():
        return
    progress.follow_lines(booking, by=by, at=at)
    if booking.stage != Stage.INSPECTING:
        return
    if progress.waits_for_parts(booking):
        progress.set_stage(booking, Stage.WAITING_PARTS, by=by, at=at)
    elif booking.status == Status.IN_SERVICE:
        progress.set_stage(booking, Stage.WORKING, by=by, at=at)


def plain(value: Decimal) -> str:
    """A number without superfluous zeros and without an exponent: 2.8, 20, -35."""
    return format(value.normalize(), "f")


def _locked(inspection: Inspection) -> Inspection:
    booking = locked(inspection.booking)
    fresh = Inspection.objects.get(pk=inspection.pk)
    fresh.booking = booking
    return fresh


def _open(inspection: Inspection) -> Inspection:
    """The inspection as it is now, its visit locked. Raises InspectionOverError, WrongStatusError."""
    fresh = _locked(inspection)
    if fresh.finished_at is not None:
        raise InspectionOverError
    if fresh.booking.status not in (Status.CHECKED_IN, Status.IN_SERVICE):
        raise WrongStatusError
    return fresh
