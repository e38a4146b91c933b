"""How the lines of a visit look, to the staff and to its owner: tone, icon and word of their states and of the advice
on them, and the measurements that they stand on. Colour is never alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.board.looks import Look
from bookings.choices import LineState, Urgency
from bookings.floor.inspecting import plain
from bookings.floor.zone_bar import Bar, bar_of
from bookings.models import Line, LineVersion
from catalog.advice.verdict import Advice
from catalog.choices import AdviceVerdict, PointKind, Symptom
from catalog.models import CheckPoint
from catalog.pricing import FairPrice

# --- States -------------------------------------------------------------------------------------------

_DRAFT = Look("mute", "pencil-line", _("Not sent yet"))
_WAITS_FOR_PARTS = Look("part", "package-search", _("Waiting for parts"))
_STATES: dict[str, Look] = {
    LineState.PROPOSED: Look("warn", "hand", _("Waiting for the owner")),
    LineState.APPROVED: Look("brand", "circle-check", _("Approved, to be done")),
    LineState.DECLINED: Look("mute", "circle-x", pgettext_lazy("a line of work", "Declined")),
    LineState.DEFERRED: Look("info", "calendar-clock", pgettext_lazy("a line of work", "Deferred")),
    LineState.DONE: Look("ok", "circle-check-big", pgettext_lazy("a line of work", "Done")),
    LineState.NOT_NEEDED: Look("mute", "circle-minus", _("Not needed after all")),
    LineState.WITHDRAWN: Look("mute", "undo-2", pgettext_lazy("a line of work", "Withdrawn")),
}
# An owner reads of their own answers, not of work to do.
_OWNERS_ICONS: dict[str, str] = {
    LineState.PROPOSED: "hand",
    LineState.APPROVED: "check",
    LineState.DECLINED: "x",
    LineState.NOT_NEEDED: "check-check",
}


def look_of(line: Line) -> Look:
    """A line's state as the staff see it; a proposal that was not sent and parts that are missing go before it."""
    if line.state == LineState.PROPOSED and line.sent_at is None:
        return _DRAFT
    return _WAITS_FOR_PARTS if line.waits_for_parts else _STATES[line.state]


def owners_look(line: Line) -> Look:
    """A line's state as the owner sees it."""
    if line.waits_for_parts:
        return replace(_WAITS_FOR_PARTS, label=_("Approved, waiting for parts"))
    look = _STATES[line.state]
    return replace(look, icon=_OWNERS_ICONS.get(line.state, look.icon), label=line.get_state_display())


# --- Advice: tone and icon ----------------------------------------------------------------------------

ADVICE: dict[str, tuple[str, str]] = {
    AdviceVerdict.DUE_NOW: ("ok", "shield-check"),
    AdviceVerdict.JUSTIFIED: ("ok", "shield-check"),
    AdviceVerdict.CAN_WAIT: ("warn", "hourglass"),
    AdviceVerdict.NOT_NEEDED: ("bad", "shield-x"),
    AdviceVerdict.MOSTLY_UNNECESSARY: ("bad", "shield-x"),
    AdviceVerdict.UNKNOWN: ("mute", "shield-question-mark"),
}


def owners_advice(advice: Advice) -> tuple[str, str]:
    """The advice's tone and icon as the owner sees it."""
    if advice.is_harmful:
        return "bad", "octagon-alert"
    return ADVICE[advice.verdict][0], "hourglass" if advice.verdict == AdviceVerdict.CAN_WAIT else "scale"


# --- What speaks for it -------------------------------------------------------------------------------

URGENCY: dict[str, Look] = {
    Urgency.RED: Look("bad", "triangle-alert", Urgency.RED.label),
    Urgency.YELLOW: Look("warn", "eye", Urgency.YELLOW.label),
    Urgency.GREEN: Look("ok", "circle-check", Urgency.GREEN.label),
}


@dataclass(frozen=True)
class Reading:
    """What was found at a check point. `number` is a measured value in the point's unit; `limits` are the values of
    points that hold others' limits (MIN TH), by key."""

    point: CheckPoint
    number: Decimal | None
    look: Look | None
    codes: str = ""
    limits: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.point.name

    @property
    def value(self) -> str:
        return "" if self.number is None else plain(self.number)

    @property
    def unit(self) -> str:
        return self.point.unit

    @property
    def tone(self) -> str:
        return self.look.tone if self.look else "mute"

    @property
    def word(self) -> str:
        return str(self.look.label) if self.look else ""

    @property
    def bar(self) -> Bar | None:
        """Where the value lies on the point's zones; None where its limits are not known. Needs the point's
        `limit_from` at hand."""
        if self.number is None:
            return None
        return bar_of(self.point.threshold, self.point.new_value, self.number, self.limits)

    @property
    def rule(self) -> str:
        """The threshold in words."""
        return self.point.rule

    @property
    def source(self) -> str:
        """Where the threshold comes from, one a line."""
        return self.point.source


def read(
    point: CheckPoint, value: object, tone: str, *, codes: str = "", limits: Mapping[str, Decimal] | None = None
) -> Reading:
    """A result at a check point for people. What is no measurement has no number."""
    number = decimal_of(value) if point.kind == PointKind.MEASURE else None
    return Reading(point, number, URGENCY.get(tone), codes, limits or {})


def symptoms(version: LineVersion) -> list[str]:
    """What was noticed, in words."""
    return [str(Symptom(key).label) for key in version.symptoms if key in Symptom.values]


def band(version: LineVersion) -> FairPrice | None:
    """The usual range for the work as it was when the line was proposed."""
    kept = version.fair_price
    return FairPrice(kept["low_fen"], kept["high_fen"], kept["n"]) if kept else None


def decimal_of(value: object) -> Decimal | None:
    """A number as JSON keeps it; None for nothing, and for what is no number."""
    try:
        return None if value is None or value == "" else Decimal(str(value))
    except InvalidOperation:
        return None
