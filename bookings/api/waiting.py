"""The waiting list in the API: join a shop's, see your places, leave."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import waiting
from bookings.api import base, jobs
from bookings.api.serializers import WaitingEntrySerializer, WaitOrder
from bookings.models import WaitingEntry
from bookings.querysets import WaitingQuerySet
from core.api import refusals
from vehicles.models import Car


class Places(generics.ListAPIView[WaitingEntry]):
    """Your open places on waiting lists, the oldest first."""

    permission_classes = [IsAuthenticated]
    serializer_class = WaitingEntrySerializer
    queryset = WaitingEntry.objects.none()

    def get_queryset(self) -> WaitingQuerySet:
        mine = WaitingEntry.objects.visible_to(base.person(self.request)).open().order_by("created_at", "pk")
        return mine.select_related("shop", "variant", "offered").prefetch_related("wanted__service")

    @extend_schema(
        request=WaitOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: WaitingEntrySerializer, **refusals(400, 401, 409, 422)},
    )
    def post(self, request: Request) -> Response:
        """Wait for a start between two moments. What comes free is held for the next in line for half an hour."""
        order, user = base.checked(WaitOrder, request.data), base.person(request)
        job = jobs.job_of(order)

        def run() -> tuple[int, Any]:
            car = get_object_or_404(Car.objects.visible_to(user), public_id=order["car"]) if "car" in order else None
            entry = waiting.join(
                job=job,
                owner=user,
                car=car,
                not_before=order["not_before"],
                not_after=order["not_after"],
                at=timezone.now(),
            )
            return 201, WaitingEntrySerializer(entry).data

        return base.once(request, run)


class Leave(APIView):
    """Give up a place. Leaving twice is leaving once."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={200: WaitingEntrySerializer, **refusals(401, 404)})
    def post(self, request: Request, public_id: str) -> Response:
        mine = WaitingEntry.objects.visible_to(base.person(request))
        entry = waiting.leave(entry=get_object_or_404(mine, public_id=public_id), at=timezone.now())
        return Response(WaitingEntrySerializer(entry).data)
