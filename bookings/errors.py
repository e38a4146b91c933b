"""What the booking engine says no to. Each has a stable code; `extra["alternatives"]` names the nearest real slots."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from bookings.engine.availability import TAKEN, Reason, Slot
from core.errors import Conflict, InvalidInput, NotAllowed


class SlotTakenError(Conflict):
    """Somebody else was faster, or the shop cannot take a visit then. Nothing was changed."""

    code = "slot_taken"
    message = _("This time has just gone. Nothing you entered is lost: pick one of the nearest times.")
    alternatives: tuple[Slot, ...] = ()

    def offer(self, alternatives: list[Slot]) -> SlotTakenError:
        """The same refusal with the nearest slots to offer instead."""
        self.alternatives = tuple(alternatives)
        self.extra["alternatives"] = [
            {"starts_at": slot.starts_at.isoformat(), "ends_at": slot.ends_at.isoformat()} for slot in alternatives
        ]
        return self


class SlotUnavailableError(SlotTakenError):
    """The shop does not offer that start at all, whoever asks: closed, in the past, no such bay."""

    code = "slot_unavailable"

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.label, field="starts_at", extra={"reason": reason.value})
        self.reason = reason
        # A time that can never be had is bad input; one that is taken is a conflict.
        self.status = 409 if reason in TAKEN else 400


class HoldExpiredError(Conflict):
    code = "hold_expired"
    message = _("The time was held for you and the hold has ended. Nothing you entered is lost: pick a time again.")


class RequestLapsedError(Conflict):
    code = "request_lapsed"
    message = _("The time to answer this request is over. The owner has been told.")


class WrongStatusError(Conflict):
    """The visit has moved on: what was asked does not follow from its present state."""

    code = "wrong_status"
    message = _("The visit has moved on in the meantime. Look at it again.")


class NotOfferedError(InvalidInput):
    code = "not_offered"
    message = _("This shop does not offer this service for this car.")


class OutOfRadiusError(InvalidInput):
    code = "out_of_radius"
    message = _("The team does not come that far.")


class TooLateError(NotAllowed):
    code = "too_late"
    status = 409
    message = _("The visit has begun: please call the shop.")


class FeeChangedError(Conflict):
    """The cancellation would cost something else than what was quoted. Nothing was cancelled."""

    code = "fee_changed"
    message = _("Cancelling costs something else by now. Look at the fee again before you decide.")

    def __init__(self, fee_fen: int) -> None:
        super().__init__(field="fee_fen", extra={"fee_fen": fee_fen})
        self.fee_fen = fee_fen


class OdometerError(InvalidInput):
    code = "odometer"


# --- The workshop floor -----------------------------------------------------------------------------


class NoSuchLineError(InvalidInput):
    """Not a line of this visit; a foreign visit's line looks like a missing one."""

    code = "no_such_line"
    status = 404
    message = _("There is no such line in this visit.")


class LineChangedError(Conflict):
    """The line was changed after the page was opened. Nothing was decided."""

    code = "line_changed"
    message = _("The shop has changed this line in the meantime. Nothing was decided: look at it again.")


class LineSettledError(Conflict):
    """The line is done, withdrawn or not needed: there is nothing to decide or to change any more."""

    code = "line_settled"
    message = _("This line is closed. Nothing was changed.")


class LinesOpenError(Conflict):
    """Lines wait for the owner or are not done, so the visit cannot go on."""

    code = "lines_open"
    message = _("Some lines are still open: finish them, or say why they are not needed.")


class NotCheckedError(Conflict):
    code = "not_checked"
    message = _("The quality check has not been passed yet.")


class WrongStageError(Conflict):
    code = "wrong_stage"
    message = _("The car is at another stage by now. Look at it again.")


class LinkOverError(Conflict):
    """The link has ended, was replaced or never was."""

    code = "link_over"
    status = 404
    message = _("This link has ended. Sign in to see your visit, or ask the shop for a new link.")
