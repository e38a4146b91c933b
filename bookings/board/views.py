"""The board of a day, one visit on it, and what staff do to the visit. Only views read the clock."""

from __future__ import annotations

import json
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bookings import actions, workshop
from bookings.actions import Actor, Wanted
from bookings.board import reading, stages
from bookings.board.day import Card, Group, View
from bookings.board.forms import CancelForm, MoveForm, OdometerForm, ReassignForm
from bookings.board.pages import (
    day_asked,
    done,
    member,
    panel,
    panel_context,
    staff_page,
    typed,
    visit_asked,
    wants_part,
)
from bookings.board.steps import VisitStep, visit_form
from bookings.choices import ENDED, IN_SHOP, ActorRole, Status
from bookings.engine.availability import Reason
from bookings.errors import SlotUnavailableError
from core.errors import Refusal
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop
from shops.rules import may

SEARCH_LIMIT = 20


# --- The board --------------------------------------------------------------------------------------


@require_GET
def day(request: HttpRequest, slug: str) -> HttpResponse:
    """The board: `?date=`, `?view=bays|technicians|list`, `?group=` (a counter), `?visit=` (open panel), `?q=`."""
    shop = get_staff_shop(request, slug, Permission.BOARD)
    at = timezone.now()
    context = _board_context(request, shop, at)
    public_id = request.GET.get("visit", "")
    if public_id:
        context |= {"panel": True, **panel_context(visit_asked(shop, public_id), shop, at)}
    query = request.GET.get("q", "").strip()
    if "q" in request.GET:
        rows = reading.found(shop=shop, text=query).for_card()[:SEARCH_LIMIT]
        context |= {"query": query, "found": [Card(row, at) for row in rows]}
    return staff_page(request, shop, "board/day.html", context)


@require_GET
def live(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of the board that changes. With an `If-None-Match` that still holds: 204 for htmx, which then leaves
    the page alone, 304 for others; two queries besides session, person and membership at most.
    """
    shop = get_staff_shop(request, slug, Permission.BOARD)
    at = timezone.now()
    etag = _etag(request, shop, at)
    if etag in request.headers.get("If-None-Match", ""):
        response: HttpResponse = HttpResponse(status=204) if wants_part(request) else HttpResponseNotModified()
    else:
        response = render(request, "board/_live.html", {"shop": shop, **_board_context(request, shop, at)})
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def _etag(request: HttpRequest, shop: Shop, at: datetime) -> str:
    reader = (get_language(), shop.viewer_role, request.GET.get("view"), request.GET.get("group"))
    return reading.marker(shop=shop, day=day_asked(request, shop=shop, at=at), at=at, reader=str(reader))


def _board_context(request: HttpRequest, shop: Shop, at: datetime) -> dict[str, object]:
    wanted, group = request.GET.get("view", ""), request.GET.get("group", "")
    # Before what it stands for: a change in between is then found by the next question.
    etag = _etag(request, shop, at)
    board_day = reading.load(shop=shop, day=day_asked(request, shop=shop, at=at), at=at)
    group = group if group in Group else ""
    inbox = [(card, stages.next_stage(card.booking, role=shop.viewer_role)) for card in board_day.requests]
    agenda = [(card, stages.next_stage(card.booking, role=shop.viewer_role)) for card in board_day.listed(group)]
    return {
        "board": board_day,
        # Not chosen: phones get the list, wider screens the bays.
        "view": wanted if wanted in View else "",
        "view_choices": [(view.value, view.label) for view in View],
        "lanes": board_day.lanes(wanted),
        "group": group,
        "counters": [(*counter, board_day.counts[counter[0]]) for counter in _COUNTERS],
        "agenda": {
            "now": [row for row in agenda if row[0].is_open or row[0].is_tentative],
            "over": [row for row in agenda if row[0].booking.status in ENDED],
        },
        "inbox": inbox,
        "poll_headers": json.dumps({"If-None-Match": etag}),
        "may_move": may(shop.viewer_role, Permission.WALK_IN),
    }


_COUNTERS = (
    (Group.TO_ARRIVE, "info", "calendar-clock"),
    (Group.IN_WORK, "brand", "wrench"),
    (Group.WAITING_OWNER, "warn", "hand"),
    (Group.WAITING_PARTS, "part", "package-search"),
    (Group.READY, "ok", "circle-check"),
    (Group.LATE, "bad", "clock-alert"),
    (Group.HANDED_OVER, "mute", "check"),
)


# --- One visit --------------------------------------------------------------------------------------


@require_GET
def visit(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The side panel of a visit (for htmx), or the visit as a page."""
    shop = get_staff_shop(request, slug, Permission.BOARD)
    return panel(request, shop, public_id, timezone.now())


@require_POST
def stage(request: HttpRequest, slug: str, public_id: str, name: str) -> HttpResponse:
    """A one-tap step (`stages.TAPS`). 409 with the fresh panel when the visit has moved on."""
    step = stages.TAPS[name]
    shop = get_staff_shop(request, slug, step.permission)
    booking, at = visit_asked(shop, public_id), timezone.now()
    try:
        booking = stages.take(stage=step, booking=booking, by=member(request), at=at)
    except Refusal as refusal:
        if request.POST.get("from") == "card":
            messages.error(request, str(refusal.message))
            return redirect("floor:card", shop.slug, public_id)
        return panel(request, shop, public_id, at, status=refusal.status, problem=refusal.message)
    return done(request, shop, booking, at, step.done)


@require_http_methods(["GET", "POST"])
def odometer(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Put the reading right, with a note that says why."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    form = OdometerForm(typed(request, shop=shop), initial={"odometer_km": booking.odometer_km})

    def act() -> object:
        data = form.cleaned_data
        km, note = data["odometer_km"], data["odometer_note"]
        return workshop.correct_odometer(booking=booking, odometer_km=km, note=note, by=member(request), at=at)

    return visit_form(request, shop, booking, at, VisitStep(form, act, None, "odometer", _("Reading corrected.")))


@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Cancel a visit for the shop; the reason is kept and shown to the owner."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    form = CancelForm(typed(request, shop=shop))

    def act() -> object:
        by = Actor(ActorRole.STAFF, member(request))
        return actions.cancel(booking=booking, by=by, at=at, reason=form.cleaned_data["reason"])

    said = _("Cancelled. Bay and technician are free.")
    return visit_form(request, shop, booking, at, VisitStep(form, act, Status.CANCELLED, "cancel", said))


@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Another time, bay or technician. A car in the shop keeps its time."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    form_class = ReassignForm if booking.status in IN_SHOP else MoveForm
    form = form_class(
        typed(request, shop=shop),
        resources=shop.resources.in_use().order_by("position", "pk"),
        today=at.astimezone(shop.zone).date(),
        zone=shop.zone,
        card=Card(booking, at),
    )

    def act() -> object:
        if not isinstance(form, MoveForm):
            return workshop.reassign(booking=booking, wanted=form.wanted, by=member(request), at=at)
        by, start = Actor(ActorRole.STAFF, member(request)), form.instant()
        try:
            return actions.reschedule(booking=booking, starts_at=start, by=by, at=at, wanted=form.wanted)
        except SlotUnavailableError as refusal:
            # Dragged along a bay the technician may change, dragged along a technician the bay may.
            eased = _eased(form.wanted, refusal.reason, request.POST.get("flexible", ""))
            if eased is None:
                raise
            return actions.reschedule(booking=booking, starts_at=start, by=by, at=at, wanted=eased)

    return visit_form(request, shop, booking, at, VisitStep(form, act, None, "move", _("Moved.")))


def _eased(wanted: Wanted, reason: Reason, flexible: str) -> Wanted | None:
    """What is wanted without the part that may be anybody or anything, if that part was what stood in the way."""
    if flexible == "technician" and wanted.technician and reason == Reason.TECHNICIANS_TAKEN:
        return Wanted(bay=wanted.bay)
    if flexible == "bay" and wanted.bay and reason == Reason.BAYS_TAKEN:
        return Wanted(technician=wanted.technician)
    return None
