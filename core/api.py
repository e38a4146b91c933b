"""What every API endpoint shares: pagination and problem documents (RFC 9457)."""

from __future__ import annotations

from datetime import date, datetime
from http import HTTPStatus
from math import isfinite
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import exceptions, serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.errors import Refusal

NEAR_YEARS = range(2000, 2201)

PROBLEM = inline_serializer(
    "Problem",
    {
        "type": serializers.CharField(),
        "title": serializers.CharField(),
        "status": serializers.IntegerField(),
        "code": serializers.CharField(),
        "detail": serializers.CharField(),
        "errors": serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False),
    },
)


def refusals(*statuses: int) -> dict[int, OpenApiResponse]:
    """The refusals of an endpoint in the schema: problem documents."""
    words = {
        400: "The input cannot be right; `errors` names the fields.",
        401: "Sign in first.",
        403: "Your role does not include this.",
        404: "There is no such thing, or it is not yours.",
        409: "The world has moved on; for a slot, `alternatives` names the nearest ones.",
        422: "The Idempotency-Key was used for a different request.",
        429: "Too many requests: wait as long as `Retry-After` says.",
    }
    return {status: OpenApiResponse(PROBLEM, words[status]) for status in statuses}


class FiniteFloatField(serializers.FloatField):
    """A number on the number line: "nan" passes every comparison, so no limit would hold it."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not isfinite(value):
            self.fail("invalid")
        return value


class NearDateField(serializers.DateField):
    """A day within living memory: at the edges of the calendar there is no day after and no UTC."""

    def to_internal_value(self, data: Any) -> date:
        value = super().to_internal_value(data)
        if value.year not in NEAR_YEARS:
            self.fail("invalid", format="YYYY-MM-DD")
        return value


class NearDateTimeField(serializers.DateTimeField):
    """An instant within living memory, see `NearDateField`."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            moment = super().to_internal_value(value)
        except OverflowError:
            self.fail("overflow")
        if moment.year not in NEAR_YEARS:
            self.fail("overflow")
        return moment


class Pagination(PageNumberPagination):
    """`?page=` and `?page_size=` (1 to 100)."""

    page_size_query_param = "page_size"
    max_page_size = 100


def problem(*, status: int, code: str, detail: str, errors: dict[str, Any] | None = None, **extra: Any) -> Response:
    """A problem document: `type`, `title`, `status`, `code`, `detail`, and `errors` by field name."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    body.update(extra)
    return Response(body, status=status, content_type="application/problem+json")


def problem_details(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal of the API has the same shape."""
    if isinstance(exc, Refusal):
        errors = {exc.field: [str(exc.message)]} if exc.field else None
        return problem(status=exc.status, code=exc.code, detail=str(exc.message), errors=errors, **exc.extra)
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if not isinstance(exc, exceptions.APIException):
        return response
    answer = _of_api_exception(exc)
    for header in ("WWW-Authenticate", "Retry-After"):
        if header in response.headers:
            answer[header] = response[header]
    return answer


def _of_api_exception(exc: exceptions.APIException) -> Response:
    if isinstance(exc, exceptions.ValidationError):
        errors = exc.detail if isinstance(exc.detail, dict) else {"non_field_errors": exc.detail}
        return problem(status=exc.status_code, code="invalid", detail=str(exc.default_detail), errors=dict(errors))
    codes = exc.get_codes()
    return problem(
        status=exc.status_code, code=codes if isinstance(codes, str) else exc.default_code, detail=str(exc.detail)
    )
