"""What was told, sent and chosen, in the admin: to read. Only two things can be done here: send again by a channel that
is paused, and take an address back that works again."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from core.money import format_fen_exact
from notifications import delivering, tasks
from notifications.choices import MessageStatus, Topic
from notifications.models import (
    ChannelChoice,
    ChannelState,
    Message,
    Notice,
    Preference,
    PushSubscription,
    SenderSlot,
    UnreachableAddress,
)

_TONES = {
    "queued": "info",
    "claimed": "info",
    "handing": "info",
    "sent": "success",
    "failed": "danger",
    "bounced": "danger",
    "unknown": "warning",
    "dropped": "warning",
}
# People are found by their contact, or by the id in their addresses.
_PERSON = ["user__email", "user__phone", "user__public_id"]


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows that the machine or their person writes: nothing is added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False


class MessagesOfNotice(TabularInline):  # type: ignore[misc]
    """By which ways a notice left."""

    model = Message
    fields = ["channel", "recipient", "status", "attempts", "sent_at"]
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "shown_topic", "kind", "title", "person", "is_read"]
    list_filter = ["topic", "kind", "in_inbox", "created_at"]
    list_filter_submit = True
    list_select_related = ["person"]
    search_fields = ["title", "kind", "key", "person__email", "person__phone"]
    search_help_text = _("Title, kind, key, e-mail or phone")
    ordering = ["-created_at", "-pk"]
    list_per_page = 50
    show_full_result_count = False
    fields = [
        "key",
        "kind",
        "topic",
        "person",
        "language",
        "title",
        "text",
        "path",
        "in_inbox",
        "created_at",
        "expires_at",
        "read_at",
    ]
    readonly_fields = fields
    inlines = [MessagesOfNotice]

    @display(description=_("Topic"), ordering="topic")  # type: ignore[untyped-decorator]
    def shown_topic(self, notice: Notice) -> str:
        return str(Topic(notice.topic).label)

    @display(description=_("Read"), boolean=True)  # type: ignore[untyped-decorator]
    def is_read(self, notice: Notice) -> bool:
        return notice.read_at is not None


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "channel", "kind", "recipient", "subject", "shown_status", "attempts", "cost"]
    list_filter = ["channel", "status", "dropped_for", "kind", "created_at"]
    list_filter_submit = True
    search_fields = ["recipient", "subject", "kind", "reference", "public_id"]
    search_help_text = _("Recipient, subject, kind, the other side's number or ours")
    ordering = ["-created_at", "-pk"]
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False
    fields = [
        "public_id",
        "notice",
        "created_at",
        "due_at",
        "channel",
        "kind",
        "recipient",
        "subject",
        "body",
        "status",
        "dropped_for",
        "attempts",
        "claimed_until",
        "sent_at",
        "reference",
        "cost",
        "error",
    ]
    readonly_fields = fields

    @display(description=_("Status"), ordering="status", label=_TONES)  # type: ignore[untyped-decorator]
    def shown_status(self, message: Message) -> tuple[str, str]:
        return message.status, str(MessageStatus(message.status).label)

    @display(description=_("Cost"), ordering="cost_li")  # type: ignore[untyped-decorator]
    def cost(self, message: Message) -> str:
        """In yuan; the third decimal is a tenth of a fen, which text messages have."""
        fen, li = divmod(message.cost_li, 10)
        return f"{format_fen_exact(fen)}{li}" if message.cost_li else "–"


@admin.register(ChannelState)
class ChannelStateAdmin(ReadOnlyAdmin):
    list_display = ["channel", "failures", "paused_until", "last_error", "last_sent_at"]
    search_fields = ["channel", "last_error"]
    search_help_text = _("Channel or error")
    fields = ["channel", "failures", "paused_until", "last_error", "last_sent_at"]
    readonly_fields = fields
    actions = ["resume"]

    def has_resume_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("notifications.change_channelstate"))

    @admin.action(description=_("Try again now"), permissions=["resume"])
    def resume(self, request: HttpRequest, queryset: QuerySet[ChannelState]) -> None:
        """End the pause of channels that somebody has looked after."""
        for state in queryset:
            delivering.resume(channel=state.channel)
            tasks.wake(state.channel)
            self.log_change(request, state, "resumed")
        self.message_user(request, _now("Messages go out again within seconds."), messages.SUCCESS)


@admin.register(SenderSlot)
class SenderSlotAdmin(ReadOnlyAdmin):
    list_display = ["channel", "number", "held_by", "held_until"]
    list_filter = ["channel"]
    search_fields = ["held_by"]
    search_help_text = _("Holder")
    fields = ["channel", "number", "held_by", "held_until"]
    readonly_fields = fields


@admin.register(UnreachableAddress)
class UnreachableAddressAdmin(ReadOnlyAdmin):
    """Deleting a row says that the address works again. Django's log keeps who did it."""

    list_display = ["recipient", "channel", "fault", "note", "since"]
    list_filter = ["channel", "fault", "since"]
    search_fields = ["recipient", "note"]
    search_help_text = _("Address, or what the other side said")
    ordering = ["-since", "-pk"]
    show_full_result_count = False
    fields = ["channel", "recipient", "fault", "note", "since"]
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return bool(request.user.has_perm("notifications.delete_unreachableaddress"))


@admin.register(PushSubscription)
class PushSubscriptionAdmin(ReadOnlyAdmin):
    """Which browsers are told. Endpoint and keys are secrets of the browser and are not shown."""

    list_display = ["user", "device", "created_at"]
    list_select_related = ["user"]
    search_fields = [*_PERSON, "device", "public_id"]
    search_help_text = _("E-mail, phone or device")
    ordering = ["-created_at", "-pk"]
    fields = ["public_id", "user", "device", "created_at"]
    readonly_fields = fields


@admin.register(ChannelChoice)
class ChannelChoiceAdmin(ReadOnlyAdmin):
    list_display = ["user", "topic", "channel", "is_on", "changed_at"]
    list_filter = ["topic", "channel", "is_on"]
    list_filter_submit = True
    list_select_related = ["user"]
    search_fields = _PERSON
    search_help_text = _("E-mail or phone")
    ordering = ["-changed_at", "-pk"]
    show_full_result_count = False
    fields = ["user", "topic", "channel", "is_on", "changed_at"]
    readonly_fields = fields


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    list_display = ["user", "zone", "quiet_from", "quiet_until", "changed_at"]
    list_select_related = ["user"]
    search_fields = _PERSON
    search_help_text = _("E-mail or phone")
    ordering = ["-changed_at", "-pk"]
    fields = ["user", "zone", "quiet_from", "quiet_until", "changed_at"]
    readonly_fields = fields
