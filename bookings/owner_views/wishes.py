"""What the owner wants, read from the address and remembered in the session: which car, and where.

`vehicles.selection` keeps the car; the session's `origin` keeps the place: nobody has to say anything twice.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from bookings import origins
from bookings.actions import Holder
from bookings.engine.search import Point
from bookings.origins import Origin
from shops.models import City, Place
from vehicles import selection
from vehicles.models import Car
from vehicles.selection import Selection

ORIGIN, VISITOR = "origin", "visitor_key"


def person(request: HttpRequest) -> User | None:
    """Who is signed in, if anybody is."""
    return request.user if isinstance(request.user, User) else None


def holder(request: HttpRequest) -> Holder:
    """Whose holds this request may see: the person's, and those made in this browser before signing in."""
    return Holder(person(request), str(request.session.get(VISITOR, "")))


def new_holder(request: HttpRequest) -> Holder:
    """As `holder`, giving the browser a random key if it has none."""
    if not request.session.get(VISITOR):
        request.session[VISITOR] = secrets.token_urlsafe(32)
    return holder(request)


def chosen_car(request: HttpRequest) -> Selection:
    """The car that the address names (and then remembers), else the remembered one. At most three queries.

    Raises Http404 when the address names a car that is not there or not theirs.
    """
    chosen = selection.selected(request)
    wanted_car, wanted = request.GET.get(selection.CAR_KEY), request.GET.get(selection.VARIANT_KEY)
    if wanted_car and (chosen.car is None or chosen.car.public_id != wanted_car):
        raise Http404(_("There is no such car in your garage."))
    if wanted_car and chosen.car and request.session.get(selection.CAR_KEY) != wanted_car:
        selection.remember_car(request, chosen.car)
    elif wanted and not wanted_car:
        if chosen.variant is None or chosen.variant.slug != wanted:
            raise Http404(_("We do not know this car."))
        if request.session.get(selection.VARIANT_KEY) != wanted:
            selection.remember_variant(request, chosen.variant)
    return chosen


def car_query(chosen: Selection) -> str:
    """The part of an address that says which car it is; empty where none is chosen."""
    if chosen.car:
        return f"car={chosen.car.public_id}"
    return f"variant={chosen.variant.slug}" if chosen.variant else ""


def own_cars(request: HttpRequest) -> list[Car]:
    """The cars in the person's garage, newest first; one query, none for visitors."""
    user = person(request)
    return list(Car.objects.visible_to(user).with_names().order_by("-created_at", "-pk")) if user else []


@dataclass(frozen=True, slots=True)
class Where:
    """Where to search, what was typed for it, and what was wrong with that."""

    origin: Origin
    text: str
    error: str = ""


def where(request: HttpRequest) -> Where | None:
    """The place that the address names (`lat` and `lng`, or `near`), else the remembered one, else the city's centre.

    None when the platform serves no city yet. A place that nobody knows is said beside the field; the search goes on
    from where it was.
    """
    cities = list(City.objects.order_by("pk"))
    if not cities:
        return None
    near, lat, lng = (request.GET.get(name, "") for name in ("near", "lat", "lng"))
    if lat or lng:
        point = origins.parse_point(lat, lng)
        if point is None:
            return _where(request, cities, near, _("These are no coordinates. Latitude comes first: 31.23, 121.47."))
        return Where(_keep(request, origins.at_point(point, cities)), "")
    if near.strip():
        point = origins.parse_coordinates(near)
        if point is not None:
            return Where(_keep(request, origins.at_point(point, cities)), near)
        place = origins.find_place(near)
        if place is None:
            return _where(request, cities, near, _("We do not know this place. Try a district or a metro station."))
        return Where(_keep(request, origins.at_place(place)), place.name)
    return _where(request, cities, "", "")


def _where(request: HttpRequest, cities: list[City], text: str, error: str) -> Where:
    origin = _remembered_origin(request, cities)
    return Where(origin, text[: origins.MAX_TEXT] or origin.name, error)


def _keep(request: HttpRequest, origin: Origin) -> Origin:
    remember_place(request, place=origin.place, point=origin.point)
    return origin


def remember_place(request: HttpRequest, *, place: Place | None, point: Point) -> None:
    """Keep where somebody is, by its name where it has one: nobody has to say it twice."""
    kept = [place.pk] if place else [point.latitude, point.longitude]
    if request.session.get(ORIGIN) != kept:
        request.session[ORIGIN] = kept


def remembered_text(request: HttpRequest) -> str:
    """The place that was said before as one would type it; empty if nothing was said. One query at most."""
    match request.session.get(ORIGIN):
        case [float() | int() as lat, float() | int() as lng]:
            return f"{lat:.5f}, {lng:.5f}"
        case [int() as pk]:
            place = Place.objects.filter(pk=pk).first()
            return place.name if place else ""
    return ""


def _remembered_origin(request: HttpRequest, cities: list[City]) -> Origin:
    match request.session.get(ORIGIN):
        case [float() | int() as lat, float() | int() as lng]:
            return origins.at_point(Point(lat, lng), cities)
        case [int() as pk]:
            place = Place.objects.select_related("city").filter(pk=pk).first()
            return origins.at_place(place) if place else origins.centre(cities[0])
    return origins.centre(cities[0])
