"""Turns "nobody is signed in" on a shop's own pages into the way to sign in."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect

from shops.access import SignInRequired


class StaffAccessMiddleware:
    """Sends who is not signed in to the sign-in page and back; for htmx as a whole-page redirect."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, SignInRequired):
            return None
        back = request.get_full_path() if request.method == "GET" else "/shop/"
        answer = redirect_to_login(back)
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(answer["Location"])
        return answer
