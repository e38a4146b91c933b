"""Services, for a car or in general."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.catalogue_serializers import ServiceDetailSerializer, ServiceQuery, ServiceSerializer
from catalog.models import Service
from catalog.plans import lines
from core.api import refusals


class Services(APIView):
    """Every service, with its interval and whether it makes sense on the car. Short enough to need no pages."""

    permission_classes = [AllowAny]

    @extend_schema(parameters=[ServiceQuery], responses={200: ServiceSerializer(many=True), **refusals(400)})
    def get(self, request: Request) -> Response:
        query = _query(request)
        services = Service.objects.listed()
        if "q" in query:
            services = services.matching(query["q"])
        return Response(ServiceSerializer(lines(services, query.get("variant")), many=True).data)


class ServiceDetail(APIView):
    """One service: what it is, when it is really due, what it should not include, example prices."""

    permission_classes = [AllowAny]

    @extend_schema(parameters=[ServiceQuery], responses={200: ServiceDetailSerializer, **refusals(400, 404)})
    def get(self, request: Request, key: str) -> Response:
        services = Service.objects.listed().prefetch_related("price_guides", "often_sold_along")
        service = get_object_or_404(services, key=key)
        (line,) = lines([service], _query(request).get("variant"))
        return Response(ServiceDetailSerializer(line).data)


def _query(request: Request) -> dict[str, Any]:
    query = ServiceQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)
