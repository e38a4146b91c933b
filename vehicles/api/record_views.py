"""A car's health record: read it, add to it, take it away, and decide who may read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import refusals
from vehicles.api.record_serializers import (
    HealthEntrySerializer,
    NewRecordLinkSerializer,
    OwnEntryWrite,
    RecordGrantSerializer,
    RecordGrantWrite,
    RecordLinkSerializer,
    RecordLinkWrite,
    RecordSerializer,
)
from vehicles.api.views import person
from vehicles.choices import RecordPart
from vehicles.models import Car, HealthRecord, RecordGrant, RecordLink
from vehicles.record import actions, known_shops, sharing
from vehicles.record.exports import files
from vehicles.record.reading import Event, History, history
from vehicles.record_views.record import file_response


class _OfOwnCar(generics.GenericAPIView[Any]):
    """What is under a car of one's own; another's car looks like a missing one."""

    permission_classes = [IsAuthenticated]

    def car(self) -> Car:
        cars = Car.objects.visible_to(person(self.request)).with_names().select_related("record")
        return get_object_or_404(cars, public_id=self.kwargs["public_id"])

    def record(self) -> HealthRecord:
        return actions.record_of(self.car())

    def history(self) -> History:
        return history(self.record(), viewer=person(self.request), today=timezone.localdate())


class Record(_OfOwnCar):
    """The record as a whole."""

    serializer_class = RecordSerializer
    queryset = HealthRecord.objects.none()

    @extend_schema(responses={200: RecordSerializer, **refusals(404)})
    def get(self, _request: Request, **_kwargs: Any) -> Response:
        """Whether the chain is intact, and the odometer's curve. The entries have an address of their own."""
        return Response(RecordSerializer(self.history()).data)


class RecordEntries(_OfOwnCar):
    """What happened to the car, newest first, across all shops."""

    serializer_class = HealthEntrySerializer
    queryset = HealthRecord.objects.none()

    @extend_schema(responses={200: HealthEntrySerializer(many=True), **refusals(404)})
    def get(self, _request: Request, **_kwargs: Any) -> Response:
        """Corrections are folded into what they correct."""
        page = self.paginate_queryset(list(self.history().events))  # type: ignore[arg-type]
        return self.get_paginated_response(HealthEntrySerializer(page, many=True).data)

    @extend_schema(request=OwnEntryWrite, responses={201: HealthEntrySerializer, **refusals(400, 404, 409)})
    def post(self, request: Request, **_kwargs: Any) -> Response:
        """Add work from before the platform, or done elsewhere."""
        car, owner = self.car(), person(request)
        data = OwnEntryWrite(data=request.data)
        data.is_valid(raise_exception=True)
        key = data.validated_data.get("key", "")
        entry = actions.add_own_entry(
            car=car,
            own=data.own_entry(),
            by=owner,
            at=timezone.now(),
            reference=f"own:{car.public_id}:{key}" if key else "",
        )
        return Response(HealthEntrySerializer(Event((entry,), owner.pk)).data, status=status.HTTP_201_CREATED)


class RecordExport(_OfOwnCar):
    """The record as a file."""

    serializer_class = RecordSerializer
    queryset = HealthRecord.objects.none()

    @extend_schema(
        parameters=[OpenApiParameter("kind", str, "path", enum=[kind.key for kind in files.KINDS])],
        responses={200: OpenApiResponse(OpenApiTypes.BINARY), **refusals(404)},
    )
    def get(self, _request: Request, kind: str, **_kwargs: Any) -> HttpResponse:
        """PDF, whole JSON, or the national 13 fields; with your private details."""
        car = self.car()
        known = history(actions.record_of(car), viewer=person(self.request), today=timezone.localdate())
        return file_response(known, car, kind)


class RecordGrants(_OfOwnCar):
    """Which shops may read the record."""

    serializer_class = RecordGrantSerializer
    queryset = RecordGrant.objects.none()
    pagination_class = None

    @extend_schema(responses={200: RecordGrantSerializer(many=True), **refusals(404)})
    def get(self, _request: Request, **_kwargs: Any) -> Response:
        """Those that may read now."""
        return Response(RecordGrantSerializer(self.record().grants.active(timezone.now()), many=True).data)

    @extend_schema(request=RecordGrantWrite, responses={201: RecordGrantSerializer, **refusals(400, 404, 409)})
    def post(self, request: Request, **_kwargs: Any) -> Response:
        """Let a shop read parts of the record for some days."""
        record, now = self.record(), timezone.now()
        data = RecordGrantWrite(data=request.data)
        data.is_valid(raise_exception=True)
        shops = known_shops.find(known_shops.Query(slugs=[data.validated_data["shop"]]))
        if not shops:
            raise ValidationError({"shop": [_("There is no such shop.")]})
        grant = sharing.grant(
            record=record,
            shop=shops[0],
            parts=[RecordPart(part) for part in data.validated_data["parts"]],
            until=now + timedelta(days=data.validated_data["days"]),
            by=person(request),
            at=now,
        )
        return Response(RecordGrantSerializer(grant).data, status=status.HTTP_201_CREATED)


class RecordGrantDetail(_OfOwnCar):
    """One shop's grant."""

    serializer_class = RecordGrantSerializer
    queryset = RecordGrant.objects.none()

    @extend_schema(responses={204: None, **refusals(404, 409)})
    def delete(self, request: Request, shop_key: str, **_kwargs: Any) -> Response:
        """End it now."""
        now = timezone.now()
        grant = get_object_or_404(self.record().grants.active(now), shop_key=shop_key)
        sharing.revoke(grant=grant, by=person(request), at=now)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RecordLinks(_OfOwnCar):
    """Links for buyers."""

    serializer_class = RecordLinkSerializer
    queryset = RecordLink.objects.none()
    pagination_class = None

    @extend_schema(responses={200: RecordLinkSerializer(many=True), **refusals(404)})
    def get(self, _request: Request, **_kwargs: Any) -> Response:
        """Those that open now."""
        return Response(RecordLinkSerializer(self.record().links.active(timezone.now()), many=True).data)

    @extend_schema(request=RecordLinkWrite, responses={201: NewRecordLinkSerializer, **refusals(400, 404, 409)})
    def post(self, request: Request, **_kwargs: Any) -> Response:
        """Make a link; its address is told only now."""
        record, now = self.record(), timezone.now()
        data = RecordLinkWrite(data=request.data)
        data.is_valid(raise_exception=True)
        until = now + timedelta(days=data.validated_data["days"])
        new = sharing.share(record=record, by=person(request), until=until, at=now)
        address = request.build_absolute_uri(reverse("records:record", args=[new.token]))
        body = NewRecordLinkSerializer(new.link, context={"address": address}).data
        return Response(body, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class RecordLinkDetail(_OfOwnCar):
    """One link."""

    serializer_class = RecordLinkSerializer
    queryset = RecordLink.objects.none()

    @extend_schema(responses={204: None, **refusals(404, 409)})
    def delete(self, request: Request, link_id: str, **_kwargs: Any) -> Response:
        """Close it now."""
        link = get_object_or_404(self.record().links.active(timezone.now()), public_id=link_id)
        sharing.revoke_link(link=link, by=person(request), at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
