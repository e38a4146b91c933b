"""The shapes of services in the API. Texts are in the request's language; money is integer fen."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from catalog.choices import BayNeed, OverMaintenanceVerdict, ServiceCategory, Trigger
from shops.choices import ShopKind
from vehicles.choices import Confidence, Powertrain, PriceClass
from vehicles.models import Variant


class ServiceQuery(serializers.Serializer[Any]):
    """For which car, and what to look for."""

    variant = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=Variant.objects.listed().with_names(),
        required=False,
        help_text=_("a variant's slug: intervals and `applies` are for this car"),
    )
    q = serializers.CharField(required=False, max_length=80, help_text=_("names and other words, in either language"))


class IntervalSerializer(serializers.Serializer[Any]):
    """When a service is due, and who says so."""

    km = serializers.IntegerField(allow_null=True)
    months = serializers.IntegerField(allow_null=True)
    first_km = serializers.IntegerField(allow_null=True)
    first_months = serializers.IntegerField(allow_null=True)
    is_condition_based = serializers.BooleanField()
    is_of_maker = serializers.SerializerMethodField()
    note = serializers.CharField()
    confidence = serializers.ChoiceField(choices=Confidence.choices)
    source = serializers.CharField()  # type: ignore[assignment]

    def get_is_of_maker(self, interval: Any) -> bool:
        """True: the maker's own schedule; false: what holds for cars in general."""
        return interval.make is not None


class ServiceSerializer(serializers.Serializer[Any]):
    """A service, for a car if one was named."""

    key = serializers.SlugField(source="service.key")
    name = serializers.CharField(source="service.name")
    category = serializers.ChoiceField(choices=ServiceCategory.choices, source="service.category")
    trigger = serializers.ChoiceField(choices=Trigger.choices, source="service.trigger")
    powertrains = serializers.ListField(
        child=serializers.ChoiceField(choices=Powertrain.choices), source="service.powertrains"
    )
    standard_minutes = serializers.IntegerField(source="service.standard_minutes")
    can_be_on_site = serializers.BooleanField(source="service.can_be_on_site")
    is_per_piece = serializers.BooleanField(source="service.is_per_piece")
    interval = IntervalSerializer()
    applies = serializers.SerializerMethodField()
    reason_against = serializers.CharField(help_text=_("why it makes no sense on this car; empty if it does"))

    def get_applies(self, line: Any) -> bool:
        """Whether the service makes sense on the named car; true if none was named."""
        return not line.reason_against


class PriceGuideSerializer(serializers.Serializer[Any]):
    """An example range, never a quotation."""

    price_class = serializers.ChoiceField(choices=PriceClass.choices)
    shop_kind = serializers.ChoiceField(choices=ShopKind.choices)
    low_fen = serializers.IntegerField()
    high_fen = serializers.IntegerField()
    confidence = serializers.ChoiceField(choices=Confidence.choices)


class OverMaintenanceSerializer(serializers.Serializer[Any]):
    """Something often sold along with a service and rarely needed."""

    key = serializers.SlugField()
    name = serializers.CharField()
    verdict = serializers.ChoiceField(choices=OverMaintenanceVerdict.choices)
    why = serializers.CharField()
    justified_if = serializers.ListField(child=serializers.CharField())
    min_km = serializers.IntegerField(allow_null=True)
    confidence = serializers.ChoiceField(choices=Confidence.choices)


class ServiceDetailSerializer(ServiceSerializer):
    """A service with what it includes, what it should not, and examples of its price."""

    summary = serializers.CharField(source="service.summary")
    when_due = serializers.CharField(source="service.when_due")
    includes = serializers.ListField(child=serializers.CharField(), source="service.includes")
    excludes = serializers.ListField(child=serializers.CharField(), source="service.excludes")
    bay = serializers.ChoiceField(choices=BayNeed.choices, source="service.bay")
    source = serializers.CharField(source="service.source")  # type: ignore[assignment]
    confidence = serializers.ChoiceField(choices=Confidence.choices, allow_blank=True, source="service.confidence")
    price_examples = PriceGuideSerializer(many=True, source="service.price_guides.all")
    often_sold_along = OverMaintenanceSerializer(many=True, source="service.often_sold_along.all")
