"""/api/v1/inbox/ and /api/v1/preferences/messages/."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from core.api import refusals
from notifications import choosing, inbox
from notifications.api.serializers import (
    InboxQuery,
    InboxSerializer,
    MessagePreferencesSerializer,
    MessagePreferencesWrite,
    NoticeSerializer,
    ReadAllWrite,
    UnreadSerializer,
)
from notifications.models import Notice
from notifications.quiet import Quiet


class Inbox(APIView):
    """What you were told."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="inbox_list",
        summary="Your inbox",
        parameters=[InboxQuery],
        responses={200: InboxSerializer, **refusals(400, 401)},
    )
    def get(self, request: Request) -> Response:
        query = InboxQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked, owner = query.validated_data, person(request)
        last = inbox.line_of(owner, asked["before"]) if "before" in asked else None
        page = inbox.page_of(owner, topic=asked.get("topic", ""), after=last, size=asked["page_size"])
        told = {
            "results": page.lines,
            "before": page.lines[-1].public_id if page.has_more else "",
            "unread": inbox.unread_count(owner),
        }
        return Response(InboxSerializer(told).data)


class Unread(APIView):
    """How many lines you have not read."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="inbox_unread",
        summary="Number of unread messages",
        responses={200: UnreadSerializer, **refusals(401)},
    )
    def get(self, request: Request) -> Response:
        return Response({"unread": inbox.unread_count(person(request))})


class Read(APIView):
    """Mark a line as read; again does nothing more."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="inbox_read",
        summary="Mark one message as read",
        request=None,
        responses={200: NoticeSerializer, **refusals(401, 404)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        mine = Notice.objects.inbox_of(person(request))
        inbox.read(notice=get_object_or_404(mine, public_id=public_id), at=timezone.now())
        return Response(NoticeSerializer(mine.get(public_id=public_id)).data)


class ReadAll(APIView):
    """Mark everything as read."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="inbox_read_all",
        summary="Mark all messages as read",
        request=ReadAllWrite,
        responses={200: UnreadSerializer, **refusals(400, 401, 404)},
    )
    def post(self, request: Request) -> Response:
        order = ReadAllWrite(data=request.data)
        order.is_valid(raise_exception=True)
        owner, newest = person(request), None
        if "newest" in order.validated_data:
            newest = get_object_or_404(Notice.objects.inbox_of(owner), public_id=order.validated_data["newest"])
        inbox.read_all(person=owner, at=timezone.now(), newest=newest)
        return Response({"unread": inbox.unread_count(owner)})


class MessagePreferences(APIView):
    """What you are told about, by which ways, and when you are left alone."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="message_preferences_retrieve",
        summary="What you chose",
        responses={200: MessagePreferencesSerializer, **refusals(401)},
    )
    def get(self, request: Request) -> Response:
        return Response(MessagePreferencesSerializer(choosing.chosen_by(person(request))).data)

    @extend_schema(
        operation_id="message_preferences_update",
        summary="Choose",
        request=MessagePreferencesWrite,
        responses={200: MessagePreferencesSerializer, **refusals(400, 401)},
    )
    def put(self, request: Request) -> Response:
        order = MessagePreferencesWrite(data=request.data)
        order.is_valid(raise_exception=True)
        asked, owner = order.validated_data, person(request)
        quiet = _quiet(asked, choosing.chosen_by(owner).quiet)
        chosen = choosing.choose(person=owner, topics=asked.get("topics", {}), quiet=quiet, at=timezone.now())
        return Response(MessagePreferencesSerializer(chosen).data)


def person(request: Request) -> User:
    """Who asks. Raises NotAuthenticated."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def _quiet(asked: dict[str, Any], now: Quiet) -> Quiet | None:
    """The quiet hours with what was sent of them, None if nothing was."""
    if not {"zone", "quiet_from", "quiet_until"} & asked.keys():
        return None
    return Quiet(asked.get("zone", now.zone), asked.get("quiet_from", now.start), asked.get("quiet_until", now.end))
