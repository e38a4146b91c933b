"""The shapes of what an owner reads and says while the car is in the shop. Money is integer fen, tax included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.choices import Decision, LineOrigin, LineState, PriceBasis, Stage, Urgency
from bookings.floor import checking_in, lines
from bookings.floor.deciding import Choice
from bookings.floor.lines import MAX_LINES
from bookings.floor.messages import MAX_LENGTH
from bookings.models import Booking, CheckIn, Line, LineDecision, VisitMessage, VisitPhoto
from bookings.querysets import LineQuerySet
from catalog.choices import AdviceVerdict
from core.api import NearDateField
from vehicles.models import MAX_ODOMETER_KM

# Where the reader of a message sees a photo of it: owner and shop have doors of their own.
PhotoAddress = Callable[[VisitPhoto], str]


class SaidSerializer(serializers.Serializer[LineDecision]):
    """The owner's last word on a line."""

    version = serializers.IntegerField()
    decision = serializers.ChoiceField(choices=Decision.choices)
    way = serializers.CharField(help_text="booking, account, link or phone")
    at = serializers.DateTimeField()
    defer_until = serializers.DateField(allow_null=True)
    defer_km = serializers.IntegerField(allow_null=True)


class PartSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    code = serializers.CharField()
    quantity = serializers.CharField(help_text="a decimal number")
    unit_fen = serializers.IntegerField()


class LineSerializer(serializers.Serializer[Line]):
    """A line in its present version. Name `id` and `version` when you decide."""

    id = serializers.CharField(source="public_id")
    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=LineState.choices)
    origin = serializers.ChoiceField(choices=LineOrigin.choices)
    name = serializers.CharField(source="current.name")
    note = serializers.CharField(source="current.note")
    urgency = serializers.ChoiceField(choices=Urgency.choices, source="current.urgency")
    labour_minutes = serializers.IntegerField(source="current.labour_minutes")
    labour_fen = serializers.IntegerField(source="current.labour_fen")
    parts = PartSerializer(many=True, source="current.parts")
    parts_fen = serializers.IntegerField(source="current.parts_fen")
    discount_fen = serializers.IntegerField(source="current.discount_fen")
    total_fen = serializers.IntegerField(source="current.total_fen")
    price_basis = serializers.ChoiceField(choices=PriceBasis.choices, source="current.price_basis")
    price_reason = serializers.CharField(source="current.price_reason")
    extra_minutes = serializers.IntegerField(source="current.extra_minutes", help_text="what a yes adds to the promise")
    usual_range = serializers.SerializerMethodField()
    advice_verdict = serializers.ChoiceField(
        choices=AdviceVerdict.choices, source="current.advice_verdict", allow_blank=True
    )
    advice = serializers.SerializerMethodField()
    against_reason = serializers.CharField(
        source="current.against_reason", help_text="the shop's reason where the advice speaks against it"
    )
    measurements = serializers.SerializerMethodField()
    warranty_days = serializers.IntegerField(source="current.warranty_days")
    warranty_km = serializers.IntegerField(source="current.warranty_km")
    warranty_until = serializers.DateField(allow_null=True)
    warranty_until_km = serializers.IntegerField(allow_null=True)
    waits_for_parts = serializers.BooleanField()
    parts_expected_on = serializers.DateField(allow_null=True)
    said = serializers.SerializerMethodField()

    @extend_schema_field({"type": "object", "nullable": True, "description": "low_fen, high_fen, n prices"})
    def get_usual_range(self, line: Line) -> dict[str, int] | None:
        return line.current.fair_price

    @extend_schema_field({"type": "object", "description": "the platform's advice with the numbers it stands on"})
    def get_advice(self, line: Line) -> dict[str, Any]:
        return dict(line.current.advice)

    @extend_schema_field({"type": "array", "items": {"type": "object"}, "description": "point, value, tone, codes"})
    def get_measurements(self, line: Line) -> list[dict[str, Any]]:
        return list(line.current.evidence)

    @extend_schema_field(SaidSerializer(allow_null=True))
    def get_said(self, line: Line) -> dict[str, Any] | None:
        said = max(line.decisions.all(), key=lambda one: one.pk, default=None)
        return None if said is None else SaidSerializer(said).data


class VisitLinesSerializer(serializers.Serializer[Any]):
    """The lines of a visit with their sums, and when the car is promised."""

    stage = serializers.ChoiceField(choices=Stage.choices, allow_blank=True)
    revision = serializers.IntegerField(help_text="counts every visible change of the visit")
    promised_at = serializers.DateTimeField()
    promised_if_all_at = serializers.DateTimeField(help_text="if everything open is approved")
    approved_fen = serializers.IntegerField()
    pending_fen = serializers.IntegerField()
    if_all_fen = serializers.IntegerField()
    final_fen = serializers.IntegerField(allow_null=True)
    lines = LineSerializer(many=True)


def lines_of(booking: Booking) -> dict[str, Any]:
    """A visit's lines as the API shows them to the owner, read afresh."""
    booking = Booking.objects.get(pk=booking.pk)
    return dict(VisitLinesSerializer(with_sums(booking, booking.lines.shown_to_owner())).data)


def with_sums(booking: Booking, shown: LineQuerySet) -> dict[str, Any]:
    """What the serializers of a visit's lines need: the lines shown, their sums, stage and promise."""
    rows = list(shown.with_versions())
    totals = lines.totals(rows)
    return {
        "status": booking.status,
        "stage": booking.stage,
        "revision": booking.revision,
        "promised_at": booking.ends_at,
        "promised_if_all_at": booking.ends_at + timedelta(minutes=totals.pending_minutes),
        "approved_fen": totals.approved_fen,
        "pending_fen": totals.pending_fen,
        "if_all_fen": totals.if_all_fen,
        "final_fen": booking.final_fen,
        "lines": rows,
    }


class DecisionOrder(serializers.Serializer[Any]):
    """Your word on one line, in the version that you have read."""

    line = serializers.CharField(max_length=16, help_text="the line's id")
    version = serializers.IntegerField(min_value=1, max_value=32_767)
    decision = serializers.ChoiceField(choices=Decision.choices)
    defer_until = NearDateField(required=False, allow_null=True, help_text="remind on this day; deferred lines only")
    defer_km = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_ODOMETER_KM, help_text="remind at this reading"
    )


class DecisionsOrder(serializers.Serializer[Any]):
    """Your word on some lines: all are taken, or none."""

    decisions = serializers.ListField(child=DecisionOrder(), min_length=1, max_length=MAX_LINES)

    def validate_decisions(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        named = [entry["line"] for entry in value]
        if len(set(named)) < len(named):
            raise serializers.ValidationError(_("Name each line once."))
        return value


def choices_of(order: dict[str, Any]) -> list[Choice]:
    return [
        Choice(
            entry["line"],
            entry["version"],
            Decision(entry["decision"]),
            entry.get("defer_until"),
            entry.get("defer_km"),
        )
        for entry in order["decisions"]
    ]


class MessageSerializer(serializers.ModelSerializer[VisitMessage]):
    """Something that was said in a visit; `address` of the context says where its reader sees a photo."""

    photos = serializers.SerializerMethodField()

    class Meta:
        model = VisitMessage
        fields = ["at", "is_from_owner", "text", "photos"]

    @extend_schema_field({"type": "array", "items": {"type": "string"}, "description": "addresses on this site"})
    def get_photos(self, message: VisitMessage) -> list[str]:
        return [self.context["address"](photo) for photo in message.photos.all()]


def messages_of(booking: Booking, address: PhotoAddress) -> Any:
    """What was said in a visit, in order. Two queries."""
    rows = booking.messages.prefetch_related("photos").order_by("at", "pk")
    return MessageSerializer(rows, many=True, context={"address": address}).data


class MessageOrder(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=MAX_LENGTH)


class SheetConfirmation(serializers.Serializer[Any]):
    """`seen` is the `version` of the check-in that you have read."""

    seen = serializers.CharField(max_length=60)


class CheckInSerializer(serializers.Serializer[CheckIn]):
    """The state of the car as the shop wrote it down."""

    version = serializers.SerializerMethodField()
    odometer_km = serializers.IntegerField(source="booking.odometer_km", allow_null=True)
    fuel_percent = serializers.IntegerField(allow_null=True)
    charge_percent = serializers.IntegerField(allow_null=True)
    warning_lights = serializers.ListField(child=serializers.CharField())
    condition = serializers.CharField()
    belongings = serializers.CharField()
    owner_words = serializers.CharField()
    confirmed_at = serializers.DateTimeField(allow_null=True)

    def get_version(self, sheet: CheckIn) -> str:
        return checking_in.version(sheet.booking, sheet)


class HandoverSerializer(serializers.Serializer[Booking]):
    """Whether you have confirmed that you have the car."""

    handover_confirmed_at = serializers.DateTimeField(allow_null=True)
    final_fen = serializers.IntegerField(allow_null=True)
