"""What the reviews of a subject come to: distribution, ratings beside the total, their course, who would return.

Made of counts that are at hand (`Subject`, `MonthTally`), never of the reviews themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reviews.choices import Dimension
from reviews.limits import FEW
from reviews.models import MonthTally, Subject
from reviews.models.reading import Counts
from reviews.ranking import month_of

# How far back the course of the ratings is shown: two years, by quarters.
QUARTERS = 8
# The drawing of one course, in user units.
WIDTH, HEIGHT, MARGIN = 120, 32, 4


@dataclass(frozen=True, slots=True)
class Share:
    """How many gave so many stars, and which part of all that is (0 to 1)."""

    stars: int
    reviews: int
    part: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A quarter on a drawing."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating beside the total: its mean in stars (None: too few) of so many, and its mean in each quarter."""

    dimension: Dimension
    mean: float | None
    ratings: int
    quarters: tuple[float | None, ...] = ()

    @property
    def label(self) -> str:
        return str(self.dimension.label)

    @property
    def part(self) -> float:
        """The mean as a part of five, for a bar."""
        return (self.mean or 0) / 5

    @property
    def dots(self) -> list[Dot]:
        """Its quarters on a drawing from one star (below) to five."""
        step = (WIDTH - 2 * MARGIN) / max(len(self.quarters) - 1, 1)
        return [
            Dot(round(MARGIN + index * step, 1), round(HEIGHT - MARGIN - (mean - 1) / 4 * (HEIGHT - 2 * MARGIN), 1))
            for index, mean in enumerate(self.quarters)
            if mean is not None
        ]

    @property
    def line(self) -> str:
        """The points of its course, as SVG takes them; empty where there are fewer than two."""
        dots = self.dots
        return " ".join(f"{dot.x},{dot.y}" for dot in dots) if len(dots) > 1 else ""


@dataclass(frozen=True, slots=True)
class Quarter:
    """Three months: how many reviews of visits in it, the mean of their totals and of what is rated beside them."""

    first: date
    reviews: int
    mean: float | None
    ratings: tuple[float | None, ...]

    @property
    def name(self) -> str:
        return f"{self.first.year} Q{(self.first.month + 2) // 3}"


@dataclass(frozen=True, slots=True)
class Summary:
    """What the reviews of one subject come to. Below `FEW` reviews only their number is said."""

    reviews: int
    score_milli: int | None
    shares: tuple[Share, ...]
    ratings: tuple[Rated, ...]
    return_percent: int | None
    return_asked: int
    quarters: tuple[Quarter, ...] = ()

    @property
    def is_few(self) -> bool:
        return self.reviews < FEW

    @property
    def rated(self) -> list[Rated]:
        """The ratings with enough answers to give a mean."""
        return [rated for rated in self.ratings if rated.mean is not None]

    @property
    def has_course(self) -> bool:
        """Whether any rating has a line to draw."""
        return any(rated.line for rated in self.ratings)


def of(subject: Subject | None) -> Summary | None:
    """The totals of a subject, without their course; None without a review. No query."""
    return _summary(subject, ()) if subject is not None and subject.reviews else None


def with_course(subject: Subject | None, *, at: datetime) -> Summary | None:
    """As `of`, with the ratings of the last eight quarters, the present one included. One query."""
    if subject is None or not subject.reviews:
        return None
    starts = quarter_starts(month_of(at))
    months = list(MonthTally.objects.filter(subject=subject, month__gte=starts[0]))
    return _summary(subject, [_quarter(start, months) for start in starts])


def quarter_starts(month: date) -> list[date]:
    """The first days of the last eight quarters, the oldest first, up to the one of `month`."""
    index = month.year * 4 + (month.month - 1) // 3
    return [date(number // 4, number % 4 * 3 + 1, 1) for number in range(index - QUARTERS + 1, index + 1)]


def _quarter(first: date, months: Iterable[MonthTally]) -> Quarter:
    inside = [row for row in months if (row.month.year, (row.month.month - 1) // 3) == (first.year, first.month // 3)]
    reviews = sum(row.reviews for row in inside)
    ratings = tuple(_mean(*_given(inside, dimension)) for dimension in Dimension)
    return Quarter(first, reviews, _mean(sum(row.stars_sum for row in inside), reviews), ratings)


def _summary(subject: Subject, quarters: Sequence[Quarter]) -> Summary:
    whole = subject.reviews
    asked = subject.return_yes + subject.return_no
    ratings = [
        Rated(dimension, _mean(*given), given[1], tuple(quarter.ratings[index] for quarter in quarters))
        for index, dimension in enumerate(Dimension)
        for given in [_given([subject], dimension)]
    ]
    return Summary(
        reviews=whole,
        score_milli=subject.score_milli if whole >= FEW else None,
        shares=tuple(
            Share(stars, getattr(subject, f"n{stars}"), getattr(subject, f"n{stars}") / whole)
            for stars in range(5, 0, -1)
        ),
        ratings=tuple(ratings),
        return_percent=round(100 * subject.return_yes / asked) if asked >= FEW else None,
        return_asked=asked,
        quarters=tuple(quarter for quarter in quarters if quarter.reviews),
    )


def _given(rows: Sequence[Counts], dimension: Dimension) -> tuple[int, int]:
    """The sum and the number of the ratings given in a dimension."""
    name = dimension.value
    return sum(getattr(row, f"{name}_sum") for row in rows), sum(getattr(row, f"{name}_n") for row in rows)


def _mean(total: int, count: int) -> float | None:
    """A mean to one decimal; None of fewer than `FEW`."""
    return round(total / count, 1) if count >= FEW else None
