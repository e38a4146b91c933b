"""What a request asks for: the person's car with its record, or 404."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import User
from core.errors import Refusal
from vehicles.models import Car
from vehicles.record import actions
from vehicles.record.reading import History, history

View = TypeVar("View", bound=Callable[..., Any])


def person(request: HttpRequest) -> User:
    """Who is signed in; the endpoint lets nobody else in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def own_car(request: HttpRequest, public_id: str) -> Car:
    """The person's car with its names and its record, which is made if the car has none. Raises Http404."""
    cars = Car.objects.visible_to(person(request)).with_names().select_related("record")
    car = get_object_or_404(cars, public_id=public_id)
    actions.record_of(car)
    return car


def own_history(request: HttpRequest, car: Car) -> History:
    """The car's record as its owner sees it today."""
    return history(actions.record_of(car), viewer=person(request), today=timezone.localdate())


def show_refusal(refusal: Refusal, form: Form) -> None:
    """Put a refusal beside the field at fault, or on top of the form if none is named."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))


def secret_address(view: View) -> View:
    """For a page whose address is a secret: nobody keeps it, no search engine lists it, no other page is told of it."""

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        response = view(*args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        # Not "no-referrer": a browser would send no origin with the page's own forms then, and they would be refused.
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return wrapped  # type: ignore[return-value]
