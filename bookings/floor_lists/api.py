"""The staff's lists over the API: a technician's day, the pipeline, what waits for parts. Reads only."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api import base
from bookings.choices import Stage, Status
from bookings.floor_lists import my_day, parts, pipeline
from bookings.floor_lists.looks import Place
from core.api import NearDateField, refusals
from core.errors import InvalidInput
from shops.access import get_staff_shop
from shops.choices import PEOPLE, Permission, ResourceKind
from shops.models import Resource, Shop
from shops.rules import may


class JobSerializer(serializers.Serializer[Any]):
    """A visit as the lists show it. Money in fen, instants with their offset."""

    id = serializers.CharField(source="booking.public_id")
    number = serializers.CharField(source="booking.number")
    status = serializers.ChoiceField(choices=Status.choices, source="booking.status")
    stage = serializers.ChoiceField(choices=Stage.choices, source="booking.stage", allow_blank=True)
    place = serializers.ChoiceField(choices=Place.choices, help_text=_("the column of the pipeline"))
    plate = serializers.CharField(source="booking.plate")
    car = serializers.CharField(source="booking.variant.full_name")
    title = serializers.CharField(source="booking.title", help_text=_("the services in order"))
    contact_name = serializers.CharField(source="booking.contact_name")
    bays = serializers.CharField(source="card.bay_names")
    technicians = serializers.CharField(source="card.technician_names")
    starts_at = serializers.DateTimeField(source="booking.starts_at")
    ends_at = serializers.DateTimeField(source="booking.ends_at", help_text=_("promised to the owner"))
    since = serializers.DateTimeField(allow_null=True, help_text=_("in its stage since"))
    late_minutes = serializers.IntegerField(help_text=_("past the start or the promise; 0: in time"))
    agreed_fen = serializers.IntegerField(source="price_fen")
    pending_fen = serializers.IntegerField(source="totals.pending_fen", help_text=_("asked and not answered"))
    pending = serializers.IntegerField(source="totals.pending", help_text=_("lines asked and not answered"))
    lines_agreed = serializers.IntegerField(source="agreed_count")
    lines_done = serializers.IntegerField(source="done_count")
    lines_waiting_for_parts = serializers.IntegerField(source="waiting_count")
    unread_messages = serializers.IntegerField(source="aside.unread")
    link_sent_at = serializers.DateTimeField(source="aside.link_sent_at", allow_null=True)
    link_used_at = serializers.DateTimeField(source="aside.link_used_at", allow_null=True)
    failed_check = serializers.CharField(source="failed_note", help_text=_("what the last check found; empty: nothing"))
    revision = serializers.IntegerField(source="booking.revision")


class EntrySerializer(serializers.Serializer[Any]):
    """A stretch of a technician's day: of a visit, or a break (`visit` null)."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    visit = JobSerializer(source="job", allow_null=True)
    part = serializers.CharField(source="part_text", help_text=_("which part of the visit; empty if it has one"))
    pause = serializers.CharField(source="pause_text", help_text=_("the kind of break and why; empty for a visit"))


class MyDayAnswer(serializers.Serializer[Any]):
    date = serializers.DateField()
    technician = serializers.CharField(source="person.public_id", allow_null=True, default=None)
    now = serializers.CharField(
        source="now.booking.public_id", allow_null=True, default=None, help_text=_("the visit to go on with")
    )
    entries = EntrySerializer(many=True)
    to_check = JobSerializer(many=True, help_text=_("finished by others, for a second pair of eyes"))
    to_read_again = JobSerializer(many=True, help_text=_("a doubtful odometer that somebody else read"))


class ColumnSerializer(serializers.Serializer[Any]):
    place = serializers.ChoiceField(choices=Place.choices)
    visits = JobSerializer(many=True, source="jobs", help_text=_("the overdue first"))


class PipelineAnswer(serializers.Serializer[Any]):
    requests = JobSerializer(many=True, help_text=_("to answer, the oldest first"))
    columns = ColumnSerializer(many=True)


class WaitedPartSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    quantity = serializers.CharField()


class WaitSerializer(serializers.Serializer[Any]):
    """An approved line whose parts are missing."""

    line = serializers.CharField(source="line.public_id")
    name = serializers.CharField(source="line.current.name")
    parts = WaitedPartSerializer(many=True, source="line.current.parts")
    visit = serializers.CharField(source="booking.public_id")
    plate = serializers.CharField(source="booking.plate")
    car = serializers.CharField(source="booking.variant.full_name")
    expected_on = serializers.DateField(allow_null=True)
    late_days = serializers.IntegerField()
    since = serializers.DateTimeField(allow_null=True)
    promised_at = serializers.DateTimeField(source="booking.ends_at")
    breaks_promise = serializers.BooleanField(help_text=_("the car is promised before the parts come"))


class MyDayQuery(serializers.Serializer[Any]):
    date = NearDateField(required=False, help_text=_("the shop's local date; today if left out"))
    technician = serializers.CharField(
        max_length=16, required=False, help_text=_("a technician's id, or all; yourself if left out")
    )


class PipelineQuery(serializers.Serializer[Any]):
    person = serializers.CharField(max_length=16, required=False, help_text=_("an advisor's or technician's id"))


class MyDayView(APIView):
    """The day of a technician: the claims in order, what to go on with, what waits for a second pair of eyes."""

    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=[MyDayQuery], responses={200: MyDayAnswer, **refusals(400, 401, 404)})
    def get(self, request: Request, slug: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.BOARD)
        query, at = base.checked(MyDayQuery, request.query_params), timezone.now()
        user, asked = base.person(request), query.get("technician", "")
        if not asked:
            person = my_day.own_resource(shop, user)
        else:
            person = None if asked == my_day.EVERYBODY else _person(shop, asked, ResourceKind.TECHNICIAN)
        day = query.get("date", at.astimezone(shop.zone).date())
        may_read_again = may(shop.viewer_role, Permission.CHECK_IN)
        found = my_day.load(shop=shop, day=day, at=at, person=person, user=user, may_read_again=may_read_again)
        return Response(MyDayAnswer(found).data)


class PipelineView(APIView):
    """Every car that is to arrive today or is in the shop, by where it is."""

    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=[PipelineQuery], responses={200: PipelineAnswer, **refusals(400, 401, 404)})
    def get(self, request: Request, slug: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.BOARD)
        asked = base.checked(PipelineQuery, request.query_params).get("person", "")
        person = _person(shop, asked, *PEOPLE) if asked else None
        return Response(PipelineAnswer(pipeline.load(shop=shop, at=timezone.now(), person=person)).data)


class PartsView(APIView):
    """Every line that waits for parts, by the day they are expected; those without a day at the end."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: WaitSerializer(many=True), **refusals(401, 404)})
    def get(self, request: Request, slug: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.BOARD)
        return Response(WaitSerializer(parts.load(shop=shop, at=timezone.now()).waits, many=True).data)


def _person(shop: Shop, public_id: str, *kinds: str) -> Resource:
    person = shop.resources.in_use().filter(public_id=public_id, kind__in=kinds).first()
    if person is None:
        raise InvalidInput(_("There is no such person here."), field="person" if len(kinds) > 1 else "technician")
    return person
