"""Push messages in the browser: the service worker, and which browsers are told."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.signals import user_logged_out
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from notifications import browsers
from notifications.browsers import Subscription
from notifications.forms import BrowserForm

# Which subscription this browser has, so that it ends with the session.
SESSION_KEY = "push_browser"
_SCRIPT = settings.BASE_DIR / "static" / "js" / "service-worker.js"


@require_GET
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The script that receives push messages. At the root, because a worker rules the pages below its address."""
    return HttpResponse(_SCRIPT.read_bytes(), content_type="text/javascript; charset=utf-8")


@login_required
@require_POST
def subscribe(request: HttpRequest) -> HttpResponse:
    """Take in this browser: JSON of `PushSubscription.toJSON()`. 201, or 400 with what is wrong by field."""
    if not browsers.public_key():
        raise Http404
    form = BrowserForm(_fields(request.body))
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=400)
    row = browsers.remember(
        person=_person(request),
        subscription=Subscription(**form.cleaned_data),
        device=browsers.name_of(request.headers.get("User-Agent", "")),
        at=timezone.now(),
    )
    request.session[SESSION_KEY] = row.public_id
    messages.success(request, _("This browser shows messages from now on."))
    return JsonResponse({"public_id": row.public_id}, status=201)


@login_required
@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Tell one of the person's browsers nothing more."""
    public_id = request.POST.get("public_id", "")
    if "\x00" not in public_id and browsers.forget(person=_person(request), public_id=public_id[:100]):
        messages.success(request, _("Removed."))
    return redirect(reverse("notifications:preference") + "#browsers")


def forget_at_sign_out(sender: Any, request: HttpRequest | None, user: Any, **_more: Any) -> None:  # noqa: ARG001
    """Who signs out leaves nothing that shows their messages: others may use this computer."""
    public_id = request.session.get(SESSION_KEY) if request is not None else None
    if public_id and user is not None:
        browsers.forget(person=user, public_id=public_id)


def connect() -> None:
    """Listen to Django's sign-out; called once when the app is ready."""
    user_logged_out.connect(forget_at_sign_out, dispatch_uid="notifications.forget_at_sign_out")


def _fields(body: bytes) -> dict[str, Any]:
    """The form's fields in a browser's JSON; what has another shape is left out and found missing."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    keys = sent.get("keys") if isinstance(sent, dict) else None
    if not isinstance(keys, dict):
        return {}
    found = {"endpoint": sent.get("endpoint"), "p256dh": keys.get("p256dh"), "auth": keys.get("auth")}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  (login_required saw to it)
    return request.user
