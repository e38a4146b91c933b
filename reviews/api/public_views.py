"""Published reviews over the API: lists, what they come to, votes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api import base
from core.api import refusals
from reviews import reading, summaries, voting
from reviews.api.public_serializers import (
    AboutQuery,
    ReviewPageSerializer,
    ReviewsQuery,
    ReviewSummaryAnswer,
    VoteAnswer,
)
from reviews.follow_ups import figures
from reviews.models import Review, Subject
from reviews.public_pages import choosing
from reviews.reading import Sort
from shops.models import Shop


class ShopReviews(APIView):
    """The published reviews of a shop, a page at a time."""

    permission_classes = [AllowAny]

    @extend_schema(
        tags=["Reviews"], parameters=[ReviewsQuery], responses={200: ReviewPageSerializer, **refusals(400, 404)}
    )
    def get(self, request: Request, slug: str) -> Response:
        query = base.checked(ReviewsQuery, request.query_params)
        subject = _subject(reading.of_shop(_shop(request, slug)), query["about"])
        page = reading.page(subject, sort=Sort(query["sort"]), after=query["after"], size=query["page_size"])
        return Response(ReviewPageSerializer(page).data)


class ShopReviewSummary(APIView):
    """What the reviews of a shop come to: score, distribution, ratings beside the total, their course."""

    permission_classes = [AllowAny]

    @extend_schema(
        tags=["Reviews"], parameters=[AboutQuery], responses={200: ReviewSummaryAnswer, **refusals(400, 404)}
    )
    def get(self, request: Request, slug: str) -> Response:
        about = base.checked(AboutQuery, request.query_params)["about"]
        shop = _shop(request, slug)
        summary = summaries.with_course(_subject(reading.of_shop(shop), about), at=timezone.now())
        told = asdict(summary) if summary else _NOTHING
        figure = figures.of_shop(shop)
        is_told = figure.is_shown and not about
        return Response(ReviewSummaryAnswer({**told, "put_right": figure if is_told else None}).data)


class Helpful(APIView):
    """Your vote that a review was helpful. One for each person; not for your own review or those of your shop."""

    permission_classes = [IsAuthenticated]

    @extend_schema(tags=["Reviews"], request=None, responses={200: VoteAnswer, **refusals(401, 403, 404, 409)})
    def put(self, request: Request, public_id: str) -> Response:
        """Give it; twice is once."""
        review = voting.vote(review=_review(public_id), by=base.person(request), at=timezone.now())
        return Response({"helpful_count": review.helpful_count, "is_helpful_to_you": True})

    @extend_schema(tags=["Reviews"], request=None, responses={200: VoteAnswer, **refusals(401, 404)})
    def delete(self, request: Request, public_id: str) -> Response:
        """Take it back."""
        review = voting.take_back(review=_review(public_id), by=base.person(request))
        return Response({"helpful_count": review.helpful_count, "is_helpful_to_you": False})


_NOTHING: dict[str, Any] = {
    "reviews": 0,
    "score_milli": None,
    "shares": [],
    "ratings": [],
    "return_percent": None,
    "return_asked": 0,
    "quarters": [],
}


def _shop(request: Request, slug: str) -> Shop:
    return get_object_or_404(Shop.objects.visible_to(request.user).for_card(), slug=slug)


def _subject(subjects: Sequence[Subject], about: str) -> Subject | None:
    """The subject asked for; 404 for one that nobody has reviewed here."""
    subject = next((row for row in subjects if choosing.value_of(row) == about), None)
    if about and subject is None:
        raise Http404
    return subject


def _review(public_id: str) -> Review:
    return get_object_or_404(Review.objects.published(), public_id=public_id)
