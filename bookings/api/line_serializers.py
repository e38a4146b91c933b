"""The shapes of the job card in the API: lines as the shop writes them, phone answers, stage, promise, quality check.

Money is integer fen, tax included; instants are ISO 8601 with offset.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bookings.api.owner_floor_serializers import DecisionsOrder, LineSerializer, VisitLinesSerializer, with_sums
from bookings.choices import Urgency, WarrantyScope
from bookings.floor import progress, quality, warranty
from bookings.floor.drafts import MAX_LABOUR_MINUTES, MAX_PARTS, Draft, Part
from bookings.floor.lines import MAX_LINES
from bookings.models import Booking
from catalog.choices import Symptom
from catalog.models import MAX_PRICE_FEN, OverMaintenanceRule, Service
from core.api import NearDateField, NearDateTimeField

FAULT_CODE = r"^[PBCU][0-9A-F]{4}$"


class StaffLineSerializer(LineSerializer):
    """A line as the shop sees it; one with `sent_at` null is not shown to the owner yet."""

    sent_at = serializers.DateTimeField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    technician = serializers.CharField(source="technician.public_id", default=None, allow_null=True)
    not_needed_reason = serializers.CharField()
    symptoms = serializers.ListField(child=serializers.CharField(), source="current.symptoms")
    fault_codes = serializers.ListField(child=serializers.CharField(), source="current.fault_codes")


class JobCardSerializer(VisitLinesSerializer):
    """The job card of a visit: stage, promise, lines with their sums."""

    status = serializers.CharField()
    lines = StaffLineSerializer(many=True)


def card_of(booking: Booking) -> dict[str, Any]:
    """A visit's job card as the API shows it, read afresh."""
    booking = Booking.objects.get(pk=booking.pk)
    return dict(JobCardSerializer(with_sums(booking, booking.lines.all())).data)


class PartOrder(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    code = serializers.CharField(max_length=40, default="", allow_blank=True)
    quantity = serializers.DecimalField(
        max_digits=6, decimal_places=2, min_value=Decimal("0.01"), max_value=Decimal(999), default=Decimal(1)
    )
    unit_fen = serializers.IntegerField(min_value=0, max_value=MAX_PRICE_FEN)


class LineOrder(serializers.Serializer[Any]):
    """A line to propose: a service, an often-sold measure, or a title in your own words.

    Without `labour_fen` the price comes from your price list (services only); with it, `price_reason` says why. Where
    the platform advises against it, `against_reason` is asked for (400, with the advice in `advice`).
    """

    service = serializers.SlugRelatedField(
        slug_field="key", queryset=Service.objects.all(), required=False, allow_null=True, default=None
    )
    measure = serializers.SlugRelatedField(
        slug_field="key", queryset=OverMaintenanceRule.objects.all(), required=False, allow_null=True, default=None
    )
    title = serializers.CharField(max_length=120, default="", allow_blank=True)
    note = serializers.CharField(max_length=500, default="", allow_blank=True)
    urgency = serializers.ChoiceField(choices=Urgency.choices)
    labour_fen = serializers.IntegerField(
        min_value=0, max_value=MAX_PRICE_FEN, required=False, allow_null=True, default=None
    )
    parts = serializers.ListField(child=PartOrder(), max_length=MAX_PARTS, default=list)
    price_reason = serializers.CharField(max_length=200, default="", allow_blank=True)
    labour_minutes = serializers.IntegerField(min_value=0, max_value=MAX_LABOUR_MINUTES, default=0)
    extra_minutes = serializers.IntegerField(min_value=0, max_value=MAX_LABOUR_MINUTES, default=0)
    symptoms = serializers.ListField(
        child=serializers.ChoiceField(choices=Symptom.choices), max_length=18, default=list
    )
    fault_codes = serializers.ListField(child=serializers.RegexField(FAULT_CODE), max_length=20, default=list)
    warranty_scope = serializers.ChoiceField(choices=WarrantyScope.choices, required=False)
    warranty_days = serializers.IntegerField(min_value=0, max_value=3_650, required=False)
    warranty_km = serializers.IntegerField(min_value=0, max_value=300_000, required=False)
    against_reason = serializers.CharField(max_length=500, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["labour_fen"] is None and attrs["parts"]:
            raise serializers.ValidationError({"labour_fen": [_("Parts with a price need labour with a price.")]})
        return attrs


def draft_of(order: dict[str, Any], booking: Booking) -> Draft:
    """An order as a draft; a warranty that is not named is what the shop gives."""
    usual = warranty.terms(order["service"], booking.shop)
    scope = WarrantyScope(order.get("warranty_scope", usual.scope))
    least = warranty.STATUTORY[scope]
    terms = warranty.Terms(
        scope,
        days=order.get("warranty_days", max(usual.days, least.days)),
        km=order.get("warranty_km", max(usual.km, least.km)),
    )
    same = ("title", "note", "labour_minutes", "labour_fen", "price_reason", "extra_minutes", "against_reason")
    return Draft(
        Urgency(order["urgency"]),
        terms,
        service=order["service"],
        measure=order["measure"],
        parts=tuple(Part(**part) for part in order["parts"]),
        symptoms=tuple(order["symptoms"]),
        fault_codes=tuple(order["fault_codes"]),
        **{name: order[name] for name in same},
    )


class ChangeOrder(LineOrder):
    """A line said anew; `version` is the one that you looked at (409 if there is a newer one)."""

    version = serializers.IntegerField(min_value=1, max_value=32_767)


class NotNeededOrder(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200)


class PartsOrder(serializers.Serializer[Any]):
    """Parts of an approved line are missing (`waits`), or have come."""

    waits = serializers.BooleanField()
    expected_on = NearDateField(required=False, allow_null=True, default=None)


class PhoneOrder(DecisionsOrder):
    """What the owner said on the phone; all is written down, or none."""

    spoke_with = serializers.CharField(max_length=80)
    note = serializers.CharField(max_length=200, default="", allow_blank=True)


class StageOrder(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(choices=[(stage.value, stage.label) for stage in progress.CHOSEN])


class PromiseOrder(serializers.Serializer[Any]):
    ends_at = NearDateTimeField()
    reason = serializers.CharField(max_length=200)


class QualityOrder(serializers.Serializer[Any]):
    """Every point of the checklist answered: lines, torque, lights, drive, clean."""

    checklist = serializers.DictField(child=serializers.BooleanField(), help_text="true where it is in order")
    note = serializers.CharField(max_length=500, default="", allow_blank=True)
    redo = serializers.ListField(child=serializers.CharField(max_length=16), max_length=MAX_LINES, default=list)

    def validate_checklist(self, value: dict[str, bool]) -> dict[str, bool]:
        if set(value) != set(quality.CHECKLIST):
            raise serializers.ValidationError(_("Answer every point of the checklist."))
        return value
