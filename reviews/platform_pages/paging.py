"""Pages of the moderation log: the newest first, the next page begins below the last line of this one."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from reviews.models import ModerationEvent

PAGE = 50


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of the log, and where the next page begins: empty on the last."""

    lines: list[ModerationEvent]
    before: str


def page_of(lines: QuerySet[ModerationEvent], before: str) -> LogPage:
    """A page of the log below the line `before` (its number; anything else is the first page). Two queries."""
    found = lines.order_by("-at", "-pk")
    last = _line(before)
    if last is not None:
        found = found.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    shown = list(found[: PAGE + 1])
    return LogPage(shown[:PAGE], str(shown[PAGE - 1].pk) if len(shown) > PAGE else "")


def _line(number: str) -> ModerationEvent | None:
    is_number = number.isascii() and number.isdigit() and len(number) < 16
    return ModerationEvent.objects.only("at").filter(pk=int(number)).first() if is_number else None
