"""Where gateways and mail servers report what became of messages. Machines call here: no session, no page."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications import bounces, sms_reports

# Gateways send a hundred at a time.
MAX_ENTRIES = 2000


@csrf_exempt  # the secret in the address is the proof
@require_POST
def sms_delivery(request: HttpRequest, token: str) -> JsonResponse:
    """Whether texts arrived (SmsReport)."""
    return _read_list(request, token, sms_reports.read_reports)


@csrf_exempt
@require_POST
def sms_answers(request: HttpRequest, token: str) -> JsonResponse:
    """What people answered to texts (SmsUp)."""
    return _read_list(request, token, sms_reports.read_answers)


@csrf_exempt  # the signature is the proof
@require_POST
def mail_bounces(request: HttpRequest) -> HttpResponse:
    """A letter that came back, or a complaint, as it arrived (message/rfc822).

    `X-Signature: sha256=…` is the HMAC of the body with BOUNCE_SECRET. 403 without it, 413 for more than a report can
    have, 400 for what is none.
    """
    if not settings.BOUNCE_SECRET:
        raise Http404
    if len(request.body) > bounces.MAX_BYTES:
        return HttpResponse("too long\n", status=413, content_type="text/plain")
    right = "sha256=" + hmac.new(settings.BOUNCE_SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    if not constant_time_compare(request.headers.get("X-Signature", ""), right):
        return HttpResponse("wrong signature\n", status=403, content_type="text/plain")
    try:
        outcomes = bounces.read(request.body, at=timezone.now())
    except bounces.NotAReportError as error:
        return HttpResponse(f"not a report: {error}\n", status=400, content_type="text/plain")
    return JsonResponse({"outcomes": outcomes})


def _read_list(request: HttpRequest, token: str, read: Callable[..., int]) -> JsonResponse:
    """Take a list of entries. The gateway does not sign, so its address has a secret; it repeats what is not
    acknowledged by `code` 0."""
    if not settings.SMS_REPORTS_SECRET or not constant_time_compare(token, settings.SMS_REPORTS_SECRET):
        raise Http404
    entries = _list_in(request)
    if entries is None:
        return JsonResponse({"code": 1, "msg": "not a JSON list"}, status=400)
    at: datetime = timezone.now()
    return JsonResponse({"code": 0, "msg": "ok", "read": read(entries, at=at)})


def _list_in(request: HttpRequest) -> Iterable[Any] | None:
    try:
        entries = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return entries[:MAX_ENTRIES] if isinstance(entries, list) else None
