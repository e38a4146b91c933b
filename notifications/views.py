"""The developer outbox: what would have been sent, codes and links in the clear. Its address exists only with DEBUG."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from notifications.models import Message

SHOWN = 30
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass(frozen=True)
class OutboxEntry:
    """A message and the code in it, if there is one."""

    message: Message
    code: str


@never_cache
@require_GET
def dev_outbox(request: HttpRequest) -> HttpResponse:
    """The newest messages; htmx asks for the list alone every few seconds."""
    if not settings.DEBUG:
        raise Http404
    messages = Message.objects.order_by("-created_at", "-pk")[:SHOWN]
    entries = [OutboxEntry(message, _code_in(message)) for message in messages]
    is_fragment = bool(getattr(request, "htmx", False))
    template = "notifications/_outbox_list.html" if is_fragment else "notifications/dev_outbox.html"
    return render(request, template, {"entries": entries})


def _code_in(message: Message) -> str:
    if message.kind != "code":
        return ""
    found = _CODE.search(message.body)
    return found.group() if found else ""
