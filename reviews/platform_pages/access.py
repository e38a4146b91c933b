"""How the platform's pages about reviews are shown; who may see them says `accounts.platform_access`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import platform_access
from accounts.platform_access import NavPage, navigation_of

_PAGES = (
    NavPage("queue", "platform_reviews:queue", _("Moderation"), "gavel"),
    NavPage("published", "platform_reviews:published", _("Published reviews"), "search"),
    NavPage("automatic", "platform_reviews:automatic", _("Published at once"), "bot"),
    NavPage("signals", "platform_reviews:signals", pgettext_lazy("platform", "Patterns"), "radar"),
    NavPage("follow_ups", "platform_reviews:follow_ups", _("Follow-ups"), "heart-handshake"),
    NavPage("policy", "platform_reviews:policy", pgettext_lazy("platform", "Policy"), "sliders-horizontal"),
    NavPage("log", "platform_reviews:log", pgettext_lazy("platform", "Log"), "scroll-text"),
)


def show_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, section: str, status: int = 200
) -> HttpResponse:
    """Render a page of the area of reviews. `section` is a key of its bar."""
    bar = navigation_of(_PAGES, section)
    return platform_access.show_page(request, template, context, area="reviews", navigation=bar, status=status)
