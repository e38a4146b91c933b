"""The way between the platform's pages about money."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class NavItem:
    """A page of the bar: where it is, what it is called, and whether it is the present one."""

    url: str
    label: str | Promise
    icon: str
    current: bool


# key, address, name, icon
_PAGES = (
    ("overview", "platform_money:overview", _("Overview"), "layout-dashboard"),
    ("reconciliation", "platform_money:reconciliation", _("Reconciliation"), "scale"),
    ("alarms", "platform_money:alarms", _("Alarms"), "siren"),
    ("disputes", "platform_disputes:list", _("Disputes"), "message-square-warning"),
    ("payouts", "platform_money:payouts", _("Payouts"), "banknote"),
    ("commission", "platform_money:commission", _("Commission"), "percent"),
    ("coupons", "platform_money:coupons", _("Coupons"), "ticket-percent"),
)


def navigation(section: str) -> list[NavItem]:
    """Every page that this installation has, `section` marked."""
    items = []
    for key, view, label, icon in _PAGES:
        try:
            items.append(NavItem(reverse(view), label, icon, key == section))
        except NoReverseMatch:
            continue
    return items
