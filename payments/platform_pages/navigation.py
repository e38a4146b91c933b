"""The way between the platform's pages about money."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.platform_access import NavItem, NavPage, navigation_of

_PAGES = (
    NavPage("overview", "platform_money:overview", _("Overview"), "layout-dashboard"),
    NavPage("reconciliation", "platform_money:reconciliation", _("Reconciliation"), "scale"),
    NavPage("alarms", "platform_money:alarms", _("Alarms"), "siren"),
    NavPage("disputes", "platform_disputes:list", _("Disputes"), "message-square-warning"),
    NavPage("payouts", "platform_money:payouts", _("Payouts"), "banknote"),
    NavPage("commission", "platform_money:commission", _("Commission"), "percent"),
    NavPage("coupons", "platform_money:coupons", _("Coupons"), "ticket-percent"),
)


def navigation(section: str) -> list[NavItem]:
    """Every page that this installation has, `section` marked."""
    return navigation_of(_PAGES, section)
