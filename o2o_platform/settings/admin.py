"""The look of /admin/ (Unfold)."""

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("CarKeeper"),
    "SITE_HEADER": _("CarKeeper"),
    "SITE_SUBHEADER": _("Platform administration"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "directions_car",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/favicon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "12px",
    "COLORS": {
        # The brand's teal (design tokens brand, brand ink, brand soft) stepped to Unfold's scale.
        "primary": {
            "50": "#e3f4f1",
            "100": "#c9eae4",
            "200": "#9bd9ce",
            "300": "#5fdcc8",
            "400": "#2bbfa9",
            "500": "#12998a",
            "600": "#0b7a6e",
            "700": "#0a665c",
            "800": "#0d514a",
            "900": "#11342f",
            "950": "#04211d",
        },
        "base": {
            "50": "#f5f7f7",
            "100": "#eef2f2",
            "200": "#e0e6e6",
            "300": "#b4c4c2",
            "400": "#94a7a5",
            "500": "#5f6f6d",
            "600": "#485957",
            "700": "#263636",
            "800": "#1b2929",
            "900": "#131e1e",
            "950": "#0b1313",
        },
    },
    "DASHBOARD_CALLBACK": "o2o_platform.admin_dashboard.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "o2o_platform.admin_site.navigation",
    },
    "ACCOUNT": {"navigation": "o2o_platform.admin_site.account_links"},
}
