"""An author's side of reviews over the API: the review of a visit, the short answer, one's own reviews."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api import base
from bookings.models import Booking
from core import idempotency
from core.api import refusals
from core.parsers import JSONParser
from core.photo_fields import accepts_photos
from reviews import answering, writing
from reviews.api.owner_serializers import (
    AppealOrder,
    OwnReviewSerializer,
    ReviewChangeOrder,
    ReviewOrder,
    ReviewSummarySerializer,
    VisitAnswerOrder,
    VisitAnswerSerializer,
    draft_of,
)
from reviews.choices import Side
from reviews.models import Review
from reviews.moderation import appeals
from reviews.owner_pages.showing import own_review
from reviews.querysets import ReviewQuerySet


@method_decorator(accepts_photos, name="dispatch")
class VisitReview(APIView):
    """Your review of a visit. Readers see it once it was checked, usually within a day."""

    permission_classes = [IsAuthenticated]
    parser_classes = [JSONParser, MultiPartParser]

    @extend_schema(responses={200: OwnReviewSerializer, **refusals(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        """Your review with its versions; 404 before it is written."""
        return Response(_told(_own(request, public_id)))

    @extend_schema(
        request={"application/json": ReviewOrder, "multipart/form-data": ReviewOrder},
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: OwnReviewSerializer, **refusals(400, 401, 403, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Write the review of a visit that was handed over to you. One for each visit, within 60 days."""
        booking = _visit(request, public_id)
        order = _checked(ReviewOrder, request)

        def run() -> tuple[int, Any]:
            by = base.person(request)
            return 201, _told(writing.submit(booking=booking, by=by, draft=draft_of(order), at=timezone.now()))

        return _once(request, order, run)

    @extend_schema(
        request={"application/json": ReviewChangeOrder, "multipart/form-data": ReviewChangeOrder},
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: OwnReviewSerializer, **refusals(400, 401, 403, 404, 409, 422)},
    )
    def put(self, request: Request, public_id: str) -> Response:
        """Write the next version. What readers see stays until the new version was checked."""
        review, order = _own(request, public_id), _checked(ReviewChangeOrder, request)

        def run() -> tuple[int, Any]:
            by, at = base.person(request), timezone.now()
            return 200, _told(writing.edit(review=review, by=by, draft=draft_of(order), seen=order["seen"], at=at))

        return _once(request, order, run)


class WithdrawReview(APIView):
    """Take your review back for good. Twice is once; the visit cannot be reviewed again."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={200: OwnReviewSerializer, **refusals(401, 404)})
    def post(self, request: Request, public_id: str) -> Response:
        review = _own(request, public_id)
        return Response(_told(writing.withdraw(review=review, by=base.person(request), at=timezone.now())))


class AppealReview(APIView):
    """Ask for a decision about your review to be looked at again by somebody else, within 30 days of it."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=AppealOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: OwnReviewSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        review, order = _own(request, public_id), base.checked(AppealOrder, request.data)

        def run() -> tuple[int, Any]:
            by, at = base.person(request), timezone.now()
            appeals.appeal(review=review, by=by, side=Side.AUTHOR, text=order["text"], at=at)
            return 201, _told(review)

        return base.once(request, run)


class Answer(APIView):
    """Say whether you were happy with a visit. The same answer again changes nothing; happy may become unhappy."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=VisitAnswerOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: VisitAnswerSerializer, **refusals(400, 401, 403, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        booking, order = _visit(request, public_id), base.checked(VisitAnswerOrder, request.data)

        def run() -> tuple[int, Any]:
            by, at = base.person(request), timezone.now()
            said = answering.answer(booking=booking, by=by, is_happy=order["happy"], words=order["words"], at=at)
            return 200, dict(VisitAnswerSerializer(said).data)

        return base.once(request, run)


class MyReviews(ListAPIView[Review]):
    """Your reviews, the newest first."""

    permission_classes = [IsAuthenticated]
    serializer_class = ReviewSummarySerializer
    queryset = Review.objects.none()  # for the schema

    def get_queryset(self) -> ReviewQuerySet:
        mine = Review.objects.visible_to(base.person(self.request)).select_related("booking", "shop")
        return mine.prefetch_related("versions").order_by("-created_at", "-pk")


# --- Parts ------------------------------------------------------------------------------------------


def _visit(request: Request, public_id: str) -> Booking:
    return base.own_booking(request, public_id)


def _own(request: Request, public_id: str) -> Review:
    """The person's review of a visit; any other looks like a missing one."""
    mine = Review.objects.visible_to(base.person(request)).filter(booking__owner=base.person(request))
    return get_object_or_404(mine, booking__public_id=public_id)


def _told(review: Review) -> dict[str, Any]:
    """A review as the API shows it, read afresh."""
    rows = Review.objects.select_related("booking__follow_up", "shop", "author", "shown")
    return dict(OwnReviewSerializer(own_review(rows.get(pk=review.pk), at=timezone.now())).data)


def _checked(serializer: type[ReviewOrder], request: Request) -> dict[str, Any]:
    """The validated order. What is left out of a form is left out of the review, not false."""
    if not isinstance(request.data, dict):
        return base.checked(serializer, request.data)
    data = {name: request.data[name] for name in request.data if name not in ("photos", "keep")}
    for name in ("photos", "keep"):
        if name in request.data:
            data[name] = request.data.getlist(name) if hasattr(request.data, "getlist") else request.data[name]
    return base.checked(serializer, data)


def _once(request: Request, order: dict[str, Any], run: Callable[[], tuple[int, Any]]) -> Response:
    """As `base.once`, for orders that carry photos: two are the same if their photos are."""
    body = {**order, "photos": [photo.sha256 for photo in order["photos"]]}
    status, answer = idempotency.once(
        owner=f"user {base.person(request).pk}",
        key=request.headers.get("Idempotency-Key", ""),
        request={"method": request.method, "path": request.path, "body": body},
        run=run,
    )
    return Response(answer, status=status)
