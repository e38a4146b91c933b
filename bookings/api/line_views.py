"""The job card by the API: lines, phone answers, stage, promise, messages, quality check. A foreign visit or line looks
like a missing one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api import base
from bookings.api.line_serializers import (
    ChangeOrder,
    JobCardSerializer,
    LineOrder,
    NotNeededOrder,
    PartsOrder,
    PhoneOrder,
    PromiseOrder,
    QualityOrder,
    StageOrder,
    card_of,
    draft_of,
)
from bookings.api.owner_floor_serializers import MessageOrder, MessageSerializer, choices_of, messages_of
from bookings.choices import DecisionWay, Stage
from bookings.floor import deciding, lines, messages, progress, quality
from bookings.floor.deciding import Voice
from bookings.floor.lines import Author
from bookings.floor.messages import Speaker
from bookings.floor_pages import visit_photos
from bookings.models import Booking, Line
from core.api import refusals
from shops.access import get_staff_shop
from shops.choices import Permission

_ANSWERS = {200: JobCardSerializer, **refusals(400, 401, 403, 404, 409, 422)}


class JobCard(APIView):
    """The job card of a visit, for everybody who works at the shop."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: JobCardSerializer, **refusals(401, 404)})
    def get(self, request: Request, slug: str, public_id: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.BOARD)
        return Response(card_of(get_object_or_404(Booking.objects.at_shop(shop), public_id=public_id)))


@dataclass(frozen=True)
class Asked:
    """What is to be done: to which visit (and line of it), with what that was sent, by whom, when."""

    booking: Booking
    order: dict[str, Any]
    by: Author
    at: datetime
    line_id: str

    @property
    def line(self) -> Line:
        """The line that the address names. Raises NoSuchLineError (404)."""
        return lines.find(self.booking, self.line_id)


class _Step(APIView, ABC):
    """Something done on the job card: who may, what it needs, which action it is. Answers with the fresh card."""

    permission_classes = [IsAuthenticated]
    permission: ClassVar[str] = Permission.CHECK_IN
    order: ClassVar[type[serializers.Serializer[Any]] | None] = None

    @extend_schema(request=None, parameters=[base.IDEMPOTENCY_KEY], responses=_ANSWERS)
    def post(self, request: Request, slug: str, public_id: str, **where: str) -> Response:
        shop = get_staff_shop(request, slug, self.permission)
        booking = get_object_or_404(Booking.objects.at_shop(shop).for_card(), public_id=public_id)
        order = base.checked(self.order, request.data) if self.order else {}
        author = Author(base.person(request), shop.viewer_role or "")

        def run() -> tuple[int, Any]:
            self.act(Asked(booking, order, author, timezone.now(), where.get("line", "")))
            return 200, card_of(booking)

        return base.once(request, run)

    @abstractmethod
    def act(self, asked: Asked) -> object:
        """Do it."""


@extend_schema(request=LineOrder)
class Propose(_Step):
    """Put a line on the card. The owner sees it once it is sent."""

    order = LineOrder

    def act(self, asked: Asked) -> object:
        return lines.propose(
            booking=asked.booking, draft=draft_of(asked.order, asked.booking), by=asked.by, at=asked.at
        )


class Send(_Step):
    """Send every line that the owner has not seen. Sending twice sends once."""

    def act(self, asked: Asked) -> object:
        return lines.send(booking=asked.booking, by=asked.by, at=asked.at)


@extend_schema(request=ChangeOrder)
class Change(_Step):
    """Let a line say something else: a new version, which the owner has to approve again."""

    order = ChangeOrder

    def act(self, asked: Asked) -> object:
        line, draft = asked.line, draft_of(asked.order, asked.booking)
        return lines.change(line=line, draft=draft, version=asked.order["version"], by=asked.by, at=asked.at)


class Withdraw(_Step):
    """Take a proposal back that nobody has answered."""

    def act(self, asked: Asked) -> object:
        return lines.withdraw(line=asked.line, by=asked.by, at=asked.at)


class Done(_Step):
    """The work of an approved line is done. Twice is once."""

    def act(self, asked: Asked) -> object:
        return lines.mark_done(line=asked.line, by=asked.by.user, at=asked.at)


@extend_schema(request=NotNeededOrder)
class NotNeeded(_Step):
    """An approved line turned out not to be needed; the owner reads why and does not pay for it."""

    order = NotNeededOrder

    def act(self, asked: Asked) -> object:
        line = asked.line
        return lines.mark_not_needed(line=line, reason=asked.order["reason"], by=asked.by.user, at=asked.at)


@extend_schema(request=PartsOrder)
class WaitForParts(_Step):
    """Parts of an approved line are missing, or have come."""

    order = PartsOrder

    def act(self, asked: Asked) -> object:
        line = asked.line
        return lines.wait_for_parts(line=line, by=asked.by.user, at=asked.at, **asked.order)


@extend_schema(request=PhoneOrder)
class PhoneAnswer(_Step):
    """Write down what the owner said on the phone: for the counter only. All is taken, or none."""

    permission = Permission.WALK_IN
    order = PhoneOrder

    def act(self, asked: Asked) -> object:
        voice = Voice(
            DecisionWay.PHONE,
            owner=asked.booking.owner,
            recorded_by=asked.by.user,
            role=asked.by.role,
            spoke_with=asked.order["spoke_with"],
            note=asked.order["note"],
        )
        return deciding.decide(booking=asked.booking, choices=choices_of(asked.order), voice=voice, at=asked.at)


@extend_schema(request=StageOrder)
class MoveStage(_Step):
    """Where the car is now."""

    order = StageOrder

    def act(self, asked: Asked) -> object:
        return progress.move(booking=asked.booking, to=Stage(asked.order["stage"]), by=asked.by.actor, at=asked.at)


@extend_schema(request=PromiseOrder)
class Promise(_Step):
    """Promise another time, with a reason that the owner reads."""

    permission = Permission.WALK_IN
    order = PromiseOrder

    def act(self, asked: Asked) -> object:
        return progress.promise(booking=asked.booking, by=asked.by.actor, at=asked.at, **asked.order)


class Submit(_Step):
    """The work is done: somebody else checks it now. Twice is once."""

    def act(self, asked: Asked) -> object:
        return quality.submit(booking=asked.booking, by=asked.by.user, at=asked.at)


@extend_schema(request=QualityOrder)
class QualityCheck(_Step):
    """Look over finished work. All in order: the car is ready. Otherwise it goes back to work."""

    order = QualityOrder

    def act(self, asked: Asked) -> object:
        return quality.check(booking=asked.booking, by=asked.by.user, at=asked.at, **asked.order)


class Messages(APIView):
    """What owner and shop say to each other in a visit, in order."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: MessageSerializer(many=True), **refusals(401, 404)})
    def get(self, request: Request, slug: str, public_id: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.BOARD)
        booking = get_object_or_404(Booking.objects.at_shop(shop), public_id=public_id)
        return Response(messages_of(booking, partial(visit_photos.address, shop, booking)))

    @extend_schema(
        request=MessageOrder,
        parameters=[base.IDEMPOTENCY_KEY],
        responses={201: MessageSerializer, **refusals(400, 401, 403, 404, 409, 422)},
    )
    def post(self, request: Request, slug: str, public_id: str) -> Response:
        shop = get_staff_shop(request, slug, Permission.CHECK_IN)
        booking = get_object_or_404(Booking.objects.at_shop(shop), public_id=public_id)
        order = base.checked(MessageOrder, request.data)
        speaker = Speaker(is_owner=False, user=base.person(request), role=shop.viewer_role or "")

        def run() -> tuple[int, Any]:
            said = messages.say(booking=booking, text=order["text"], by=speaker, at=timezone.now())
            return 201, dict(
                MessageSerializer(said, context={"address": partial(visit_photos.address, shop, booking)}).data
            )

        return base.once(request, run)
