"""An inspection as its pages show it: sections, what was found, what was known before. The number of queries depends
neither on the number of points nor of photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.board.looks import Look
from bookings.choices import Urgency
from bookings.floor import inspecting
from bookings.floor.inspecting import NO_LIMIT, plain
from bookings.floor.zone_bar import Bar, bar_of
from bookings.floor_pages import visit_photos
from bookings.models import Booking, Inspection, InspectionItem, VisitPhoto
from catalog.choices import Direction, PointKind, PointSection
from catalog.models import CheckPoint, InspectionTemplate
from core.photos import GridPhoto
from shops.models import Shop
from vehicles.choices import RecordPart
from vehicles.models import HealthRecord
from vehicles.record import reading as record_reading
from vehicles.record import sharing

LOOKS: dict[str, Look] = {
    Urgency.GREEN: Look("ok", "circle-check", _("In order")),
    Urgency.YELLOW: Look("warn", "triangle-alert", _("Watch")),
    Urgency.RED: Look("bad", "octagon-alert", _("Needs work")),
}
NOT_MEASURED = Look("mute", "circle-slash", _("Not measured"))
NO_RULE = Look("mute", "ruler", _("No limit known"))
OPEN = Look("mute", "circle-dashed", _("Open"))


@dataclass(frozen=True, slots=True)
class Last:
    """What a point showed before: the value as text and the local day."""

    text: str
    on: date


@dataclass
class Row:
    """A point with what was found at it."""

    point: CheckPoint
    item: InspectionItem | None
    photos: list[GridPhoto]
    last: Last | None
    bar: Bar | None
    place: int = 0
    of: int = 0

    @property
    def look(self) -> Look:
        if self.item is None:
            return OPEN
        if self.item.value is None:
            return NOT_MEASURED
        return LOOKS.get(self.item.tone, NO_RULE)

    @property
    def is_open(self) -> bool:
        return self.item is None

    @property
    def text(self) -> str:
        """The value as the shop writes it, without its unit; empty for what has none or was not measured."""
        if self.item is None or self.item.value is None:
            return ""
        return text_of(self.point, self.item.value)

    @property
    def note(self) -> str:
        return "" if self.item is None or self.item.note == NO_LIMIT else self.item.note

    @property
    def limit(self) -> str:
        """The limit behind a red or yellow value, in signs: "≤ 3 mm", "3–4 mm"; nothing for the rest."""
        if self.bar is None or self.look.tone not in ("bad", "warn"):
            return ""
        red, yellow, unit = self.bar.red, self.bar.yellow, self.point.unit
        if self.look.tone == "warn":
            low, high = sorted((red, yellow), key=Decimal)
            return f"{low}–{high} {unit}" if Decimal(low) >= 0 else f"{low} … {high} {unit}"
        sign = "<" if self.point.direction == Direction.LOW_IS_BAD else ">"
        sign = {"<": "≤", ">": "≥"}[sign] if self.point.is_red_at_limit else sign
        return f"{sign} {red} {unit}"

    @property
    def needs_photo(self) -> bool:
        """Whether a photo must be taken before the inspection can be finished."""
        return self.item is not None and inspecting.photo_missing(self.point, self.item, has_photo=bool(self.photos))


@dataclass
class Section:
    """The points of one place on the car."""

    key: str
    label: str
    rows: list[Row]

    @property
    def done(self) -> int:
        return sum(not row.is_open for row in self.rows)

    @property
    def worst(self) -> str:
        """The tone that the section's tab shows: bad, warn, or nothing."""
        tones = {row.look.tone for row in self.rows}
        return next((tone for tone in ("bad", "warn") if tone in tones), "")


@dataclass
class InspectionSheet:
    """A whole inspection."""

    inspection: Inspection
    template: InspectionTemplate | None
    sections: list[Section] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for row in section.rows]

    @property
    def total(self) -> int:
        return len(self.rows)

    @property
    def done(self) -> int:
        return sum(not row.is_open for row in self.rows)

    @property
    def open_rows(self) -> list[Row]:
        return [row for row in self.rows if row.is_open]

    @property
    def bare_rows(self) -> list[Row]:
        """Red ones that lack their photo."""
        return [row for row in self.rows if row.needs_photo]

    @property
    def found_rows(self) -> list[Row]:
        """Red ones, then yellow ones."""
        return [row for tone in ("bad", "warn") for row in self.rows if row.look.tone == tone]

    @property
    def unmeasured_rows(self) -> list[Row]:
        return [row for row in self.rows if row.look is NOT_MEASURED]

    @property
    def counts(self) -> list[tuple[Look, int]]:
        """How many of each tone, green first as the bar runs; only those that are there, and what was not measured."""
        tally = Counter(row.look for row in self.rows)
        order = (LOOKS[Urgency.GREEN], LOOKS[Urgency.YELLOW], LOOKS[Urgency.RED], NO_RULE, NOT_MEASURED)
        return [(look, tally[look]) for look in order if tally[look]]

    @property
    def segments(self) -> list[tuple[str, str, str]]:
        """The progress bar: tone, x and width in percent."""
        drawn, x = [], 0.0
        for look, count in self.counts:
            width = 100 * count / max(self.total, 1)
            drawn.append((look.tone, f"{x:.2f}%", f"{max(width - 0.6, 0.4):.2f}%"))
            x += width
        return drawn

    def row(self, key: str) -> Row | None:
        return next((row for row in self.rows if row.point.key == key), None)

    def section(self, key: str) -> Section | None:
        return next((section for section in self.sections if section.key == key), None)

    def section_of(self, row: Row) -> Section:
        return next(section for section in self.sections if row in section.rows)

    def next_after(self, key: str) -> Row | None:
        """The next open point after this one, round to the first; the following one where none is open."""
        rows = self.rows
        start = next((number for number, row in enumerate(rows) if row.point.key == key), -1) + 1
        ring = rows[start:] + rows[:start]
        return next((row for row in ring if row.is_open), None)

    def before(self, row: Row) -> str:
        """The value found at the point before this one in its section, of the same unit: for one tap."""
        rows = self.section_of(row).rows
        number = rows.index(row)
        same = [one for one in rows[:number] if one.point.unit == row.point.unit and one.text]
        return same[-1].text if same else ""


def text_of(point: CheckPoint, value: Decimal) -> str:
    """A value as it is written: decimals as measured, four digits of a tyre, nothing for a look."""
    if point.kind == PointKind.LOOK:
        return ""
    if point.kind == PointKind.DATE:
        return f"{int(value):04}"
    if point.kind == PointKind.CODES:
        return plain(value)
    return f"{value:.{point.decimals}f}"


def load(*, shop: Shop, booking: Booking, inspection: Inspection, at: datetime) -> InspectionSheet:
    """The inspection with everything that its page shows. Eleven queries at most."""
    template = InspectionTemplate.objects.with_points().filter(key=inspection.template).first()
    points = [row.point for row in template.points.all()] if template else []
    items = {item.point: item for item in inspection.items.all()}
    limits = {key: item.value for key, item in items.items() if item.value is not None}
    taken = _photos(shop, booking, items.values())
    known = _known_before(shop, booking, inspection, points, at)
    sections = [Section(key, str(label), []) for key, label in PointSection.choices]
    by_key = {section.key: section for section in sections}
    for point in points:
        item = items.get(point.key)
        value = item.value if item else None
        bar = bar_of(point.threshold, point.new_value, value, limits)
        by_key[point.section].rows.append(
            Row(point, item, taken.get(item.pk, []) if item else [], known.get(point.key), bar)
        )
    sections = [section for section in sections if section.rows]
    for section in sections:
        for number, row in enumerate(section.rows, 1):
            row.place, row.of = number, len(section.rows)
    return InspectionSheet(inspection, template, sections)


def _photos(shop: Shop, booking: Booking, items: Iterable[InspectionItem]) -> dict[int, list[GridPhoto]]:
    taken: dict[int, list[VisitPhoto]] = {}
    for photo in VisitPhoto.objects.filter(item__in=[item.pk for item in items]).order_by("uploaded_at", "pk"):
        taken.setdefault(photo.item_id or 0, []).append(photo)
    return {pk: visit_photos.grid(shop, booking, photos) for pk, photos in taken.items()}


# --- What was known before ------------------------------------------------------------------------------


def _known_before(
    shop: Shop, booking: Booking, inspection: Inspection, points: list[CheckPoint], at: datetime
) -> dict[str, Last]:
    """The newest value of each point: of this shop's earlier inspections of the car, and of its health record where the
    owner lets the shop read that."""
    by_key = {point.key: point for point in points}
    known = _of_this_shop(shop, booking, inspection, by_key)
    for key, last in _of_record(shop, booking, by_key, at).items():
        if key not in known or known[key].on < last.on:
            known[key] = last
    return known


def _of_this_shop(
    shop: Shop, booking: Booking, inspection: Inspection, points: dict[str, CheckPoint]
) -> dict[str, Last]:
    vin = _vin(booking)
    same = (Q(inspection__booking__car=booking.car_id) if booking.car_id else Q()) | (
        Q(inspection__booking__vin=vin) if vin else Q()
    )
    if not same:
        return {}
    rows = InspectionItem.objects.filter(
        same, inspection__booking__shop=shop, point__in=points, value__isnull=False
    ).exclude(inspection=inspection)
    newest = rows.order_by("point", "-at", "-pk").distinct("point")
    return {
        item.point: Last(text_of(points[item.point], item.value), item.at.astimezone(booking.zone).date())
        for item in newest
        if item.value is not None
    }


def _of_record(shop: Shop, booking: Booking, points: dict[str, CheckPoint], at: datetime) -> dict[str, Last]:
    record = _record(booking)
    if record is None or not sharing.may_read(record, shop.public_id, RecordPart.MEASUREMENTS, at):
        return {}
    history = record_reading.history(record, viewer=None, today=at.astimezone(booking.zone).date())
    return {
        key: Last(text_of(points[key], Decimal(measured.value)), measured.event.occurred_on)
        for key, measured in history.measurements.items()
        if key in points
    }


def _record(booking: Booking) -> HealthRecord | None:
    vin = _vin(booking)
    if vin:
        return HealthRecord.objects.filter(vin=vin).first()
    return booking.car.record if booking.car else None


def _vin(booking: Booking) -> str:
    return booking.vin or (booking.car.vin if booking.car else "")
