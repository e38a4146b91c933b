"""What the staff's shell (`shop_base.html`) needs besides the shop."""

from __future__ import annotations

from typing import TypedDict

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from shops import rules
from shops.access import role_of
from shops.choices import Permission, Role
from shops.models import Shop


class NavItem(TypedDict):
    """One entry of the shop's navigation."""

    label: str
    url: str
    icon: str
    current: bool


def shop_nav(shop: Shop, user: User, current: str) -> list[NavItem]:
    """The shop's pages that this member's role opens; `current` is a permission (board, close_day, money, reviews,
    prices, settings, staff), demand, or one of the lists (my_day, pipeline, parts). A technician begins with the own
    day.
    """
    role = role_of(user, shop)
    entries = [
        (Permission.BOARD, "board", _("Board"), "calendar-clock", "board:day"),
        (Permission.BOARD, "pipeline", _("Pipeline"), "square-kanban", "floor_lists:pipeline"),
        (Permission.CLOSE_DAY, "close_day", _("Day closing"), "clipboard-check", "board:closing"),
        (Permission.MONEY, "money", _("Money"), "wallet", "money:overview")
        if rules.may(role, Permission.MONEY)
        else (Permission.CLOSE_DAY, "money", _("Refunds"), "hand-coins", "money:counter_refunds"),
        (Permission.REVIEWS, "reviews", _("Reviews"), "message-square-text", "shop_reviews:list"),
        (Permission.PRICES, "demand", _("Demand"), "trending-up", "shop_reminders:demand"),
        (Permission.PRICES, "prices", _("Prices"), "tags", "offers:list"),
        (Permission.SETTINGS, "settings", _("Settings"), "settings", "shops:settings"),
        (Permission.STAFF, "staff", _("Staff"), "users", "shops:staff"),
    ]
    if role == Role.TECHNICIAN:
        entries = [
            (Permission.BOARD, "my_day", _("My day"), "list-checks", "floor_lists:my_day"),
            entries[0],
            (Permission.BOARD, "parts", _("Waiting for parts"), "package", "floor_lists:parts"),
        ]
    return [
        NavItem(label=label, url=reverse(name, args=[shop.slug]), icon=icon, current=key == current)
        for permission, key, label, icon, name in entries
        if rules.may(role, permission)
    ]
