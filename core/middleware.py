"""Request hygiene common to every page."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _


class RejectNulBytesMiddleware:
    """Refuse NUL in a path, query or cookie: PostgreSQL cannot store it and no honest client sends it.

    Form and JSON bodies are checked by their fields (Django's CharField and DRF's both refuse NUL).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest(_("The address contains a character that cannot be used."))
        # Written as "\000" in a quoted cookie, it would reach the query for the session.
        if any("\x00" in value for value in request.COOKIES.values()):
            return HttpResponseBadRequest(_("The address contains a character that cannot be used."))
        return self.get_response(request)


class BodySizeMiddleware:
    """Refuse a body that is too large (413) before anything reads it.

    Files and JSON are not under DATA_UPLOAD_MAX_MEMORY_SIZE, so one request could fill the memory or the disk. A view
    may allow more (`core.photo_fields.accepts_photos`). A body without a length is read as empty (WSGI).
    Stands below the middleware that knows the reader, so that the refusal is in their language.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdecimal()):
            return HttpResponse(status=HTTPStatus.BAD_REQUEST)
        if len(length) > 12 or int(length) > settings.MAX_BODY_BYTES:
            allowed = _allowed_bytes(request)
            if len(length) > 12 or int(length) > allowed:
                return _too_large(request, allowed)
        return self.get_response(request)


def _allowed_bytes(request: HttpRequest) -> int:
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        view = None
    return int(getattr(view, "max_body_bytes", settings.MAX_BODY_BYTES))


def _too_large(request: HttpRequest, allowed: int) -> HttpResponse:
    """A problem document for the API, a page for everybody else."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    megabytes = allowed // 1024 // 1024
    if not request.path_info.startswith("/api/"):
        return render(request, "413.html", {"megabytes": megabytes}, status=status)
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status,
        "code": "too_large",
        "detail": _("What you sent has more than %(megabytes)d MB.") % {"megabytes": megabytes},
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")


class PrivatePagesMiddleware:
    """A page that says nothing about caching is its reader's alone: no cache on the way may keep it for others.

    Nearly every page shows who is signed in, which car is chosen, or a form's token.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response
