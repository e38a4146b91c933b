"""The workshop floor by the API: check-in sheet, second look at an odometer, inspections and their photos."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import workshop
from bookings.api import base
from bookings.api.floor_serializers import (
    CheckInSheetOrder,
    CheckInSheetSerializer,
    FinishOrder,
    FloorPhotoSerializer,
    InspectionItemSerializer,
    InspectionSerializer,
    PointOrder,
    PointPhotoOrder,
    SheetPhotoOrder,
    StartInspectionOrder,
)
from bookings.choices import PhotoKind
from bookings.floor import checking_in, inspecting
from bookings.floor.checking_in import Sheet
from bookings.floor.inspecting import Reading
from bookings.models import Booking, CheckIn, Inspection, InspectionItem
from core.api import refusals
from core.photo_fields import accepts_photos
from shops.access import get_staff_shop
from shops.choices import Permission

_ERRORS = refusals(400, 401, 403, 404, 409, 422)


class _OnTheFloor(APIView):
    """A visit of this shop, for those who may receive cars; a foreign one looks missing."""

    permission_classes = [IsAuthenticated]

    def visit(self, request: Request | HttpRequest, slug: str, public_id: str) -> Booking:
        shop = get_staff_shop(request, slug, Permission.CHECK_IN)
        return get_object_or_404(Booking.objects.at_shop(shop).for_card(), public_id=public_id)

    def inspection(self, request: Request, slug: str, public_id: str, pk: int) -> Inspection:
        booking = self.visit(request, slug, public_id)
        return get_object_or_404(
            Inspection.objects.select_related("booking__shop").prefetch_related("items__photos__booking__shop"),
            booking=booking,
            pk=pk,
        )


def _sheet(booking: Booking) -> CheckIn:
    row = CheckIn.objects.select_related("booking__shop").filter(booking=booking).first()
    if row is None:
        raise NotFound
    return row


class CheckInSheet(_OnTheFloor):
    """The state of a car when it came."""

    @extend_schema(responses={200: CheckInSheetSerializer, **refusals(401, 403, 404)})
    def get(self, request: Request, slug: str, public_id: str) -> Response:
        """The sheet; 404 before check-in."""
        return Response(CheckInSheetSerializer(_sheet(self.visit(request, slug, public_id))).data)

    @extend_schema(
        request=CheckInSheetOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: CheckInSheetSerializer, **_ERRORS},
    )
    def put(self, request: Request, slug: str, public_id: str) -> Response:
        """Receive the car with its sheet, or write the sheet again until the owner has confirmed it."""
        booking, at = self.visit(request, slug, public_id), timezone.now()
        sheet = Sheet(**base.checked(CheckInSheetOrder, request.data))

        def run() -> tuple[int, Any]:
            checking_in.write_sheet(booking=booking, sheet=sheet, by=base.person(request), at=at)
            return 200, CheckInSheetSerializer(_sheet(booking)).data

        return base.once(request, run)


@method_decorator(accepts_photos, name="dispatch")
class CheckInPhotos(_OnTheFloor):
    """Photos of the condition and of the dashboard."""

    parser_classes = [MultiPartParser]

    @extend_schema(request=SheetPhotoOrder, responses={201: FloorPhotoSerializer, **_ERRORS})
    def post(self, request: Request, slug: str, public_id: str) -> Response:
        """Add a photo to a sheet that the owner has not confirmed."""
        booking, at = self.visit(request, slug, public_id), timezone.now()
        order = base.checked(SheetPhotoOrder, request.data)
        added = {PhotoKind(order["kind"]): [order["photo"]]}
        kept = checking_in.add_photos(booking=booking, added=added, by=base.person(request), at=at)
        return Response(FloorPhotoSerializer(kept[0]).data, status=201)


class ConfirmOdometer(_OnTheFloor):
    """A second person has looked at a doubtful odometer."""

    @extend_schema(request=None, parameters=[base.IDEMPOTENCY_KEY], responses={200: CheckInSheetSerializer, **_ERRORS})
    def post(self, request: Request, slug: str, public_id: str) -> Response:
        booking, at = self.visit(request, slug, public_id), timezone.now()

        def run() -> tuple[int, Any]:
            workshop.confirm_odometer(booking=booking, by=base.person(request), at=at)
            return 200, CheckInSheetSerializer(_sheet(booking)).data

        return base.once(request, run)


class Inspections(_OnTheFloor):
    """The inspections of a visit."""

    @extend_schema(responses={200: InspectionSerializer(many=True), **refusals(401, 403, 404)})
    def get(self, request: Request, slug: str, public_id: str) -> Response:
        booking = self.visit(request, slug, public_id)
        rows = booking.inspections.prefetch_related("items__photos__booking__shop").order_by("started_at", "pk")
        return Response(InspectionSerializer(rows, many=True).data)

    @extend_schema(
        request=StartInspectionOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: InspectionSerializer, **_ERRORS},
    )
    def post(self, request: Request, slug: str, public_id: str) -> Response:
        """Begin an inspection, or go on with the open one of this template."""
        booking, at = self.visit(request, slug, public_id), timezone.now()
        key = base.checked(StartInspectionOrder, request.data)["template"]

        def run() -> tuple[int, Any]:
            begun = inspecting.start(booking=booking, template_key=key, by=base.person(request), at=at)
            return 201, InspectionSerializer(begun).data

        return base.once(request, run)


class InspectionDetail(_OnTheFloor):
    """One inspection with what was found."""

    @extend_schema(responses={200: InspectionSerializer, **refusals(401, 403, 404)})
    def get(self, request: Request, slug: str, public_id: str, pk: int) -> Response:
        return Response(InspectionSerializer(self.inspection(request, slug, public_id, pk)).data)


class InspectionPoint(_OnTheFloor):
    """What was found at a point of an inspection."""

    @extend_schema(
        request=PointOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: InspectionItemSerializer, **_ERRORS},
    )
    def put(self, request: Request, slug: str, public_id: str, pk: int, key: str) -> Response:
        """Write the result down, or correct it; its tone follows by the point's rule."""
        inspection, at = self.inspection(request, slug, public_id, pk), timezone.now()
        reading, by = Reading(**base.checked(PointOrder, request.data)), base.person(request)

        def run() -> tuple[int, Any]:
            item = inspecting.record(inspection=inspection, point_key=key, reading=reading, by=by, at=at)
            fresh = InspectionItem.objects.prefetch_related("photos__booking__shop").get(pk=item.pk)
            return 200, InspectionItemSerializer(fresh).data

        return base.once(request, run)


@method_decorator(accepts_photos, name="dispatch")
class InspectionPhotos(_OnTheFloor):
    """Photos of what was found at a point."""

    parser_classes = [MultiPartParser]

    @extend_schema(request=PointPhotoOrder, responses={201: FloorPhotoSerializer, **_ERRORS})
    def post(self, request: Request, slug: str, public_id: str, pk: int, key: str) -> Response:
        """Add a photo to a result."""
        inspection, at = self.inspection(request, slug, public_id, pk), timezone.now()
        cleaned = [base.checked(PointPhotoOrder, request.data)["photo"]]
        kept = inspecting.add_photos(
            inspection=inspection, point_key=key, cleaned=cleaned, by=base.person(request), at=at
        )
        return Response(FloorPhotoSerializer(kept[0]).data, status=201)


class FinishInspection(_OnTheFloor):
    """The end of an inspection."""

    @extend_schema(
        request=FinishOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: InspectionSerializer, **_ERRORS},
    )
    def post(self, request: Request, slug: str, public_id: str, pk: int) -> Response:
        """Finish it; `rest_reason` says why points that are still open were left out."""
        inspection, at = self.inspection(request, slug, public_id, pk), timezone.now()
        reason = base.checked(FinishOrder, request.data)["rest_reason"]

        def run() -> tuple[int, Any]:
            inspecting.finish(inspection=inspection, by=base.person(request), at=at, rest_reason=reason)
            return 200, InspectionSerializer(self.inspection(request, slug, public_id, pk)).data

        return base.once(request, run)
