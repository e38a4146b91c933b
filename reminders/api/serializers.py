"""The shapes of due items, of the days that only an owner knows, and of a car's health in the API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api import NearDateField
from reminders.actions import MAX_NOTE
from reminders.choices import DismissReason, ItemState, Source, Stage
from reminders.owner_pages.due import DueRow
from reminders.standing import Standing
from vehicles.api.fields import KilometresField


class UsualPriceSerializer(serializers.Serializer[Any]):
    """The usual range in the city, all in; an example where too few prices are known."""

    low_fen = serializers.IntegerField()
    high_fen = serializers.IntegerField()
    sample = serializers.IntegerField(source="n")
    is_example = serializers.BooleanField()


class DueToldSerializer(serializers.Serializer[Any]):
    """A notice that was sent."""

    stage = serializers.ChoiceField(choices=Stage.choices)
    at = serializers.DateTimeField()


class DueItemSerializer(serializers.Serializer[Any]):
    """One thing that a car needs once, with its reason in the language of the request."""

    id = serializers.CharField(source="item.public_id")
    title = serializers.CharField()
    when = serializers.CharField()
    why = serializers.CharField()
    # What a field of this name hides, a serializer that is never a field itself does not need.
    source = serializers.ChoiceField(source="item.source", choices=Source.choices)  # type: ignore[assignment]
    source_text = serializers.CharField(source="source", help_text=_("whose rule it is"))
    service = serializers.CharField(
        source="item.service", help_text=_("its key in the catalogue; empty for no service")
    )
    standing = serializers.ChoiceField(choices=[(one.value, one.value) for one in Standing])
    state = serializers.ChoiceField(source="item.state", choices=ItemState.choices)
    due_on = serializers.DateField(source="item.due_on", allow_null=True)
    earliest_on = serializers.DateField(source="item.earliest_on", allow_null=True)
    latest_on = serializers.DateField(source="item.latest_on", allow_null=True)
    due_km = serializers.IntegerField(source="item.due_km", allow_null=True)
    is_likely = serializers.BooleanField(source="item.is_likely", help_text=_("only a test or measurement will tell"))
    is_by_prior = serializers.BooleanField(source="item.is_by_prior")
    deferred_until = serializers.SerializerMethodField()
    dismissed_for = serializers.CharField(source="item.dismissed_for", help_text=_("a reason, or empty"))
    price = UsualPriceSerializer(allow_null=True)
    told = serializers.SerializerMethodField()
    next_notice_on = serializers.DateField(source="item.next_stage_on", allow_null=True)

    @extend_schema_field(OpenApiTypes.DATE)
    def get_deferred_until(self, row: DueRow) -> Any:
        return row.item.deferred_until

    @extend_schema_field(DueToldSerializer(many=True))
    def get_told(self, row: DueRow) -> Any:
        sent = [one for one in row.item.reminders.all() if one.round == row.item.round]
        return DueToldSerializer(sent, many=True).data


class DoneOrder(serializers.Serializer[Any]):
    on = NearDateField(help_text=_("the day when it was done"))
    odometer_km = KilometresField(required=False, allow_null=True, default=None)


class DeferOrder(serializers.Serializer[Any]):
    until = NearDateField(help_text=_("within a year"))


class DismissOrder(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=DismissReason.choices)
    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True, default="")


class OwnerDatesSerializer(serializers.Serializer[Any]):
    """Days that only the owner knows; null: not entered, or taken back."""

    insurance = NearDateField(allow_null=True, help_text=_("Insurance ends"))
    inspection = NearDateField(allow_null=True, help_text=_("Inspection valid until"))


class WearValueSerializer(serializers.Serializer[Any]):
    on = serializers.DateField()
    value = serializers.DecimalField(max_digits=12, decimal_places=3, normalize_output=True)


class WearEndSerializer(serializers.Serializer[Any]):
    """When a part reaches its limit at this pace."""

    on = serializers.DateField()
    earliest = serializers.DateField()
    latest = serializers.DateField()


class WearSerializer(serializers.Serializer[Any]):
    """A measured part that is in the car now."""

    point = serializers.CharField(source="point.key")
    name = serializers.CharField(source="point.group_name")
    service = serializers.CharField()
    unit = serializers.CharField()
    limit = serializers.DecimalField(max_digits=12, decimal_places=3, normalize_output=True)
    is_at_limit = serializers.BooleanField()
    values = WearValueSerializer(source="taken", many=True)
    end = WearEndSerializer(allow_null=True)


class CostYearSerializer(serializers.Serializer[Any]):
    year = serializers.IntegerField()
    fen = serializers.IntegerField()
    priced = serializers.IntegerField()
    unpriced = serializers.IntegerField(help_text=_("entries without a price, in no sum"))


class CarCostsSerializer(serializers.Serializer[Any]):
    """What the owner's own part of the record says of costs."""

    fen = serializers.IntegerField()
    unpriced = serializers.IntegerField()
    since = serializers.DateField(allow_null=True)
    per_month_fen = serializers.IntegerField(allow_null=True)
    per_100_km_fen = serializers.IntegerField(allow_null=True)
    is_at_least = serializers.BooleanField()
    years = CostYearSerializer(many=True)


class KmRateSerializer(serializers.Serializer[Any]):
    """Kilometres a day, with the range."""

    km_per_day = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class CarHealthSerializer(serializers.Serializer[Any]):
    """The health of a car in figures."""

    overdue = serializers.IntegerField()
    soon = serializers.IntegerField()
    rate = KmRateSerializer(allow_null=True)
    is_rate_by_prior = serializers.BooleanField(help_text=_("what is usual for its class"))
    wear = WearSerializer(many=True)
    costs = CarCostsSerializer(allow_null=True)
