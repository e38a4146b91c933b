"""The plan of a car as the API shows it."""

from __future__ import annotations

from rest_framework import serializers

from catalog.needs import words
from catalog.needs.rows import LeftOut, LineRow, OpenQuestion, RememberedRow, Shown, VisitRow
from catalog.needs.shape import By, Kind, Price, Total


class EstimateSerializer(serializers.Serializer[Price]):
    low_fen = serializers.IntegerField()
    high_fen = serializers.IntegerField()
    n = serializers.IntegerField(help_text="how many prices it stands on; 0 for an example")
    is_example = serializers.BooleanField()


class TotalSerializer(serializers.Serializer[Total]):
    low_fen = serializers.IntegerField()
    high_fen = serializers.IntegerField()
    likely_low_fen = serializers.IntegerField(help_text="of it only if a measurement says so")
    likely_high_fen = serializers.IntegerField()
    unpriced = serializers.IntegerField(help_text="jobs without a known price, which are not counted")


class NeedSerializer(serializers.Serializer[LineRow]):
    service = serializers.SlugField(source="line.key")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind], source="line.kind")
    by = serializers.ChoiceField(choices=[by.value for by in By], source="line.by", help_text="what sets the date")
    due_on = serializers.DateField(source="line.on")
    earliest_on = serializers.DateField(source="line.earliest")
    latest_on = serializers.DateField(source="line.latest")
    due_km = serializers.IntegerField(source="line.km", allow_null=True)
    why = serializers.CharField()
    reason = serializers.CharField()
    schedule = serializers.CharField()
    based_on = serializers.CharField(source="source", help_text="sources, one a line")
    confidence = serializers.CharField()
    change = serializers.ListField(child=serializers.CharField())
    pieces = serializers.IntegerField(source="line.pieces")
    price = EstimateSerializer(source="line.price", allow_null=True, help_text="of all pieces; null: not known")


class NeedsVisitSerializer(serializers.Serializer[VisitRow]):
    on = serializers.DateField(source="visit.on")
    is_now = serializers.BooleanField(source="visit.is_now")
    jobs = NeedSerializer(many=True, source="lines")
    total = TotalSerializer()
    book_url = serializers.CharField()


class LeftOutSerializer(serializers.Serializer[LeftOut]):
    name = serializers.CharField()
    badge = serializers.CharField(help_text="a verdict of the over-maintenance list; empty for a service")
    why = serializers.CharField()
    change = serializers.ListField(child=serializers.CharField(), help_text="the evidence that would change it")
    is_harmful = serializers.BooleanField()


class OpenQuestionSerializer(serializers.Serializer[OpenQuestion]):
    name = serializers.CharField()
    reason = serializers.CharField()
    change = serializers.ListField(child=serializers.CharField(), help_text="what would tell")


class RememberedSerializer(serializers.Serializer[RememberedRow]):
    """Work that a shop proposed in its own words and the owner put off."""

    name = serializers.CharField()
    when = serializers.CharField(help_text="in words; empty: the owner did not say")
    why = serializers.CharField()
    quoted_fen = serializers.IntegerField(source="price_fen", help_text="what the shop quoted then, in no sum")
    shop = serializers.CharField()


class NeedsSerializer(serializers.Serializer[Shown]):
    today = serializers.DateField(source="needs.today")
    until = serializers.DateField(source="needs.until")
    odometer_km = serializers.IntegerField(source="needs.km", allow_null=True)
    odometer_on = serializers.DateField(source="needs.km_on", allow_null=True)
    km_a_month = serializers.SerializerMethodField(help_text="at the car's own rate; null: not known, by date only")
    has_delivery_date = serializers.BooleanField(source="needs.has_delivery_date")
    visits = NeedsVisitSerializer(many=True)
    total = TotalSerializer()
    put_off = RememberedSerializer(many=True, source="remembered")
    not_needed = LeftOutSerializer(many=True, source="left_out")
    not_known = OpenQuestionSerializer(many=True, source="open_questions")

    def get_km_a_month(self, shown: Shown) -> int | None:
        rate = shown.needs.rate
        return words.km_a_month(rate) if rate else None
