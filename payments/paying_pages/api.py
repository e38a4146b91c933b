"""Paying over the API: what an order costs and what was paid, and the start of a payment."""

from __future__ import annotations

from typing import Any, NoReturn

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from core import idempotency
from core.api import refusals
from payments import collecting, limits
from payments.choices import ONLINE, OrderStatus, PaymentStatus, ProviderKey, Purpose, RefundReason, RefundStatus
from payments.models import Order, Payment
from payments.paying_pages import reading
from payments.paying_pages.views import is_phone

_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Your own name for this request. A retry with the same key and body gets the same payment again;"
    " with another body it is refused (422).",
)


class PaymentSerializer(serializers.Serializer[Any]):
    """A payment. Go on at `pay_url`, or show `code_text` as a QR code; one of them is set while it is pending."""

    id = serializers.CharField(source="public_id")
    provider = serializers.ChoiceField(choices=ProviderKey.choices)
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    amount_fen = serializers.IntegerField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    refunded_fen = serializers.IntegerField()
    pay_url = serializers.CharField(allow_blank=True)
    code_text = serializers.CharField(allow_blank=True)


class RefundSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    payment = serializers.CharField(source="payment.public_id")
    amount_fen = serializers.IntegerField()
    reason = serializers.ChoiceField(choices=RefundReason.choices)
    status = serializers.ChoiceField(choices=RefundStatus.choices)
    requested_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)


class OrderSerializer(serializers.Serializer[Any]):
    """The money of a visit. All amounts are integer fen of `currency`."""

    id = serializers.CharField(source="order.public_id")
    visit = serializers.CharField(source="order.reference")
    number = serializers.CharField(source="order.number")
    shop = serializers.SlugField(source="order.shop.slug")
    title = serializers.CharField(source="order.title")
    currency = serializers.CharField(source="order.currency")
    status = serializers.ChoiceField(choices=OrderStatus.choices, source="order.status")
    total_fen = serializers.IntegerField(source="order.total_fen")
    deposit_fen = serializers.IntegerField(source="order.deposit_fen")
    paid_fen = serializers.IntegerField(source="order.paid_fen")
    refunded_fen = serializers.IntegerField(source="order.refunded_fen")
    coupon_fen = serializers.IntegerField(source="order.coupon_fen")
    due_fen = serializers.IntegerField(source="order.due_fen")
    providers = serializers.ListField(child=serializers.ChoiceField(choices=[(key, key) for key in ONLINE]))
    payments = PaymentSerializer(many=True)
    refunds = RefundSerializer(many=True)


class PaymentWish(serializers.Serializer[Any]):
    """What is to be paid: the deposit, or everything that is due. The amount follows from the order."""

    provider = serializers.ChoiceField(choices=[(key, ProviderKey(key).label) for key in ONLINE])
    amount = serializers.ChoiceField(
        choices=[(reading.DEPOSIT, reading.DEPOSIT), (reading.ALL, reading.ALL)], default=reading.ALL
    )


class OrderDetail(APIView):
    """The money of one of your visits."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="order", responses={200: OrderSerializer, **refusals(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        order = reading.own_order(_person(request), public_id)
        money = reading.money_of(order)
        answer = {
            "order": order,
            "providers": [way.key for way in reading.ways()] if reading.can_be_paid(order) else [],
            "payments": [*money.payments, *money.open_ones],
            "refunds": money.refunds,
        }
        return Response(OrderSerializer(answer).data)


class Payments(APIView):
    """Payments of one of your visits."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="pay",
        request=PaymentWish,
        parameters=[_KEY],
        responses={201: PaymentSerializer, **refusals(400, 401, 404, 409, 422, 429)},
        examples=[OpenApiExample("deposit", value={"provider": "alipay", "amount": "deposit"}, request_only=True)],
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Start a payment; asked again, the open one of the same amount and provider is given again."""
        order = reading.own_order(_person(request), public_id)
        wish = PaymentWish(data=request.data)
        wish.is_valid(raise_exception=True)
        try:
            status, body = _once(request, _not_yet)
        except _NotYetError:
            # Providers are called outside of transactions; the same wish again is the same payment.
            started = _started(request, order, wish.validated_data)
            status, body = _once(request, lambda: (201, PaymentSerializer(started).data))
        return Response(body, status=status)


class PaymentDetail(APIView):
    """How a payment stands."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="payment", responses={200: PaymentSerializer, **refusals(401, 404)})
    def get(self, request: Request, public_id: str, payment_id: str) -> Response:
        rows = Payment.objects.visible_to(_person(request)).filter(order__public_id=public_id)
        return Response(PaymentSerializer(get_object_or_404(rows, public_id=payment_id)).data)


class _NotYetError(Exception):
    """Nothing is remembered for this Idempotency-Key."""


def _not_yet() -> NoReturn:
    raise _NotYetError


def _once(request: Request, run: Any) -> tuple[int, Any]:
    return idempotency.once(
        owner=f"user {_person(request).pk}",
        key=request.headers.get("Idempotency-Key", ""),
        request={"method": request.method, "path": request.path, "body": request.data},
        run=run,
    )


def _started(request: Request, order: Order, wish: dict[str, str]) -> Payment:
    limits.count(request._request, "pay")
    amount_fen, purpose = reading.amount_of(order, wish["amount"])
    return collecting.start(
        order=order,
        provider_key=wish["provider"],
        amount_fen=amount_fen,
        purpose=purpose,
        by=_person(request),
        at=timezone.now(),
        site_url=settings.SITE_URL,
        is_phone=is_phone(request),
        client_ip=get_adapter(request).get_client_ip(request),
    )


def _person(request: Request) -> User:
    """The signed-in person; the permission class has seen to it that there is one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
