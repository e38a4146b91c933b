"""Distances on the earth."""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_009  # mean radius (IUGG)


def distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance in metres between two points in WGS-84 degrees (haversine)."""
    half_lat = radians(other_latitude - latitude) / 2
    half_lng = radians(other_longitude - longitude) / 2
    a = sin(half_lat) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(half_lng) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(a)))
