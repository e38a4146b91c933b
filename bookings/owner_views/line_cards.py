"""A line of a visit as its owner reads it: evidence, the platform's advice, price, warranty, and what they said of it.

Everything is at hand before (`LineQuerySet.with_versions`, `Facts`): nothing here asks the database.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from bookings.board.looks import Look
from bookings.choices import DecisionWay, LineOrigin, LineState, Status, Urgency
from bookings.floor import line_looks
from bookings.floor.line_looks import Reading
from bookings.models import Booking, Line, LineDecision, LineVersion
from bookings.templatetags.visits import duration
from catalog.advice import words
from catalog.advice.verdict import Advice
from catalog.models import CheckPoint, Service
from catalog.pricing import FairPrice
from core.money import format_fen
from core.photos import GridPhoto

_WORST_FIRST = (Urgency.RED, Urgency.YELLOW, "", Urgency.GREEN)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words of advice and the bars of measurements need of the catalogue, by key."""

    services: Mapping[str, Service]
    points: Mapping[str, CheckPoint]


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
        shown = [line.version, line.state, line.waits_for_parts, line.parts_expected_on, line.not_needed_reason]
        shown += [line.warranty_until, line.warranty_until_km, self.can_decide, self.said and self.said.pk]
        shown += [photo.url for photo in self.photos]
        if self.is_pending:
            shown += [self.if_this_fen, self.if_this_at]
        return f"{self.anchor}-{zlib.crc32(repr(shown).encode()):08x}"

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
    def look(self) -> Look:
        return line_looks.owners_look(self.line)

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
        return [*line_looks.symptoms(self.version), *self.version.fault_codes]

    def _reading(self, entry: Mapping[str, Any]) -> Reading | None:
        point = self.facts.points.get(str(entry.get("point", "")))
        if point is None:
            return None
        return line_looks.read(point, entry.get("value"), str(entry.get("tone", "")), limits=self._limits)

    @cached_property
    def _limits(self) -> dict[str, Decimal]:
        values = {str(entry.get("point")): line_looks.decimal_of(entry.get("value")) for entry in self.version.evidence}
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
        return AdviceNote(said, advice.source, *line_looks.owners_advice(advice))

    # --- Price, time, warranty ----------------------------------------------------------------------

    @property
    def band(self) -> FairPrice | None:
        return line_looks.band(self.version)

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
            return _("By phone, noted by the shop: spoke with %(name)s") % {"name": said.spoke_with}
        return _("By the link") if said.way == DecisionWay.LINK else _("By you")


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
    quantity = line_looks.decimal_of(part.get("quantity")) or Decimal(1)
    return int((quantity * int(part.get("unit_fen", 0))).to_integral_value(rounding="ROUND_HALF_UP"))
