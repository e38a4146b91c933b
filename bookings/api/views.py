"""The owner's side of the API: find a shop, see its slots, hold one, book it, move it, cancel it."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import actions, availability, search
from bookings.actions import Contact
from bookings.api import base
from bookings.api.serializers import (
    BookingSerializer,
    CancelOrder,
    ConfirmOrder,
    DaySerializer,
    EventSerializer,
    HoldOrder,
    RescheduleOrder,
    SearchAnswer,
    SearchQuery,
    SlotsQuery,
)
from bookings.choices import Status
from bookings.jobs import Job, VisitPlace
from bookings.models import Booking, BookingEvent
from bookings.querysets import BookingQuerySet
from core.api import refusals
from shops.models import City, Shop
from vehicles.models import Car


class ShopSearch(APIView):
    """Shops near a point that do a service on a car, with all-in price, fair-price mark and next real slots."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="shops_search", parameters=[SearchQuery], responses={200: SearchAnswer, **refusals(400, 404)}
    )
    def get(self, request: Request) -> Response:
        query = base.checked(SearchQuery, request.query_params)
        city = get_object_or_404(City, key=query["city"])
        origin = search.Point(query.get("latitude", city.latitude), query.get("longitude", city.longitude))
        filters = search.Filters(
            kind=query.get("kind", ""),
            evenings=query["evenings"],
            authorised=query["authorised"],
            pickup=query["pickup"],
        )
        found = search.search(
            service=query["service"],
            variant=query["variant"],
            city=city,
            origin=origin,
            filters=filters,
            sort=query["sort"],
            at=timezone.now(),
        )
        shown = search.Results(found.rows[: query["limit"]], found.band)
        return Response(SearchAnswer(shown).data)


class ShopSlots(APIView):
    """The slots of a shop for a service on a car, day by day; a day without slots says why."""

    permission_classes = [AllowAny]

    @extend_schema(parameters=[SlotsQuery], responses={200: DaySerializer(many=True), **refusals(400, 404)})
    def get(self, request: Request, slug: str) -> Response:
        query = base.checked(SlotsQuery, request.query_params)
        shop = get_object_or_404(Shop.objects.listed().for_card(), slug=slug)
        now = timezone.now()
        plan = Job(shop, query["service"], query["variant"]).quoted().plan
        first = query.get("first", now.astimezone(shop.zone).date())
        days = availability.day_slots(shop=shop, plan=plan, first=first, days=query["days"], at=now)
        return Response(DaySerializer(days, many=True).data)


class Holds(APIView):
    """Hold a slot for some minutes while you confirm it. Price and terms are frozen from here on."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=HoldOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: BookingSerializer, **refusals(400, 401, 409, 422)},
    )
    def post(self, request: Request) -> Response:
        order = base.checked(HoldOrder, request.data)
        job = Job(order["shop"], order["service"], order["variant"], place=_place(order))

        def run() -> tuple[int, Any]:
            held = actions.hold(
                job=job,
                starts_at=order["starts_at"],
                holder=base.holder(request),
                at=timezone.now(),
            )
            return base.answer(held, 201)

        return base.once(request, run)


def _place(order: dict[str, Any]) -> VisitPlace | None:
    if "visit_address" not in order:
        return None
    return VisitPlace(order["visit_address"], order["visit_latitude"], order["visit_longitude"])


class Bookings(generics.ListAPIView[Booking]):
    """Your visits, the newest first."""

    permission_classes = [IsAuthenticated]
    serializer_class = BookingSerializer
    queryset = Booking.objects.none()

    def get_queryset(self) -> BookingQuerySet:
        mine = Booking.objects.visible_to(base.person(self.request)).exclude(status=Status.EXPIRED)
        return mine.for_card().order_by("-starts_at", "-pk")

    @extend_schema(
        request=ConfirmOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: BookingSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request) -> Response:
        """Book a held slot."""
        order = base.checked(ConfirmOrder, request.data)
        user = base.person(request)

        def run() -> tuple[int, Any]:
            held = base.own_booking(request, order["hold"])
            car = None
            if "car" in order:
                car = get_object_or_404(Car.objects.visible_to(user), public_id=order["car"])
            contact = Contact(order["contact_name"], order["contact_phone"], order["plate"], order["note"])
            booked = actions.confirm(
                booking=held, by=user, holder=base.holder(request), contact=contact, car=car, at=timezone.now()
            )
            return base.answer(booked, 201)

        return base.once(request, run)


class BookingDetail(APIView):
    """One of your visits or holds."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: BookingSerializer, **refusals(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        return Response(BookingSerializer(base.own_booking(request, public_id)).data)


class BookingEvents(generics.ListAPIView[BookingEvent]):
    """What happened to a visit, in order."""

    permission_classes = [IsAuthenticated]
    serializer_class = EventSerializer
    queryset = BookingEvent.objects.none()

    def get_queryset(self) -> Any:
        return base.own_booking(self.request, self.kwargs["public_id"]).events.all()


class Reschedule(APIView):
    """Move a visit. The old slot is kept until the new one is won."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=RescheduleOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: BookingSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        order = base.checked(RescheduleOrder, request.data)
        booking = base.own_booking(request, public_id)
        return base.once(
            request,
            lambda: base.answer(
                actions.reschedule(
                    booking=booking, starts_at=order["starts_at"], by=base.owner(request), at=timezone.now()
                )
            ),
        )


class Cancel(APIView):
    """Cancel a visit or give up a hold. Cancelling twice is cancelling once."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=CancelOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={200: BookingSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        order = base.checked(CancelOrder, request.data)
        booking = base.own_booking(request, public_id)
        return base.once(
            request,
            lambda: base.answer(
                actions.cancel(booking=booking, by=base.owner(request), at=timezone.now(), reason=order["reason"])
            ),
        )
