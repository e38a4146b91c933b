"""The shapes of a health record in the API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api import NearDateField
from vehicles.api.fields import KilometresField
from vehicles.choices import EntrySource, RecordPart
from vehicles.record import known_items
from vehicles.record.actions import OwnEntry
from vehicles.record.known_items import KnownItem
from vehicles.record.odometer import Doubt
from vehicles.record_forms import GRANT_DAYS, LINK_DAYS

MAX_ITEMS = 40
MAX_PRICE_FEN = 100_000_000


class PointSerializer(serializers.Serializer[Any]):
    """A reading that is believed."""

    on = serializers.DateField()
    km = serializers.IntegerField()
    is_verified = serializers.BooleanField(help_text=_("read by a shop"))


class QuestionedSerializer(serializers.Serializer[Any]):
    """A reading that is not believed, and why."""

    on = serializers.DateField(source="point.on")
    km = serializers.IntegerField(source="point.km")
    doubt = serializers.ChoiceField(choices=[(doubt.value, doubt.value) for doubt in Doubt])


class OdometerCurveSerializer(serializers.Serializer[Any]):
    """What the odometer showed over time, and the car's own rate."""

    believed = PointSerializer(many=True)
    questioned = QuestionedSerializer(many=True)
    km_per_day = serializers.FloatField(source="rate.km_per_day", allow_null=True, default=None)


class RecordSerializer(serializers.Serializer[Any]):
    """A car's health record as a whole; its entries have an address of their own."""

    id = serializers.CharField(source="record.public_id")
    vin = serializers.CharField(source="record.vin")
    complete_since_new = serializers.BooleanField(source="record.complete_since_new")
    entry_count = serializers.SerializerMethodField()
    head_hash = serializers.CharField(help_text=_("the newest hash of the chain"))
    is_intact = serializers.SerializerMethodField()
    odometer = OdometerCurveSerializer(source="curve")

    def get_entry_count(self, history: Any) -> int:
        return len(history.entries)

    def get_is_intact(self, history: Any) -> bool:
        """Whether every entry is as it was written, checked just now."""
        return not history.problems


class HealthEntrySerializer(serializers.Serializer[Any]):
    """Something that happened to the car, as it is known now. `private` only where it is yours."""

    id = serializers.CharField(source="first.public_id")
    sequence = serializers.IntegerField(source="first.sequence")
    source = serializers.ChoiceField(choices=EntrySource.choices, source="first.source")  # type: ignore[assignment]
    is_corrected = serializers.BooleanField()
    occurred_on = serializers.DateField()
    odometer_km = serializers.IntegerField(allow_null=True)
    facts = serializers.JSONField(help_text=_("what was done, version 1; see docs/health-record.md"))
    private = serializers.JSONField(allow_null=True)
    hash = serializers.CharField(source="newest.hash")


class OwnItemWrite(serializers.Serializer[Any]):
    """One thing that was done: a service's key, or your own words."""

    service = serializers.SlugField(required=False, allow_blank=True, max_length=80)
    name = serializers.CharField(required=False, allow_blank=True, max_length=120)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("service")) == bool(attrs.get("name", "").strip()):
            raise serializers.ValidationError(_("Name a service or say it in your own words."))
        return attrs


class OwnEntryWrite(serializers.Serializer[Any]):
    """Work from before the platform, or done elsewhere. It is marked as your own entry for every reader."""

    key = serializers.SlugField(
        required=False, allow_blank=True, max_length=32, help_text=_("of your choice; sent twice, it enters once")
    )
    occurred_on = NearDateField()
    odometer_km = KilometresField(required=False, allow_null=True)
    items = OwnItemWrite(many=True)
    shop_name = serializers.CharField(required=False, allow_blank=True, max_length=80)
    total_fen = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=MAX_PRICE_FEN)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)

    def validate_items(self, items: list[dict[str, Any]]) -> list[KnownItem]:
        """Every service must be known. Say what was done: an empty list says nothing."""
        if not 1 <= len(items) <= MAX_ITEMS:
            raise serializers.ValidationError(_("Say what was done."))
        known = {item.key: item for item in known_items.known()}
        found = []
        for item in items:
            key, name = item.get("service", ""), item.get("name", "").strip()
            if key and key not in known:
                raise serializers.ValidationError(_("There is no service %(key)s.") % {"key": key})
            found.append(known[key] if key else KnownItem(key="", name_zh=name, name_en=name))
        return found

    def own_entry(self) -> OwnEntry:
        """What was sent, for the actions."""
        data = self.validated_data
        return OwnEntry(
            occurred_on=data["occurred_on"],
            odometer_km=data.get("odometer_km"),
            items=tuple(data["items"]),
            shop_name=data.get("shop_name", "").strip(),
            total_fen=data.get("total_fen"),
            note=data.get("note", "").strip(),
        )


class RecordGrantSerializer(serializers.Serializer[Any]):
    """What a shop may read, and until when."""

    shop = serializers.CharField(source="shop_key", help_text=_("the shop's public id"))
    shop_name_zh = serializers.CharField()
    shop_name_en = serializers.CharField()
    parts = serializers.ListField(child=serializers.ChoiceField(choices=RecordPart.choices))
    granted_at = serializers.DateTimeField()
    until = serializers.DateTimeField()


class RecordGrantWrite(serializers.Serializer[Any]):
    """Let a shop read parts of the record. It replaces what the shop was let to read before."""

    shop = serializers.SlugField(max_length=80, help_text=_("the shop's address on the site"))
    parts = serializers.ListField(child=serializers.ChoiceField(choices=RecordPart.choices), min_length=1, max_length=3)
    days = serializers.IntegerField(min_value=1, max_value=GRANT_DAYS[-1])


class RecordLinkSerializer(serializers.Serializer[Any]):
    """A link for a buyer. Its address is told once, when it is made."""

    id = serializers.CharField(source="public_id")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class NewRecordLinkSerializer(RecordLinkSerializer):
    address = serializers.SerializerMethodField(help_text=_("told only now"))

    def get_address(self, _link: Any) -> str:
        return str(self.context["address"])


class RecordLinkWrite(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=LINK_DAYS[-1])
