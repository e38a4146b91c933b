"""How the platform's pages about money are shown; who may see them says `accounts.platform_access`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts import platform_access
from accounts.platform_access import admin_of, platform_page
from payments.platform_pages.navigation import navigation

__all__ = ["admin_of", "platform_page", "show_page"]


def show_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, section: str, status: int = 200
) -> HttpResponse:
    """Render a page of the area of money. `section` is a key of `navigation`."""
    bar = navigation(section)
    return platform_access.show_page(request, template, context, area="money", navigation=bar, status=status)
