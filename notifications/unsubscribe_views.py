"""Leaving a topic by the link at the end of a letter (RFC 8058: mail programs post to it on one click)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications import unsubscribing

AGAIN = "again"


@csrf_exempt  # the token is the proof; a mail program has no cookie
@never_cache
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, and on POST do: opening a letter, or a scanner that follows links, changes nothing.

    A POST switches off, with `action=again` on again; what else is in it does not matter.
    """
    leave = unsubscribing.read(token)
    if leave is None:
        return render(request, "notifications/unsubscribe_gone.html", status=404)
    said = "ask" if unsubscribing.is_on(leave) else "already"
    if request.method == "POST" and request.POST.get("action") == AGAIN:
        unsubscribing.come_back(leave=leave, at=timezone.now())
        said = "again"
    elif request.method == "POST" and unsubscribing.leave(leave=leave, at=timezone.now()):
        said = "done"
    return render(request, "notifications/unsubscribe.html", {"leave": leave, "said": said})
