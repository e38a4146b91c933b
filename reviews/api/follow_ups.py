"""An owner's follow-ups over the API: what the shop wrote and offers, and what the owner says to it."""

from __future__ import annotations

from collections.abc import Callable
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
from reviews.choices import FollowUpCause, FollowUpStatus, FollowUpStep, OfferKind, OfferStatus, Side
from reviews.follow_ups import answers, offers, reading
from reviews.follow_ups.reading import Case, ShownOffer
from reviews.limits import MAX_CONTACT_TEXT
from reviews.models import FollowUp, FollowUpEvent, FollowUpOffer


class FollowUpEventSerializer(serializers.Serializer[FollowUpEvent]):
    """A step, as owner, shop and platform read it."""

    at = serializers.DateTimeField()
    step = serializers.ChoiceField(FollowUpStep.choices)
    side = serializers.ChoiceField([*Side.choices, ("", _("Platform"))], help_text=_("empty for the platform"))
    text = serializers.CharField()
    offer = serializers.SerializerMethodField(help_text=_("id of the offer it is about"))

    @extend_schema_field(OpenApiTypes.STR)
    def get_offer(self, event: FollowUpEvent) -> str | None:
        offer: str | None = event.data.get("offer")
        return offer


class FollowUpOfferSerializer(serializers.Serializer[ShownOffer]):
    """An offer with its exact effect; amounts in fen."""

    id = serializers.CharField(source="offer.public_id")
    kind = serializers.ChoiceField(OfferKind.choices, source="offer.kind")
    status = serializers.ChoiceField(OfferStatus.choices, source="offer.status")
    text = serializers.CharField(source="offer.text")
    amount_fen = serializers.IntegerField(source="offer.amount_fen", allow_null=True)
    line = serializers.SerializerMethodField(help_text=_("of a refund: the line of the bill"))
    lines = serializers.SerializerMethodField(help_text=_("of a comeback: what is put right"))
    stands_until = serializers.DateTimeField(source="offer.stands_until")
    can_accept = serializers.BooleanField(source="stands")
    done_at = serializers.DateTimeField(source="offer.done_at", allow_null=True)
    comeback = serializers.SerializerMethodField(help_text=_("id of the visit that puts it right"))
    voucher_code = serializers.SerializerMethodField()
    voucher_valid_until = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.STR)
    def get_line(self, shown: ShownOffer) -> str | None:
        return shown.offer.order_line.title if shown.offer.order_line else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_lines(self, shown: ShownOffer) -> list[str]:
        return [line.current.name for line in shown.lines]

    @extend_schema_field(OpenApiTypes.STR)
    def get_comeback(self, shown: ShownOffer) -> str | None:
        return shown.offer.comeback.public_id if shown.offer.comeback else None

    @extend_schema_field(OpenApiTypes.STR)
    def get_voucher_code(self, shown: ShownOffer) -> str | None:
        return shown.offer.coupon.code if shown.offer.coupon else None

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_voucher_valid_until(self, shown: ShownOffer) -> Any:
        return shown.offer.coupon.ends_at if shown.offer.coupon else None


class FollowUpSerializer(serializers.Serializer[Case]):
    """How winning an unhappy owner back stands."""

    id = serializers.CharField(source="follow_up.public_id")
    booking = serializers.CharField(source="follow_up.booking.public_id")
    shop = serializers.CharField(source="follow_up.shop.slug")
    cause = serializers.ChoiceField(FollowUpCause.choices, source="follow_up.cause")
    status = serializers.ChoiceField(FollowUpStatus.choices, source="follow_up.status")
    opened_at = serializers.DateTimeField(source="follow_up.opened_at")
    contact_due_at = serializers.DateTimeField(source="follow_up.contact_due_at")
    contacted_at = serializers.DateTimeField(source="follow_up.contacted_at", allow_null=True)
    closed_at = serializers.DateTimeField(source="follow_up.closed_at", allow_null=True)
    words = serializers.CharField(help_text=_("what you said when you were not happy"))
    can_answer = serializers.BooleanField(source="can_say")
    offers = FollowUpOfferSerializer(many=True)
    events = FollowUpEventSerializer(many=True)


class AnswerOrder(serializers.Serializer[Any]):
    """Whether it was put right."""

    put_right = serializers.BooleanField()
    text = serializers.CharField(max_length=MAX_CONTACT_TEXT, required=False, allow_blank=True, default="")


class FollowUpDetail(APIView):
    """What the shop wrote and offers after a visit that you were not happy with."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: FollowUpSerializer, **refusals(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        return Response(_answer(_own(request, public_id))[1])


class FollowUpAnswer(APIView):
    """Say whether it was put right; that closes the case. The same said again changes nothing."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=AnswerOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: FollowUpSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        order, follow_up = base.checked(AnswerOrder, request.data), _own(request, public_id)

        def run() -> tuple[int, Any]:
            answers.say(
                follow_up=follow_up,
                by=base.person(request),
                put_right=order["put_right"],
                text=order["text"],
                at=timezone.now(),
            )
            return _answer(follow_up)

        return base.once(request, run)


class OfferAccept(APIView):
    """Accept an offer: it is carried out at once, and once. Where that is refused the offer waits on."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=None,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: FollowUpSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str, offer_id: str) -> Response:
        return _act(request, public_id, offer_id, offers.accept)


class OfferDecline(APIView):
    """Decline an offer."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=None,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: FollowUpSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str, offer_id: str) -> Response:
        return _act(request, public_id, offer_id, offers.decline)


def _act(request: Request, public_id: str, offer_id: str, act: Callable[..., FollowUpOffer]) -> Response:
    follow_up = _own(request, public_id)
    offer = get_object_or_404(FollowUpOffer.objects.filter(follow_up=follow_up), public_id=offer_id)

    def run() -> tuple[int, Any]:
        act(offer=offer, by=base.person(request), at=timezone.now())
        return _answer(follow_up)

    return base.once(request, run)


def _answer(follow_up: FollowUp) -> tuple[int, Any]:
    """The case as the API shows it, read afresh."""
    fresh = reading.with_parts().get(pk=follow_up.pk)
    return 200, FollowUpSerializer(reading.case(fresh, at=timezone.now())).data


def _own(request: Request, public_id: str) -> FollowUp:
    return get_object_or_404(FollowUp.objects.visible_to(base.person(request)), public_id=public_id)
