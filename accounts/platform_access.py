"""The one way in to the platform's own pages, whichever room they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.second_factor import lacks_second_factor

_P = ParamSpec("_P")

# key, address, name, icon: what the platform's own pages are about. Each area has a bar of pages of its own.
_AREAS = (
    ("money", "platform_money:overview", pgettext_lazy("platform", "Money"), "scale"),
    ("reviews", "platform_reviews:queue", pgettext_lazy("platform", "Reviews"), "star"),
    ("reminders", "platform_reminders:overview", pgettext_lazy("platform", "Reminders"), "bell-ring"),
)


@dataclass(frozen=True, slots=True)
class NavItem:
    """A page of a bar: where it is, what it is called, and whether it is the present one."""

    url: str
    label: str | Promise
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class NavPage:
    """A page that may be in a bar: its key, the name of its address, what it is called, its icon."""

    key: str
    view: str
    label: str | Promise
    icon: str


def platform_page(
    view: Callable[Concatenate[HttpRequest, _P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, _P], HttpResponseBase]:
    """A page for platform admins, with a second factor where the settings ask for one (as /admin/).

    Who is not signed in is sent to sign in and back; for everybody else the page does not exist.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path() if request.method == "GET" else _front_of(request))
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
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    area: str,
    navigation: list[NavItem],
    status: int = 200,
) -> HttpResponse:
    """Render a page that extends `platform_base.html`, with the bar of its area and the way to the other areas."""
    areas = navigation_of((NavPage(*parts) for parts in _AREAS), area)
    shown = {**(context or {}), "platform_nav": navigation, "platform_areas": areas}
    return render(request, template, shown, status=status)


def navigation_of(pages: Iterable[NavPage], section: str) -> list[NavItem]:
    """Every one of the pages that this installation has, `section` marked."""
    items = []
    for page in pages:
        try:
            items.append(NavItem(reverse(page.view), page.label, page.icon, page.key == section))
        except NoReverseMatch:
            continue
    return items


def _front_of(request: HttpRequest) -> str:
    """The first page of the area that was posted to: `/platform/<area>/`."""
    return "/".join(request.path.split("/")[:3]) + "/"
