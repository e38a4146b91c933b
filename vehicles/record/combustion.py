"""How much of what a plug-in drives its engine drives: by what its owner read off the display."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from vehicles.choices import PLUG_INS
from vehicles.models import Car, EngineReading

# Product decisions. Over less than a thousand kilometres one trip decides. Below a fifth nothing is stretched further:
# oil ages in an engine that hardly runs, too.
MIN_SPAN_KM = 1_000
LOWEST_PERCENT = 20


class Reading(NamedTuple):
    """Combustion kilometres and the odometer at one time; `is_correction`: the reading before was wrong."""

    km: int
    odometer_km: int
    is_correction: bool = False


def percent(readings: Sequence[Reading]) -> int | None:
    """The engine's share in whole percents, between a fifth and all, by readings in order of time: between the last two
    where they are far enough apart, else since the car was new; None where nobody can tell yet."""
    if not readings:
        return None
    last = readings[-1]
    before = readings[-2] if len(readings) > 1 and not last.is_correction else None
    if before is not None and last.odometer_km - before.odometer_km >= MIN_SPAN_KM:
        share = 100 * (last.km - before.km) / (last.odometer_km - before.odometer_km)
    elif last.odometer_km >= MIN_SPAN_KM:
        share = 100 * last.km / last.odometer_km
    else:
        return None
    return min(max(round(share), LOWEST_PERCENT), 100)


def percents(cars: Collection[Car]) -> dict[int, int]:
    """The share of each plug-in among the cars (with variants at hand), by car, where it is known. One query; none
    where no car has a plug and an engine."""
    plug_ins = [car.pk for car in cars if car.variant.powertrain in PLUG_INS]
    if not plug_ins:
        return {}
    readings: dict[int, list[Reading]] = {}
    rows = EngineReading.objects.filter(car__in=plug_ins).order_by("car_id", "read_at", "pk")
    for car, km, odometer_km, is_correction in rows.values_list("car_id", "km", "odometer_km", "is_correction"):
        readings.setdefault(car, []).append(Reading(km, odometer_km, is_correction))
    found = {car: percent(of_car) for car, of_car in readings.items()}
    return {car: share for car, share in found.items() if share is not None}
