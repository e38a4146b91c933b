"""The shop's side of reviews over the API: its reviews, replies, appeals, unhappy owners. A foreign shop looks like a
missing one."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api import base
from core.api import refusals
from reviews import names, replying
from reviews.choices import AppealStatus, FollowUpCause, FollowUpStatus, ReasonCode, ReplyStatus, Side
from reviews.follow_ups import reading
from reviews.limits import MAX_APPEAL_TEXT, MAX_REPLY_TEXT
from reviews.models import FollowUp, Review
from reviews.moderation import appeals
from reviews.shop_pages import inbox
from reviews.shop_pages.inbox import Asked
from reviews.shown_text import segments, visible
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop

MAX_FOLLOW_UPS = 200


class ShopReplySerializer(serializers.Serializer[Any]):
    """A reply of the shop; the newest first."""

    text = serializers.CharField()
    written_at = serializers.DateTimeField()
    status = serializers.ChoiceField(ReplyStatus.choices)


class ShopAppealSerializer(serializers.Serializer[Any]):
    """An appeal of the shop with its answer."""

    reason = serializers.ChoiceField(ReasonCode.choices)
    text = serializers.CharField()
    made_at = serializers.DateTimeField()
    status = serializers.ChoiceField(AppealStatus.choices)
    answer = serializers.CharField()


class ShopReviewSerializer(serializers.Serializer[Review]):
    """A published review as readers see it, with what the shop made of it."""

    id = serializers.CharField(source="public_id")
    booking = serializers.CharField(source="booking.public_id")
    version = serializers.IntegerField(source="shown.number", help_text=_("to be named as `seen` when answering"))
    published_at = serializers.DateTimeField()
    author = serializers.SerializerMethodField(help_text=_("short name, as readers see it"))
    stars = serializers.IntegerField(source="shown.stars")
    text = serializers.SerializerMethodField(help_text=_("without what is hidden from readers"))
    people = serializers.SerializerMethodField(help_text=_("who worked on the visit"))
    replies = ShopReplySerializer(source="newest_replies", many=True)
    appeals = ShopAppealSerializer(source="shop_appeals", many=True)

    @extend_schema_field(OpenApiTypes.STR)
    def get_author(self, review: Review) -> str:
        return names.public_name(review.author)

    @extend_schema_field(OpenApiTypes.STR)
    def get_text(self, review: Review) -> str:
        shown = review.shown
        return "".join(part.text or "…" for part in segments(shown.text, shown.masks)) if shown else ""

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_people(self, review: Review) -> list[str]:
        return [row.person.name for row in review.people.all()]


class ShopReviewsPage(serializers.Serializer[Any]):
    """One page, newest first; `after` of the next request is the `next` of this answer."""

    results = ShopReviewSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ShopReviewsQuery(serializers.Serializer[Any]):
    """Which reviews are wanted."""

    show = serializers.ChoiceField(inbox.FILTERS, required=False, default="all")
    after = serializers.CharField(max_length=16, required=False, default="")


class ReplyOrder(serializers.Serializer[Any]):
    """The shop's public answer, to the version that was read."""

    text = serializers.CharField(max_length=MAX_REPLY_TEXT)
    seen = serializers.IntegerField(min_value=1, max_value=32767)


class ShopAppealOrder(serializers.Serializer[Any]):
    """Why a review should not be shown."""

    reason = serializers.ChoiceField(ReasonCode.choices)
    text = serializers.CharField(max_length=MAX_APPEAL_TEXT)


class ShopFollowUpSerializer(serializers.Serializer[Any]):
    """An unhappy owner to be won back, and until when to get in touch."""

    id = serializers.CharField(source="public_id")
    booking = serializers.CharField(source="booking.public_id")
    cause = serializers.ChoiceField(FollowUpCause.choices)
    status = serializers.ChoiceField(FollowUpStatus.choices)
    opened_at = serializers.DateTimeField()
    contact_due_at = serializers.DateTimeField()
    contacted_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    words = serializers.SerializerMethodField(help_text=_("what the owner said; empty if nothing"))

    def get_words(self, follow_up: FollowUp) -> str:
        return reading.words_of(follow_up)


class ShopReviews(APIView):
    """The shop's published reviews."""

    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=[ShopReviewsQuery], responses={200: ShopReviewsPage, **refusals(400, 401, 403, 404)})
    def get(self, request: Request, slug: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.REVIEWS)
        query = base.checked(ShopReviewsQuery, request.query_params)
        page = inbox.page(shop, Asked(query["show"], after=visible(query["after"])))
        return Response(ShopReviewsPage({"results": page.reviews, "next": page.next_after or None}).data)


class ShopReply(APIView):
    """Answer a review in public, or change the answer."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=ReplyOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: ShopReviewSerializer, **refusals(400, 401, 403, 404, 409, 422)},
    )
    def put(self, request: Request, slug: str, public_id: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.REVIEWS)
        review, order = _review(shop, public_id), base.checked(ReplyOrder, request.data)

        def run() -> tuple[int, Any]:
            by, at = base.person(request), timezone.now()
            replying.reply(review=review, by=by, text=order["text"], seen=order["seen"], at=at)
            return 200, ShopReviewSerializer(_review(shop, public_id)).data

        return base.once(request, run)


class ShopAppeal(APIView):
    """Ask the platform to look at a review again; once for each version."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=ShopAppealOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: ShopAppealSerializer, **refusals(400, 401, 403, 404, 409, 422)},
    )
    def post(self, request: Request, slug: str, public_id: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.REVIEWS)
        review, order = _review(shop, public_id), base.checked(ShopAppealOrder, request.data)

        def run() -> tuple[int, Any]:
            by, at = base.person(request), timezone.now()
            made = appeals.appeal(review=review, by=by, side=Side.SHOP, at=at, **order)
            return 201, ShopAppealSerializer(made).data

        return base.once(request, run)


class ShopFollowUps(APIView):
    """Unhappy owners who wait to be won back, the one who waits longest first."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="shop_follow_ups_list",
        responses={200: ShopFollowUpSerializer(many=True), **refusals(401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.REVIEWS)
        rows = (
            FollowUp.objects.at_shop(shop)
            .open()
            .select_related("booking__visit_answer")
            .order_by("contact_due_at", "pk")
        )
        return Response(ShopFollowUpSerializer(list(rows[:MAX_FOLLOW_UPS]), many=True).data)


def _review(shop: Shop, public_id: str) -> Review:
    """A published review of the shop; any other looks like a missing one."""
    return get_object_or_404(inbox.with_answers(Review.objects.at_shop(shop).published()), public_id=public_id)
