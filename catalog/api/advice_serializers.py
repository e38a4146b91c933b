"""The shapes of neutral advice in the API: strict on the way in, in the request's language on the way out."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from catalog.advice.facts import Measurement
from catalog.choices import AdviceChange, AdviceRule, AdviceVerdict, Payer, Symptom
from core.api import NearDateField
from vehicles.limits import MAX_ODOMETER_KM
from vehicles.models import Variant

MAX_ENTRIES = 500
MAX_MEASUREMENTS = 300
MAX_PROPOSALS = 100
MAX_CODES = 50
FAULT_CODE = r"^[PBCUpbcu][0-9A-Fa-f]{4,6}(-[0-9A-Fa-f]{2})?\Z"
OUTCOMES = [("done", "done"), ("declined", "declined"), ("deferred", "deferred"), ("not_needed", "not_needed")]
NOT_DONE_HELP = gettext_lazy("declined, deferred and not_needed are not done")


class Strict(serializers.Serializer[Any]):
    """Refuses fields that nobody reads: a misspelt one would be lost without a word."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(map(str, data)) - set(self.fields)):
            raise serializers.ValidationError({name[:80]: [_("There is no such field.")] for name in sorted(unknown)})
        return super().to_internal_value(data)


class KeyField(serializers.SlugField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=50, **kwargs)


class KmField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=MAX_ODOMETER_KM, **kwargs)


class AdviceCar(Strict):
    """The car: your own by its id, or any by its variant and what you know of it."""

    id = serializers.SlugField(
        required=False, max_length=40, help_text=gettext_lazy("a car of your garage; its own record is used then")
    )
    variant = serializers.SlugRelatedField(
        slug_field="slug", queryset=Variant.objects.listed().with_names(), required=False
    )
    delivered_on = NearDateField(required=False, allow_null=True)
    model_year = serializers.IntegerField(required=False, allow_null=True, min_value=1950, max_value=2200)
    odometer_km = KmField(required=False, allow_null=True)
    odometer_on = NearDateField(required=False, allow_null=True, help_text=gettext_lazy("today if left out"))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("id" in attrs) == ("variant" in attrs):
            raise serializers.ValidationError({"variant": [_("Name either a variant or a car of yours.")]})
        if "id" in attrs and len(attrs) > 1:
            raise serializers.ValidationError({"id": [_("A car of yours brings its own facts.")]})
        return attrs


class AdviceEntry(Strict):
    """Something of the car's record."""

    service = KeyField()
    on = NearDateField()
    km = KmField(required=False, allow_null=True)
    outcome = serializers.ChoiceField(choices=OUTCOMES, default="done", help_text=NOT_DONE_HELP)
    shop = serializers.CharField(required=False, allow_blank=True, max_length=80)
    warranty_km = KmField(required=False, allow_null=True)
    warranty_days = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=36_500)


class AdviceReading(Strict):
    """A value read at a check point. For a tyre's date the four digits after DOT."""

    point = KeyField()
    value = serializers.DecimalField(max_digits=12, decimal_places=3)
    on = NearDateField(required=False, help_text=gettext_lazy("today if left out"))
    km = KmField(required=False, allow_null=True)


class AdviceProposal(Strict):
    """One thing that is proposed: a service, a measure of the over-maintenance list, or free text."""

    service = KeyField(required=False)
    measure = KeyField(required=False)
    text = serializers.CharField(required=False, max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError({"service": [_("Name a service, a measure or a text, one of them.")]})
        return attrs


class AdviceOrder(Strict):
    """A car, what is known of it, and what is proposed."""

    car = AdviceCar()
    record = serializers.ListField(child=AdviceEntry(), required=False, max_length=MAX_ENTRIES)
    is_complete_since_new = serializers.BooleanField(
        default=False, help_text=gettext_lazy("true: nothing is missing in the record since delivery")
    )
    measurements = serializers.ListField(child=AdviceReading(), required=False, max_length=MAX_MEASUREMENTS)
    symptoms = serializers.ListField(
        child=serializers.ChoiceField(choices=Symptom.choices), required=False, max_length=len(Symptom.values)
    )
    fault_codes = serializers.ListField(
        child=serializers.RegexField(FAULT_CODE, max_length=10), required=False, max_length=MAX_CODES
    )
    proposals = serializers.ListField(child=AdviceProposal(), min_length=1, max_length=MAX_PROPOSALS)
    today = NearDateField(required=False, help_text=gettext_lazy("another day than today: what would be said then"))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "id" in attrs["car"]:
            own = [name for name in ("record", "is_complete_since_new") if attrs.get(name)]
            if own:
                raise serializers.ValidationError({own[0]: [_("A car of yours brings its own facts.")]})
        return attrs


class AdviceNumbers(serializers.Serializer[Any]):
    """What a verdict stands on; null or empty where it does not apply."""

    last_on = serializers.DateField(allow_null=True)
    last_km = serializers.IntegerField(allow_null=True)
    from_on = serializers.DateField(allow_null=True)
    from_km = serializers.IntegerField(allow_null=True)
    is_from_new = serializers.BooleanField()
    is_new_estimated = serializers.BooleanField()
    interval_km = serializers.IntegerField(allow_null=True)
    interval_months = serializers.IntegerField(allow_null=True)
    used = serializers.CharField(
        allow_null=True, help_text=gettext_lazy('a fraction of the interval, for example "3/10"')
    )
    used_by = serializers.ChoiceField(choices=["km", "months"], allow_blank=True)
    km = serializers.IntegerField(allow_null=True)
    km_on = serializers.DateField(allow_null=True)
    due_km = serializers.IntegerField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    projected_on = serializers.DateField(allow_null=True)
    until_km = serializers.IntegerField(allow_null=True)
    until_on = serializers.DateField(allow_null=True)
    point = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_null=True)
    unit = serializers.CharField(allow_blank=True)
    limit = serializers.CharField(allow_null=True)
    measured_on = serializers.DateField(allow_null=True)
    unmeasured = serializers.ListField(child=serializers.CharField())
    symptoms = serializers.ListField(child=serializers.CharField())
    codes = serializers.ListField(child=serializers.CharField())
    min_km = serializers.IntegerField(allow_null=True)
    warranty_shop = serializers.CharField(allow_blank=True)
    warranty_until_on = serializers.DateField(allow_null=True)
    warranty_until_km = serializers.IntegerField(allow_null=True)
    engine_percent = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("counted on combustion kilometres: so much of what the car drives")
    )
    lacks_engine_km = serializers.BooleanField(
        help_text=gettext_lazy("true: counted on the odometer, for the combustion kilometres are not known")
    )


class AdviceChangeSerializer(serializers.Serializer[Any]):
    """Something that would change the verdict."""

    kind = serializers.ChoiceField(choices=AdviceChange.choices)
    keys = serializers.ListField(child=serializers.CharField())
    km = serializers.IntegerField(allow_null=True)
    on = serializers.DateField(allow_null=True)


class AdviceWords(serializers.Serializer[Any]):
    """The advice in the request's language."""

    verdict = serializers.CharField()
    reason = serializers.CharField()
    change = serializers.ListField(child=serializers.CharField())
    payer = serializers.CharField(allow_blank=True)


class AdviceSerializer(serializers.Serializer[Any]):
    """The advice on one proposal."""

    subject = serializers.CharField(allow_blank=True, help_text=gettext_lazy("the key; empty for free text"))
    verdict = serializers.ChoiceField(choices=AdviceVerdict.choices)
    rule = serializers.ChoiceField(choices=AdviceRule.choices, help_text=gettext_lazy("the product rule that decided"))
    numbers = AdviceNumbers()
    change = AdviceChangeSerializer(many=True)
    who_pays = serializers.ChoiceField(choices=Payer.choices)
    is_harmful = serializers.BooleanField()
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    confidence = serializers.CharField(allow_blank=True)
    alternative = serializers.CharField(allow_blank=True)
    words = AdviceWords()


class AdviceAnswer(serializers.Serializer[Any]):
    """The advice on every proposal, in their order."""

    today = serializers.DateField()
    advice = AdviceSerializer(many=True)


def measurement(row: dict[str, Any], *, today: date) -> Measurement:
    """A row of the request as a fact; without a day it was read today."""
    return Measurement(row["point"], row["value"], row.get("on", today), row.get("km"))
