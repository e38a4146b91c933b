"""What the shop's pages share: the frame, and refusals beside the field at fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Refusal
from shops.actions.asking import VisitsInTheWayError
from shops.context import shop_nav
from shops.models import Shop
from shops.planned import PlannedVisit


class Section(NamedTuple):
    """One page of the settings."""

    name: str
    label: Any
    icon: str


# The input that says: I have seen the visits, go on.
ASKED = "despite_visits"

SECTIONS = [
    Section("settings", _("Profile"), "store"),
    Section("hours", _("Opening hours"), "clock"),
    Section("closures", _("Closures"), "calendar-off"),
    Section("rules", _("Booking rules"), "sliders-horizontal"),
    Section("off_peak", _("Off-peak prices"), "badge-percent"),
    Section("bays", _("Bays and cars"), "warehouse"),
    Section("technicians", _("Team"), "wrench"),
    Section("changes", _("Changes"), "history"),
]


@dataclass(frozen=True)
class Question:
    """What `shops/_ask.html` asks: the visits and effects of a change, and how to go on or leave it.

    `typed` is what the person sent, to be sent again with `despite_visits`.
    """

    visits: list[PlannedVisit]
    effects: list[str | Promise]
    typed: list[tuple[str, str]]
    title: str
    consequence: str
    yes: str
    no: str
    no_url: str


def question(  # noqa: PLR0913  (the words of one question)
    request: HttpRequest,
    refusal: VisitsInTheWayError,
    *,
    title: str,
    consequence: str,
    yes: str,
    no: str,
    no_url: str,
) -> Question:
    """The question that a refusal puts to the person who sent `request`."""
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", ASKED)
        for value in values
    ]
    return Question(refusal.visits, refusal.effects, typed, title, consequence, yes, no, no_url)


def is_answered(request: HttpRequest) -> bool:
    """Whether the person has seen the question and goes on."""
    return ASKED in request.POST


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
