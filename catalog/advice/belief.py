"""Which facts are believed: entries, odometer values and readings that can be true together.

What is not believed is left out; what follows from the rest still holds. See docs/rules/advice.md, "What is believed".
Odometer readings are sorted out as on the record's own page (`vehicles.record.odometer`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from catalog.advice.facts import CarFacts, Done, Measurement, OdometerPoint, RecordFacts
from vehicles.limits import MAX_ODOMETER_KM
from vehicles.record import odometer
from vehicles.record.odometer import Curve, Rate
from vehicles.record.projection import Projected, km_on, project
from vehicles.record.season import Season, season_of

# Marks the 0 km that nobody read: they hold the curve, but say nothing of today.
AT_DELIVERY = 0


@dataclass(frozen=True, slots=True)
class Story:
    """The facts that are believed, made once for all proposals of a car.

    `new_on`: when it was new, None if not known; `is_new_estimated`: 1 January of the model year stands for it.
    `curve`: the odometer readings that are believed, with the car's own rate; `km`, `km_on`: the last of them that
    somebody read. `done`: the last time each service was done, an odometer value that is not believed taken out.
    `times`: every time. `readings`: all, by check point, the newest first. `prior`: the rate of the car's class, to be
    taken where it has none of its own; `season`: how its own rate is spread over the year. Both only where more is
    asked than what its own plain rate says.
    """

    car: CarFacts
    today: date
    new_on: date | None
    is_new_estimated: bool
    curve: Curve
    is_complete: bool
    done: dict[str, Done]
    times: dict[str, tuple[Done, ...]]
    readings: dict[str, tuple[Measurement, ...]]
    km: int | None
    km_on: date | None
    prior: Rate | None = None
    season: Season | None = None
    # Each day is asked for more than once; another story (`replace`) begins with none.
    _reached: dict[int, Projected | None] = field(init=False, default_factory=dict, compare=False, repr=False)

    def reached(self, km: int) -> Projected | None:
        """When the car gets to so many kilometres, or got there: never moved to today."""
        if km not in self._reached:
            self._reached[km] = project(self.curve, km, prior=self.prior, season=self.season)
        return self._reached[km]

    def km_about(self, day: date) -> int | None:
        """What the odometer showed about a day of which nobody read it; None where the readings do not say."""
        return None if self.km is None else km_on(self.curve, day, prior=self.prior)

    def last(self, *services: str) -> Done | None:
        """The last time that one of these services was done."""
        found: Done | None = None
        for key in services:
            done = self.done.get(key)
            if done is not None and (found is None or _when(done) > _when(found)):
                found = done
        return found

    def all_times(self, *services: str) -> list[Done]:
        """Every time that one of these services was done, the first one first."""
        return sorted((done for key in services for done in self.times.get(key, ())), key=_when)


def believe(
    car: CarFacts,
    record: RecordFacts,
    measurements: Iterable[Measurement],
    today: date,
    *,
    prior: Rate | None = None,
    has_season: bool = False,
) -> Story:
    """Sort out what can be true on `today`. Takes no longer for a car with many proposals than for one. `prior` and
    `has_season`: for days to come beyond what the car's own plain rate says (`Story`)."""
    new_on, is_estimated = _new_on(car, today)
    earliest = _earliest(car, today)
    done = [entry for entry in record.done if earliest <= entry.on <= today]
    curve = odometer.curve(_points(car, record, done, today), today=today)
    latest = None if curve.latest is None or curve.latest.sequence == AT_DELIVERY else curve.latest
    times = _times(done, curve.shown)
    return Story(
        car=car,
        today=today,
        new_on=new_on,
        is_new_estimated=is_estimated,
        curve=curve,
        is_complete=record.is_complete_since_new,
        done={service: entries[-1] for service, entries in times.items()},
        times=times,
        readings=_readings(measurements, earliest, today),
        km=latest.km if latest else None,
        km_on=latest.on if latest else None,
        prior=prior,
        season=season_of(curve) if has_season else None,
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


def _points(car: CarFacts, record: RecordFacts, done: Iterable[Done], today: date) -> list[OdometerPoint]:
    """Every reading that an odometer can show, of whatever kind, each once (by a shop where one read it), and 0 km at
    delivery."""
    earliest = _earliest(car, today)
    worked = (OdometerPoint(entry.on, entry.km, bool(entry.shop)) for entry in done if entry.km is not None)
    points: dict[tuple[date, int], OdometerPoint] = {}
    for point in (*record.odometer, *worked, *_present(car, today)):
        if point.on < earliest or not 0 <= point.km <= MAX_ODOMETER_KM:
            continue
        known = points.get((point.on, point.km))
        if known is None or (point.is_verified and not known.is_verified):
            points[point.on, point.km] = point
    if car.delivered_on == earliest:
        points.setdefault((earliest, 0), OdometerPoint(earliest, 0, is_verified=True, sequence=AT_DELIVERY))
    return list(points.values())


def _present(car: CarFacts, today: date) -> list[OdometerPoint]:
    return [] if car.odometer_km is None else [OdometerPoint(car.odometer_on or today, car.odometer_km)]


def _times(done: Iterable[Done], known: Collection[tuple[date, int]]) -> dict[str, tuple[Done, ...]]:
    """By service, in order. An odometer value that is not believed is dropped, the day stays."""
    times: dict[str, list[Done]] = {}
    for entry in done:
        is_known = entry.km is None or (entry.on, entry.km) in known
        times.setdefault(entry.service, []).append(entry if is_known else replace(entry, km=None))
    return {service: tuple(sorted(entries, key=_when)) for service, entries in times.items()}


def _when(entry: Done) -> tuple[date, int, str, int, int]:
    """In order of time; the rest only so that the order of entries never matters."""
    km = -1 if entry.km is None else entry.km
    return entry.on, km, entry.shop, entry.warranty_km or 0, entry.warranty_days or 0


def _readings(measurements: Iterable[Measurement], earliest: date, today: date) -> dict[str, tuple[Measurement, ...]]:
    """By check point, the newest first, all from the car's time. Whether a value can be right is asked where its point
    is."""
    readings: dict[str, list[Measurement]] = {}
    for reading in measurements:
        if earliest <= reading.on <= today and isinstance(reading.value, Decimal):
            readings.setdefault(reading.point, []).append(reading)
    return {
        point: tuple(sorted(entries, key=lambda reading: reading.on, reverse=True))
        for point, entries in readings.items()
    }
