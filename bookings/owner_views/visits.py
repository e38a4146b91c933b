"""The owner's visits: the list, one visit with its live state, moving and cancelling it, the calendar file."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from bookings import actions, rules
from bookings.actions import Actor
from bookings.calendar_files import calendar_file
from bookings.choices import IN_SHOP, ActorRole, EventKind, Status
from bookings.errors import SlotTakenError
from bookings.forms import CancelForm, StartForm
from bookings.jobs import plan_of
from bookings.models import Booking
from bookings.owner_views import slots, wishes
from catalog import pricing
from core.errors import Refusal
from shops.choices import ResourceKind

PAGE = 10
# The stations of a visit as its stepper shows them.
STATIONS = (Status.CONFIRMED, Status.CHECKED_IN, Status.IN_SERVICE, Status.READY, Status.COMPLETED)
LIVE = (Status.CONFIRMED, *IN_SHOP)
# What an owner is told of: not the hold before the booking, and not who works on which bay.
_WITHHELD = (EventKind.HELD, EventKind.EXPIRED, EventKind.REASSIGNED, EventKind.ODOMETER)
_SHOWN_EVENTS = [kind for kind in EventKind if kind not in _WITHHELD]


@login_required
@require_GET
def visit_list(request: HttpRequest) -> HttpResponse:
    """Held, upcoming and present visits, then the history by pages. The number of queries is constant."""
    mine, now = Booking.objects.visible_to(_user(request)), timezone.now()
    current = mine.filter(Q(status__in=LIVE) | Q(status=Status.HELD, hold_expires_at__gt=now))
    rows = list(current.for_card().order_by("starts_at", "pk"))
    history = mine.ended().filter(confirmed_at__isnull=False).for_card()
    context = {
        "held": [row for row in rows if row.status == Status.HELD],
        "in_shop": [row for row in rows if row.status in IN_SHOP],
        "upcoming": [row for row in rows if row.status == Status.CONFIRMED],
        "page": Paginator(history, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "bookings/visit_list.html", context)


@never_cache
@login_required
@require_GET
def visit_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One visit: number, time, shop, price, what happened, and what can still be changed."""
    booking = _visit(request, public_id)
    if booking.status == Status.HELD:
        return redirect("bookings:confirm", booking.public_id)
    context = {
        **_status_context(booking),
        "band": pricing.fair_price(service=booking.service, variant=booking.variant, city=booking.shop.city),
    }
    return render(request, "bookings/visit_detail.html", context)


@login_required
@require_GET
def visit_status(request: HttpRequest, public_id: str) -> HttpResponse:
    """The part of the page that lives. A known state (`If-None-Match`) is answered with 304, htmx's with 204."""
    booking = _visit(request, public_id)
    tag = f'"{booking.revision}-{get_language()}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    elif request.GET.get("seen") == str(booking.revision):
        response = HttpResponse(status=204)  # htmx would put the empty body of a 304 into the page
    else:
        response = render(request, "bookings/_visit_status.html", _status_context(booking))
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
    """What cancelling would mean now, and the button that does it."""
    booking = _visit(request, public_id)
    if booking.status == Status.CANCELLED:
        return redirect("bookings:detail", booking.public_id)
    if not rules.can_change(booking, at=timezone.now()):
        return _too_late(request, booking)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            actions.cancel(booking=booking, by=_owner(request), at=timezone.now(), reason=reason)
        except Refusal:
            return _too_late(request, booking)
        messages.success(request, _("Your visit is cancelled. The shop knows."))
        return redirect("bookings:detail", booking.public_id)
    context = {
        "nav_section": "visits",
        "booking": booking,
        "shop": booking.shop,
        "form": form,
        "is_late": rules.is_late_to_cancel(booking, at=timezone.now()),
    }
    return render(request, "bookings/visit_cancel.html", context, status=400 if form.errors else 200)


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


def _status_context(booking: Booking) -> dict[str, Any]:
    claimed, now = [claim.resource for claim in booking.allocations.all()], timezone.now()
    reached = STATIONS.index(Status(booking.status)) if booking.status in STATIONS else -1
    return {
        "booking": booking,
        "stations": [
            {
                "label": label,
                "is_done": place < reached or booking.status == Status.COMPLETED,
                "is_now": place == reached,
            }
            for place, label in enumerate(_station_labels(booking))
        ]
        if reached >= 0
        else [],
        "events": list(booking.events.filter(kind__in=_SHOWN_EVENTS).order_by("-at", "-pk")),
        "bay": next((one for one in claimed if one.kind != ResourceKind.TECHNICIAN), None),
        "technician": next((one for one in claimed if one.kind == ResourceKind.TECHNICIAN), None),
        "shop": booking.shop,
        "is_live": booking.status in LIVE,
        "is_overdue": rules.is_overdue(booking, at=now),
        "can_change": rules.can_change(booking, at=now),
        "is_late": rules.is_late_to_cancel(booking, at=now),
        "rebook_url": _rebook_url(booking),
    }


def _station_labels(booking: Booking) -> list[str]:
    here = _("Team arrived") if booking.shop.is_on_site else _("Checked in")
    return [_("Booked"), here, _("In work"), _("Ready"), _("Handed over")]


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
        "alternatives": refusal.alternatives if isinstance(refusal, SlotTakenError) else (),
        **slots.strip_context(booking.shop, plan_of(booking), day=day, at=timezone.now()),
    }
    is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
    template = "bookings/_slot_strip.html" if is_fragment else "bookings/visit_reschedule.html"
    return render(request, template, context, status=day_status if status == 200 and not is_fragment else status)


def _rebook_url(booking: Booking) -> str:
    url = reverse("bookings:slots", args=[booking.shop.slug, booking.service.key])
    if booking.car and booking.car.removed_at is None:
        return f"{url}?car={booking.car.public_id}"
    return f"{url}?variant={booking.variant.slug}"
