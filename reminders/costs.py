"""What a car has cost its owner, by the sums in their own part of its record. Pure.

Nothing is guessed: work of which the owner's part says no price is counted and left out of every sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from vehicles.record.reading import Event, History

# Over less than this a figure per month or per 100 km says more about one visit than about the car (product decision).
MIN_DAYS = 180
MIN_KM = 3_000
_DAYS_A_MONTH = Fraction(36525, 1200)


@dataclass(frozen=True, slots=True)
class Year:
    """`fen`: the sum of the `priced` visits and entries of a year; `unpriced`: how many have no price."""

    year: int
    fen: int
    priced: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class Costs:
    """`years`: from the first year with work to this one, none left out. The figures are since `since`, what was spent
    on that day itself not among them unless the record is complete since new; None where too little is known.
    `is_at_least`: something since then has no price."""

    years: tuple[Year, ...]
    fen: int
    unpriced: int
    since: date | None = None
    per_month_fen: int | None = None
    per_100_km_fen: int | None = None
    is_at_least: bool = False


def costs(history: History, *, delivered_on: date | None) -> Costs | None:
    """The costs in a record as its owner sees it; None where no work was ever done."""
    work = [event for event in history.events if _is_work(event) and event.occurred_on <= history.today]
    if not work:
        return None
    years = _years(work, history.today)
    fen, unpriced = sum(year.fen for year in years), sum(year.unpriced for year in years)
    figures = _figures(work, history, delivered_on)
    return Costs(years, fen, unpriced, **figures)


def _is_work(event: Event) -> bool:
    """A delivery costs nothing of its own, and an inspection at which nothing was done may."""
    is_done = any(item["outcome"] == "done" for item in event.facts["items"])
    return event.facts["kind"] != "delivery" and (is_done or bool(event.total_fen))


def _years(work: Iterable[Event], today: date) -> tuple[Year, ...]:
    sums: dict[int, list[int]] = {}
    for event in work:
        row = sums.setdefault(event.occurred_on.year, [0, 0, 0])
        if event.total_fen is None:
            row[2] += 1
        else:
            row[0] += event.total_fen
            row[1] += 1
    return tuple(Year(year, *sums.get(year, (0, 0, 0))) for year in range(min(sums), today.year + 1))


def _figures(work: list[Event], history: History, delivered_on: date | None) -> dict[str, Any]:
    """Per month and per 100 km: from new where the record is complete, else from the first work with a price on, whose
    own kilometres nobody knows."""
    priced = [event.occurred_on for event in work if event.total_fen is not None]
    if not priced:
        return {}
    is_since_new = history.record.complete_since_new and delivered_on is not None and delivered_on <= min(priced)
    since = delivered_on if is_since_new and delivered_on is not None else min(priced)
    counted = [event for event in work if event.occurred_on > since or (is_since_new and event.occurred_on == since)]
    fen = sum(event.total_fen or 0 for event in counted)
    days = (history.today - since).days
    if days < MIN_DAYS:
        return {}
    km = _km_since(history, since, at_new=is_since_new)
    return {
        "since": since,
        "per_month_fen": round(fen * _DAYS_A_MONTH / days),
        "per_100_km_fen": round(Fraction(fen * 100, km)) if km is not None and km >= MIN_KM else None,
        "is_at_least": any(event.total_fen is None for event in counted),
    }


def _km_since(history: History, since: date, *, at_new: bool) -> int | None:
    """Driven from that day to the newest believed reading; None where nobody read the odometer then."""
    latest = history.curve.latest
    start = 0 if at_new else next((point.km for point in history.curve.believed if point.on == since), None)
    return latest.km - start if latest is not None and start is not None else None
