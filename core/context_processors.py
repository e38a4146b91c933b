"""What every page needs, at no query."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark", "system")

# Which entry of the main navigation a page belongs to, by view name, then by namespace.
# A person's shops are no part of the owners' site.
_SECTION_OF_VIEW = {
    "home": "book",
    "bookings:list": "visits",
    "bookings:detail": "visits",
    "shops:my_shops": "",
    "shops:invitation": "",
}
_SECTION_OF_NAMESPACE = {
    "bookings": "book",
    "shops": "book",
    "vehicles": "cars",
    "catalog": "prices",
    "accounts": "me",
    "notifications": "me",
}


def site(request: HttpRequest) -> dict[str, Any]:
    """Site name, theme, canonical address and the current entry of the navigation; reads nothing but the request."""
    theme = getattr(request, "theme", "") or request.COOKIES.get("theme", "")
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL.rstrip("/"),
        "canonical_url": settings.SITE_URL.rstrip("/") + request.path,
        "theme": theme if theme in THEMES else "system",
        "nav_section": _nav_section(request),
        "debug_tools": settings.DEBUG,
    }


def _nav_section(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        return ""
    if match.view_name in _SECTION_OF_VIEW:
        return _SECTION_OF_VIEW[match.view_name]
    if match.view_name.startswith(("account_", "mfa_")):
        return "me"
    return _SECTION_OF_NAMESPACE.get(match.namespace, "")
