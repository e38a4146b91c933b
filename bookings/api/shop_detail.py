"""A shop in the API: what `shops` says of it, and how honest its visits show it to be."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers

from bookings.floor import figures
from bookings.floor.figures import Rates
from shops.api.serializers import ShopDetailSerializer, ShopTechnicianSerializer
from shops.api.views import ShopDetailView
from shops.models import Shop


class RateSerializer(serializers.Serializer[Any]):
    """`part` of `whole`; `value` is the share drawn towards the mean of all shops, null for fewer than five cases."""

    part = serializers.IntegerField()
    whole = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    mean = serializers.FloatField(allow_null=True, help_text="of all shops together")


class IntegritySerializer(serializers.Serializer[Any]):
    """Counted from the visits of the last 365 days."""

    visits = serializers.IntegerField()
    unjustified = RateSerializer(help_text="proposals that the platform's advice found not needed")
    on_time = RateSerializer(help_text="visits ready by the agreed time")
    comebacks = RateSerializer(help_text="visits that came back under warranty")
    quoted_fen = serializers.IntegerField(help_text="agreed when booking, all visits together")
    approved_fen = serializers.IntegerField(help_text="approved by the owners, all visits together")
    final_fen = serializers.IntegerField(help_text="charged in the end, all visits together")


class HonestTechnicianSerializer(ShopTechnicianSerializer):
    integrity = IntegritySerializer(allow_null=True, help_text="null: nothing was counted")

    class Meta(ShopTechnicianSerializer.Meta):
        fields = [*ShopTechnicianSerializer.Meta.fields, "integrity"]


class HonestShopSerializer(ShopDetailSerializer):
    """A shop with its hours, people, terms and integrity figures."""

    integrity = serializers.SerializerMethodField()

    class Meta(ShopDetailSerializer.Meta):
        fields = [*ShopDetailSerializer.Meta.fields, "integrity"]

    def to_representation(self, instance: Shop) -> dict[str, Any]:
        self.found = figures.of_shop(instance)
        return super().to_representation(instance)

    @extend_schema_field(IntegritySerializer(allow_null=True))
    def get_integrity(self, shop: Shop) -> dict[str, Any] | None:  # noqa: ARG002  (a method field's signature)
        return _shown(self.found.get(None))

    @extend_schema_field(HonestTechnicianSerializer(many=True))
    def get_technicians(self, shop: Shop) -> list[dict[str, Any]]:
        by_id = {row.public_id: row.pk for row in shop.resources.all()}
        people = super().get_technicians(shop)
        return [{**person, "integrity": _shown(self.found.get(by_id[person["id"]]))} for person in people]


def _shown(rates: Rates | None) -> dict[str, Any] | None:
    return None if rates is None else dict(IntegritySerializer(rates).data)


@extend_schema(tags=["Shops"], summary="A shop: hours, people, terms, integrity figures")
class ShopDetail(ShopDetailView):
    """Everything public about one shop. Prices and free times for a car: `/api/v1/search/`."""

    serializer_class = HonestShopSerializer
