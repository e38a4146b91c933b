"""Request hygiene common to every page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.translation import gettext as _


class RejectNulBytesMiddleware:
    """Refuse NUL in a path or query: PostgreSQL cannot store it and no honest client sends it.

    Form and JSON bodies are checked by their fields (Django's CharField and DRF's both refuse NUL).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest(_("The address contains a character that cannot be used."))
        return self.get_response(request)
