"""The owner's visits: the list, one visit with its live state, moving and cancelling it, the calendar file."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from bookings import actions, rules
from bookings.actions import Actor
from bookings.calendar_files import calendar_file
from bookings.choices import IN_SHOP, UPCOMING, ActorRole, EventKind, Status
from bookings.engine.jobs import Price, plan_of
from bookings.errors import FeeChangedError, SlotTakenError, WrongStatusError
from bookings.forms import CancelForm, StartForm
from bookings.models import Booking, BookingEvent, WaitingEntry
from bookings.money import paying
from bookings.money.card import back_and_still_fen, card_of, effect_of_cancelling
from bookings.owner_views import crew, live_page, live_views, polling, slots, visit_phases, wishes
from bookings.owner_views.doors import Door
from bookings.owner_views.holds import band_of
from bookings.owner_views.instead import Instead
from core.errors import Refusal

PAGE = 10
LIVE = (*UPCOMING, *IN_SHOP)
# What an owner is told of: not the hold before the booking, and not who works on which bay.
_WITHHELD = (EventKind.HELD, EventKind.REASSIGNED, EventKind.REPACKED, EventKind.ODOMETER)
_SHOWN_EVENTS = [kind for kind in EventKind if kind not in _WITHHELD]


@login_required
@require_GET
def visit_list(request: HttpRequest) -> HttpResponse:
    """Held, requested, upcoming and present visits, then the history by pages. The number of queries is constant."""
    mine, now = Booking.objects.visible_to(_user(request)), timezone.now()
    current = mine.filter(Q(status__in=LIVE) | Q(status=Status.HELD, hold_expires_at__gt=now))
    rows = list(current.for_card().order_by("starts_at", "pk"))
    # A hold that was given up is no history; a request that came to nothing is.
    asked_for = BookingEvent.objects.filter(booking=OuterRef("pk"), kind=EventKind.REQUESTED)
    history = mine.ended().filter(Q(confirmed_at__isnull=False) | Exists(asked_for)).for_card()
    context = {
        "held": [row for row in rows if row.status == Status.HELD],
        "requested": [row for row in rows if row.status == Status.REQUESTED],
        "in_shop": [row for row in rows if row.status in IN_SHOP],
        "upcoming": [row for row in rows if row.status == Status.CONFIRMED],
        "waiting_count": WaitingEntry.objects.visible_to(_user(request)).open().count(),
        "page": Paginator(history, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "bookings/visit_list.html", context)


@never_cache
@login_required
@require_GET
def visit_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One visit: number, time, shop, price, what happened, and what can still be changed. Once the car has come, what
    happens to it (`live_views`)."""
    booking = _visit(request, public_id)
    if booking.status == Status.HELD:
        return redirect("bookings:confirm", booking.public_id)
    if booking.status in live_views.STATUSES:
        return live_views.page(request, Door(booking, public_id, user=_user(request)))
    context = {**_status_context(request, booking), "band": band_of(booking)}
    return render(request, "bookings/visit_detail.html", context)


@login_required
@require_GET
def visit_status(request: HttpRequest, public_id: str) -> HttpResponse:
    """The part of the page that lives. A known state (`If-None-Match`) is answered with 304, htmx's with 204."""
    booking = _visit(request, public_id)
    if booking.status in live_views.STATUSES:
        return HttpResponse(headers={"HX-Refresh": "true"})  # the car has come: another page
    tag = f'"{booking.revision}-{get_language()}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    elif request.GET.get("seen") == str(booking.revision):
        response = HttpResponse(status=204)  # htmx would put the empty body of a 304 into the page
    else:
        response = render(request, "bookings/_visit_status.html", _status_context(request, booking))
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


@login_required
@require_GET
def visit_calendar(request: HttpRequest, public_id: str) -> HttpResponse:
    """The visit as a calendar file."""
    booking = _visit(request, public_id)
    url = settings.SITE_URL.rstrip("/") + reverse("bookings:detail", args=[booking.public_id])
    data = calendar_file(booking, url=url, at=timezone.now())
    response = HttpResponse(data, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{booking.number}.ics"'
    return response


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def reschedule(request: HttpRequest, public_id: str) -> HttpResponse:
    """The shop's times for the same visit; choosing one moves it. The old time is kept until the new one is won."""
    booking = _visit(request, public_id)
    if not rules.can_change(booking, at=timezone.now()):
        return _too_late(request, booking)
    if request.method == "GET":
        return _reschedule_page(request, booking)
    form = StartForm(request.POST)
    if not form.is_valid():
        error = " ".join(str(text) for text in form.errors["starts_at"])
        return _reschedule_page(request, booking, error=error, status=400)
    starts_at = form.cleaned_data["starts_at"]
    if starts_at == booking.starts_at:
        messages.info(request, _("That is the time you have. Nothing has changed."))
        return redirect("bookings:detail", booking.public_id)
    try:
        actions.reschedule(booking=booking, starts_at=starts_at, by=_owner(request), at=timezone.now())
    except Refusal as refusal:
        return _reschedule_page(request, booking, refusal=refusal, form=form, status=refusal.status)
    messages.success(request, _("Your visit is moved. The shop sees the new time."))
    return redirect("bookings:detail", booking.public_id)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """What cancelling would cost now, and the button that does it for that fee or not at all."""
    booking = _visit(request, public_id)
    if booking.status == Status.CANCELLED:
        return redirect("bookings:detail", booking.public_id)
    if not rules.can_cancel(booking, at=timezone.now()):
        return _too_late(request, booking)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return _cancel_page(request, booking, form, status=400 if form.errors else 200)
    was_request = booking.status == Status.REQUESTED
    try:
        actions.cancel(
            booking=booking,
            by=_owner(request),
            at=timezone.now(),
            reason=form.cleaned_data["reason"],
            expected_fee_fen=form.cleaned_data["fee_fen"] or 0,
        )
    except FeeChangedError as refusal:
        return _cancel_page(request, _visit(request, public_id), form, refusal=refusal, status=refusal.status)
    except Refusal:
        return _too_late(request, booking)
    done = _("Your request is withdrawn.") if was_request else _("Your visit is cancelled. The shop knows.")
    messages.success(request, done)
    return redirect("bookings:detail", booking.public_id)


@login_required
@require_POST
def pay(request: HttpRequest, public_id: str) -> HttpResponse:
    """Open the visit's order, if it has none, and go on to pay it."""
    booking, user = _visit(request, public_id), _user(request)
    if not card_of(booking, at=timezone.now()).can_pay:
        messages.info(request, _("There is nothing to pay here."))
        return redirect("bookings:detail", booking.public_id)
    try:
        order = paying.open_order(booking=booking, by=user, at=timezone.now())
    except WrongStatusError:
        messages.info(request, _("There is nothing to pay here."))
        return redirect("bookings:detail", booking.public_id)
    return redirect("paying:order", order.public_id)


def _cancel_page(
    request: HttpRequest, booking: Booking, form: CancelForm, *, refusal: FeeChangedError | None = None, status: int
) -> HttpResponse:
    now = timezone.now()
    fee_fen = refusal.fee_fen if refusal else rules.cancel_fee_fen(booking, at=now)
    money = card_of(booking, at=now)
    back_fen, still_fen = back_and_still_fen(money, fee_fen)
    context = {
        "nav_section": "visits",
        "booking": booking,
        "shop": booking.shop,
        "form": form,
        "refusal": refusal,
        "fee_fen": fee_fen,
        "is_late": rules.is_late_to_cancel(booking, at=now),
        "can_move": rules.can_change(booking, at=now),
        "money": money,
        "back_fen": back_fen,
        "still_fen": still_fen,
        "effect": effect_of_cancelling(money, fee_fen, at=now),
    }
    return render(request, "bookings/visit_cancel.html", context, status=status)


# --- Parts ------------------------------------------------------------------------------------------


def _user(request: HttpRequest) -> Any:
    """The signed-in person (`login_required` has seen to it)."""
    return wishes.person(request)


def _owner(request: HttpRequest) -> Actor:
    return Actor(ActorRole.OWNER, wishes.person(request))


def _visit(request: HttpRequest, public_id: str) -> Booking:
    return get_object_or_404(Booking.objects.visible_to(_user(request)).for_card(), public_id=public_id)


def _too_late(request: HttpRequest, booking: Booking) -> HttpResponse:
    messages.error(request, _("This visit can no longer be changed here. Please call the shop."))
    return redirect("bookings:detail", booking.public_id)


def _status_context(request: HttpRequest, booking: Booking) -> dict[str, Any]:
    now = timezone.now()
    events = list(booking.events.filter(kind__in=_SHOWN_EVENTS).order_by("-at", "-pk"))
    was_requested = any(event.kind == EventKind.REQUESTED for event in events)
    last = events[0] if events else None
    return {
        "booking": booking,
        "stations": _stations(booking, was_requested=was_requested),
        "events": events,
        "was_requested": was_requested,
        "ended_by_shop": last is not None and last.actor_role == ActorRole.STAFF,
        "crew": crew.of_booking(booking),
        "stretches": visit_phases.of_booking(booking),
        "shop": booking.shop,
        "is_live": booking.status in LIVE,
        "poll_url": polling.owners_address(booking, _user(request)),
        "can_change": rules.can_change(booking, at=now),
        "can_cancel": rules.can_cancel(booking, at=now),
        "fee_fen": rules.cancel_fee_fen(booking, at=now),
        "is_late": rules.is_late_to_cancel(booking, at=now),
        "rebook_url": live_page.rebook_address(booking),
        "money": card_of(booking, at=now),
    }


def _stations(booking: Booking, *, was_requested: bool) -> list[dict[str, Any]]:
    """The stations of the stepper before the car has come; none for a visit that did not take place."""
    here = _("Team arrived") if booking.shop.is_on_site else _("Checked in")
    names = {
        Status.REQUESTED: _("Asked"),
        Status.CONFIRMED: _("Booked"),
        Status.CHECKED_IN: here,
        Status.IN_SERVICE: _("In work"),
        Status.READY: _("Ready"),
        Status.COMPLETED: _("Handed over"),
    }
    stations = [status for status in names if was_requested or status != Status.REQUESTED]
    if booking.status not in stations:
        return []
    reached = stations.index(Status(booking.status))
    return [
        {"label": names[one], "is_done": place < reached, "is_now": place == reached}
        for place, one in enumerate(stations)
    ]


def _reschedule_page(
    request: HttpRequest,
    booking: Booking,
    *,
    refusal: Refusal | None = None,
    form: StartForm | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    day, day_status, day_error = slots.read_day(request)
    lost = form.cleaned_data["starts_at"] if form and isinstance(refusal, SlotTakenError) else None
    if day is None:
        day = (lost.astimezone(booking.zone) if lost else booking.local_start).date()
    url = reverse("bookings:reschedule", args=[booking.public_id])
    context = {
        "nav_section": "visits",
        "booking": booking,
        "shop": booking.shop,
        "service": booking.service,
        "hold_url": url,
        "address_of_day": f"{url}?date=",
        "error": error or day_error,
        "refusal": refusal,
        "lost": lost,
        "instead": Instead(times=refusal.alternatives) if isinstance(refusal, SlotTakenError) else None,
        "price": Price(booking.labour_fen, booking.parts_fen),
        "paid_now_fen": booking.total_fen,
        "is_late": rules.is_late_to_cancel(booking, at=timezone.now()),
        **slots.strip_context(booking.shop, plan_of(booking), day=day, at=timezone.now()),
    }
    is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
    template = "bookings/_slot_strip.html" if is_fragment else "bookings/visit_reschedule.html"
    return render(request, template, context, status=day_status if status == 200 and not is_fragment else status)
