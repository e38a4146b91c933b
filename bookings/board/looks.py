"""How a visit's state looks on every staff page: tone, icon and word. Colour is never alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.choices import Stage, Status


@dataclass(frozen=True)
class Look:
    """A tone of the design language, a Lucide icon and a word."""

    tone: str
    icon: str
    label: str | Promise


LOOKS: dict[str, Look] = {
    Status.HELD: Look("mute", "hourglass", _("Held")),
    Status.REQUESTED: Look("warn", "message-circle-question-mark", pgettext_lazy("a request to the shop", "Asks")),
    Status.CONFIRMED: Look("info", "calendar-clock", _("To arrive")),
    Status.CHECKED_IN: Look("brand", "key-round", _("Checked in")),
    Status.IN_SERVICE: Look("brand", "wrench", _("In work")),
    Status.READY: Look("ok", "circle-check", _("Ready")),
    Status.COMPLETED: Look("mute", "check", _("Handed over")),
    Status.EXPIRED: Look("mute", "hourglass", _("Expired")),
    Status.CANCELLED: Look("mute", "x", _("Cancelled")),
    Status.NO_SHOW: Look("bad", "user-x", _("No-show")),
}
# Where in the workshop the car is says more than its status. The stages that are not here say nothing new.
STAGE_LOOKS: dict[str, Look] = {
    Stage.INSPECTING: Look("brand", "scan-search", _("Being inspected")),
    Stage.WAITING_OWNER: Look("warn", "hand", _("Waiting for the owner")),
    Stage.WAITING_PARTS: Look("part", "package-search", _("Waiting for parts")),
    Stage.CHECKING: Look("qc", "clipboard-check", _("Quality check")),
}
MISSING = Look("bad", "clock-alert", pgettext_lazy("a customer who has not come", "Late"))
OVER_TIME = Look("bad", "clock-alert", _("Over time"))
IN_THE_WAY = Look("bad", "clock-alert", _("Late, next visit waits"))


def look_of(status: str, *, stage: str = "", is_late: bool = False, next_waits: bool = False) -> Look:
    """The look of a visit in `status`, at a stage of the workshop once its car is there; lateness goes before it."""
    if next_waits:
        return IN_THE_WAY
    if is_late:
        return MISSING if status == Status.CONFIRMED else OVER_TIME
    return STAGE_LOOKS.get(stage, LOOKS[status])
