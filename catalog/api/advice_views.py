"""Neutral advice for anybody: the same function as on the pages, with facts that the request brings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from catalog.advice import loading
from catalog.advice.belief import believe
from catalog.advice.facts import CarFacts, Done, Measurement, RecordFacts
from catalog.advice.loading import Adviser, Ask, Book
from catalog.api.advice_serializers import AdviceAnswer, AdviceOrder, measurement
from core.api import refusals
from vehicles.models import Car

MAX_DAYS_AHEAD = 3_660  # ten years: what is asked beyond is no question about a car


class Advise(APIView):
    """Whether proposals are needed on a car: verdict, rule, numbers, and what would change it."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="advice", request=AdviceOrder, responses={200: AdviceAnswer, **refusals(400, 401, 404, 429)}
    )
    def post(self, request: Request) -> Response:
        order = AdviceOrder(data=request.data)
        order.is_valid(raise_exception=True)
        data = order.validated_data
        today = _day(data)
        adviser = _adviser(request, data, today)
        _check_keys(data["proposals"], "proposals", {"service": adviser.book.items, "measure": adviser.book.measures})
        found = [adviser.on(_ask(row, data)) for row in data["proposals"]]
        advice = [{**entry.as_json(), "words": vars(adviser.words(entry))} for entry in found]
        return Response({"today": today, "advice": advice})


def _day(data: dict[str, Any]) -> date:
    """The day that is asked about. Raises ValidationError for one that is too far ahead."""
    now = timezone.localdate()
    today: date = data.get("today", now)
    if (today - now).days > MAX_DAYS_AHEAD:
        raise ValidationError({"today": [_("This day is too far ahead.")]})
    return today


def _adviser(request: Request, data: dict[str, Any], today: date) -> Adviser:
    """All that is known: of the person's own car with its record, or of the car that the request describes."""
    if "id" in data["car"]:
        car = _own_car(request, data["car"]["id"])
        book = loading.facts_for(car.variant)
        return loading.for_car(car, today=today, measurements=_readings(data, book, today), book=book)
    book = loading.facts_for(data["car"]["variant"])
    record = _record(data, book)
    story = believe(_car(data["car"]), record, _readings(data, book, today), today)
    return Adviser(book, story)


def _own_car(request: Request, public_id: str) -> Car:
    """A car of the person's garage; anybody else's looks like a missing one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    car = Car.objects.visible_to(request.user).with_names().filter(public_id=public_id).first()
    if car is None:
        raise Http404
    return car


def _car(data: dict[str, Any]) -> CarFacts:
    known = ("delivered_on", "model_year", "odometer_km", "odometer_on")
    return CarFacts(powertrain=data["variant"].powertrain, **{name: data.get(name) for name in known})


def _record(data: dict[str, Any], book: Book) -> RecordFacts:
    rows = data.get("record", [])
    _check_keys(rows, "record", {"service": book.items})
    done = tuple(_done(row) for row in rows if row["outcome"] == "done")
    return RecordFacts(done, is_complete_since_new=data["is_complete_since_new"])


def _done(row: dict[str, Any]) -> Done:
    details = {name: row.get(name) for name in ("km", "warranty_km", "warranty_days")}
    return Done(row["service"], row["on"], shop=row.get("shop", ""), **details)


def _readings(data: dict[str, Any], book: Book, today: date) -> list[Measurement]:
    """The measurements. Raises ValidationError for an unknown point and for a value that no instrument shows there."""
    rows = data.get("measurements", [])
    _check_keys(rows, "measurements", {"point": book.points})
    readings = [measurement(row, today=today) for row in rows]
    errors = {
        str(index): {"value": [_("%(value)s cannot be right at this point.") % {"value": taken.value}]}
        for index, taken in enumerate(readings)
        if not book.points[taken.point].threshold.is_sane(taken.value, on=taken.on)
    }
    if errors:
        raise ValidationError({"measurements": errors})
    return readings


def _check_keys(rows: Iterable[dict[str, Any]], field: str, known: dict[str, Any]) -> None:
    """Raise ValidationError, row by row, where a key names nothing of the catalogue."""
    errors: dict[str, Any] = {}
    for index, row in enumerate(rows):
        unknown = [name for name, keys in known.items() if name in row and row[name] not in keys]
        if unknown:
            errors[str(index)] = {name: [_("There is no such key.")] for name in unknown}
    if errors:
        raise ValidationError({field: errors})


def _ask(row: dict[str, Any], data: dict[str, Any]) -> Ask:
    return Ask(
        service=row.get("service", ""),
        measure=row.get("measure", ""),
        symptoms=frozenset(data.get("symptoms", ())),
        fault_codes=frozenset(code.upper() for code in data.get("fault_codes", ())),
    )
