"""The door of /admin/, its site and its side bar. The models are registered in each app's `admin.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

from accounts.second_factor import lacks_second_factor

ADMIN_PREFIX = "/admin/"

# Unfold's pages use Alpine (evaluates expressions) and inline styles; nothing outside /admin/ may.
ADMIN_POLICY = {
    "default-src": [NONE],
    "base-uri": [NONE],
    "connect-src": [SELF],
    "font-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "img-src": [SELF, "data:"],
    "manifest-src": [SELF],
    "script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
}

# The apps of each group of the side bar, in order; what is in none of them comes under the last one.
_GROUPS = (
    ("accounts", "notifications"),
    ("vehicles", "catalog"),
    ("shops",),
    ("bookings",),
    ("payments",),
    ("reviews",),
    ("reminders",),
)
_ORDER = {label: place for place, label in enumerate(label for labels in _GROUPS for label in labels)}


class AdminDoorMiddleware:
    """For /admin/ alone: its own content security policy, and a second factor where the settings ask for one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ADMIN_PREFIX):
            return self.get_response(request)
        if lacks_second_factor(request.user):
            messages.warning(request, _("Platform admins need an authenticator app. Please set one up first."))
            return redirect("mfa_index")
        response = self.get_response(request)
        vars(response)["_csp_replace"] = ADMIN_POLICY  # read by django-csp's middleware, which stands outside this one
        return response


class PlatformSite(UnfoldAdminSite):  # type: ignore[misc]
    """The site of /admin/, which lists more than a hundred models on every page."""

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """As Django's, made once for a page: its context and its side bar both ask."""
        made: dict[str | None, list[Any]] = vars(request).setdefault("_admin_app_lists", {})
        if app_label not in made:
            made[app_label] = super().get_app_list(request, app_label)
        return made[app_label]

    def _build_app_dict(self, request: HttpRequest, label: str | None = None) -> dict[str, Any]:
        """As Django's, with the models' names translated here: sorted by them, each was again for each comparison."""
        app_dict: dict[str, Any] = super()._build_app_dict(request, label)
        for app in app_dict.values():
            for model in app["models"]:
                model["name"] = str(model["name"])
        return app_dict


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The side bar: what the person may see, grouped by trade rather than by app."""
    titles = (
        _("People"),
        _("Catalogue"),
        _("Shops"),
        _("Bookings"),
        _("Money"),
        _("Reviews"),
        _("Reminders"),
        _("System"),
    )
    items: list[list[dict[str, Any]]] = [[] for _title in titles]
    for app in sorted(admin.site.get_app_list(request), key=lambda app: _ORDER.get(app["app_label"], len(_ORDER))):
        place = next((i for i, labels in enumerate(_GROUPS) if app["app_label"] in labels), len(_GROUPS))
        for model in app["models"]:
            if model["admin_url"]:
                icon = _ICONS.get(model["object_name"], "article")
                items[place].append({"title": model["name"], "icon": icon, "link": model["admin_url"]})
    return [
        {"title": title, "separator": True, "collapsible": False, "items": group}
        for title, group in zip(titles, items, strict=True)
        if group
    ]


# Names from Material Symbols, which Unfold ships.
_ICONS = {
    "User": "person",
    "Group": "groups",
    "Message": "mail",
    "Preference": "bedtime",
    "Notice": "notifications",
    "ChannelChoice": "toggle_on",
    "ChannelState": "cell_tower",
    "SenderSlot": "dns",
    "UnreachableAddress": "unsubscribe",
    "PushSubscription": "devices",
    "Make": "factory",
    "CarModel": "directions_car",
    "Variant": "tune",
    "Wmi": "pin",
    "Car": "garage",
    "HealthRecord": "health_and_safety",
    "HealthEntry": "receipt_long",
    "RecordGrant": "lock_open",
    "RecordTransfer": "swap_horiz",
    "Service": "build",
    "MakerSchedule": "calendar_month",
    "OverMaintenanceRule": "rule",
    "PriceGuide": "price_check",
    "CheckPoint": "straighten",
    "InspectionTemplate": "assignment",
    "Offer": "sell",
    "PriceChange": "history",
    "Shop": "storefront",
    "Resource": "engineering",
    "Certificate": "verified",
    "Invitation": "forward_to_inbox",
    "ShopChange": "manage_history",
    "City": "location_city",
    "Place": "place",
    "Booking": "event",
    "BookingEvent": "timeline",
    "Allocation": "view_timeline",
    "WaitingEntry": "hourglass_empty",
    "LearnedDuration": "timer",
    "CalendarFeed": "rss_feed",
    "Line": "checklist",
    "LineDecision": "how_to_reg",
    "CheckIn": "key",
    "Inspection": "fact_check",
    "QualityCheck": "task_alt",
    "VisitMessage": "chat",
    "VisitPhoto": "photo_camera",
    "Order": "receipt",
    "OrderLine": "list_alt",
    "Payment": "payments",
    "Refund": "undo",
    "Coupon": "confirmation_number",
    "CouponUse": "redeem",
    "LedgerAccount": "account_balance",
    "LedgerTransaction": "swap_vert",
    "LedgerEntry": "format_list_numbered",
    "FeeSchedule": "percent",
    "FeeRule": "rule_settings",
    "Settlement": "handshake",
    "StatementLine": "table_rows",
    "Statement": "description",
    "PayoutAccount": "credit_card",
    "PayoutBatch": "stacks",
    "Payout": "send_money",
    "Dispute": "gavel",
    "DisputedLine": "report",
    "DueItem": "event_upcoming",
    "DueEvent": "event_note",
    "CarState": "sync",
    "OwnerDate": "edit_calendar",
    "Letter": "stacked_email",
    "Reminder": "notifications_active",
    "LetterSlot": "event_available",
    "LetterReturn": "keyboard_return",
    "OwnerTurn": "low_priority",
    "Campaign": "campaign",
    "DisputeEvent": "forum",
    "DisputePhoto": "photo_library",
    "ProviderNotice": "webhook",
    "Alarm": "notification_important",
    "ProviderBill": "request_quote",
    "BillLine": "view_list",
    "Difference": "difference",
    "BookCheck": "balance",
    "Review": "reviews",
    "ReviewVersion": "edit_note",
    "ReviewPerson": "badge",
    "ReviewPhoto": "add_a_photo",
    "Reply": "reply",
    "HelpfulVote": "thumb_up",
    "Subject": "category",
    "MonthTally": "calendar_view_month",
    "Listing": "format_list_bulleted",
    "RankingMonth": "functions",
    "ShopStanding": "leaderboard",
    "Hint": "lightbulb",
    "ModerationItem": "inbox",
    "ModerationEvent": "history_edu",
    "ModerationPolicy": "policy",
    "Appeal": "record_voice_over",
    "Removal": "delete_sweep",
    "Affiliation": "family_restroom",
    "Signal": "radar",
    "ReviewInvitation": "outgoing_mail",
    "VisitAnswer": "sentiment_satisfied",
    "FollowUp": "support_agent",
    "FollowUpEvent": "comment",
    "FollowUpOffer": "volunteer_activism",
    "OutboxEvent": "outbox",
}


def account_links(request: HttpRequest) -> list[dict[str, Any]]:  # noqa: ARG001  (Unfold's signature)
    """Links in the menu of the signed-in admin."""
    try:
        return [
            {"title": _("My account"), "link": reverse("accounts:me")},
            {"title": _("Back to the site"), "link": reverse("home")},
        ]
    except NoReverseMatch:
        return []
