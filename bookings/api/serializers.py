"""The shapes of bookings in the API. Instants are ISO 8601 with offset; money is integer fen of `currency`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bookings.choices import HANDOVER_WISHES, AllocationKind, CancelReason, Handover, Status
from bookings.engine.availability import Slot
from bookings.engine.jobs import MAX_SERVICES
from bookings.engine.search import LIMIT, Sort
from bookings.models import BookedService, Booking, BookingEvent, WaitingEntry
from bookings.money.choosing import awaited_order
from bookings.visit_parts import Part, parts_of
from catalog.choices import PhaseKind
from catalog.models import Service
from core.api import FiniteFloatField, NearDateField, NearDateTimeField
from payments.choices import ShopMethod
from shops.choices import PLACES, ResourceKind, ShopKind
from vehicles import plates
from vehicles.models import MAX_ODOMETER_KM, Variant

# --- Questions ------------------------------------------------------------------------------------


class JobFields(serializers.Serializer[Any]):
    """Which service on which car."""

    service = serializers.SlugRelatedField(
        slug_field="key", queryset=Service.objects.listed(), help_text=_("a service's key")
    )
    variant = serializers.SlugRelatedField(
        slug_field="slug", queryset=Variant.objects.with_names(), help_text=_("a variant's slug")
    )


class VisitFields(serializers.Serializer[Any]):
    """What a visit is to be, by names: read in one query by `bookings.api.jobs`."""

    service = serializers.SlugField(max_length=50, help_text=_("a service's key"))
    also = serializers.ListField(
        child=serializers.SlugField(max_length=50),
        required=False,
        default=list,
        max_length=MAX_SERVICES - 1,
        help_text=_("keys of further services in the same visit"),
    )
    variant = serializers.SlugField(max_length=120, help_text=_("a variant's slug"))
    handover = serializers.ChoiceField(
        choices=HANDOVER_WISHES, default=Handover.DROP_OFF, help_text=_("how car and shop meet")
    )
    with_loaner = serializers.BooleanField(default=False, help_text=_("with a loaner car"))
    visit_address = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True, help_text=_("on-site teams and pick-up only")
    )
    visit_latitude = FiniteFloatField(min_value=-90, max_value=90, required=False)
    visit_longitude = FiniteFloatField(min_value=-180, max_value=180, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        has_point = "visit_latitude" in attrs
        if has_point != ("visit_longitude" in attrs) or (attrs["visit_address"] and not has_point):
            raise serializers.ValidationError({"visit_address": [_("Give the address with its coordinates.")]})
        return attrs


class SearchQuery(JobFields):
    latitude = FiniteFloatField(min_value=-90, max_value=90, required=False, help_text=_("WGS-84"))
    longitude = FiniteFloatField(min_value=-180, max_value=180, required=False, help_text=_("WGS-84"))
    city = serializers.SlugField(default="shanghai", max_length=50)
    sort = serializers.ChoiceField(choices=Sort.choices, default=Sort.BEST)
    kind = serializers.ChoiceField(choices=ShopKind.choices, required=False)
    evenings = serializers.BooleanField(default=False, help_text=_("open after 18:00 on weekdays"))
    authorised = serializers.BooleanField(default=False, help_text=_("authorised by the car's maker"))
    pickup = serializers.BooleanField(default=False, help_text=_("picks the car up and brings it back"))
    limit = serializers.IntegerField(min_value=1, max_value=LIMIT, default=20)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("latitude" in attrs) != ("longitude" in attrs):
            raise serializers.ValidationError({"latitude": [_("Give latitude and longitude together.")]})
        return attrs


class FreeShopsQuery(JobFields):
    latitude = FiniteFloatField(min_value=-90, max_value=90, help_text=_("WGS-84"))
    longitude = FiniteFloatField(min_value=-180, max_value=180, help_text=_("WGS-84"))
    city = serializers.SlugField(default="shanghai", max_length=50)
    starts_at = NearDateTimeField(help_text=_("when the visit is to begin"))
    ends_at = NearDateTimeField(help_text=_("when it is to be over, at most 12 hours later"))
    limit = serializers.IntegerField(min_value=1, max_value=LIMIT, default=20)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["starts_at"] < attrs["ends_at"] <= attrs["starts_at"] + timedelta(hours=12):
            raise serializers.ValidationError({"ends_at": [_("It must be after the start, by 12 hours at most.")]})
        return attrs


class FreeShopSerializer(serializers.Serializer[Any]):
    shop = serializers.SlugField(source="slug")
    name = serializers.CharField()
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    distance_m = serializers.IntegerField()
    total_fen = serializers.IntegerField(help_text=_("all in, tax included, with the discount of that hour"))


class SlotsQuery(VisitFields):
    first = NearDateField(required=False, help_text=_("the shop's local date; today if left out"))
    days = serializers.IntegerField(min_value=1, max_value=31, default=14)


# --- Answers --------------------------------------------------------------------------------------


class SlotSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text=_("when the work would be ready"))
    discount_percent = serializers.IntegerField(help_text=_("off-peak discount on labour"))

    def to_representation(self, instance: Slot) -> dict[str, Any]:
        # By hand: an answer has hundreds of slots, and the fields' machinery would cost more than finding them.
        zone = timezone.get_current_timezone()
        return {
            "starts_at": instance.starts_at.astimezone(zone).isoformat(),
            "ends_at": instance.ends_at.astimezone(zone).isoformat(),
            "discount_percent": instance.discount_percent,
        }


class DaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    slots = SlotSerializer(many=True)
    reason = serializers.CharField(allow_null=True, help_text=_("why there is no slot, for machines"))
    detail = serializers.CharField(help_text=_("for people, for example the holiday's name"))


class FairPriceSerializer(serializers.Serializer[Any]):
    low_fen = serializers.IntegerField()
    high_fen = serializers.IntegerField()
    n = serializers.IntegerField(help_text=_("how many prices the range stands on"))


class ShopResultSerializer(serializers.Serializer[Any]):
    shop = serializers.SlugField(source="shop.slug")
    name = serializers.CharField(source="shop.name")
    kind = serializers.ChoiceField(choices=ShopKind.choices, source="shop.kind")
    address = serializers.CharField(source="shop.address")
    latitude = serializers.FloatField(source="shop.latitude")
    longitude = serializers.FloatField(source="shop.longitude")
    distance_m = serializers.IntegerField()
    labour_fen = serializers.IntegerField(source="quote.labour_fen")
    parts_fen = serializers.IntegerField(source="quote.parts_fen")
    total_fen = serializers.IntegerField(help_text=_("all in, tax included"))
    mark = serializers.ChoiceField(choices=["fair", "below", "above"], allow_null=True)
    rating = serializers.FloatField(
        source="shop.rating.shown_score", allow_null=True, help_text=_("stars, 1 to 5; null: fewer than three reviews")
    )
    reviews = serializers.IntegerField(source="shop.rating.reviews", default=0)
    next_slots = SlotSerializer(many=True, source="slots")


class SearchAnswer(serializers.Serializer[Any]):
    fair_price = FairPriceSerializer(allow_null=True, source="band", help_text=_("null: too few prices to say"))
    results = ShopResultSerializer(many=True, source="rows")


class EventSerializer(serializers.ModelSerializer[BookingEvent]):
    class Meta:
        model = BookingEvent
        fields = ["at", "kind", "actor_role", "from_status", "to_status", "reason"]


class BookedServiceSerializer(serializers.ModelSerializer[BookedService]):
    service = serializers.SlugField(source="service.key")

    class Meta:
        model = BookedService
        fields = ["service", "labour_fen", "parts_fen", "total_fen", "parts_note", "minutes"]
        read_only_fields = fields

    total_fen = serializers.IntegerField()


class ClaimSerializer(serializers.Serializer[Any]):
    """A bay, a person or a car that a visit claims for a time."""

    kind = serializers.ChoiceField(choices=AllocationKind.choices)
    resource = serializers.CharField(help_text=_("its name"))
    resource_kind = serializers.ChoiceField(choices=ResourceKind.choices)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    phase = serializers.ChoiceField(
        choices=PhaseKind.choices, allow_null=True, help_text=_("null: of no phase, as a loaner car")
    )
    part = serializers.IntegerField(allow_null=True, help_text=_("which phase of the visit, counted from 1"))
    parts = serializers.IntegerField(help_text=_("how many phases the visit has"))


class ToPaySerializer(serializers.Serializer[Any]):
    """What a held visit waits for: start a payment at `payments` until `hold_expires_at`."""

    order = serializers.CharField()
    deposit_fen = serializers.IntegerField()
    due_fen = serializers.IntegerField()
    payments = serializers.CharField(help_text=_("address to start a payment at"))


class BookingSerializer(serializers.ModelSerializer[Booking]):
    """A visit as its owner and its shop see it."""

    id = serializers.CharField(source="public_id")
    shop = serializers.SlugField(source="shop.slug")
    service = serializers.SlugField(source="service.key")
    variant = serializers.SlugField(source="variant.slug")
    car = serializers.CharField(source="car.public_id", allow_null=True, default=None)
    total_fen = serializers.IntegerField()
    services = BookedServiceSerializer(many=True, source="booked_services")
    to_pay = ToPaySerializer(
        allow_null=True, read_only=True, help_text=_("of a hold that waits for its deposit: what books it")
    )
    bay = serializers.SerializerMethodField()
    technician = serializers.SerializerMethodField()
    claims = ClaimSerializer(many=True, read_only=True)

    class Meta:
        model = Booking
        fields = [
            "id",
            "number",
            "status",
            "shop",
            "service",
            "variant",
            "car",
            "starts_at",
            "ends_at",
            "timezone",
            "services",
            "handover",
            "with_loaner",
            "labour_fen",
            "parts_fen",
            "discount_fen",
            "total_fen",
            "currency",
            "parts_note",
            "deposit_fen",
            "free_cancel_until",
            "late_cancel_fee_fen",
            "no_show_fee_fen",
            "fee_fen",
            "hold_expires_at",
            "to_pay",
            "contact_name",
            "contact_phone",
            "plate",
            "owner_note",
            "visit_address",
            "odometer_km",
            "bay",
            "technician",
            "claims",
            "revision",
        ]
        read_only_fields = fields

    def to_representation(self, instance: Booking) -> dict[str, Any]:
        # By hand: every booking is answered with one, and building the fields costs more than the booking.
        parts = parts_of(instance)
        answer = {name: getattr(instance, name) for name in _PLAIN}
        answer |= {name: _iso(getattr(instance, name)) for name in _INSTANTS}
        answer |= {
            "id": instance.public_id,
            "shop": instance.shop.slug,
            "service": instance.service.key,
            "variant": instance.variant.slug,
            "car": instance.car.public_id if instance.car else None,
            "services": [_line(line) for line in instance.booked_services.all()],
            "bay": _first(parts, *PLACES),
            "technician": _first(parts, ResourceKind.TECHNICIAN),
            "claims": [_claim(part) for part in parts],
            "to_pay": _to_pay(instance),
        }
        return {name: answer[name] for name in self.Meta.fields}

    def get_bay(self, booking: Booking) -> str | None:
        return _first(parts_of(booking), *PLACES)

    def get_technician(self, booking: Booking) -> str | None:
        return _first(parts_of(booking), ResourceKind.TECHNICIAN)


_INSTANTS = ("starts_at", "ends_at", "free_cancel_until", "hold_expires_at")
_MADE_UP = ("id", "to_pay", "shop", "service", "variant", "car", "services", "bay", "technician", "claims")
_PLAIN = [name for name in BookingSerializer.Meta.fields if name not in (*_INSTANTS, *_MADE_UP)]


def _to_pay(booking: Booking) -> dict[str, Any] | None:
    """Asked only of holds that can wait for a deposit: a person has few of them."""
    order = awaited_order(booking) if booking.status == Status.HELD else None
    if order is None:
        return None
    return {
        "order": order.public_id,
        "deposit_fen": order.deposit_fen,
        "due_fen": order.due_fen,
        "payments": reverse("paying_api:payments", args=[order.public_id]),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(timezone.get_current_timezone()).isoformat() if moment else None


def _line(line: BookedService) -> dict[str, Any]:
    return {
        "service": line.service.key,
        "labour_fen": line.labour_fen,
        "parts_fen": line.parts_fen,
        "total_fen": line.total_fen,
        "parts_note": line.parts_note,
        "minutes": line.minutes,
    }


def _claim(part: Part) -> dict[str, Any]:
    return {
        "kind": part.claim.kind,
        "resource": part.resource.name,
        "resource_kind": part.resource.kind,
        "starts_at": _iso(part.starts_at),
        "ends_at": _iso(part.ends_at),
        "phase": part.kind,
        "part": part.number,
        "parts": part.count,
    }


def _first(parts: Sequence[Part], *kinds: str) -> str | None:
    """The name of the first one of these kinds that the visit claims."""
    return next((part.resource.name for part in parts if part.resource.kind in kinds), None)


# --- Orders ---------------------------------------------------------------------------------------


class HoldOrder(VisitFields):
    shop = serializers.SlugField(max_length=80, help_text=_("a shop's slug"))
    starts_at = NearDateTimeField()


class ContactFields(serializers.Serializer[Any]):
    contact_name = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    contact_phone = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    plate = serializers.CharField(max_length=12, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)

    def validate_plate(self, value: str) -> str:
        try:
            return plates.validate(value) if value.strip() else ""
        except plates.PlateError as error:
            raise serializers.ValidationError(str(error)) from error


class ConfirmOrder(ContactFields):
    """Books a held slot."""

    hold = serializers.CharField(max_length=16, help_text=_("the hold's id"))
    car = serializers.CharField(max_length=16, required=False, help_text=_("a car of yours: its id"))


class BookOrder(HoldOrder, ContactFields):
    """Books a slot in one step, without holding it first."""

    car = serializers.CharField(max_length=16, required=False, help_text=_("a car of yours: its id"))


class WaitOrder(VisitFields):
    shop = serializers.SlugField(max_length=80, help_text=_("a shop's slug"))
    not_before = NearDateTimeField()
    not_after = NearDateTimeField(help_text=_("the visit starts before this"))
    car = serializers.CharField(max_length=16, required=False, help_text=_("a car of yours: its id"))


class WaitingEntrySerializer(serializers.ModelSerializer[WaitingEntry]):
    """A place on a waiting list; `hold` is the visit that is held for you while it is offered."""

    id = serializers.CharField(source="public_id")
    shop = serializers.SlugField(source="shop.slug")
    variant = serializers.SlugField(source="variant.slug")
    services = serializers.SerializerMethodField()
    hold = serializers.CharField(source="offered.public_id", allow_null=True, default=None)

    class Meta:
        model = WaitingEntry
        fields = ["id", "shop", "services", "variant", "not_before", "not_after", "status", "hold", "created_at"]
        read_only_fields = fields

    def get_services(self, entry: WaitingEntry) -> list[str]:
        return [wanted.service.key for wanted in entry.wanted.all()]


class CancellationSerializer(serializers.Serializer[Any]):
    """What cancelling would cost at this moment."""

    fee_fen = serializers.IntegerField(help_text=_("fen; 0: free of charge"))
    free_until = serializers.DateTimeField()


class RescheduleOrder(serializers.Serializer[Any]):
    starts_at = NearDateTimeField()


class CancelOrder(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=CancelReason.choices, default=CancelReason.OTHER)
    fee_fen = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2_000_000_000,
        help_text=_("the fee you were told; refused if it is another by now"),
    )


class WalkInOrder(VisitFields, ContactFields):
    starts_at = NearDateTimeField(required=False, help_text=_("now if left out"))
    bay = serializers.CharField(max_length=16, required=False, help_text=_("a bay's id; any if left out"))
    technician = serializers.CharField(max_length=16, required=False, help_text=_("a technician's id"))


class MoveOrder(serializers.Serializer[Any]):
    starts_at = NearDateTimeField(required=False)
    bay = serializers.CharField(max_length=16, required=False)
    technician = serializers.CharField(max_length=16, required=False)
    advisor = serializers.CharField(max_length=16, required=False)
    loaner = serializers.CharField(max_length=16, required=False)


class HandOverOrder(serializers.Serializer[Any]):
    shop_method = serializers.ChoiceField(
        choices=ShopMethod.choices, default=ShopMethod.CASH, help_text=_("how what is still due was paid")
    )


class DeclineOrder(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, help_text=_("the owner reads it"))


class SwapOrder(serializers.Serializer[Any]):
    other = serializers.CharField(max_length=16, help_text=_("the id of another visit of this shop"))


class CheckInOrder(serializers.Serializer[Any]):
    odometer_km = serializers.IntegerField(min_value=0, max_value=MAX_ODOMETER_KM)
    odometer_note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    plate = serializers.CharField(max_length=12, required=False, default="", allow_blank=True)

    validate_plate = ContactFields.validate_plate


class DayQuery(serializers.Serializer[Any]):
    date = NearDateField(required=False, help_text=_("the shop's local date; today if left out"))
    status = serializers.ChoiceField(choices=Status.choices, required=False)
