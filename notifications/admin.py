"""The delivery log in the admin: to read, not to edit."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from notifications.choices import MessageStatus
from notifications.models import Message, Preference


@admin.register(Message)
class MessageAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["created_at", "channel", "kind", "recipient", "subject", "shown_status"]
    list_filter = ["channel", "status", "kind", "created_at"]
    list_filter_submit = True
    search_fields = ["recipient", "subject", "kind"]
    search_help_text = _("Recipient, subject or kind")
    ordering = ["-created_at", "-pk"]
    date_hierarchy = "created_at"
    list_per_page = 50
    fields = ["created_at", "channel", "kind", "recipient", "subject", "body", "status", "error"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:  # noqa: ARG002
        return False

    @display(description=_("Status"), ordering="status", label={"sent": "success", "failed": "danger"})  # type: ignore[untyped-decorator]
    def shown_status(self, message: Message) -> tuple[str, str]:
        return message.status, str(MessageStatus(message.status).label)


@admin.register(Preference)
class PreferenceAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["user", "zone", "quiet_from", "quiet_until", "changed_at"]
    search_fields = ["user__email", "user__phone"]
    search_help_text = _("E-mail or phone")
    ordering = ["-changed_at", "-pk"]
    fields = ["user", "zone", "quiet_from", "quiet_until", "changed_at"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Preference | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Preference | None = None) -> bool:  # noqa: ARG002
        return False
