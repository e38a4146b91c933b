"""What the API says about a shop."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from shops.choices import PLACES, ResourceKind
from shops.models import Certificate, OpeningHours, Resource, Shop
from vehicles.models import Make


class OpeningHoursSerializer(serializers.ModelSerializer[OpeningHours]):
    """One stretch of opening in the shop's local time. Day 1 is Monday, 7 Sunday, 8 public holidays."""

    class Meta:
        model = OpeningHours
        fields = ["day", "opens_at", "closes_at"]


class CertificateSerializer(serializers.ModelSerializer[Certificate]):
    """A certificate that the platform has seen."""

    class Meta:
        model = Certificate
        fields = ["name", "valid_until"]


class ShopTechnicianSerializer(serializers.ModelSerializer[Resource]):
    """Who works on cars here. `skills` are the keys of what they are trained for."""

    id = serializers.CharField(source="public_id")
    title = serializers.CharField(source="technician.title")
    works_since_year = serializers.IntegerField(source="technician.works_since_year", allow_null=True)
    skills = serializers.ListField(child=serializers.CharField(), source="capabilities")
    certificates = serializers.SerializerMethodField()

    class Meta:
        model = Resource
        fields = ["id", "name", "title", "works_since_year", "skills", "certificates"]

    @extend_schema_field(CertificateSerializer(many=True))
    def get_certificates(self, person: Resource) -> list[dict[str, Any]]:
        checked = [row for row in person.technician.certificates.all() if row.verified_at]
        return list(CertificateSerializer(checked, many=True).data)


class ShopDetailSerializer(serializers.ModelSerializer[Shop]):
    """A shop with its hours, people and terms. Names and addresses are in the language of the request."""

    city = serializers.CharField(source="city.name")
    timezone = serializers.CharField(source="city.timezone")
    makes: serializers.SlugRelatedField[Make] = serializers.SlugRelatedField(
        slug_field="key", many=True, read_only=True
    )
    opening_hours = OpeningHoursSerializer(many=True)
    technicians = serializers.SerializerMethodField()
    bays = serializers.SerializerMethodField(help_text="How many bays and mobile units are in use.")

    class Meta:
        model = Shop
        fields = [
            "slug",
            "name",
            "kind",
            "brand_name",
            "makes",
            "city",
            "timezone",
            "district",
            "address",
            "latitude",
            "longitude",
            "phone",
            "intro",
            "amenities",
            "warranty_months",
            "service_radius_km",
            "holiday_policy",
            "works_makeup_days",
            "lead_time_minutes",
            "booking_window_days",
            "slot_step_minutes",
            "free_cancel_minutes",
            "opening_hours",
            "technicians",
            "bays",
        ]

    @extend_schema_field(ShopTechnicianSerializer(many=True))
    def get_technicians(self, shop: Shop) -> list[dict[str, Any]]:
        people = [row for row in shop.resources.all() if row.kind == ResourceKind.TECHNICIAN]
        return list(ShopTechnicianSerializer(people, many=True).data)

    def get_bays(self, shop: Shop) -> int:
        return sum(row.kind in PLACES for row in shop.resources.all())
