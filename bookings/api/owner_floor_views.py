"""The owner's side of a visit in the shop, over the API: lines and decisions, messages, confirmations."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api import base
from bookings.api.owner_floor_serializers import (
    CheckInSerializer,
    DecisionsOrder,
    HandoverSerializer,
    MessageOrder,
    MessageSerializer,
    SheetConfirmation,
    VisitLinesSerializer,
    choices_of,
    lines_of,
    messages_of,
)
from bookings.choices import DecisionWay
from bookings.floor import checking_in, deciding, handing_over, messages
from bookings.floor.deciding import Voice
from bookings.floor.messages import Speaker
from bookings.models import Booking, VisitPhoto
from core.api import refusals


class Lines(APIView):
    """The lines of your visit: what is agreed, what waits for your answer, what it costs."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: VisitLinesSerializer, **refusals(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        return Response(lines_of(base.own_booking(request, public_id)))


class Decisions(APIView):
    """Approve, decline or put off lines. Nothing is done or charged that you have not approved.

    A line that has changed since you read it is answered with 409, with its `line` and new `version`; nothing is taken
    then. The same word again changes nothing.
    """

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=DecisionsOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: VisitLinesSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        order = base.checked(DecisionsOrder, request.data)
        booking = base.own_booking(request, public_id)
        voice = Voice(DecisionWay.ACCOUNT, owner=base.person(request))

        def run() -> tuple[int, Any]:
            deciding.decide(booking=booking, choices=choices_of(order), voice=voice, at=timezone.now())
            return 200, lines_of(booking)

        return base.once(request, run)


class Messages(APIView):
    """What you and the shop say to each other in a visit, in order."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: MessageSerializer(many=True), **refusals(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        booking = base.own_booking(request, public_id)
        return Response(messages_of(booking, partial(_photo_address, booking)))

    @extend_schema(
        request=MessageOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: MessageSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        order, booking = base.checked(MessageOrder, request.data), base.own_booking(request, public_id)
        speaker = Speaker(is_owner=True, user=base.person(request))

        def run() -> tuple[int, Any]:
            said = messages.say(booking=booking, text=order["text"], by=speaker, at=timezone.now())
            return 201, dict(MessageSerializer(said, context={"address": partial(_photo_address, booking)}).data)

        return base.once(request, run)


class CheckInSheet(APIView):
    """The state of your car as the shop wrote it down when it came, and your confirmation of it."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: CheckInSerializer, **refusals(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        sheet = checking_in.sheet_of(base.own_booking(request, public_id))
        if sheet is None:
            raise Http404
        return Response(CheckInSerializer(sheet).data)

    @extend_schema(request=SheetConfirmation, responses={200: CheckInSerializer, **refusals(400, 401, 404, 409)})
    def post(self, request: Request, public_id: str) -> Response:
        """Confirm it. Confirming twice is confirming once; a sheet that has changed since is refused (409)."""
        order = base.checked(SheetConfirmation, request.data)
        booking, owner = base.own_booking(request, public_id), base.person(request)
        sheet = checking_in.confirm(
            booking=booking, way=DecisionWay.ACCOUNT, by=owner, at=timezone.now(), seen=order["seen"]
        )
        return Response(CheckInSerializer(sheet).data)


class Handover(APIView):
    """Your confirmation that you have the car and the list of what was done. Twice is once."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={200: HandoverSerializer, **refusals(401, 404, 409)})
    def post(self, request: Request, public_id: str) -> Response:
        booking, owner = base.own_booking(request, public_id), base.person(request)
        confirmed = handing_over.confirm(booking=booking, way=DecisionWay.ACCOUNT, by=owner, at=timezone.now())
        return Response(HandoverSerializer(confirmed).data)


def _photo_address(booking: Booking, photo: VisitPhoto) -> str:
    """Where the owner sees a photo of the visit."""
    return reverse("bookings:visit_photo", args=[booking.public_id, photo.public_id, "full"])
