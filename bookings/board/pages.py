"""What the board's views answer with: a whole page, or only the part that htmx asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.board import reading, stages, times
from bookings.board.forms import KINDS, is_near
from bookings.engine.availability import Reason
from bookings.errors import SlotTakenError, SlotUnavailableError
from bookings.floor.messages import unread_by_shop
from bookings.models import Booking
from core.errors import Refusal
from shops.choices import Permission
from shops.context import shop_nav
from shops.models import Shop
from shops.rules import may


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page (not for the page it lost from its history)."""
    return bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")


def member(request: HttpRequest) -> User:
    """Who is signed in; `get_staff_shop` has made sure that somebody is."""
    assert isinstance(request.user, User)  # noqa: S101  (for the type checker)
    return request.user


def day_asked(request: HttpRequest, *, shop: Shop, at: datetime) -> date:
    """The local day in `?date=`, today by default. Raises Http404 for what is no day or far away."""
    today = at.astimezone(shop.zone).date()
    text = request.GET.get("date", "")
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Http404(_("There is no such day.")) from None
    if not is_near(day, today=today):
        raise Http404(_("There is no such day."))
    return day


def visit_asked(shop: Shop, public_id: str) -> Booking:
    """The shop's visit with what the panel shows at hand; a foreign one looks like a missing one (Http404)."""
    booking = Booking.objects.at_shop(shop).for_card().filter(public_id=public_id).first()
    if booking is None:
        raise Http404(_("There is no such visit here."))
    return booking


def day_address(shop: Shop, **parameters: str) -> str:
    """The board's address with the parameters that are not empty."""
    query = urlencode({name: value for name, value in parameters.items() if value})
    return reverse("board:day", args=[shop.slug]) + (f"?{query}" if query else "")


def staff_page(
    request: HttpRequest, shop: Shop, template: str, context: Mapping[str, Any], *, current: str = Permission.BOARD
) -> HttpResponse:
    """A whole page in the staff's shell; `status` in the context is the HTTP status."""
    nav = shop_nav(shop, request.user, current)  # type: ignore[arg-type]
    return render(
        request, template, {"shop": shop, "shop_nav": nav, **rights(shop), **context}, status=context.get("status", 200)
    )


def rights(shop: Shop) -> dict[str, bool]:
    """What the looking member may do, as the templates ask it."""
    role = shop.viewer_role
    return {
        "may_walk_in": may(role, Permission.WALK_IN),
        "may_check_in": may(role, Permission.CHECK_IN),
    }


# --- One visit --------------------------------------------------------------------------------------


def panel_context(booking: Booking, shop: Shop, at: datetime) -> dict[str, Any]:
    """What the side panel shows of a visit fetched with `for_card()`. Six queries at most."""
    one = reading.card(booking=booking, at=at)
    return {
        "card": one,
        "booking": booking,
        "options": stages.options(booking, role=shop.viewer_role, at=at),
        "events": reading.history(booking),
        "unread": unread_by_shop(booking) if one.has_card else 0,
        "timings": times.timings(booking),
        "board_url": day_address(shop, date=booking.starts_at.astimezone(shop.zone).date().isoformat()),
    }


def panel(
    request: HttpRequest, shop: Shop, public_id: str, at: datetime, *, status: int = 200, problem: str | Promise = ""
) -> HttpResponse:
    """The visit as it is now: the panel for htmx, else a page of its own. `problem` says why nothing was done."""
    context = {**panel_context(visit_asked(shop, public_id), shop, at), "problem": problem, "status": status}
    if not wants_part(request):
        return staff_page(request, shop, "board/visit.html", context)
    response = render(request, "board/_panel.html", {"shop": shop, **rights(shop), **context}, status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#visit-panel", "innerHTML"
    return response


def done(request: HttpRequest, shop: Shop, booking: Booking, at: datetime, text: str | Promise) -> HttpResponse:
    """After a step: the fresh panel, the board told to refresh, the dialog to close. Without htmx back to the board."""
    if not wants_part(request):
        messages.success(request, str(text))
        if request.POST.get("from") == "card":
            return redirect("floor:card", shop.slug, booking.public_id)
        day = booking.starts_at.astimezone(shop.zone).date().isoformat()
        return redirect(day_address(shop, date=day, visit=booking.public_id))
    if request.POST.get("from") == "list":  # one tap in the agenda: the list is refreshed, no panel opens
        return HttpResponse(status=204, headers={"HX-Trigger": told(text)})
    response = panel(request, shop, booking.public_id, at)
    response["HX-Trigger"] = told(text)
    return response


def told(text: str | Promise) -> str:
    """The header that makes the page refresh the board, close its dialog and say `text`."""
    return json.dumps({"board:changed": {}, "board:close-dialog": {}, "toast": {"text": str(text)}})


# --- Forms ------------------------------------------------------------------------------------------


def form_page(
    request: HttpRequest, shop: Shop, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A form: the part for the dialog, else a page of its own."""
    if wants_part(request):
        return render(request, template, {"shop": shop, "part": True, **rights(shop), **context}, status=status)
    return staff_page(request, shop, "board/form_page.html", {**context, "fragment": template, "status": status})


def typed(request: HttpRequest, *, shop: Shop) -> QueryDict | None:
    """What a form is bound to: the body of a POST, empty or not. A nearest time that was tapped (`pick`) goes before
    the typed one.
    """
    if request.method != "POST":
        return None
    try:
        picked = datetime.fromisoformat(request.POST.get("pick", "")).astimezone(shop.zone)
    except (ValueError, OverflowError):
        return request.POST
    data = request.POST.copy()
    # These times are free on some bay with somebody, not on the ones that were asked for.
    anyone = dict.fromkeys(KINDS, "")
    data.update({"date": picked.date().isoformat(), "time": f"{picked:%H:%M}", "when": "later", **anyone})
    return data


def attempt(form: forms.Form, act: Callable[[], object]) -> tuple[int, tuple[Any, ...]]:
    """Do what a form asks for. Answers 200, or the status of the refusal, which then stands beside its field, and the
    nearest slots where the time was refused. What changed in the meantime (WrongStatusError) is the caller's.
    """
    if not form.is_valid():
        return 400, ()
    try:
        act()
    except SlotTakenError as refusal:
        field = next((name for name in ("time", "other") if name in form.fields), None)
        form.add_error(field, _words_for(refusal, form))
        return refusal.status, refusal.alternatives
    except Refusal as refusal:
        if refusal.code == "wrong_status":
            raise
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        return refusal.status, ()
    return 200, ()


def _words_for(refusal: SlotTakenError, form: forms.Form) -> str:
    """The refusal, in words about what was asked for by name where something was."""
    reason = refusal.reason if isinstance(refusal, SlotUnavailableError) else None
    asked = [name for name in KINDS if form.cleaned_data.get(name)]
    if reason == Reason.TECHNICIANS_TAKEN and "technician" in asked:
        return _("That technician is busy then, or not trained for this work.")
    if reason == Reason.BAYS_TAKEN and asked:
        said = {
            "bay": _("That bay is taken then, or not equipped for this work."),
            "advisor": _("That service advisor is busy then."),
            "loaner": _("That loaner car is out then."),
        }
        others = [name for name in asked if name in said]
        if len(others) == 1:
            return said[others[0]]
    return str(refusal.message)
