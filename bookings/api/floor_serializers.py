"""What the workshop floor's endpoints read and answer: check-in sheet, inspections, photos."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.api.serializers import ContactFields
from bookings.choices import DecisionWay, PhotoKind, Urgency
from bookings.floor.checking_in import SHEET_PHOTOS, WARNING_LIGHTS
from bookings.floor.inspecting import MAX_CODES, MAX_NOTE, NO_LIMIT, plain
from bookings.models import CheckIn, Inspection, InspectionItem, VisitPhoto
from catalog.choices import Symptom, Tone
from core.photo_fields import PhotoUploadField
from vehicles.models import MAX_ODOMETER_KM


class FloorPhotoSerializer(serializers.ModelSerializer[VisitPhoto]):
    """A photo of a visit, where the shop's people see it (cookies of a signed-in member)."""

    id = serializers.CharField(source="public_id", read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = VisitPhoto
        fields = ["id", "kind", "caption", "width", "height", "sha256", "uploaded_at", "url"]

    def get_url(self, photo: VisitPhoto) -> str:
        booking = photo.booking
        return reverse("floor:photo", args=[booking.shop.slug, booking.public_id, photo.public_id, "full"])


class CheckInSheetOrder(serializers.Serializer[Any]):
    """The whole sheet: what is left out is empty."""

    odometer_km = serializers.IntegerField(min_value=0, max_value=MAX_ODOMETER_KM)
    odometer_note = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text=_("why a reading is right that went back or jumped")
    )
    plate = serializers.CharField(max_length=12, default="", allow_blank=True)
    vin = serializers.CharField(max_length=40, default="", allow_blank=True)
    is_other_car = serializers.BooleanField(
        default=False, help_text=_("the customer brought another car than the booked one")
    )
    fuel_percent = serializers.IntegerField(min_value=0, max_value=100, default=None, allow_null=True)
    charge_percent = serializers.IntegerField(min_value=0, max_value=100, default=None, allow_null=True)
    warning_lights = serializers.ListField(
        child=serializers.ChoiceField(choices=[(key, light.label) for key, light in WARNING_LIGHTS.items()]),
        default=list,
        max_length=len(WARNING_LIGHTS),
    )
    condition = serializers.CharField(max_length=1000, default="", allow_blank=True)
    belongings = serializers.CharField(max_length=1000, default="", allow_blank=True)
    owner_words = serializers.CharField(max_length=2000, default="", allow_blank=True)

    validate_plate = ContactFields.validate_plate


class CheckInSheetSerializer(serializers.ModelSerializer[CheckIn]):
    """The sheet as it stands."""

    odometer_km = serializers.IntegerField(source="booking.odometer_km", allow_null=True)
    vin = serializers.CharField(source="booking.vin")
    plate = serializers.CharField(source="booking.plate")
    odometer_reason = serializers.CharField(source="odometer_words", read_only=True)
    is_odometer_questioned = serializers.BooleanField(
        read_only=True, help_text=_("waits for a second person; until then it does not enter the car's record")
    )
    confirmed_way = serializers.ChoiceField(choices=DecisionWay.choices, allow_blank=True)
    photos = serializers.SerializerMethodField()

    class Meta:
        model = CheckIn
        fields = [
            "recorded_at",
            "odometer_km",
            "odometer_reason",
            "is_odometer_questioned",
            "plate",
            "vin",
            "fuel_percent",
            "charge_percent",
            "warning_lights",
            "condition",
            "belongings",
            "owner_words",
            "confirmed_at",
            "confirmed_way",
            "photos",
        ]

    @extend_schema_field(FloorPhotoSerializer(many=True))
    def get_photos(self, sheet: CheckIn) -> Any:
        rows = sheet.booking.photos.filter(kind__in=SHEET_PHOTOS).select_related("booking__shop")
        return FloorPhotoSerializer(rows.order_by("uploaded_at", "pk"), many=True).data


class SheetPhotoOrder(serializers.Serializer[Any]):
    photo = PhotoUploadField()
    kind = serializers.ChoiceField(
        choices=[(kind.value, kind.label) for kind in SHEET_PHOTOS], default=PhotoKind.CONDITION.value
    )


class PointPhotoOrder(serializers.Serializer[Any]):
    photo = PhotoUploadField()


class StartInspectionOrder(serializers.Serializer[Any]):
    template = serializers.SlugField(max_length=60, help_text=_("key of an inspection that suits the car"))


class PointOrder(serializers.Serializer[Any]):
    """What was found at a point: one of value, look, on_date, codes, unmeasurable."""

    value = serializers.CharField(
        max_length=30, required=False, help_text=_("a decimal number as text, or the four digits of a tyre's date")
    )
    look = serializers.ChoiceField(choices=Tone.choices, required=False)
    on_date = serializers.DateField(required=False)
    codes = serializers.ListField(child=serializers.CharField(max_length=30), max_length=MAX_CODES, required=False)
    unmeasurable = serializers.CharField(max_length=MAX_NOTE, required=False, help_text=_("why it was not measured"))
    symptoms = serializers.ListField(
        child=serializers.ChoiceField(choices=Symptom.choices), max_length=len(Symptom), required=False
    )
    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True)


class FinishOrder(serializers.Serializer[Any]):
    rest_reason = serializers.CharField(
        max_length=MAX_NOTE, required=False, default="", allow_blank=True, help_text=_("why open points were left out")
    )


class InspectionItemSerializer(serializers.ModelSerializer[InspectionItem]):
    """What was found at a point; `tone` follows by its rule, empty where it was not measured or has no limit."""

    value = serializers.SerializerMethodField(method_name="value_as_text")
    tone = serializers.ChoiceField(choices=Urgency.choices, allow_blank=True)
    note = serializers.SerializerMethodField()
    photos = FloorPhotoSerializer(many=True)

    class Meta:
        model = InspectionItem
        fields = ["point", "value", "on_date", "codes", "tone", "symptoms", "note", "at", "photos"]

    def value_as_text(self, item: InspectionItem) -> str | None:
        return None if item.value is None else plain(item.value)

    def get_note(self, item: InspectionItem) -> str:
        return "" if item.note == NO_LIMIT else item.note


class InspectionSerializer(serializers.ModelSerializer[Inspection]):
    items = InspectionItemSerializer(many=True)

    class Meta:
        model = Inspection
        fields = ["id", "template", "started_at", "finished_at", "items"]
