"""What a dispute says no to. Nothing has moved when one of these is raised."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, InvalidInput


class NotDisputableError(Conflict):
    """The order or the line cannot be disputed (any more)."""

    code = "not_disputable"
    message = _("This is settled or was decided before. It cannot be disputed any more.")


class DisputeRunningError(Conflict):
    code = "dispute_running"
    message = _("There is an open dispute about this visit. Add your words there.")


class DisputeOverError(Conflict):
    code = "dispute_over"
    message = _("This dispute is closed. Nothing was changed.")


class AnsweredError(Conflict):
    code = "dispute_answered"
    message = _("The shop has answered already. Add another word instead.")


class AnswerFirstError(Conflict):
    """The shop still has time to answer."""

    code = "answer_first"
    message = _("The shop still has time to answer. Decide when it has answered, or when its time is over.")


class DisputeMovedOnError(Conflict):
    """Something was said or done since the page was read."""

    code = "dispute_moved_on"
    message = _("Something was added since you read this. Nothing was decided; read it again.")


class ClaimError(InvalidInput):
    """An amount that cannot be wanted or given back. `field` is `amount_<number of the line>`."""

    code = "claim"
    message = _("This amount is not possible.")


class WordsError(InvalidInput):
    code = "words"
    message = _("Say what happened, in up to 2,000 characters.")
