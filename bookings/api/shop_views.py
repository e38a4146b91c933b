"""The shop's side of the API: its day and the moves of its visits. A foreign shop looks like a missing one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import actions, workshop
from bookings.actions import Actor, Contact, Wanted
from bookings.api import base
from bookings.api.jobs import job_at
from bookings.api.serializers import (
    BookingSerializer,
    CancelOrder,
    CheckInOrder,
    DayQuery,
    DeclineOrder,
    HandOverOrder,
    MoveOrder,
    SwapOrder,
    WalkInOrder,
)
from bookings.board import reading as board
from bookings.choices import IN_SHOP, ActorRole
from bookings.models import Booking
from bookings.querysets import BookingQuerySet
from core.api import refusals
from core.errors import InvalidInput
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop

_NAMED = ("bay", "technician", "advisor", "loaner")


def _wanted(shop: Shop, order: dict[str, Any]) -> Wanted:
    """The bay, technician, advisor and loaner car an order names; another shop's is none of this one (400)."""
    ids = {name: order[name] for name in _NAMED if name in order}
    found = dict(shop.resources.in_use().filter(public_id__in=ids.values()).values_list("public_id", "pk"))
    for name, public_id in ids.items():
        if public_id not in found:
            raise InvalidInput(_("There is no such bay or technician here."), field=name)
    others = tuple(found[ids[name]] for name in ("advisor", "loaner") if name in ids)
    return Wanted(bay=found.get(ids.get("bay", "")), technician=found.get(ids.get("technician", "")), others=others)


class ShopDay(generics.ListAPIView[Booking]):
    """The shop's visits of one local day, in order of time."""

    permission_classes = [IsAuthenticated]
    serializer_class = BookingSerializer
    queryset = Booking.objects.none()

    def get_queryset(self) -> BookingQuerySet:
        shop = get_staff_shop(self.request, self.kwargs["slug"], Permission.BOARD)
        query = base.checked(DayQuery, self.request.query_params)
        day = query.get("date", timezone.now().astimezone(shop.zone).date())
        start = datetime.combine(day, time(), tzinfo=shop.zone)
        visits = Booking.objects.at_shop(shop).starting_between(start, start + timedelta(days=1))
        if "status" in query:
            visits = visits.filter(status=query["status"])
        return visits.for_card().order_by("starts_at", "pk")

    @extend_schema(parameters=[DayQuery], responses={200: BookingSerializer(many=True), **refusals(400, 401, 404)})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class ShopRequests(generics.ListAPIView[Booking]):
    """What owners have asked a shop that answers by hand, and it can still answer, the oldest first."""

    permission_classes = [IsAuthenticated]
    serializer_class = BookingSerializer
    queryset = Booking.objects.none()

    def get_queryset(self) -> BookingQuerySet:
        shop = get_staff_shop(self.request, self.kwargs["slug"], Permission.BOARD)
        return board.requests(shop=shop, at=timezone.now()).for_card()


class WalkIns(APIView):
    """Open a visit at the counter; it is confirmed at once."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=WalkInOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: BookingSerializer, **refusals(400, 401, 403, 404, 409, 422)},
    )
    def post(self, request: Request, slug: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.WALK_IN)
        order = base.checked(WalkInOrder, request.data)
        now = timezone.now()
        start = order.get("starts_at") or now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)
        contact = Contact(order["contact_name"], order["contact_phone"], order["plate"], order["note"])

        def run() -> tuple[int, Any]:
            visit = workshop.walk_in(
                job=job_at(slug, order),
                starts_at=start,
                wanted=_wanted(shop, order),
                contact=contact,
                by=base.person(request),
                at=now,
            )
            return base.answer(visit, 201)

        return base.once(request, run)


class _Move(APIView):
    """One move of a visit by its shop: who may, what it needs, which action it is."""

    permission_classes = [IsAuthenticated]
    permission: ClassVar[str] = Permission.CHECK_IN
    order: ClassVar[type[serializers.Serializer[Any]] | None] = None
    act: ClassVar[Callable[..., Booking]]

    @extend_schema(parameters=[base.IDEMPOTENCY_KEY], request=None)
    def post(self, request: Request, slug: str, public_id: str) -> Response:
        shop = get_staff_shop(request, slug, self.permission)
        visit = get_object_or_404(Booking.objects.at_shop(shop).for_card(), public_id=public_id)
        order = base.checked(self.order, request.data) if self.order else {}
        return base.once(request, lambda: base.answer(self.run(request, visit, order)))

    def run(self, request: Request, visit: Booking, order: dict[str, Any]) -> Booking:
        return type(self).act(booking=visit, by=base.person(request), at=timezone.now(), **order)


_ANSWERS = {200: BookingSerializer, **refusals(400, 401, 403, 404, 409, 422)}


@extend_schema(responses=_ANSWERS)
class Accept(_Move):
    """Say yes to a request."""

    permission = Permission.WALK_IN
    act = workshop.accept


@extend_schema(request=DeclineOrder, responses=_ANSWERS)
class Decline(_Move):
    """Say no to a request, with a reason that the owner reads."""

    permission = Permission.WALK_IN
    order = DeclineOrder
    act = workshop.decline


@extend_schema(request=SwapOrder, responses=_ANSWERS)
class Swap(_Move):
    """Let the visit change its start with another one of the shop: either both move or neither."""

    permission = Permission.WALK_IN
    order = SwapOrder

    def run(self, request: Request, visit: Booking, order: dict[str, Any]) -> Booking:
        other = Booking.objects.at_shop(visit.shop).for_card().filter(public_id=order["other"]).first()
        if other is None:
            raise InvalidInput(_("Choose another visit of this shop."), field="other")
        by = Actor(ActorRole.STAFF, base.person(request))
        return actions.swap(booking=visit, other=other, by=by, at=timezone.now())[0]


@extend_schema(request=CheckInOrder, responses=_ANSWERS)
class CheckIn(_Move):
    """Receive the car: what its odometer shows is compared with what is known of it."""

    order = CheckInOrder
    act = workshop.check_in


@extend_schema(responses=_ANSWERS)
class Start(_Move):
    """Work begins, or is taken up again."""

    act = workshop.start


@extend_schema(request=HandOverOrder, responses=_ANSWERS)
class HandOver(_Move):
    """The owner has the car back. What was not paid online was paid at the counter, by `shop_method`."""

    permission = Permission.CLOSE_DAY
    order = HandOverOrder
    act = workshop.hand_over


@extend_schema(responses=_ANSWERS)
class NoShow(_Move):
    """The customer did not come: from 15 minutes after the start."""

    permission = Permission.WALK_IN
    act = workshop.mark_no_show


@extend_schema(request=CancelOrder, responses=_ANSWERS)
class ShopCancel(_Move):
    """The shop cancels a visit."""

    permission = Permission.WALK_IN
    order = CancelOrder

    def run(self, request: Request, visit: Booking, order: dict[str, Any]) -> Booking:
        by = Actor(ActorRole.STAFF, base.person(request))
        return actions.cancel(booking=visit, by=by, at=timezone.now(), reason=order["reason"])


@extend_schema(request=MoveOrder, responses=_ANSWERS)
class Move(_Move):
    """Move a visit to another time, bay or technician. Once the car is in, only bay and technician can change."""

    permission = Permission.WALK_IN
    order = MoveOrder

    def run(self, request: Request, visit: Booking, order: dict[str, Any]) -> Booking:
        wanted, now, by = _wanted(visit.shop, order), timezone.now(), base.person(request)
        if visit.status in IN_SHOP and "starts_at" not in order:
            return workshop.reassign(booking=visit, wanted=wanted, by=by, at=now)
        return actions.reschedule(
            booking=visit,
            starts_at=order.get("starts_at", visit.starts_at),
            by=Actor(ActorRole.STAFF, by),
            at=now,
            wanted=wanted,
        )
