"""What the staff's shell (`shop_base.html`) needs besides the shop."""

from __future__ import annotations

from typing import TypedDict

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from shops import rules
from shops.access import role_of
from shops.choices import Permission
from shops.models import Shop


class NavItem(TypedDict):
    """One entry of the shop's navigation."""

    label: str
    url: str
    icon: str
    current: bool


def shop_nav(shop: Shop, user: User, current: str) -> list[NavItem]:
    """The shop's pages that this member's role opens; `current` is board, close_day, prices, settings or staff."""
    role = role_of(user, shop)
    entries = [
        (Permission.BOARD, _("Board"), "calendar-clock", "board:day"),
        (Permission.CLOSE_DAY, _("Day closing"), "clipboard-check", "board:closing"),
        (Permission.PRICES, _("Prices"), "tags", "offers:list"),
        (Permission.SETTINGS, _("Settings"), "settings", "shops:settings"),
        (Permission.STAFF, _("Staff"), "users", "shops:staff"),
    ]
    return [
        NavItem(label=label, url=reverse(name, args=[shop.slug]), icon=icon, current=permission.value == current)
        for permission, label, icon, name in entries
        if rules.may(role, permission)
    ]
