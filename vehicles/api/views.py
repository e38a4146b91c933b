"""The catalogue of cars, VINs, and the owner's garage."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from core.api import refusals
from vehicles import actions, vin
from vehicles.actions import CarDetails
from vehicles.api.serializers import (
    CarModelSerializer,
    CarSerializer,
    CarWrite,
    DecodedVinSerializer,
    MakeSerializer,
    NewCar,
    ReadingSerializer,
    ReadingWrite,
    VariantDetailSerializer,
    VariantQuery,
    VariantSerializer,
)
from vehicles.models import Car, CarModel, Make, Variant


class Makes(generics.ListAPIView[Make]):
    """Every make of which a car can be chosen."""

    permission_classes = [AllowAny]
    serializer_class = MakeSerializer
    queryset = Make.objects.listed().order_by("name_en", "pk")


class MakeModels(generics.ListAPIView[CarModel]):
    """The models of a make."""

    permission_classes = [AllowAny]
    serializer_class = CarModelSerializer
    queryset = CarModel.objects.none()

    def get_queryset(self) -> QuerySet[CarModel]:
        make = get_object_or_404(Make.objects.listed(), key=self.kwargs["key"])
        return CarModel.objects.filter(make=make, variants__is_listed=True).distinct().order_by("name_en", "pk")


class Variants(generics.ListAPIView[Variant]):
    """Variants by make, by model, or as typed. Misspelt names find what looks like them."""

    permission_classes = [AllowAny]
    serializer_class = VariantSerializer
    queryset = Variant.objects.none()

    def get_queryset(self) -> QuerySet[Variant]:
        query = VariantQuery(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        rows = Variant.objects.listed().with_names()
        if "make" in query.validated_data:
            rows = rows.filter(model__make__key=query.validated_data["make"])
        if "model" in query.validated_data:
            rows = rows.filter(model__key=query.validated_data["model"])
        return rows.found_by(query.validated_data["q"]) if "q" in query.validated_data else rows

    @extend_schema(parameters=[VariantQuery], responses={200: VariantSerializer(many=True), **refusals(400)})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class VariantDetail(generics.RetrieveAPIView[Variant]):
    """One variant with its facts, each with its confidence."""

    permission_classes = [AllowAny]
    serializer_class = VariantDetailSerializer
    queryset = Variant.objects.listed().with_names()
    lookup_field = "slug"


class VinDetail(APIView):
    """What a VIN says: builder, makes, candidate model years. A wrong VIN is refused with what is wrong."""

    permission_classes = [AllowAny]

    @extend_schema(responses={200: DecodedVinSerializer, **refusals(400)})
    def get(self, _request: Request, vin_text: str) -> Response:
        decoded = vin.decode(vin_text, this_year=timezone.now().year)
        return Response(DecodedVinSerializer(decoded).data)


class Cars(generics.ListAPIView[Car]):
    """Your cars, the newest first."""

    permission_classes = [IsAuthenticated]
    serializer_class = CarSerializer
    queryset = Car.objects.none()

    def get_queryset(self) -> QuerySet[Car]:
        return _own_cars(self.request)

    @extend_schema(request=NewCar, responses={201: CarSerializer, **refusals(400, 409)})
    def post(self, request: Request) -> Response:
        """Put a car into your garage, with its first odometer reading if you give one."""
        data = NewCar(data=request.data)
        data.is_valid(raise_exception=True)
        car = actions.add_car(
            owner=person(request),
            variant=data.validated_data["variant"],
            details=data.details(),
            odometer_km=data.validated_data.get("odometer_km"),
            at=timezone.now(),
        )
        return Response(CarSerializer(car).data, status=status.HTTP_201_CREATED)


class CarDetail(generics.RetrieveDestroyAPIView[Car]):
    """One car of your garage."""

    permission_classes = [IsAuthenticated]
    serializer_class = CarSerializer
    queryset = Car.objects.none()
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[Car]:
        return _own_cars(self.request)

    @extend_schema(request=CarWrite(partial=True), responses={200: CarSerializer, **refusals(400, 404, 409)})
    def patch(self, request: Request, **_kwargs: Any) -> Response:
        """Correct what a car is. The odometer has an address of its own."""
        car = self.get_object()
        data = CarWrite(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        before = CarDetails(car.plate, car.vin, car.model_year, car.nickname, car.delivered_on)
        variant = data.validated_data.get("variant", car.variant)
        car = actions.edit_car(car=car, variant=variant, details=data.details(before), at=timezone.now())
        return Response(CarSerializer(car).data)

    def perform_destroy(self, instance: Car) -> None:
        """Its row and its visits stay."""
        actions.remove_car(car=instance, at=timezone.now())


class CarOdometer(generics.GenericAPIView[Car]):
    """Odometer readings of a car."""

    permission_classes = [IsAuthenticated]
    serializer_class = ReadingSerializer
    queryset = Car.objects.none()
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[Car]:
        return _own_cars(self.request)

    @extend_schema(request=ReadingWrite, responses={201: ReadingSerializer, **refusals(400, 404, 409)})
    def post(self, request: Request, **_kwargs: Any) -> Response:
        """Enter what the odometer shows now. It cannot go down, nor up further than anybody drives."""
        car = self.get_object()
        data = ReadingWrite(data=request.data, context={"last_km": car.odometer_km})
        data.is_valid(raise_exception=True)
        reading = actions.record_readings(
            car=car,
            km=data.validated_data["odometer_km"],
            engine_km=data.validated_data.get("engine_km"),
            by=person(request),
            at=timezone.now(),
            is_correction=data.validated_data["is_correction"],
        )
        return Response(ReadingSerializer(reading).data, status=status.HTTP_201_CREATED)


def _own_cars(request: Request) -> QuerySet[Car]:
    return Car.objects.visible_to(person(request)).with_names()


def person(request: Request) -> User:
    """Who is signed in; the endpoint lets nobody else in."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
