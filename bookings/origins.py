"""Where the owner is: a place's name in either language, coordinates, the browser's position, or the city's centre."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from bookings.engine.search import MAX_DISTANCE_M, Point
from core.geo import distance_m
from shops.models import City, Place

MAX_TEXT = 80
_COORDINATES = re.compile(r"(-?\d{1,3}(?:\.\d{1,10})?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d{1,10})?)")


@dataclass(frozen=True, slots=True)
class Origin:
    """A point to measure distances from, and what it is called (empty for bare coordinates)."""

    point: Point
    city: City
    place: Place | None = None
    is_position: bool = False

    @property
    def name(self) -> str:
        """As it is shown: the place's or the city's name in the reader's language; empty for coordinates."""
        if self.place is not None:
            return self.place.name
        return "" if self.is_position else self.city.name

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the point lies further from the city than anybody drives for a service."""
        city = self.city
        away = distance_m(self.point.latitude, self.point.longitude, city.latitude, city.longitude)
        return away > MAX_DISTANCE_M


def centre(city: City) -> Origin:
    """The middle of the city: where to begin when nobody has said anything."""
    return Origin(Point(city.latitude, city.longitude), city)


def at_place(place: Place) -> Origin:
    """A named place (with its city at hand)."""
    return Origin(Point(place.latitude, place.longitude), place.city, place=place)


def at_point(point: Point, cities: list[City]) -> Origin:
    """A bare position; its city is the nearest one."""
    city = min(cities, key=lambda c: distance_m(point.latitude, point.longitude, c.latitude, c.longitude))
    return Origin(point, city, is_position=True)


def parse_point(latitude: str, longitude: str) -> Point | None:
    """A point from two typed numbers; None if they are no coordinates on earth."""
    match = _COORDINATES.fullmatch(f"{latitude.strip()},{longitude.strip()}")
    if match is None:
        return None
    point = Point(float(match[1]), float(match[2]))
    return point if abs(point.latitude) <= 90 and abs(point.longitude) <= 180 else None


def parse_coordinates(text: str) -> Point | None:
    """A point typed as one text: "31.188, 121.436"."""
    match = _COORDINATES.fullmatch(unicodedata.normalize("NFKC", text[:MAX_TEXT]).strip())
    return parse_point(match[1], match[2]) if match else None


def find_place(text: str) -> Place | None:
    """The place that was most likely meant: the exact name, else the shortest that contains it. One query."""
    text = unicodedata.normalize("NFKC", text[:MAX_TEXT]).strip()
    if not text or "\x00" in text:
        return None
    found = list(Place.objects.matching(text).select_related("city")[:20])
    exact = [place for place in found if text.lower() in (place.name_zh.lower(), place.name_en.lower())]
    return min(exact or found, key=lambda place: (len(place.name_zh), place.pk), default=None)
