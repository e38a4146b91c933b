"""What reminders lead to, and how each channel is doing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import platform_access
from accounts.platform_access import NavPage, navigation_of, platform_page
from notifications.choices import Channel, MessageStatus
from notifications.delivering import resume as resume_channel
from notifications.models import Message
from reminders import figures
from reminders.choices import ItemState
from reminders.models import CarState, DueItem
from reminders.week_chart import week_chart

_PAGES = (
    NavPage("overview", "platform_reminders:overview", gettext_lazy("Overview"), "layout-dashboard"),
    NavPage("messages", "platform_reminders:messages", gettext_lazy("Messages"), "send"),
)
SPAN = timedelta(days=90)
MESSAGES_SPAN = timedelta(days=7)
TROUBLES = (MessageStatus.FAILED, MessageStatus.BOUNCED, MessageStatus.UNKNOWN)
SHOWN = 50


@require_GET
@platform_page
def overview(request: HttpRequest) -> HttpResponse:
    """What is due, and from letter to visit, over the last ninety days."""
    now = timezone.now()
    weeks = figures.due_weeks(today=timezone.localdate(now))
    context = {
        "chart": week_chart(weeks),
        "overdue": DueItem.objects.open().filter(due_on__lt=timezone.localdate(now)).count(),
        "put_off": DueItem.objects.filter(state=ItemState.DEFERRED).count(),
        "stale": CarState.objects.filter(stale_since__lt=now - timedelta(minutes=30)).count(),
        "in_error": CarState.objects.exclude(last_error="").count(),
        "reminders": figures.funnel(figures.reminders(since=now - SPAN)),
        "campaigns": figures.funnel(figures.campaigns(since=now - SPAN)),
        "days": SPAN.days,
    }
    return _show(request, "overview", context)


@require_GET
@platform_page
def messages_page(request: HttpRequest) -> HttpResponse:
    """Channels over the last week, and the newest messages that went wrong."""
    now = timezone.now()
    troubles = Message.objects.filter(status__in=TROUBLES).order_by("-created_at", "-pk")[:SHOWN]
    context = {
        "channels": figures.channels(since=now - MESSAGES_SPAN, at=now),
        "troubles": troubles,
        "days": MESSAGES_SPAN.days,
    }
    return _show(request, "messages", context)


@require_POST
@platform_page
def resume(request: HttpRequest, channel: str) -> HttpResponse:
    """Try a paused channel again at once."""
    if channel not in Channel.values:
        raise Http404(_("There is no such channel."))
    resume_channel(channel=channel)
    messages.success(request, _("It is tried again now."))
    return redirect("platform_reminders:messages")


def _show(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    return platform_access.show_page(
        request,
        f"reminders/platform/{name}.html",
        context,
        area="reminders",
        navigation=navigation_of(_PAGES, name),
    )
