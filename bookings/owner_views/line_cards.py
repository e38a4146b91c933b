"""A line of a visit as its owner reads it: evidence, the platform's advice, price, warranty, and what they said of it.

Everything is at hand before (`LineQuerySet.with_versions`, `Facts`): nothing here asks the database.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from bookings.choices import DecisionWay, LineOrigin, LineState, Status, Urgency
from bookings.floor.inspecting import plain
from bookings.floor_pages.inspection_bar import Bar, bar_of
from bookings.models import Booking, Line, LineDecision, LineVersion
from bookings.templatetags.visits import duration
from catalog.advice import words
from catalog.advice.verdict import Advice
from catalog.choices import AdviceVerdict, PointKind, Symptom
from catalog.models import CheckPoint, Service
from core.money import format_fen
from core.photos import GridPhoto

_TONES = {Urgency.RED: "bad", Urgency.YELLOW: "warn", Urgency.GREEN: "ok"}
NO_LIMITS: Mapping[str, Decimal] = MappingProxyType({})
_WORST_FIRST = (Urgency.RED, Urgency.YELLOW, "", Urgency.GREEN)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words of advice and the bars of measurements need of the catalogue, by key."""

    services: Mapping[str, Service]
    points: Mapping[str, CheckPoint]


@dataclass(frozen=True, slots=True)
class Band:
    """The usual range as it stood on the line when it was proposed, fen."""

    low_fen: int
    high_fen: int
    n: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One check point's result: its name, what was read there, and where that lies on its zones.

    `rule` is the threshold in words, `source` where it comes from, one a line."""

    name: str
    value: str
    unit: str
    tone: str
    word: str
    bar: Bar | None
    rule: str
    source: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What another version of a line says differently."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AdviceNote:
    """The platform's advice in words, with where its rule comes from, its tone and icon."""

    words: words.Words
    source: str
    tone: str
    icon: str


@dataclass(frozen=True)
class LineCard:
    """What the templates show of a line."""

    booking: Booking
    line: Line
    facts: Facts
    photos: Sequence[GridPhoto] = ()
    # What the visit's approved lines come to, fen.
    approved_fen: int = 0

    @cached_property
    def version(self) -> LineVersion:
        return self.line.current

    @property
    def ref(self) -> str:
        """The line in the version that is shown, as forms send it."""
        return f"{self.line.public_id}.{self.line.version}"

    @property
    def anchor(self) -> str:
        return f"line-{self.line.public_id}"

    @property
    def stamp(self) -> str:
        """Other whenever the card looks other: a card with the same one is left alone when the page renews itself."""
        line = self.line
        said = self.said.pk if self.said else 0
        own = f"{self.anchor}-{line.version}-{line.state}-{said}-{int(line.waits_for_parts)}{len(self.photos)}"
        return f"{own}-{self.if_this_fen}-{self.if_this_at:%m%d%H%M}" if self.is_pending else own

    @property
    def if_this_at(self) -> datetime:
        """The promise once this line is approved as well, and no other."""
        return self.booking.ends_at + timedelta(minutes=self.version.extra_minutes)

    @property
    def if_this_fen(self) -> int:
        """The price of the visit once this line is approved as well, and no other, fen."""
        return self.approved_fen + self.version.total_fen

    @cached_property
    def said(self) -> LineDecision | None:
        """The owner's last word on the line, whatever version it was about."""
        decisions = self.line.decisions.all()
        return max(decisions, key=lambda one: one.pk, default=None)

    @property
    def is_pending(self) -> bool:
        return self.line.is_pending

    @property
    def is_booked(self) -> bool:
        return self.line.origin == LineOrigin.BOOKED

    @property
    def can_decide(self) -> bool:
        """Whether the owner can still say something else."""
        open_states = (LineState.PROPOSED, LineState.APPROVED, LineState.DECLINED, LineState.DEFERRED)
        is_here = self.booking.status in (Status.CHECKED_IN, Status.IN_SERVICE)
        return is_here and self.line.state in open_states and self.line.sent_at is not None

    @property
    def tone(self) -> str:
        return {
            LineState.PROPOSED: "warn",
            LineState.APPROVED: "part" if self.line.waits_for_parts else "brand",
            LineState.DONE: "ok",
            LineState.DEFERRED: "info",
        }.get(LineState(self.line.state), "mute")

    @property
    def icon(self) -> str:
        return {
            LineState.PROPOSED: "hand",
            LineState.APPROVED: "package-search" if self.line.waits_for_parts else "check",
            LineState.DONE: "circle-check-big",
            LineState.DEFERRED: "calendar-clock",
            LineState.DECLINED: "x",
            LineState.NOT_NEEDED: "check-check",
        }.get(LineState(self.line.state), "undo-2")

    @property
    def state_words(self) -> str:
        if self.line.waits_for_parts:
            return _("Approved, waiting for parts")
        return self.line.get_state_display()

    # --- What speaks for it -------------------------------------------------------------------------

    @cached_property
    def readings(self) -> list[Reading]:
        """The measurements behind the proposal, the worst first."""
        rows = [(entry, self._reading(entry)) for entry in self.version.evidence]
        ranked = sorted((row for row in rows if row[1]), key=lambda row: _WORST_FIRST.index(row[0].get("tone", "")))
        return [reading for _entry, reading in ranked if reading]

    @property
    def main_reading(self) -> Reading | None:
        """The measurement that is shown large."""
        return next((one for one in self.readings if one.value), None)

    @property
    def other_readings(self) -> list[Reading]:
        return [one for one in self.readings if one.value and one is not self.main_reading]

    @property
    def symptoms(self) -> list[str]:
        """What was noticed and which fault codes were read, in words."""
        known = [str(Symptom(key).label) for key in self.version.symptoms if key in Symptom.values]
        return [*known, *self.version.fault_codes]

    def _reading(self, entry: Mapping[str, Any]) -> Reading | None:
        point = self.facts.points.get(str(entry.get("point", "")))
        return None if point is None else read(point, entry.get("value"), str(entry.get("tone", "")), self._limits)

    @cached_property
    def _limits(self) -> dict[str, Decimal]:
        values = {str(entry.get("point")): decimal_of(entry.get("value")) for entry in self.version.evidence}
        return {key: value for key, value in values.items() if value is not None}

    @cached_property
    def advice(self) -> AdviceNote | None:
        """The platform's advice of when it was proposed, in the reader's words; None for a line without any."""
        advice = advice_of(self.version)
        if advice is None:
            return None
        measure = self.version.measure
        listed = {measure.key: measure} if measure else {}
        said = words.words(advice, words.Names(self.facts.services, self.facts.points, listed))
        return AdviceNote(said, advice.source, *_advice_look(advice))

    # --- Price, time, warranty ----------------------------------------------------------------------

    @property
    def band(self) -> Band | None:
        """The usual range for this work as it stood then."""
        kept = self.version.fair_price
        return Band(kept["low_fen"], kept["high_fen"], kept["n"]) if kept else None

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The parts with what each costs in all, fen."""
        return [
            {**part, "total_fen": _part_total(part), "is_several": str(part.get("quantity", "1")) != "1"}
            for part in self.version.parts
        ]

    @property
    def warranty(self) -> str:
        return warranty_text(self.version)

    @cached_property
    def differences(self) -> list[Difference]:
        """What the present version says differently from the one the owner answered last, or from the one before."""
        number = self.said.version if self.said else self.line.version - 1
        before = next((row for row in self.line.versions.all() if row.number == number), None)
        return differences(before, self.version) if before and before.number != self.line.version else []

    @property
    def answer(self) -> str:
        """What the owner said, and how it reached the shop."""
        said = self.said
        if said is None or said.way == DecisionWay.BOOKING:
            return _("Agreed when you booked") if said else ""
        if said.way == DecisionWay.PHONE:
            return _("Said on the phone, written down by the shop: spoke with %(name)s") % {"name": said.spoke_with}
        return _("By the link") if said.way == DecisionWay.LINK else _("By you")


def read(point: CheckPoint, value: object, tone: str, limits: Mapping[str, Decimal] = NO_LIMITS) -> Reading:
    """A result at a check point for people, with its bar where its limits are known. `limits` are the values of points
    that hold others' limits (MIN TH), by key. Needs the point's `limit_from` at hand."""
    number = decimal_of(value) if point.kind == PointKind.MEASURE else None
    return Reading(
        name=point.name,
        value="" if number is None else plain(number),
        unit=point.unit,
        tone=_TONES.get(Urgency(tone), "mute") if tone in Urgency.values else "mute",
        word=str(Urgency(tone).label) if tone in Urgency.values else "",
        bar=None if number is None else bar_of(point.threshold, point.new_value, number, limits),
        rule=point.rule,
        source=point.source,
    )


def advice_of(version: LineVersion) -> Advice | None:
    """The advice kept on a version; None where there is none, or one that this program no longer understands."""
    if not version.advice:
        return None
    try:
        return Advice.from_json(version.advice)
    except (ValueError, KeyError, TypeError):
        return None


def keys_of(versions: Collection[LineVersion]) -> tuple[set[str], set[str]]:
    """The services and the check points that the versions' advice and evidence name."""
    services: set[str] = set()
    points: set[str] = set()
    for version in versions:
        points |= {str(entry.get("point", "")) for entry in version.evidence}
        if (advice := advice_of(version)) is None:
            continue
        numbers = advice.numbers
        named = {numbers.point, *numbers.unmeasured, *(key for change in advice.change for key in change.keys)}
        points |= named
        services |= named | {advice.alternative, advice.subject}
    return services - {""}, points - {""}


def differences(before: LineVersion, after: LineVersion) -> list[Difference]:
    """What changed from one version of a line to another, in the order that an owner asks."""
    rows = [
        (_("What is done"), before.name, after.name),
        (_("Price"), format_fen(before.total_fen), format_fen(after.total_fen)),
        (_("Labour"), format_fen(before.labour_fen), format_fen(after.labour_fen)),
        (_("Parts"), _parts_text(before), _parts_text(after)),
        (_("Adds to the promise"), duration(before.extra_minutes), duration(after.extra_minutes)),
        (_("Warranty"), warranty_text(before), warranty_text(after)),
    ]
    return [Difference(what, was, now) for what, was, now in rows if was != now]


def warranty_text(version: LineVersion) -> str:
    """The warranty in words: 720 days or 20,000 km."""
    values = {"days": version.warranty_days, "km": f"{version.warranty_km:,}"}
    return _("%(days)s days or %(km)s km, whichever comes first") % values


def _parts_text(version: LineVersion) -> str:
    return str(_(", ")).join(f"{part['name']} × {part['quantity']}" for part in version.parts) or "–"


def _part_total(part: Mapping[str, Any]) -> int:
    quantity = decimal_of(part.get("quantity")) or Decimal(1)
    return int((quantity * int(part.get("unit_fen", 0))).to_integral_value(rounding="ROUND_HALF_UP"))


def decimal_of(value: object) -> Decimal | None:
    try:
        return None if value is None or value == "" else Decimal(str(value))
    except InvalidOperation:
        return None


def _advice_look(advice: Advice) -> tuple[str, str]:
    if advice.is_harmful:
        return "bad", "octagon-alert"
    return {
        AdviceVerdict.DUE_NOW: ("ok", "scale"),
        AdviceVerdict.JUSTIFIED: ("ok", "scale"),
        AdviceVerdict.CAN_WAIT: ("warn", "hourglass"),
        AdviceVerdict.UNKNOWN: ("mute", "scale"),
    }.get(AdviceVerdict(advice.verdict), ("bad", "scale"))
