"""The owner's places on waiting lists: asking to be told, what is held for them, leaving."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bookings import rules, waiting
from bookings.choices import WaitingStatus
from bookings.engine.jobs import Job
from bookings.forms import VisitForm, WaitingForm
from bookings.models import WaitingEntry, WaitingService
from bookings.owner_views import asked as asking
from bookings.owner_views import slots, wishes
from bookings.owner_views.asked import ADDRESS, Asked
from core.errors import Refusal
from shops.models import Place, Shop
from vehicles.models import Variant

FRIDAY = 5


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, shop_slug: str, service_key: str) -> HttpResponse:
    """Ask to be told when a time comes free. The address says for what, as on the page of times."""
    shop, service = slots.find_shop(request, shop_slug), slots.find_service(service_key)
    asked = slots.asked_by_address(request, shop, service)
    variant, now = asked.chosen.variant, timezone.now()
    if variant is None or asked.together.left_out:
        return redirect(_times_url(asked))
    today = now.astimezone(shop.zone).date()
    if request.method == "GET":
        return _page(
            request, asked, variant, WaitingForm(initial=_window(request, shop, today), shop=shop, today=today)
        )
    form = WaitingForm(request.POST, shop=shop, today=today)
    place = _place_form(request, asked)
    asked = Asked(shop, service, asked.chosen, asked.together, place or asked.form)
    valid = form.is_valid()
    if (place is not None and place.errors) or not valid:
        return _page(request, asked, variant, form, status=400)
    not_before, not_after = form.window()
    try:
        waiting.join(
            job=asked.job(variant),
            owner=_user(request),
            car=asked.chosen.car,
            not_before=not_before,
            not_after=not_after,
            at=now,
        )
    except Refusal as refusal:
        return _refused(request, asked, variant, form, refusal)
    messages.success(request, _("You are on the list. We tell you as soon as a time is held for you."))
    return redirect("bookings:waiting")


@never_cache
@login_required
@require_GET
def places(request: HttpRequest) -> HttpResponse:
    """The person's places, those with a time held for them first. The number of queries is constant."""
    mine = WaitingEntry.objects.visible_to(_user(request)).open()
    wanted = Prefetch("wanted", WaitingService.objects.select_related("service").order_by("position"))
    related = mine.select_related("shop__city", "variant__model__make", "offered").prefetch_related(wanted)
    rows, now = list(related.order_by("created_at", "pk")), timezone.now()
    offered = [_offer(row, now) for row in rows if row.status == WaitingStatus.OFFERED and row.offered]
    open_offers = [offer for offer in offered if offer["seconds_left"]]
    held = {offer["entry"].pk for offer in open_offers}
    context = {
        "nav_section": "visits",
        "offers": open_offers,
        "entries": [row for row in rows if row.pk not in held],
        "now": now,
    }
    return render(request, "bookings/waiting_list.html", context)


@login_required
@require_POST
def leave(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give up a place, and with it what is held for it."""
    entry = get_object_or_404(WaitingEntry.objects.visible_to(_user(request)), public_id=public_id)
    waiting.leave(entry=entry, at=timezone.now())
    messages.success(request, _("You have left the list."))
    return redirect("bookings:waiting")


# --- Parts ------------------------------------------------------------------------------------------


def _user(request: HttpRequest) -> Any:
    """The signed-in person (`login_required` has seen to it)."""
    return wishes.person(request)


def _times_url(asked: Asked) -> str:
    query = asked.query()
    url = reverse("bookings:slots", args=[asked.shop.slug, asked.service.key])
    return f"{url}?{query}" if query else url


def _place_form(request: HttpRequest, asked: Asked) -> VisitForm | None:
    """The place with its address as it was sent; None where nobody comes."""
    if asked.form is None or not asked.form.somebody_comes:
        return None
    return asking.read_form(request, asked.shop, showing=False)


def _window(request: HttpRequest, shop: Shop, today: date) -> dict[str, date]:
    """From the day that was looked at until the Friday after it; on a Friday or a weekend, until that of next week."""
    last = today + timedelta(days=shop.booking_window_days)
    day, _status, _error = slots.read_day(request)
    first = min(max(day or today, today), last)
    away = (FRIDAY - first.isoweekday()) % 7
    return {"not_before": first, "not_after": min(first + timedelta(days=away or 7), last)}


def _refused(request: HttpRequest, asked: Asked, variant: Variant, form: WaitingForm, refusal: Refusal) -> HttpResponse:
    if refusal.field == ADDRESS and asked.form is not None:
        slots.say_at_place(asked, refusal)
    else:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
    return _page(request, asked, variant, form, status=refusal.status)


def _page(
    request: HttpRequest, asked: Asked, variant: Variant, form: WaitingForm, *, status: int = 200
) -> HttpResponse:
    job = Job(shop=asked.shop, service=asked.service, variant=variant, also=asked.together.also)
    place = asked.form if asked.form and asked.form.somebody_comes else None
    context = {
        "nav_section": "visits",
        "shop": asked.shop,
        "services": job.services,
        "variant": variant,
        "car": asked.chosen.car,
        "form": form,
        "place_form": place,
        "places": list(Place.objects.filter(city=asked.shop.city).order_by("kind", "name_en", "pk")) if place else [],
        "times_url": _times_url(asked),
        "action": request.get_full_path(),
    }
    return render(request, "bookings/waiting_join.html", context, status=status)


def _offer(entry: WaitingEntry, now: datetime) -> dict[str, Any]:
    booking = entry.offered
    total = waiting.OFFER_MINUTES * 60
    left = rules.hold_seconds_left(booking, at=now) if booking else 0
    return {"entry": entry, "booking": booking, "seconds_left": left, "total_seconds": total}
