"""The outbox in the admin: what waits, what was given up and why. Read here; an event given up can be tried again."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from core import outbox
from core.models import OutboxEvent


@admin.register(OutboxEvent)
class OutboxEventAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["topic", "key", "shown_state", "attempts", "created_at", "due_at", "handled_at"]
    list_filter = [
        ("parked_at", admin.EmptyFieldListFilter),
        ("handled_at", admin.EmptyFieldListFilter),
        "topic",
        "created_at",
    ]
    list_filter_submit = True
    search_fields = ["topic", "key", "last_error"]
    search_help_text = _("Topic, key or error")
    ordering = ["-pk"]
    date_hierarchy = "created_at"
    list_per_page = 50
    actions = ["try_again"]
    fields = ["topic", "key", "payload", "created_at", "due_at", "attempts", "handled_at", "parked_at", "last_error"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  (Django's signature)
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutboxEvent | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutboxEvent | None = None) -> bool:  # noqa: ARG002
        return False

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label={"handled": "success", "waiting": "info", "parked": "danger"}
    )
    def shown_state(self, event: OutboxEvent) -> tuple[str, str]:
        if event.handled_at:
            return "handled", str(_("Handled"))
        return ("parked", str(_("Given up"))) if event.parked_at else ("waiting", str(_("Waiting")))

    @admin.action(description=_("Try the selected events again, if they were given up"), permissions=["retry"])
    def try_again(self, request: HttpRequest, events: QuerySet[OutboxEvent]) -> None:
        count = outbox.retry(events, at=timezone.now())
        said = ngettext("%(count)d event is tried again.", "%(count)d events are tried again.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whoever may change events may retry them; superusers may everything."""
        return bool(request.user.has_perm("core.change_outboxevent"))
