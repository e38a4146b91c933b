"""How long a drive takes. The engine that answers is a setting (`ROUTING_ENGINE`), the default needs no network."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from core.geo import distance_m

Place = tuple[float, float]  # latitude, longitude in WGS-84 degrees

# Streets are longer than the crow flies: 1.2 to 1.4 in cities, by studies of road networks (Ballou et al. 2002: 1.33
# for China); 1.35 stays on the safe side.
ROAD_FACTOR = 1.35
# Door to door in a big city by day, lights and parking included (product decision, after the yearly congestion reports
# of Chinese map services: 20–30 km/h at peak).
KM_PER_HOUR = 25.0
# Nobody is at the next door in no time: packing up and finding the house (product decision).
LEAST_MINUTES = 5


class RoutingEngine(Protocol):
    """Anything that knows how long a drive takes."""

    def minutes(self, start: Place, end: Place) -> int:
        """Whole minutes from door to door, rounded up. Must not raise: an engine that cannot say falls back."""


class GreatCircle:
    """Great-circle distance × road factor at the speed of a city's traffic."""

    def minutes(self, start: Place, end: Place) -> int:
        if start == end:
            return 0
        km = distance_m(*start, *end) * ROAD_FACTOR / 1000
        return max(LEAST_MINUTES, -int(-km * 60 // KM_PER_HOUR))


@lru_cache(maxsize=4)
def _engine(path: str) -> RoutingEngine:
    engine: RoutingEngine = import_string(path)()
    return engine


def minutes(start: Place, end: Place) -> int:
    """How long the drive from `start` to `end` takes, in whole minutes, by the engine that the settings name."""
    return _engine(settings.ROUTING_ENGINE).minutes(start, end)


def minutes_for_km(km: float) -> int:
    """How long a drive over `km` as the crow flies takes, for a place that is not known yet."""
    return max(LEAST_MINUTES, -int(-km * ROAD_FACTOR * 60 // KM_PER_HOUR))
