"""How far cars of a class go in a day: for cars that have no rate of their own yet. An estimate, and called so.

What is published. Liu and others (Tsinghua University) put the light vehicles of China at 18,900 km a year for 2015,
all of them, hired and commercial ones too, so more than a private car drives. Surveys (Lin and others, Research of
Environmental Sciences 22(3), 2009; Atmosphere 13(12), 1984, 2022) find that the kilometres of a year fall with a car's
age and differ by class. Ou and others (iScience 25(9), 104902, 2022) find that large cars go further
than small ones, in China too. The national platform of new energy vehicles reports private ones by month; they go
somewhat further than petrol cars of the size, because driving them costs less.

What is ours (`Confidence.ESTIMATE`): 35 km a day, about 12,800 km a year, for a private compact petrol saloon, and the
factors below. The range is meant to hold eight cars in ten.
"""

from __future__ import annotations

from vehicles.choices import Confidence, Powertrain, PriceClass, Segment
from vehicles.record.odometer import Rate

CONFIDENCE = Confidence.ESTIMATE
KM_PER_DAY = 35.0
LOW, HIGH = 0.5, 1.75  # of the middle

_BY_SEGMENT = {
    Segment.MINI_HATCH: 0.75,
    Segment.SMALL_HATCH: 0.9,
    Segment.COMPACT_SEDAN: 1.0,
    Segment.MID_SEDAN: 1.05,
    Segment.LARGE_SEDAN: 1.1,
    Segment.COMPACT_SUV: 1.0,
    Segment.MID_SUV: 1.1,
    Segment.LARGE_SUV: 1.15,
    Segment.MPV: 1.2,
}
_BY_POWERTRAIN = {
    Powertrain.ICE: 1.0,
    Powertrain.HEV: 1.1,
    Powertrain.PHEV: 1.1,
    Powertrain.EREV: 1.15,
    Powertrain.BEV: 1.1,
}
_BY_PRICE_CLASS = {PriceClass.ECONOMY: 1.0, PriceClass.MID: 1.0, PriceClass.LUXURY: 1.05}


def prior_of(*, powertrain: str, segment: str, price_class: str) -> Rate:
    """Kilometres a day of a private car of that class, with the range that holds most of them."""
    pace = KM_PER_DAY * _BY_SEGMENT[Segment(segment)] * _BY_POWERTRAIN[Powertrain(powertrain)]
    pace *= _BY_PRICE_CLASS[PriceClass(price_class)]
    return Rate(km_per_day=pace, low=pace * LOW, high=pace * HIGH)
