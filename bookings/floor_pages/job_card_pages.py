"""What the views of the job card share: the visit asked for, the card as a page, and refusals shown on it in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from bookings.board.pages import day_address, member, staff_page, visit_asked
from bookings.board.stages import next_stage
from bookings.choices import IN_SHOP, Status
from bookings.floor import lines
from bookings.floor import messages as talk
from bookings.floor.lines import Author
from bookings.floor_pages import job_card_reading as reading
from bookings.floor_pages.job_card_forms import (
    MessageForm,
    NotNeededForm,
    PartsForm,
    PhotosForm,
    PromiseForm,
    StageForm,
)
from bookings.models import Booking, Line
from bookings.money.card import card_of
from core.errors import Refusal
from shops.models import Shop

# The job card of a visit that has not come yet has nothing to show.
SHOWN = (*IN_SHOP, Status.COMPLETED)


@dataclass(frozen=True)
class Tried:
    """Something that was refused: the HTTP status, what is said over the card, and the form with what was typed."""

    status: int
    problem: str = ""
    name: str = ""
    form: forms.Form | None = None
    line: str = ""


@dataclass(frozen=True)
class Step:
    """Something done from the card: the form it came from, what it does, what is said afterwards, and where to."""

    name: str
    form: forms.Form
    act: Callable[[], object]
    said: str | Promise
    line: str = ""
    anchor: str = field(default="")


def author(request: HttpRequest, shop: Shop) -> Author:
    """The member as who writes lines at this shop."""
    return Author(member(request), shop.viewer_role or "")


def card_visit(shop: Shop, public_id: str) -> Booking:
    """The shop's visit that has a job card: its car is here, or was. Anything else looks missing (Http404)."""
    booking = visit_asked(shop, public_id)
    if booking.status not in SHOWN:
        raise Http404(_("There is no job card before the car is here."))
    return booking


def line_asked(booking: Booking, public_id: str) -> Line:
    """The line of this visit, or Http404; a foreign visit's looks like a missing one."""
    try:
        return lines.find(booking, public_id)
    except Refusal as refusal:
        raise Http404(str(refusal.message)) from None


def card_url(shop: Shop, booking: Booking, anchor: str = "") -> str:
    return reverse("floor:card", args=[shop.slug, booking.public_id]) + (f"#{anchor}" if anchor else "")


def taken(request: HttpRequest, shop: Shop, booking: Booking, at: datetime, step: Step) -> HttpResponse:
    """Do what was asked and go back to the card; what is refused stands on the card, what was typed is kept."""
    status, problem = attempt(step.form, step.act)
    if status == 200:
        messages.success(request, str(step.said))
        return redirect(card_url(shop, booking, step.anchor))
    tried = Tried(status, problem, step.name, step.form, step.line)
    return card_page(request, shop, card_visit(shop, booking.public_id), at, tried)


def attempt(form: forms.Form, act: Callable[[], object]) -> tuple[int, str]:
    """Run `act` if the form is right. Answers 200, or the status of the refusal and what to say over the page; what
    belongs to a field stands beside it and is said there only."""
    if not form.is_valid():
        return 400, ""
    try:
        act()
    except Refusal as refusal:
        if refusal.field in form.fields:
            form.add_error(refusal.field, str(refusal.message))
            return refusal.status, ""
        return refusal.status, str(refusal.message)
    return 200, ""


def card_page(
    request: HttpRequest, shop: Shop, booking: Booking, at: datetime, tried: Tried | None = None
) -> HttpResponse:
    """The job card as a page; whoever may answer the owner has read their messages by looking at it."""
    job = reading.load(booking=booking, shop=shop, at=at)
    context = {
        "job": job,
        "booking": booking,
        "card": job.card,
        "next": next_stage(booking, role=shop.viewer_role),
        "forms": _forms(job, tried),
        "money": card_of(booking, at=at),
        "tried": tried,
        "problem": tried.problem if tried else "",
        "status": tried.status if tried else 200,
        "board_url": day_address(
            shop, date=booking.starts_at.astimezone(shop.zone).date().isoformat(), visit=booking.public_id
        ),
    }
    for one in job.lines:
        _give_forms(one, tried)
    if job.unread and job.may_work:
        talk.mark_read(booking=booking, by=talk.Speaker(is_owner=False, user=member(request)), at=at)
    return staff_page(request, shop, "floor/job_card.html", context)


def _forms(job: reading.JobCard, tried: Tried | None) -> Mapping[str, Any]:
    """The small forms of the card, the refused one as it was sent."""
    local = job.booking.ends_at.astimezone(job.booking.zone)
    fresh: dict[str, forms.Form] = {
        "promise": PromiseForm(initial={"date": local.date(), "time": local.time()}, zone=job.booking.zone),
        "stage": StageForm(stages=job.stage_choices),
        "message": MessageForm(),
        "photos": PhotosForm(),
    }
    return {**fresh, tried.name: tried.form} if tried and tried.form and not tried.line else fresh


def _give_forms(one: reading.LineCard, tried: Tried | None) -> None:
    """The small forms of a line, the refused one as it was sent; ids differ from line to line."""
    key = one.line.public_id
    one.not_needed, one.parts = (
        NotNeededForm(auto_id=f"id_not_needed_{key}_%s"),
        PartsForm(auto_id=f"id_parts_{key}_%s"),
    )
    if tried and tried.form and tried.line == key:
        if tried.name == "not_needed":
            one.not_needed = tried.form
        elif tried.name == "parts":
            one.parts = tried.form
        one.is_tried = tried.name
