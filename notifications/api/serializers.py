"""The shapes of the inbox and of preferences in the API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.ids import LENGTH
from notifications.choices import AddressFault, Channel, Topic


class NoticeSerializer(serializers.Serializer[Any]):
    """A line of the inbox, in the language it was told in."""

    id = serializers.CharField(source="public_id")
    topic = serializers.ChoiceField(choices=Topic.choices)
    kind = serializers.CharField(help_text=_("what the message is, for example bookings/ready"))
    title = serializers.CharField()
    text = serializers.CharField()
    path = serializers.CharField(help_text=_("where it goes on, an address on this site; may be empty"))
    told_at = serializers.DateTimeField(source="created_at")
    read_at = serializers.DateTimeField(allow_null=True, help_text=_("null: not read yet"))


class InboxQuery(serializers.Serializer[Any]):
    topic = serializers.ChoiceField(choices=Topic.choices, required=False)
    before = serializers.RegexField(
        rf"^[0-9a-z]{{{LENGTH}}}$", required=False, help_text=_("the last line of the page before")
    )
    page_size = serializers.IntegerField(min_value=1, max_value=100, default=20)


class InboxSerializer(serializers.Serializer[Any]):
    """A page of the inbox, the newest first."""

    results = NoticeSerializer(many=True)
    before = serializers.CharField(help_text=_("ask with this for the page that follows; empty: there is none"))
    unread = serializers.IntegerField(help_text=_("in the whole inbox, 100 at most"))


class UnreadSerializer(serializers.Serializer[Any]):
    unread = serializers.IntegerField(help_text=_("100 at most"))


class ReadAllWrite(serializers.Serializer[Any]):
    newest = serializers.RegexField(
        rf"^[0-9a-z]{{{LENGTH}}}$",
        required=False,
        help_text=_("the newest line that was seen: what came since stays unread. Left out: everything is read"),
    )


class WaySerializer(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=Channel.choices)
    on = serializers.BooleanField(source="is_on")
    possible = serializers.BooleanField(source="is_possible", help_text=_("whether there is an address for it"))


class TopicSerializer(serializers.Serializer[Any]):
    topic = serializers.ChoiceField(choices=Topic.choices)
    name = serializers.CharField(source="topic.label")
    can_be_left = serializers.BooleanField(help_text=_("false: one way has to stay on"))
    ways = WaySerializer(many=True)


class UnreachableSerializer(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=Channel.choices)
    recipient = serializers.CharField()
    fault = serializers.ChoiceField(choices=AddressFault.choices)
    since = serializers.DateTimeField()


class MessagePreferencesSerializer(serializers.Serializer[Any]):
    """What is in force: chosen, or the default."""

    topics = TopicSerializer(many=True, source="rows")
    quiet_from = serializers.TimeField(source="quiet.start", format="%H:%M")
    quiet_until = serializers.TimeField(source="quiet.end", format="%H:%M")
    zone = serializers.CharField(source="quiet.zone", help_text=_("of the quiet hours; empty: the platform's"))
    unreachable = UnreachableSerializer(many=True)


class MessagePreferencesWrite(serializers.Serializer[Any]):
    """What is left out stays as it is."""

    topics = serializers.DictField(
        child=serializers.ListField(child=serializers.ChoiceField(choices=Channel.choices), max_length=10),
        required=False,
        help_text=_('channels by topic: {"visits": ["sms", "email"], "reviews": []}'),
    )
    quiet_from = serializers.TimeField(required=False, help_text=_("24 hours: 21:00"))
    quiet_until = serializers.TimeField(required=False, help_text=_("24 hours: 09:00"))
    zone = serializers.CharField(required=False, allow_blank=True, max_length=60, help_text=_("Asia/Shanghai"))
