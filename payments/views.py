"""Where providers send their notices. No person comes here: no session, no form token, no page."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments import notices as inbox
from payments import waking
from payments.providers import registry
from payments.providers.base import NoticeRefusedError


@csrf_exempt
@require_POST
def notices(request: HttpRequest, provider: str) -> HttpResponse:
    """Take a notice in and answer as its provider wants to be answered; it is looked into afterwards."""
    try:
        acknowledgement = registry.get(provider).acknowledgement
    except registry.ProviderNotConfigured:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    if int(request.META.get("CONTENT_LENGTH") or 0) > inbox.MAX_BODY_BYTES:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        notice = inbox.accept(
            provider_key=provider, headers=dict(request.headers), body=request.body, at=timezone.now()
        )
    except NoticeRefusedError:
        return HttpResponse("refused", status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
    if notice is not None:
        waking.notice_came(notice.pk)
    status, content_type, body = acknowledgement
    return HttpResponse(body, status=status, content_type=content_type)
