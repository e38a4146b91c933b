"""The car that a visit to the site is about: one of the garage, or for a visitor a remembered variant.

Pages that depend on a car ask `selected(request)`. A choice named in the address (`?car=` public id, `?variant=` slug)
wins over the remembered one, that over the newest car of the garage. What cannot be found counts as not chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from vehicles.models import Car, Variant

CAR_KEY = "car"
VARIANT_KEY = "variant"
DRAFT_KEY = "car_draft"


@dataclass(frozen=True)
class Selection:
    """The chosen variant and, if it is a car of the garage, that car. Names of model and make are at hand."""

    variant: Variant | None = None
    car: Car | None = None

    def __bool__(self) -> bool:
        return self.variant is not None


def selected(request: HttpRequest) -> Selection:
    """What car this request is about. At most three queries, none for a visitor who has not chosen anything."""
    return (
        _car(request, request.GET.get(CAR_KEY, ""))
        or _variant(request.GET.get(VARIANT_KEY, ""))
        or _car(request, request.session.get(CAR_KEY, ""))
        or _variant(request.session.get(VARIANT_KEY, ""))
        or _newest_car(request)
    )


def remember_variant(request: HttpRequest, variant: Variant) -> None:
    """Keep a variant as the choice of this session; a remembered car is forgotten."""
    request.session.pop(CAR_KEY, None)
    request.session[VARIANT_KEY] = variant.slug


def remember_car(request: HttpRequest, car: Car) -> None:
    """Keep a car of the garage as the choice of this session."""
    request.session.pop(VARIANT_KEY, None)
    request.session[CAR_KEY] = car.public_id


def forget(request: HttpRequest) -> None:
    """Forget what was chosen: the car is gone, or somebody wants to start afresh."""
    for key in (CAR_KEY, VARIANT_KEY, DRAFT_KEY):
        request.session.pop(key, None)


def remembered_variant(request: HttpRequest) -> Variant | None:
    """The variant chosen in this session, before or without a garage."""
    return _variant(request.session.get(VARIANT_KEY, "")).variant


def _car(request: HttpRequest, public_id: str) -> Selection:
    if not public_id or not request.user.is_authenticated:
        return Selection()
    car = Car.objects.visible_to(request.user).with_names().filter(public_id=public_id[:40]).first()
    return Selection(variant=car.variant, car=car) if car else Selection()


def _variant(slug: str) -> Selection:
    if not slug:
        return Selection()
    return Selection(variant=Variant.objects.listed().with_names().filter(slug=slug[:120]).first())


def _newest_car(request: HttpRequest) -> Selection:
    if not request.user.is_authenticated:
        return Selection()
    car = Car.objects.visible_to(request.user).with_names().first()
    return Selection(variant=car.variant, car=car) if car else Selection()
