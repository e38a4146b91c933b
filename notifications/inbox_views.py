"""The inbox: what I was told, the newest first."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.views import local_url
from notifications import audience, inbox, quiet
from notifications.choices import Topic
from notifications.models import Notice, Preference

PAGE_SIZE = 30


@never_cache
@login_required
@require_GET
def inbox_page(request: HttpRequest) -> HttpResponse:
    """A page of the inbox: `topic` narrows it, `before` is the last line of the page before."""
    person = _person(request)
    topics = audience.topics_of(person)
    topic = next((topic for topic in topics if topic == request.GET.get("topic", "")), None)
    last = inbox.line_of(person, request.GET.get("before", ""))
    page = inbox.page_of(person, topic=topic or "", after=last, size=PAGE_SIZE)
    zone = quiet.of(Preference.objects.filter(user=person).first()).zone_info
    context = {
        "days": [(day, list(notices)) for day, notices in groupby(page.lines, key=lambda line: _day(line, zone))],
        "zone": zone,
        "topics": topics,
        "chosen": topic,
        "newest": page.lines[0] if page.lines else None,
        "next_query": _query(topic, page.lines[-1]) if page.has_more else "",
        "unread": inbox.unread_count(person),
    }
    return render(request, "notifications/inbox.html", context)


@never_cache
@login_required
@require_GET
def open_notice(request: HttpRequest, public_id: str) -> HttpResponse:
    """Mark a line as read and go where it leads; opening it again does nothing more."""
    notice = get_object_or_404(Notice.objects.inbox_of(_person(request)), public_id=public_id)
    inbox.read(notice=notice, at=timezone.now())
    return redirect(local_url(request, notice.path) or reverse("notifications:inbox"))


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark as read what the page showed and what is older (`newest`)."""
    person = _person(request)
    newest = inbox.line_of(person, request.POST.get("newest", ""))
    if newest is not None:
        inbox.read_all(person=person, at=timezone.now(), newest=newest)
        messages.success(request, _("All read."))
    return redirect("notifications:inbox")


@require_GET
def unread(request: HttpRequest) -> HttpResponse:
    """The number beside the bell, asked by pages that stand open; 204 for who is not signed in."""
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    count = inbox.unread_count(request.user)
    shown = f"{inbox.COUNTED - 1}+" if count >= inbox.COUNTED else str(count)
    words = ngettext("Inbox, %(count)s unread message", "Inbox, %(count)s unread messages", count)
    label = words % {"count": shown} if count else _("Inbox")
    response = JsonResponse({"unread": count, "shown": shown if count else "", "label": label})
    patch_cache_control(response, private=True, no_cache=True)
    etag = f'"{count}-{get_language()}"'
    answer = get_conditional_response(request, etag=etag, response=response) or response
    answer["ETag"] = etag
    return answer


def _day(notice: Notice, zone: ZoneInfo) -> date:
    return notice.created_at.astimezone(zone).date()


def _query(topic: Topic | None, last: Notice) -> str:
    return urlencode({**({"topic": topic.value} if topic else {}), "before": last.public_id})


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  (login_required saw to it)
    return request.user
