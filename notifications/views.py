"""The developer outbox: what would have been sent, codes and links in the clear. Its address exists only with DEBUG."""

import email
import email.policy
import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from notifications.choices import MessageStatus
from notifications.models import Message

SHOWN = 30
# What waits is neither: it is told in the tone of information.
_TONES: dict[str, str] = {
    MessageStatus.SENT: "ok",
    MessageStatus.FAILED: "bad",
    MessageStatus.BOUNCED: "bad",
    MessageStatus.UNKNOWN: "warn",
    MessageStatus.DROPPED: "mute",
}
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass(frozen=True)
class OutboxEntry:
    """A message and the code in it, if there is one."""

    message: Message
    code: str

    @property
    def tone(self) -> str:
        return _TONES.get(self.message.status, "info")

    @property
    def has_letter(self) -> bool:
        return bool(settings.MAIL_FOLDER) and (self.message.channel, self.message.status) == ("email", "sent")


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


@never_cache
@require_GET
def dev_letter(request: HttpRequest, public_id: str) -> HttpResponse:
    """A letter as a mail program shows it, as the local mail server took it (`?source` the whole of it): shut off from
    the site and the network by a policy of its own. 404 if the letter is not kept, or not any more."""
    if not (settings.DEBUG and settings.MAIL_FOLDER and public_id.isalnum()):
        raise Http404
    found = max(Path(settings.MAIL_FOLDER).glob(f"*-{public_id}.eml"), default=None)
    if found is None:
        raise Http404
    raw = found.read_bytes()
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    html = letter.get_body(("html",))
    if "source" in request.GET or html is None:
        response = HttpResponse(raw, content_type="text/plain; charset=utf-8")
    else:
        response = HttpResponse(html.get_content())
    vars(response)["_csp_exempt"] = True  # read by django-csp's middleware
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    return response


def _code_in(message: Message) -> str:
    if message.kind != "code":
        return ""
    found = _CODE.search(message.body)
    return found.group() if found else ""
