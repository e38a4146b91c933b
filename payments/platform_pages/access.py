"""The one way in to the platform's own pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.second_factor import lacks_second_factor
from payments.platform_pages.navigation import navigation

_P = ParamSpec("_P")


def platform_page(
    view: Callable[Concatenate[HttpRequest, _P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, _P], HttpResponse]:
    """A page for platform admins, with a second factor where the settings ask for one (as /admin/).

    Who is not signed in is sent to sign in and back; for everybody else the page does not exist.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/platform/money/")
        if not request.user.is_staff:
            raise Http404(_("There is no such page."))
        if lacks_second_factor(request.user):
            messages.warning(request, _("Platform admins need an authenticator app. Please set one up first."))
            return redirect("mfa_index")
        return view(request, *args, **kwargs)

    return guarded


def admin_of(request: HttpRequest) -> User:
    """The person acting; `platform_page` has made sure that a platform admin is signed in."""
    if not isinstance(request.user, User):
        raise TypeError("a platform page was reached without a person")
    return request.user


def show_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, section: str, status: int = 200
) -> HttpResponse:
    """Render a page that extends `platform_base.html`, with its navigation. `section` is a key of `navigation`."""
    shown = {**(context or {}), "platform_nav": navigation(section)}
    return render(request, template, shown, status=status)
