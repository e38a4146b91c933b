"""The shops nearest to many spots at once, for what is written to many owners. Searches of one owner: `search`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import sin
from typing import Any

from django.db import connection

from bookings.engine.search import MAX_DISTANCE_M, Point
from core.geo import EARTH_RADIUS_M


@dataclass(frozen=True, slots=True)
class Spot:
    """From where, in which city and for a car of which make (ids) shops are looked for."""

    city: int
    point: Point
    make: int


# Written by hand: the ORM cannot join a list of points. What it says of shops is what `search.nearest_shops` says; the
# expression of the point is that of the index.
_POINT = """cube(ARRAY[cos(radians({0}.latitude)) * cos(radians({0}.longitude)),
    cos(radians({0}.latitude)) * sin(radians({0}.longitude)), sin(radians({0}.latitude))]::float8[])"""
_TEMPLATE = """
SELECT asked.number, ARRAY(
    SELECT shop.id FROM shops_shop AS shop
    WHERE shop.is_listed AND shop.city_id = asked.city AND shop.kind <> 'on_site'
        AND {shop} <-> asked.point <= %(reach)s
        AND (EXISTS (SELECT FROM shops_shop_makes AS own WHERE own.shop_id = shop.id AND own.make_id = asked.make)
            OR NOT EXISTS (SELECT FROM shops_shop_makes AS own WHERE own.shop_id = shop.id))
    ORDER BY {shop} <-> asked.point, shop.id LIMIT %(limit)s
)
FROM (
    SELECT number, city, make, {spot} AS point
    FROM unnest(%(cities)s::bigint[], %(makes)s::bigint[], %(latitudes)s::float8[], %(longitudes)s::float8[])
        WITH ORDINALITY AS spot(city, make, latitude, longitude, number)
) AS asked
"""
_NEAREST = _TEMPLATE.format(shop=_POINT.format("shop"), spot=_POINT.format("spot"))


def nearest_shops(spots: Collection[Spot], *, limit: int) -> dict[Spot, list[int]]:
    """As `search.nearest_shops` for each of many spots: the ids of shops, the nearest first. One query."""
    wanted = list(spots)
    params: dict[str, Any] = {
        "cities": [spot.city for spot in wanted],
        "makes": [spot.make for spot in wanted],
        "latitudes": [spot.point.latitude for spot in wanted],
        "longitudes": [spot.point.longitude for spot in wanted],
        "reach": 2 * sin(MAX_DISTANCE_M / (2 * EARTH_RADIUS_M)),
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, params)
        return {wanted[number - 1]: shops for number, shops in cursor.fetchall()}
