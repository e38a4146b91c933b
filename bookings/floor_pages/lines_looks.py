"""How a line and the advice on it look on the staff's pages: tone, icon and word."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.board.looks import Look
from bookings.choices import LineState, Urgency
from bookings.models import Line
from catalog.choices import AdviceVerdict

DRAFT = Look("mute", "pencil-line", _("Not sent yet"))
WAITS_FOR_PARTS = Look("part", "package-search", _("Waiting for parts"))
_STATES: dict[str, Look] = {
    LineState.PROPOSED: Look("warn", "message-circle-question-mark", _("Waiting for the owner")),
    LineState.APPROVED: Look("brand", "circle-check", _("Approved, to be done")),
    LineState.DECLINED: Look("mute", "circle-x", pgettext_lazy("a line of work", "Declined")),
    LineState.DEFERRED: Look("info", "calendar-clock", pgettext_lazy("a line of work", "Deferred")),
    LineState.DONE: Look("ok", "circle-check-big", pgettext_lazy("a line of work", "Done")),
    LineState.NOT_NEEDED: Look("mute", "circle-minus", _("Not needed after all")),
    LineState.WITHDRAWN: Look("mute", "undo-2", pgettext_lazy("a line of work", "Withdrawn")),
}
URGENCY: dict[str, Look] = {
    Urgency.RED: Look("bad", "triangle-alert", Urgency.RED.label),
    Urgency.YELLOW: Look("warn", "eye", Urgency.YELLOW.label),
    Urgency.GREEN: Look("ok", "circle-check", Urgency.GREEN.label),
}
ADVICE: dict[str, tuple[str, str]] = {
    AdviceVerdict.DUE_NOW: ("ok", "shield-check"),
    AdviceVerdict.JUSTIFIED: ("ok", "shield-check"),
    AdviceVerdict.CAN_WAIT: ("warn", "hourglass"),
    AdviceVerdict.NOT_NEEDED: ("bad", "shield-x"),
    AdviceVerdict.MOSTLY_UNNECESSARY: ("bad", "shield-x"),
    AdviceVerdict.UNKNOWN: ("mute", "shield-question-mark"),
}


def look_of(line: Line) -> Look:
    """The look of a line's state; a proposal that was not sent and parts that are missing go before it."""
    if line.state == LineState.PROPOSED and line.sent_at is None:
        return DRAFT
    if line.state == LineState.APPROVED and line.waits_for_parts:
        return WAITS_FOR_PARTS
    return _STATES[line.state]
