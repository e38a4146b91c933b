"""The owner's side of the API: find a shop, see its slots, hold one, book it, move it, cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import generics
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import actions, rules
from bookings.actions import Contact
from bookings.api import base, jobs
from bookings.api.serializers import (
    BookingSerializer,
    BookOrder,
    CancellationSerializer,
    CancelOrder,
    ConfirmOrder,
    DaySerializer,
    EventSerializer,
    FreeShopSerializer,
    FreeShopsQuery,
    HoldOrder,
    RescheduleOrder,
    SearchAnswer,
    SearchQuery,
    SlotsQuery,
)
from bookings.choices import Status
from bookings.engine import availability, free_shops, lookups, phases, repack, search
from bookings.engine.availability import DaySlots, Slot
from bookings.models import Booking, BookingEvent
from bookings.querysets import BookingQuerySet
from core.api import refusals
from shops.models import City
from vehicles.models import Car


class ShopSearch(APIView):
    """Shops near a point that do a service on a car, with all-in price, fair-price mark and next real slots."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="shops_search", parameters=[SearchQuery], responses={200: SearchAnswer, **refusals(400, 404)}
    )
    def get(self, request: Request) -> HttpResponse:
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
        return base.quick(_results(found, query["limit"]))


def _results(found: search.Results, limit: int) -> dict[str, Any]:
    """As `SearchAnswer`, by hand: fifty shops have hundreds of fields."""
    zone, band = timezone.get_current_timezone(), found.band
    return {
        "fair_price": {"low_fen": band.low_fen, "high_fen": band.high_fen, "n": band.n} if band else None,
        "results": [
            {
                "shop": row.shop.slug,
                "name": row.shop.name,
                "kind": row.shop.kind,
                "address": row.shop.address,
                "latitude": row.shop.latitude,
                "longitude": row.shop.longitude,
                "distance_m": int(row.distance_m),
                "labour_fen": row.quote.labour_fen if row.quote else 0,
                "parts_fen": row.quote.parts_fen if row.quote else 0,
                "total_fen": row.total_fen,
                "mark": row.mark,
                "rating": row.shop.rating.shown_score if row.shop.rating else None,
                "reviews": row.shop.rating.reviews if row.shop.rating else 0,
                "next_slots": _slots(row.slots, zone),
            }
            for row in found.rows[:limit]
        ],
    }


def _slots(slots: Sequence[Slot], zone: tzinfo) -> list[dict[str, Any]]:
    return [
        {
            "starts_at": slot.starts_at.astimezone(zone),
            "ends_at": slot.ends_at.astimezone(zone),
            "discount_percent": slot.discount_percent,
        }
        for slot in slots
    ]


class FreeShops(APIView):
    """The nearest shops that have a bay and somebody trained free for a service in one window of time."""

    permission_classes = [AllowAny]

    @extend_schema(parameters=[FreeShopsQuery], responses={200: FreeShopSerializer(many=True), **refusals(400, 404)})
    def get(self, request: Request) -> Response:
        query = base.checked(FreeShopsQuery, request.query_params)
        phases.bring_phases([query["service"]])
        question = free_shops.Question(
            service=query["service"],
            variant=query["variant"],
            city=get_object_or_404(City, key=query["city"]),
            latitude=query["latitude"],
            longitude=query["longitude"],
            start=query["starts_at"],
            end=query["ends_at"],
        )
        found = free_shops.free_shops(question, at=timezone.now(), limit=query["limit"])
        return Response(FreeShopSerializer(found, many=True).data)


class ShopSlots(APIView):
    """The slots of a shop for a service on a car, day by day; a day without slots says why."""

    permission_classes = [AllowAny]

    @extend_schema(parameters=[SlotsQuery], responses={200: DaySerializer(many=True), **refusals(400, 404)})
    def get(self, request: Request, slug: str) -> HttpResponse:
        query = base.checked(SlotsQuery, request.query_params)
        job, now = jobs.job_at(slug, query), timezone.now()
        shop, plan = job.shop, job.quoted().plan
        first = query.get("first", now.astimezone(shop.zone).date())
        days = availability.day_slots(shop=shop, plan=plan, first=first, days=query["days"], at=now)
        return base.quick(_days(repack.reopened(days, shop=shop, plan=plan, at=now)))


def _days(days: Sequence[DaySlots]) -> list[dict[str, Any]]:
    """As `DaySerializer`, by hand: an answer has hundreds of slots."""
    zone = timezone.get_current_timezone()
    return [
        {
            "date": day.date,
            "slots": _slots(day.slots, zone),
            "reason": day.reason,
            "detail": day.detail,
        }
        for day in days
    ]


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
        job = jobs.job_of(order)

        def run() -> tuple[int, Any]:
            held = actions.hold(
                job=job,
                starts_at=order["starts_at"],
                holder=base.holder(request),
                at=timezone.now(),
            )
            return base.answer(held, 201)

        return base.once(request, run)


class Bookings(generics.ListAPIView[Booking]):
    """Your visits, the newest first."""

    permission_classes = [IsAuthenticated]
    serializer_class = BookingSerializer
    queryset = Booking.objects.none()

    def get_queryset(self) -> BookingQuerySet:
        mine = Booking.objects.visible_to(base.person(self.request)).exclude(status=Status.EXPIRED)
        return mine.for_card().order_by("-starts_at", "-pk")

    @extend_schema(
        request=PolymorphicProxySerializer("BookingOrder", [ConfirmOrder, BookOrder], resource_type_field_name=None),
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: BookingSerializer, **refusals(400, 401, 404, 409, 422)},
    )
    def post(self, request: Request) -> HttpResponse:
        """Book a held slot (`hold`), or a slot in one step (`shop`, `service`, `variant`, `starts_at`)."""
        if isinstance(request.data, dict) and "hold" not in request.data and "shop" in request.data:
            return self._book(request)
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

    def _book(self, request: Request) -> HttpResponse:
        order, user = base.checked(BookOrder, request.data), base.person(request)
        job = jobs.job_of(order)

        def run() -> tuple[int, Any]:
            car = get_object_or_404(Car.objects.visible_to(user), public_id=order["car"]) if "car" in order else None
            contact = Contact(order["contact_name"], order["contact_phone"], order["plate"], order["note"])
            booked = actions.book(
                job=job, starts_at=order["starts_at"], by=user, contact=contact, car=car, at=timezone.now()
            )
            lookups.bring_claims(booked)
            return 201, BookingSerializer(booked).data

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
                actions.cancel(
                    booking=booking,
                    by=base.owner(request),
                    at=timezone.now(),
                    reason=order["reason"],
                    expected_fee_fen=order.get("fee_fen"),
                )
            ),
        )


class Cancellation(APIView):
    """What cancelling the visit would cost now. Ask before you cancel."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: CancellationSerializer, **refusals(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        booking = base.own_booking(request, public_id)
        fee_fen = rules.cancel_fee_fen(booking, at=timezone.now())
        answer = {"fee_fen": fee_fen, "free_until": booking.free_cancel_until}
        return Response(CancellationSerializer(answer).data)
