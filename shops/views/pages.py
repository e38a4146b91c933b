"""What the shop's pages share: the frame, and refusals beside the field at fault."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Refusal
from shops.context import shop_nav
from shops.models import Shop


class Section(NamedTuple):
    """One page of the settings."""

    name: str
    label: Any
    icon: str


SECTIONS = [
    Section("settings", _("Profile"), "store"),
    Section("hours", _("Opening hours"), "clock"),
    Section("closures", _("Closures"), "calendar-off"),
    Section("rules", _("Booking rules"), "sliders-horizontal"),
    Section("bays", _("Bays"), "warehouse"),
    Section("technicians", _("Technicians"), "wrench"),
    Section("changes", _("Changes"), "history"),
]


def member(request: HttpRequest) -> User:
    """The person acting; `get_staff_shop` has made sure that somebody is signed in."""
    if not isinstance(request.user, User):
        raise TypeError("a shop's page was reached without a person")
    return request.user


def settings_page(
    request: HttpRequest, shop: Shop, section: str, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page of the settings in the shop's frame."""
    frame = {"shop": shop, "shop_nav": shop_nav(shop, member(request), "settings"), "sections": SECTIONS}
    return render(request, template, {**frame, "section": section, **context}, status=status)


def show(refusal: Refusal, form: BaseForm) -> int:
    """Put a refusal beside the field at fault, or on top of the form; the status to answer with."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
    return refusal.status
