"""What an owner's car needs, and what it does not."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from catalog.api.needs_serializers import NeedsSerializer
from catalog.needs import loading, rows
from core.api import refusals
from vehicles.models import Car


class CarNeeds(APIView):
    """The next 24 months of a car of your garage, with reasons, sources and estimates. Unknown stays unknown."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: NeedsSerializer, **refusals(404)})
    def get(self, request: Request, public_id: str) -> Response:
        if not isinstance(request.user, User):
            raise NotAuthenticated
        cars = Car.objects.visible_to(request.user).with_names().select_related("record")
        car = get_object_or_404(cars, public_id=public_id)
        return Response(NeedsSerializer(rows.shown(loading.for_car(car, today=timezone.localdate()))).data)
