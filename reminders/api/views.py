"""What a car needs, and what its owner says about it, over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from core.api import refusals
from reminders import actions
from reminders.api.serializers import (
    CarHealthSerializer,
    DeferOrder,
    DismissOrder,
    DoneOrder,
    DueItemSerializer,
    OwnerDatesSerializer,
)
from reminders.models import DueItem
from reminders.owner_pages import due, picture, saying
from vehicles.api.views import person
from vehicles.models import Car
from vehicles.record import actions as record_actions
from vehicles.record.reading import history


class _OfOwnCar(APIView):
    """What is under a car of one's own; another's car looks like a missing one."""

    permission_classes = [IsAuthenticated]

    def car(self) -> Car:
        cars = Car.objects.visible_to(person(self.request)).with_names().select_related("record")
        car: Car = get_object_or_404(cars, public_id=self.kwargs["public_id"])
        return car

    def due(self, car: Car) -> due.Due:
        """What the car needs, computed anew where something has changed."""
        now, today = timezone.now(), timezone.localdate()
        due.refresh(car, today=today, at=now)
        return due.due_of(car, today=today, at=now)


class CarDue(_OfOwnCar):
    """What a car needs."""

    @extend_schema(responses={200: DueItemSerializer(many=True), **refusals(401, 404)})
    def get(self, _request: Request, **_kwargs: Any) -> Response:
        """Everything that stands, the overdue first, then what you closed in the last 90 days."""
        found = self.due(self.car())
        return Response(DueItemSerializer([*found.rows, *found.settled], many=True).data)


class _Act(_OfOwnCar):
    """Something that an owner says about one due item."""

    order: type[Serializer[Any]] | None = None
    does: Callable[..., Any]

    def act(self, request: Request) -> Response:
        """The item is looked for before the body is read."""
        car = self.car()
        item = get_object_or_404(DueItem, car=car, public_id=self.kwargs["item_id"])
        said: dict[str, Any] = {}
        if self.order is not None:
            order = self.order(data=request.data)
            order.is_valid(raise_exception=True)
            said = order.validated_data
        type(self).does(item=item, by=person(request), at=timezone.now(), **said)
        found = self.due(car)
        rows = [*found.rows, *found.settled]
        return Response(DueItemSerializer(next(row for row in rows if row.item.pk == item.pk)).data)


class DueDone(_Act):
    order = DoneOrder
    does = actions.done

    @extend_schema(request=DoneOrder, responses={200: DueItemSerializer, **refusals(400, 401, 404, 409)})
    def post(self, request: Request, **_kwargs: Any) -> Response:
        """It was done already, here or elsewhere."""
        return self.act(request)


class DueDefer(_Act):
    order = DeferOrder
    does = actions.defer

    @extend_schema(request=DeferOrder, responses={200: DueItemSerializer, **refusals(400, 401, 404, 409)})
    def post(self, request: Request, **_kwargs: Any) -> Response:
        """Put it off until a day: you hear of it again then."""
        return self.act(request)


class DueDismiss(_Act):
    order = DismissOrder
    does = actions.dismiss

    @extend_schema(request=DismissOrder, responses={200: DueItemSerializer, **refusals(400, 401, 404, 409)})
    def post(self, request: Request, **_kwargs: Any) -> Response:
        """It is not to be done, for a reason. You are not reminded of it again."""
        return self.act(request)


class DueReopen(_Act):
    does = actions.reopen

    @extend_schema(request=None, responses={200: DueItemSerializer, **refusals(401, 404, 409)})
    def post(self, request: Request, **_kwargs: Any) -> Response:
        """Take up again what you closed or put off."""
        return self.act(request)


class CarDates(_OfOwnCar):
    """Days that only the owner knows."""

    @extend_schema(responses={200: OwnerDatesSerializer, **refusals(401, 404)})
    def get(self, _request: Request, **_kwargs: Any) -> Response:
        """As entered last."""
        return Response(OwnerDatesSerializer(picture.owner_dates(self.car())).data)

    @extend_schema(request=OwnerDatesSerializer, responses={200: OwnerDatesSerializer, **refusals(400, 401, 404, 409)})
    def put(self, request: Request, **_kwargs: Any) -> Response:
        """Enter both; null takes a day back."""
        car = self.car()
        order = OwnerDatesSerializer(data=request.data)
        order.is_valid(raise_exception=True)
        saying.say_dates(car=car, said=order.validated_data, by=person(request), at=timezone.now())
        return Response(OwnerDatesSerializer(picture.owner_dates(car)).data)


class CarHealth(_OfOwnCar):
    """The health of a car in figures."""

    @extend_schema(responses={200: CarHealthSerializer, **refusals(401, 404)})
    def get(self, request: Request, **_kwargs: Any) -> Response:
        """How much it needs, how far it goes, how its parts wear, what it has cost."""
        car = self.car()
        found = self.due(car)
        known = history(record_actions.record_of(car), viewer=person(request), today=timezone.localdate())
        drawn = picture.picture_of(car, known, found.rows)
        body = {
            "overdue": found.overdue,
            "soon": found.soon,
            "rate": drawn.rate,
            "is_rate_by_prior": drawn.is_by_prior,
            "wear": [chart.wear for chart in [*drawn.wear, *drawn.wear_steady]],
            "costs": drawn.costs,
        }
        return Response(CarHealthSerializer(body).data)
