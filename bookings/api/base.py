"""What the booking endpoints share: who asks, idempotent answers, and the words of the schema."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions, serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from accounts.models import User
from bookings.actions import Actor, Holder
from bookings.api.serializers import BookingSerializer
from bookings.choices import ActorRole
from bookings.models import Booking
from core import idempotency

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Your own name for this request. A retry with the same key and body gets the first answer again;"
    " with another body it is refused (422).",
)


def person(request: Request) -> User:
    """The signed-in person; the permission class has seen to it that there is one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def owner(request: Request) -> Actor:
    return Actor(ActorRole.OWNER, person(request))


def holder(request: Request) -> Holder:
    return Holder(person(request))


def own_booking(request: Request, public_id: str) -> Booking:
    """The person's own visit or hold; anybody else's looks like a missing one."""
    return get_object_or_404(Booking.objects.visible_to(person(request)).for_card(), public_id=public_id)


def answer(booking: Booking, status: int = 200) -> tuple[int, Any]:
    """A visit as the API shows it, read afresh with what it shows at hand."""
    return status, BookingSerializer(Booking.objects.for_card().get(pk=booking.pk)).data


def once(request: Request, run: Callable[[], tuple[int, Any]]) -> Response:
    """Run an order, or replay its answer if its Idempotency-Key was used before."""
    status, body = idempotency.once(
        owner=f"user {person(request).pk}",
        key=request.headers.get("Idempotency-Key", ""),
        request={"method": request.method, "path": request.path, "body": request.data},
        run=run,
    )
    return Response(body, status=status)


def quick(data: Any) -> HttpResponse:
    """An answer written by orjson: for the few that are asked often and are large."""
    return HttpResponse(orjson.dumps(data), content_type="application/json")


def checked(serializer: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """The validated input; a ValidationError (400 with field errors) if there is something wrong with it."""
    try:
        return dict(_reader(serializer).run_validation(data))
    except (exceptions.ValidationError, DjangoValidationError) as error:
        raise exceptions.ValidationError(as_serializer_error(error)) from error


@cache
def _reader(serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """One instance for all requests: copying a serializer's fields takes longer than reading an order with them.

    Reading keeps nothing in it.
    """
    return serializer()
