"""Changes that would touch visits already booked: they are asked about, and nothing is moved silently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from shops.planned import PlannedVisit


class VisitsInTheWayError(Conflict):
    """The change would leave `visits` without something they need, or has other `effects` to be asked about.

    Nothing was changed. The same call with `despite_visits=True` goes through; the visits stay as they are.
    """

    code = "visits_in_the_way"
    message = _("Visits are booked for this time.")

    def __init__(self, visits: Sequence[PlannedVisit], effects: Sequence[str | Promise] = ()) -> None:
        message = effects[0] if effects and not visits else None
        super().__init__(message, extra={"visits": [visit.number for visit in visits]})
        self.visits = list(visits)
        self.effects = list(effects)


def ask(visits: Iterable[PlannedVisit], effects: Sequence[str | Promise] = ()) -> None:
    """Raise VisitsInTheWayError if there is something to ask about."""
    found = list(visits)
    if found or effects:
        raise VisitsInTheWayError(found, effects)
