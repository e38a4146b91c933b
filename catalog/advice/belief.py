"""Which facts are believed: entries, odometer values and readings that can be true together.

What is not believed is left out; what follows from the rest still holds. See docs/rules/advice.md, "What is believed".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from catalog.advice.facts import CarFacts, Done, Measurement, OdometerPoint, RecordFacts

# As when an owner enters a reading (`vehicles.models.MAX_ODOMETER_KM`, `vehicles.actions.MAX_KM_PER_DAY`).
MAX_ODOMETER_KM = 999_999
MAX_KM_A_DAY = 1_000
# A digit too many makes a value ten times too large. Such a step is believed only if the days explain it: more than
# 150 km on every day of a private car's life is not driven (product decision).
JUMP_FACTOR = 10
JUMP_FROM_KM = 20_000
JUMP_KM_A_DAY = 150
# Below this the car's own rate says nothing yet (product decision).
MIN_RATE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Story:
    """The facts that are believed, made once for all proposals of a car.

    `new_on`: when it was new, None if not known; `is_new_estimated`: 1 January of the model year stands for it.
    `km`, `km_on`: the last believed odometer reading. `done`: the last time each service was done, an odometer value
    that is not believed taken out. `times`: every time. `readings`: by check point, the newest that are sane.
    """

    car: CarFacts
    today: date
    new_on: date | None
    is_new_estimated: bool
    km: int | None
    km_on: date | None
    km_a_day: Fraction | None
    is_complete: bool
    done: dict[str, Done]
    times: dict[str, tuple[Done, ...]]
    readings: dict[str, tuple[Measurement, ...]]

    def last(self, *services: str) -> Done | None:
        """The last time that one of these services was done."""
        found = [self.done[key] for key in services if key in self.done]
        return max(found, key=_when) if found else None

    def all_times(self, *services: str) -> list[Done]:
        """Every time that one of these services was done, the first one first."""
        return sorted((done for key in services for done in self.times.get(key, ())), key=_when)


def believe(car: CarFacts, record: RecordFacts, measurements: Iterable[Measurement], today: date) -> Story:
    """Sort out what can be true on `today`. Takes no longer for a car with many proposals than for one."""
    new_on, is_estimated = _new_on(car, today)
    earliest = _earliest(car, today)
    done = [entry for entry in record.done if earliest <= entry.on <= today]
    chain = believed_odometer(_odometer(car, record, done, today), new_on=None if is_estimated else new_on)
    known = {(point.on, point.km) for point in chain}
    times = _times(done, known)
    last = chain[-1] if chain else None
    return Story(
        car=car,
        today=today,
        new_on=new_on,
        is_new_estimated=is_estimated,
        km=last.km if last else None,
        km_on=last.on if last else None,
        km_a_day=_rate(chain, None if is_estimated else new_on),
        is_complete=record.is_complete_since_new,
        done={service: entries[-1] for service, entries in times.items()},
        times=times,
        readings=_readings(measurements, earliest, today),
    )


def _new_on(car: CarFacts, today: date) -> tuple[date | None, bool]:
    """When the car was new, and whether that is only estimated from the model year."""
    if car.delivered_on is not None and car.delivered_on <= today:
        return car.delivered_on, False
    if car.model_year is not None and date.min.year <= car.model_year <= date.max.year:
        return min(date(car.model_year, 1, 1), today), True
    return None, False


def _earliest(car: CarFacts, today: date) -> date:
    """Before this day there was no such car: delivery, or the year before the model year, when the first are sold."""
    if car.delivered_on is not None and car.delivered_on <= today:
        return car.delivered_on
    if car.model_year is not None and date.min.year < car.model_year <= today.year:
        return date(car.model_year - 1, 1, 1)
    return date.min


def _odometer(car: CarFacts, record: RecordFacts, done: Iterable[Done], today: date) -> set[OdometerPoint]:
    """Every reading there is, of whatever kind, but those of the future and those that no odometer shows."""
    points = {OdometerPoint(entry.on, entry.km) for entry in done if entry.km is not None}
    points.update(record.odometer)
    if car.odometer_km is not None:
        points.add(OdometerPoint(car.odometer_on or today, car.odometer_km))
    earliest = _earliest(car, today)
    return {point for point in points if earliest <= point.on <= today and 0 <= point.km <= MAX_ODOMETER_KM}


def believed_odometer(points: Iterable[OdometerPoint], *, new_on: date | None) -> list[OdometerPoint]:
    """The readings that can be true together, in order: as many as possible, the earlier ones where two sets are equal.

    Between two of them the odometer never goes down and rises no faster than anybody drives; a step by a factor of
    ten needs the days for it. A car was at 0 km on `new_on`.
    """
    ordered = sorted(points, key=lambda point: (point.on, point.km))
    if new_on is not None:
        new = OdometerPoint(new_on, 0)
        ordered = [point for point in ordered if _follows(new, point)]
    if all(_follows(before, after) for before, after in pairwise(ordered)):
        return ordered
    return _longest(ordered)


def _longest(ordered: Sequence[OdometerPoint]) -> list[OdometerPoint]:
    """The longest run in which each follows from the one before; of equals the one that takes the earlier readings."""
    lengths: list[int] = [1] * len(ordered)
    nexts: list[int | None] = [None] * len(ordered)
    for first in range(len(ordered) - 1, -1, -1):
        for second in range(first + 1, len(ordered)):
            if lengths[second] >= lengths[first] and _follows(ordered[first], ordered[second]):
                lengths[first], nexts[first] = lengths[second] + 1, second
    at: int | None = max(range(len(ordered)), key=lambda index: (lengths[index], -index))
    run = []
    while at is not None:
        run.append(ordered[at])
        at = nexts[at]
    return run


def _follows(before: OdometerPoint, after: OdometerPoint) -> bool:
    """Whether a car that showed `before` can show `after`."""
    driven, days = after.km - before.km, (after.on - before.on).days + 1
    if driven < 0 or driven > days * MAX_KM_A_DAY:
        return False
    is_jump = after.km > JUMP_FROM_KM and before.km > 0 and after.km >= before.km * JUMP_FACTOR
    return not is_jump or driven <= days * JUMP_KM_A_DAY


def _times(done: Iterable[Done], known: set[tuple[date, int]]) -> dict[str, tuple[Done, ...]]:
    """By service, in order. An odometer value that is not believed is dropped, the day stays."""
    times: dict[str, list[Done]] = {}
    for entry in done:
        is_known = entry.km is None or (entry.on, entry.km) in known
        times.setdefault(entry.service, []).append(entry if is_known else _without_km(entry))
    return {service: tuple(sorted(entries, key=_when)) for service, entries in times.items()}


def _without_km(entry: Done) -> Done:
    return Done(
        service=entry.service,
        on=entry.on,
        shop=entry.shop,
        warranty_km=entry.warranty_km,
        warranty_days=entry.warranty_days,
    )


def _when(entry: Done) -> tuple[date, int, str, int, int]:
    """In order of time; the rest only so that the order of entries never matters."""
    km = -1 if entry.km is None else entry.km
    return entry.on, km, entry.shop, entry.warranty_km or 0, entry.warranty_days or 0


def _rate(chain: Sequence[OdometerPoint], new_on: date | None) -> Fraction | None:
    """Kilometres a day from the first believed reading (or delivery) to the last; None where that says nothing."""
    if not chain:
        return None
    first = OdometerPoint(new_on, 0) if new_on is not None else chain[0]
    days, driven = (chain[-1].on - first.on).days, chain[-1].km - first.km
    return Fraction(driven, days) if days >= MIN_RATE_DAYS and driven > 0 else None


def _readings(measurements: Iterable[Measurement], earliest: date, today: date) -> dict[str, tuple[Measurement, ...]]:
    """By check point, all that are from the car's time. Whether a value can be right is asked where its point is."""
    readings: dict[str, list[Measurement]] = {}
    for reading in measurements:
        if earliest <= reading.on <= today and isinstance(reading.value, Decimal):
            readings.setdefault(reading.point, []).append(reading)
    return {point: tuple(entries) for point, entries in readings.items()}
