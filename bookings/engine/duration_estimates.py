"""How long a service is expected to take, from how long it took, in minutes. Pure: no database, no clock."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

STEP = 5
# What the database keeps of a time (`LearnedDuration`, `Service.standard_minutes`).
LEAST, MOST = 5, 600
# The standard time weighs as much as five visits (product decision): one visit moves it by a sixth of the difference,
# twenty by four fifths.
PRIOR_VISITS = 5
# Below a third or above three times the standard somebody forgot the button for Start or Ready (product decision).
OUTLIER_FACTOR = 3
# A plan never rests on less than half or more than double the standard (product decision): beyond that the standard
# itself is wrong, and the shop should set it.
BOUND_FACTOR = 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """The expected time in steps of five minutes, the median it rests on, and on how many visits."""

    minutes: int
    actual_minutes: int
    visits: int


def estimate(actual: Iterable[float], *, standard: int) -> Estimate | None:
    """What to expect of a service that took `actual` minutes at its last visits, where `standard` is the usual time.

    The median of the believable times, shrunk towards the standard: (k·standard + n·median) / (k + n) with
    k = `PRIOR_VISITS`. None where no time can be believed.
    """
    times = believable(actual, standard=standard)
    if not times:
        return None
    middle, n = median(times), len(times)
    shrunk = (PRIOR_VISITS * standard + n * middle) / (PRIOR_VISITS + n)
    return Estimate(_bounded(round_to_step(shrunk), standard), max(round_half_up(middle), 1), n)


def believable(actual: Iterable[float], *, standard: int) -> list[float]:
    """The times between a third of the standard and three times it."""
    return [time for time in actual if standard / OUTLIER_FACTOR <= time <= standard * OUTLIER_FACTOR]


def round_to_step(minutes: float) -> int:
    """To the nearest five minutes, halves up."""
    return round_half_up(minutes / STEP) * STEP


def round_half_up(number: float) -> int:
    return math.floor(number + 0.5)


def _bounded(minutes: int, standard: int) -> int:
    low = math.ceil(standard / BOUND_FACTOR / STEP) * STEP
    high = standard * BOUND_FACTOR // STEP * STEP
    return min(max(minutes, low, LEAST), high, MOST)
