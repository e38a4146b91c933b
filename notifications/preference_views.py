"""The page on which people choose what we write to them about, by which way, and when they are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.choices import ContactKind
from accounts.contacts import Contact
from accounts.models import User
from core.errors import Refusal
from notifications import browsers, choosing
from notifications.choices import Channel, Topic
from notifications.choosing import Chosen
from notifications.forms import TOPIC, MessagesForm
from notifications.models import UnreachableAddress

# What comes under each topic.
MEANINGS: dict[str, str | Promise] = {
    Topic.VISITS: gettext_lazy(
        "What the shop asks you, a promised time that changes, your car that is ready, and your visit tomorrow."
    ),
    Topic.REMINDERS: gettext_lazy(
        "Work, inspections and insurance that fall due on your cars, each with its reason, the usual price and free"
        " times."
    ),
    Topic.REVIEWS: gettext_lazy("How a visit was, what the shop answers, and what becomes of your review."),
    Topic.MONEY: gettext_lazy("Payments, refunds and disputes."),
    Topic.CAMPAIGNS: gettext_lazy(
        "Only if you agree: a shop where you have been may offer you a price or a time through us when something is due"
        " on your car. It does not get your address. You can take this back here, or by the link in each letter."
    ),
    Topic.SHOP: gettext_lazy("Reviews, unhappy owners, disputes and settlements of your shop."),
    Topic.SHOP_VISITS: gettext_lazy(
        "Requests to answer, new bookings, and visits that their owners moved or cancelled. They are always in your"
        " inbox; choose here if you want more."
    ),
    Topic.PLATFORM: gettext_lazy("Alarms, and work that waits for platform admins."),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One box to tick."""

    channel: Channel
    is_on: bool
    is_possible: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One topic on the page."""

    field: BoundField
    topic: Topic
    means: str | Promise
    can_be_left: bool
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Silent:
    """An address that cannot be reached, and the contact to prove again."""

    row: UnreachableAddress
    contact: Contact


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def choose_messages(request: HttpRequest) -> HttpResponse:
    """Show what is in force; a POST saves it whole."""
    person = request.user
    assert isinstance(person, User)  # noqa: S101  (login_required saw to it)
    chosen = choosing.chosen_by(person)
    form = MessagesForm(request.POST if request.method == "POST" else None, chosen=chosen)
    if request.method == "POST" and form.is_valid() and _saved(person, form):
        messages.success(request, _("Saved."))
        return redirect("notifications:preference")
    return render(request, "notifications/preference.html", _context(form, chosen), status=400 if form.errors else 200)


def _saved(person: User, form: MessagesForm) -> bool:
    """Save it, or put the refusal beside its field."""
    try:
        choosing.choose(person=person, topics=form.chosen_topics(), quiet=form.quiet(), at=timezone.now())
    except Refusal as refusal:
        topic = f"{TOPIC}{refusal.field}"
        form.add_error(topic if topic in form.fields else refusal.field, str(refusal.message))
        return False
    return True


def _context(form: MessagesForm, chosen: Chosen) -> dict[str, Any]:
    has_push = bool(browsers.public_key())
    return {
        "form": form,
        "lines": [_line(form, row, field, has_push) for row, field in form.topics()],
        "silent": [_silent(row) for row in chosen.unreachable],
        "has_phone": chosen.is_possible(Channel.SMS),
        "has_email": chosen.is_possible(Channel.EMAIL),
        "browsers": chosen.browsers,
        "push_key": browsers.public_key(),
    }


def _line(form: MessagesForm, row: choosing.Row, field: BoundField, has_push: bool) -> Line:
    on = set(field.value() or ()) if form.is_bound else row.on
    cells = [
        Cell(way.channel, way.channel in on and way.is_possible, way.is_possible)
        for way in row.ways
        if has_push or way.channel != Channel.PUSH
    ]
    return Line(field, row.topic, MEANINGS[row.topic], row.can_be_left, cells)


def _silent(row: UnreachableAddress) -> Silent:
    kind = ContactKind.PHONE if row.channel == Channel.SMS else ContactKind.EMAIL
    return Silent(row, Contact(kind, row.recipient))
