"""The shapes of published reviews in the API. Stars are 1 to 5; instants are ISO 8601 with offset; money is fen."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reviews import names
from reviews.choices import PersonRole
from reviews.models import Reply, Review, ReviewPerson, ReviewPhoto, ReviewVersion
from reviews.reading import Sort
from reviews.shown_text import in_words
from reviews.visit_facts import is_on_time


class ReviewsQuery(serializers.Serializer[Any]):
    """Which reviews of a shop: all, or those of one service, one model or one person; never two of these at once."""

    sort = serializers.ChoiceField(choices=Sort.choices, default=Sort.USEFUL)
    service = serializers.CharField(max_length=60, required=False, help_text=_("key of a service"))
    model = serializers.CharField(max_length=120, required=False, help_text=_("make and model: volkswagen.lavida"))
    person = serializers.CharField(max_length=40, required=False, help_text=_("id of a technician"))
    after = serializers.CharField(max_length=80, required=False, default="", help_text=_("`after` of the last page"))
    page_size = serializers.IntegerField(min_value=1, max_value=50, default=20)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        chosen = [name for name in ("service", "model", "person") if attrs.get(name)]
        if len(chosen) > 1:
            raise serializers.ValidationError({chosen[1]: _("Choose by one thing at a time.")})
        attrs["about"] = f"{chosen[0]}:{attrs[chosen[0]]}" if chosen else ""
        return attrs


class AboutQuery(ReviewsQuery):
    """What the reviews are of."""

    sort = after = page_size = None  # type: ignore[assignment]


class FactsSerializer(serializers.Serializer[Any]):
    """The visit's facts, where its owner agreed to show them."""

    service = serializers.CharField()
    model = serializers.CharField()
    quoted_fen = serializers.IntegerField()
    final_fen = serializers.IntegerField(allow_null=True)
    on_time = serializers.BooleanField(allow_null=True, help_text=_("null: no time was agreed"))


class ReviewedPersonSerializer(serializers.Serializer[ReviewPerson]):
    id = serializers.CharField(source="person.public_id")
    name = serializers.CharField(source="person.name")
    role = serializers.ChoiceField(choices=PersonRole.choices)


class ReplySerializer(serializers.Serializer[Reply]):
    text = serializers.SerializerMethodField()
    written_at = serializers.DateTimeField()

    def get_text(self, reply: Reply) -> str:
        return in_words(reply.text, reply.masks)


class RatingsSerializer(serializers.Serializer[ReviewVersion]):
    """The ratings beside the total; null where one was left out."""

    workmanship = serializers.IntegerField(allow_null=True)
    honesty = serializers.IntegerField(allow_null=True)
    communication = serializers.IntegerField(allow_null=True)
    waiting = serializers.IntegerField(allow_null=True)
    price = serializers.IntegerField(allow_null=True)


class ReviewPhotoSerializer(serializers.Serializer[ReviewPhoto]):
    url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()

    def get_url(self, photo: ReviewPhoto) -> str:
        return reverse("reviews:photo", args=[photo.public_id, "full"])

    def get_thumbnail_url(self, photo: ReviewPhoto) -> str:
        return reverse("reviews:photo", args=[photo.public_id, "thumbnail"])


class PublicReviewSerializer(serializers.Serializer[Review]):
    """A review as everybody reads it."""

    id = serializers.CharField(source="public_id")
    author = serializers.SerializerMethodField(help_text=_("a short form of the name"))
    stars = serializers.IntegerField(source="shown.stars")
    ratings = RatingsSerializer(source="shown")
    would_return = serializers.BooleanField(source="shown.would_return", allow_null=True)
    text = serializers.SerializerMethodField()
    visit_month = serializers.DateField(help_text=_("first day of the month of the visit"))
    published_at = serializers.DateTimeField()
    is_edited = serializers.SerializerMethodField()
    helpful_count = serializers.IntegerField()
    people = ReviewedPersonSerializer(many=True)
    facts = serializers.SerializerMethodField()
    photos = ReviewPhotoSerializer(many=True, source="shown.photos")
    reply = serializers.SerializerMethodField()

    def get_author(self, review: Review) -> str:
        return names.public_name(review.author)

    def get_text(self, review: Review) -> str:
        return in_words(_shown(review).text, _shown(review).masks)

    def get_is_edited(self, review: Review) -> bool:
        return _shown(review).number > 1

    @extend_schema_field(FactsSerializer(allow_null=True))
    def get_facts(self, review: Review) -> dict[str, Any] | None:
        if not _shown(review).shows_facts:
            return None
        facts = {
            "service": review.service.key,
            "model": review.model.full_name,
            "quoted_fen": review.booking.agreed_fen,
            "final_fen": review.booking.final_fen,
            "on_time": is_on_time(review.booking),
        }
        return FactsSerializer(facts).data

    @extend_schema_field(ReplySerializer(allow_null=True))
    def get_reply(self, review: Review) -> dict[str, Any] | None:
        replies: list[Reply] = getattr(review, "published_replies", [])
        return ReplySerializer(replies[0]).data if replies else None


class ReviewPageSerializer(serializers.Serializer[Any]):
    results = PublicReviewSerializer(many=True, source="rows")
    after = serializers.CharField(help_text=_("ask for the next page with it; empty on the last one"))


class MeanSerializer(serializers.Serializer[Any]):
    dimension = serializers.CharField()
    mean = serializers.FloatField(allow_null=True, help_text=_("null: fewer than three ratings"))
    ratings = serializers.IntegerField()


class StarsShareSerializer(serializers.Serializer[Any]):
    stars = serializers.IntegerField()
    reviews = serializers.IntegerField()


class PutRightSerializer(serializers.Serializer[Any]):
    closed = serializers.IntegerField()
    put_right = serializers.IntegerField()


class QuarterSerializer(serializers.Serializer[Any]):
    first_day = serializers.DateField(source="first")
    reviews = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)


class ReviewSummaryAnswer(serializers.Serializer[Any]):
    """What the reviews come to."""

    reviews = serializers.IntegerField()
    score_milli = serializers.IntegerField(
        allow_null=True, help_text=_("thousandths of a star; null: fewer than three reviews")
    )
    shares = StarsShareSerializer(many=True)
    ratings = MeanSerializer(many=True)
    return_percent = serializers.IntegerField(allow_null=True)
    return_asked = serializers.IntegerField()
    quarters = QuarterSerializer(many=True)
    put_right = PutRightSerializer(allow_null=True, help_text=_("null: fewer than five cases, or not of a whole shop"))


class VoteAnswer(serializers.Serializer[Any]):
    helpful_count = serializers.IntegerField()
    is_helpful_to_you = serializers.BooleanField()


def _shown(review: Review) -> ReviewVersion:
    if review.shown is None:
        raise ValueError("only published reviews are told")
    return review.shown
