"""What falls due at about the same time is proposed as one visit. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from catalog.needs.shape import By, Kind, Line, Visit

# Product decisions: a second trip costs more than a month of an oil's life.
NEAR = timedelta(days=30)
NEAR_KM = 1_000
_BY_KM = {By.KM, By.TREND}


def visits(lines: Iterable[Line], *, today: date) -> tuple[Visit, ...]:
    """Visits in order of time. Each begins with the line that is due first and takes along what is near to that one;
    what is due now begins the first."""
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: order(line, today)):
        if groups and _is_near(groups[-1], line, today):
            groups[-1].append(line)
        else:
            groups.append([line])
    return tuple(_visit(group, today) for group in groups)


def order(line: Line, today: date) -> tuple[date, bool, date, str]:
    """By the day on which it can be done, what is due now first."""
    return _day(line, today), line.kind != Kind.NOW, line.on, line.key


def _day(line: Line, today: date) -> date:
    return today if line.kind == Kind.NOW else max(line.on, today)


def _is_near(group: list[Line], line: Line, today: date) -> bool:
    first = group[0]
    if any(line.key == other.key for other in group):
        return False
    if _day(line, today) - _day(first, today) <= NEAR:
        return True
    if first.kind == Kind.NOW or first.km is None or line.km is None or not {first.by, line.by} <= _BY_KM:
        return False
    return 0 <= line.km - first.km <= NEAR_KM


def _visit(group: list[Line], today: date) -> Visit:
    is_now = any(line.kind == Kind.NOW for line in group)
    return Visit(on=_day(group[0], today), is_now=is_now, lines=tuple(group))
