"""The shapes of cars in the API. `name` is in the request's language, `names` has both."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from vehicles import plates
from vehicles.actions import CarDetails
from vehicles.api.fields import KilometresField
from vehicles.choices import Confidence, MakeKind, OdometerSource, Powertrain, PriceClass, Segment
from vehicles.models import Variant
from vehicles.querysets import MAX_SEARCH_LENGTH

CONFIDENCE_HELP = _("how well it is known: sure, likely or estimate; empty if unknown")


class NamesSerializer(serializers.Serializer[Any]):
    """A name in both languages."""

    zh = serializers.CharField(source="name_zh")
    en = serializers.CharField(source="name_en")


class MakeSerializer(serializers.Serializer[Any]):
    key = serializers.SlugField()
    name = serializers.CharField()
    names = NamesSerializer(source="*")
    kind = serializers.ChoiceField(choices=MakeKind.choices)


class CarModelSerializer(serializers.Serializer[Any]):
    key = serializers.SlugField()
    name = serializers.CharField()
    names = NamesSerializer(source="*")
    segment = serializers.ChoiceField(choices=Segment.choices)
    price_class = serializers.ChoiceField(choices=PriceClass.choices)


class VariantSerializer(serializers.Serializer[Any]):
    """A model with a certain engine: what prices and services depend on."""

    slug = serializers.SlugField()
    name = serializers.CharField(source="full_name")
    code = serializers.CharField()
    make = serializers.SlugField(source="model.make.key")
    model = serializers.SlugField(source="model.key")
    powertrain = serializers.ChoiceField(choices=Powertrain.choices)
    price_class = serializers.ChoiceField(choices=PriceClass.choices, source="model.price_class")


class VariantDetailSerializer(VariantSerializer):
    """A variant with its facts. A number that is not known is null, never a guess."""

    engine = serializers.CharField()
    displacement_l = serializers.FloatField(allow_null=True, help_text=_("litres; null: none or not known"))
    oil_l = serializers.FloatField(allow_null=True, help_text=_("engine oil with filter, litres; null: not known"))
    oil_confidence = serializers.ChoiceField(choices=Confidence.choices, allow_blank=True, help_text=CONFIDENCE_HELP)
    viscosity = serializers.CharField(help_text=_("empty: not known"))
    note = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    confidence = serializers.ChoiceField(choices=Confidence.choices, allow_blank=True, help_text=CONFIDENCE_HELP)


class VariantQuery(serializers.Serializer[Any]):
    """How to narrow down the list of variants."""

    q = serializers.CharField(
        required=False, max_length=MAX_SEARCH_LENGTH, help_text=_("names in either language, as typed: 朗逸 1.4T")
    )
    make = serializers.SlugField(required=False, max_length=50, help_text=_("a make's key"))
    model = serializers.SlugField(required=False, max_length=50, help_text=_("a model's key"))


class DecodedVinSerializer(serializers.Serializer[Any]):
    """What a VIN says."""

    vin = serializers.CharField(help_text=_("normalised"))
    wmi = serializers.CharField(help_text=_("the first three characters: who built the car"))
    maker = serializers.CharField(help_text=_("the builder; empty: not known"))
    makes = MakeSerializer(many=True, help_text=_("the makes of the catalogue that this builder builds"))
    model_years = serializers.ListField(
        child=serializers.IntegerField(), help_text=_("what position 10 can mean, the likeliest first")
    )
    is_check_digit_verified = serializers.BooleanField(
        help_text=_("false where the rules of the car's origin ask for no check digit")
    )


class CarSerializer(serializers.Serializer[Any]):
    """A car of your garage."""

    id = serializers.CharField(source="public_id")
    variant = VariantSerializer()
    plate = serializers.CharField(help_text=_("without spaces or dots; empty: not given"))
    plate_display = serializers.SerializerMethodField()
    vin = serializers.CharField()
    model_year = serializers.IntegerField(allow_null=True)
    delivered_on = serializers.DateField(allow_null=True, help_text=_("the first registration"))
    nickname = serializers.CharField()
    odometer_km = serializers.IntegerField(allow_null=True)
    odometer_at = serializers.DateTimeField(allow_null=True)

    def get_plate_display(self, car: Any) -> str:
        """The plate as on the car: 沪A·D8K21."""
        return plates.display(car.plate)


class CarWrite(serializers.Serializer[Any]):
    """What you say about a car. Left out when changing one: stays as it is."""

    variant = serializers.SlugRelatedField(
        slug_field="slug", queryset=Variant.objects.listed().with_names(), help_text=_("a variant's slug")
    )
    plate = serializers.CharField(required=False, allow_blank=True, max_length=20)
    vin = serializers.CharField(required=False, allow_blank=True, max_length=40)
    model_year = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=9999)
    delivered_on = serializers.DateField(required=False, allow_null=True)
    nickname = serializers.CharField(required=False, allow_blank=True, max_length=40)

    def details(self, before: CarDetails | None = None) -> CarDetails:
        """What was sent, on top of what was there before."""
        data = {name: value for name, value in self.validated_data.items() if name not in {"variant", "odometer_km"}}
        return CarDetails(**{**vars(before or CarDetails()), **data})


class NewCar(CarWrite):
    """A car to put into your garage."""

    odometer_km = KilometresField(required=False, allow_null=True)


class ReadingWrite(serializers.Serializer[Any]):
    """What the odometer shows now."""

    odometer_km = KilometresField()
    engine_km = KilometresField(
        required=False, allow_null=True, help_text=_("plug-ins only: combustion kilometres on the car's display")
    )
    is_correction = serializers.BooleanField(
        default=False, help_text=_("true: this reading is right although it is unlikely, the last one was wrong")
    )


class ReadingSerializer(serializers.Serializer[Any]):
    km = serializers.IntegerField()
    read_at = serializers.DateTimeField()
    source = serializers.ChoiceField(choices=OdometerSource.choices)  # type: ignore[assignment]
    note = serializers.CharField()
