"""Coming back under warranty, over the API."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api import base
from bookings.api.serializers import BookingSerializer
from bookings.floor import comebacks
from bookings.floor.lines import MAX_LINES
from core.api import refusals


class ComebackOrder(serializers.Serializer[Any]):
    """What is wrong again, and with which lines of the visit."""

    lines = serializers.ListField(
        child=serializers.CharField(max_length=16),
        min_length=1,
        max_length=MAX_LINES,
        help_text=_("ids of lines that are under warranty"),
    )
    words = serializers.CharField(
        max_length=comebacks.MAX_WORDS, required=False, allow_blank=True, default="", help_text=_("what is wrong again")
    )


class Comeback(APIView):
    """Open a visit at no charge, at the shop's next free time, to put right what is under warranty.

    While one is open for the visit it is answered again, and nothing is opened.
    """

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=ComebackOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: BookingSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        order = base.checked(ComebackOrder, request.data)
        booking = base.own_booking(request, public_id)

        def run() -> tuple[int, Any]:
            lines = list(booking.lines.filter(public_id__in=order["lines"]))
            if len(lines) < len(set(order["lines"])):
                raise Http404
            opened = comebacks.open(
                booking=booking, lines=lines, words=order["words"], by=base.owner(request), at=timezone.now()
            )
            return base.answer(opened, 201)

        return base.once(request, run)
