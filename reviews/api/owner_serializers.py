"""The shapes of an author's reviews in the API. Stars are 1 to 5; instants are ISO 8601 with offset; money is fen."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.photo_fields import PhotoUploadField
from reviews import answering
from reviews.choices import AppealStatus, Dimension, ReasonCode, ReviewStatus, VersionStatus
from reviews.limits import MAX_APPEAL_TEXT, MAX_PHOTOS, MAX_TEXT
from reviews.models import Review, ReviewPhoto, ReviewVersion, VisitAnswer
from reviews.owner_pages.showing import Own
from reviews.writing import Draft


class StarsField(serializers.IntegerField):
    """One to five stars."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=5, **kwargs)


class ReviewOrder(serializers.Serializer[Any]):
    """What you say about a visit. The ratings beside the total may be left out. With photos: multipart/form-data."""

    stars = StarsField(help_text=_("the total"))
    workmanship = StarsField(required=False, allow_null=True)
    honesty = StarsField(required=False, allow_null=True, help_text=_("5: they pushed nothing you did not need"))
    communication = StarsField(required=False, allow_null=True)
    waiting = StarsField(required=False, allow_null=True)
    price = StarsField(required=False, allow_null=True, help_text=_("5: the price was as quoted"))
    would_return = serializers.BooleanField(required=False, allow_null=True, default=None)
    text = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True, default="")
    shows_facts = serializers.BooleanField(
        required=False, default=False, help_text=_("readers see service, prices and punctuality of the visit beside it")
    )
    photos = serializers.ListField(child=PhotoUploadField(), required=False, default=list, max_length=MAX_PHOTOS)


class ReviewChangeOrder(ReviewOrder):
    """What your review says from now on: all of it, not only what is new."""

    seen = serializers.IntegerField(
        min_value=1, max_value=1000, help_text=_("number of the version that you change; 409 if there is a newer one")
    )
    keep = serializers.ListField(
        child=serializers.CharField(max_length=16),
        required=False,
        default=list,
        max_length=MAX_PHOTOS,
        help_text=_("ids of photos that stay"),
    )


def draft_of(order: dict[str, Any]) -> Draft:
    """What a checked order says."""
    return Draft(
        stars=order["stars"],
        ratings={one: order[one.value] for one in Dimension if order.get(one.value) is not None},
        would_return=order["would_return"],
        text=order["text"].replace("\r\n", "\n"),
        shows_facts=order["shows_facts"],
        kept=order.get("keep", ()),
        added=order["photos"],
    )


class OwnReviewPhotoSerializer(serializers.ModelSerializer[ReviewPhoto]):
    """A photo of a review."""

    id = serializers.CharField(source="public_id")
    url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()

    class Meta:
        model = ReviewPhoto
        fields = ["id", "url", "thumbnail_url", "width", "height"]

    def get_url(self, photo: ReviewPhoto) -> str:
        return reverse("reviews:photo", args=[photo.public_id, "full"])

    def get_thumbnail_url(self, photo: ReviewPhoto) -> str:
        return reverse("reviews:photo", args=[photo.public_id, "thumbnail"])


class ReviewVersionSerializer(serializers.ModelSerializer[ReviewVersion]):
    """What you said at one time, and what became of it."""

    status = serializers.ChoiceField(choices=VersionStatus.choices)
    photos = OwnReviewPhotoSerializer(many=True)

    class Meta:
        model = ReviewVersion
        fields = [
            "number",
            "status",
            "written_at",
            "decided_at",
            "stars",
            *Dimension.values,
            "would_return",
            "text",
            "shows_facts",
            "photos",
        ]


class OwnAppealSerializer(serializers.Serializer[Any]):
    """Your appeal against a decision, and the answer."""

    status = serializers.ChoiceField(choices=AppealStatus.choices)
    text = serializers.CharField()
    answer = serializers.CharField()
    made_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class OwnReviewSerializer(serializers.Serializer[Own]):
    """Your review: how it stands, what it says, and what you can do. The newest version comes first."""

    id = serializers.CharField(source="review.public_id")
    booking = serializers.CharField(source="review.booking.public_id", help_text=_("id of the visit"))
    shop = serializers.SlugField(source="review.shop.slug")
    status = serializers.ChoiceField(choices=ReviewStatus.choices, source="review.status")
    published_at = serializers.DateTimeField(source="review.published_at", allow_null=True)
    helpful_count = serializers.IntegerField(source="review.helpful_count")
    shown_version = serializers.IntegerField(
        source="review.shown.number", default=None, allow_null=True, help_text=_("number of the version readers see")
    )
    reason = serializers.ChoiceField(
        choices=ReasonCode.choices, allow_null=True, help_text=_("why it, or its newest version, is not shown")
    )
    appeal = OwnAppealSerializer(allow_null=True)
    can_edit = serializers.BooleanField()
    can_appeal = serializers.BooleanField()
    can_withdraw = serializers.BooleanField()
    versions = ReviewVersionSerializer(many=True)


class VisitAnswerOrder(serializers.Serializer[Any]):
    """Whether you were happy with a visit. If not, the shop is asked to get in touch with you."""

    happy = serializers.BooleanField()
    words = serializers.CharField(
        max_length=answering.MAX_WORDS, required=False, allow_blank=True, default="", help_text=_("what was not right")
    )


class VisitAnswerSerializer(serializers.ModelSerializer[VisitAnswer]):
    """What you answered. Not public."""

    happy = serializers.BooleanField(source="is_happy")

    class Meta:
        model = VisitAnswer
        fields = ["happy", "words", "at"]


class AppealOrder(serializers.Serializer[Any]):
    """Why the decision was wrong."""

    text = serializers.CharField(max_length=MAX_APPEAL_TEXT)


class ReviewSummarySerializer(serializers.Serializer[Review]):
    """One of your reviews in a list."""

    id = serializers.CharField(source="public_id")
    booking = serializers.CharField(source="booking.public_id", help_text=_("id of the visit"))
    shop = serializers.SlugField(source="shop.slug")
    status = serializers.ChoiceField(choices=ReviewStatus.choices)
    stars = serializers.SerializerMethodField(help_text=_("of the newest version"))
    text = serializers.SerializerMethodField(help_text=_("of the newest version"))
    written_at = serializers.DateTimeField(source="created_at")

    def get_stars(self, review: Review) -> int:
        return self._newest(review).stars

    def get_text(self, review: Review) -> str:
        return self._newest(review).text

    def _newest(self, review: Review) -> ReviewVersion:
        return max(review.versions.all(), key=lambda version: version.number)
