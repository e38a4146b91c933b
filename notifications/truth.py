"""Whether what a message says is still true when it leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from notifications import kinds
from notifications.models import Notice

# How long an answer about a whole batch counts: a channel that is slow asks again.
FRESH = timedelta(seconds=5)


class Truth:
    """What is still true of some notices. Kinds that can are asked about all of theirs at once (`Kind.still_all`)."""

    def __init__(self, notices: Iterable[Notice]) -> None:
        self._notices = list(notices)
        self._answers: dict[str, tuple[datetime, Collection[int]]] = {}

    def holds(self, notice: Notice, *, at: datetime) -> bool:
        """Whether the notice is true, as was said a few seconds before `at` (UTC) at the earliest."""
        kind = kinds.find(notice.kind)
        if kind is None:
            return True
        if kind.still_all is None:
            return kind.still is None or kind.still(notice)
        asked_at, true = self._answers.get(kind.name, (at - FRESH, frozenset()))
        if not at - FRESH < asked_at <= at:
            try:
                true = kind.still_all([one for one in self._notices if one.kind == kind.name])
            except Exception:  # a fault of one of them is no fault of the others
                return notice.pk in kind.still_all([notice])
            self._answers[kind.name] = at, true
        return notice.pk in true
