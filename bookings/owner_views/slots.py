"""Choosing what is done in one visit, how car and shop come together and when, and holding the time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from bookings import actions, limits, strips
from bookings.engine.availability import Slot
from bookings.engine.jobs import QuotedJob
from bookings.engine.phases import Plan
from bookings.errors import NotOfferedError, OutOfRadiusError, SlotTakenError
from bookings.forms import StartForm
from bookings.owner_views import asked as asking
from bookings.owner_views import instead, picked, wishes
from bookings.owner_views.asked import ADDRESS, Asked
from catalog.applicability import reason_against
from catalog.models import Service
from core.errors import Refusal
from shops.models import Place, Shop
from vehicles import selection
from vehicles.models import Car, Variant
from vehicles.selection import Selection

# What can be wrong beside a field of the page; the rest is said above it.
_SHOWN = ("near", ADDRESS)


@require_GET
@vary_on_headers("HX-Request")
def slots(request: HttpRequest, shop_slug: str, service_key: str) -> HttpResponse:
    """The times of a visit at a shop: a day strip and the chosen day's slots, each of them a button that holds it.

    `?also=` names more services, `?handover=`, `?loaner=` and `?near=` (or `lat` and `lng`) how car and shop come
    together, `?at=` a start that is chosen already. For htmx only the strip (`bookings/_slot_strip.html`). Without a
    car it asks for one first.
    """
    shop, service = find_shop(request, shop_slug), find_service(service_key)
    asked = asked_by_address(request, shop, service)
    day, status, error = read_day(request)
    if asked.together.is_wrong:
        status = 400
    if (named := picked.read(request, asked, at=timezone.now())) is None:
        return _page(request, asked, day=day, status=status, error=error)
    day = day or named.starts_at.astimezone(shop.zone).date()
    lost = named.starts_at if named.refusal else None
    slot = named.slot
    return _page(request, asked, day=day, status=status, error=error, refusal=named.refusal, lost=lost, slot=slot)


@require_POST
def hold(request: HttpRequest, shop_slug: str, service_key: str) -> HttpResponse:
    """Hold the chosen time and go on to confirm it. A time that has gone: the same page with what can be had instead.

    Sent without a time (`starts_at`) it only shows the times for what was changed in the form.
    """
    shop, service = find_shop(request, shop_slug), find_service(service_key)
    chosen = _posted_car(request)
    if chosen.variant is None:
        return redirect("bookings:slots", shop_slug, service_key)
    showing = "starts_at" not in request.POST
    asked = Asked(
        shop=shop,
        service=service,
        chosen=chosen,
        together=asking.read_services(shop, service, chosen.variant, asking.keys_of(request.POST)),
        form=asking.read_form(request, shop, showing=showing),
    )
    return _show(request, asked) if showing else _hold(request, asked, chosen.variant)


def _show(request: HttpRequest, asked: Asked) -> HttpResponse:
    if asked.form is not None and asked.form.errors:
        return _page(request, asked, status=400)
    return redirect(f"{_slots_url(asked)}?{asked.query()}#times-title")


def _hold(request: HttpRequest, asked: Asked, variant: Variant) -> HttpResponse:
    form = StartForm(request.POST)
    if not form.is_valid() or (asked.form and asked.form.errors) or asked.together.left_out:
        error = " ".join(str(text) for text in form.errors.get("starts_at", []))
        return _page(request, asked, day=_posted_day(form, asked.shop), error=error, status=400)
    if not limits.may_hold(request):
        return render(request, "bookings/too_many_holds.html", {"shop": asked.shop}, status=429)
    try:
        booking = actions.hold(
            job=asked.job(variant),
            starts_at=form.cleaned_data["starts_at"],
            holder=wishes.new_holder(request),
            at=timezone.now(),
        )
    except Refusal as refusal:
        return _refused(request, asked, form=form, refusal=refusal)
    _remember(request, asked.chosen)
    return redirect("bookings:confirm", booking.public_id)


# --- What is asked --------------------------------------------------------------------------------


def find_shop(request: HttpRequest, slug: str) -> Shop:
    """A shop that this person can see. Raises Http404."""
    return get_object_or_404(Shop.objects.visible_to(request.user).for_card(), slug=slug)


def find_service(key: str) -> Service:
    """A service of the catalogue. Raises Http404."""
    return get_object_or_404(Service.objects.listed(), key=key)


def asked_by_address(request: HttpRequest, shop: Shop, service: Service) -> Asked:
    """What the address asks for. Raises Http404 for a car that is not there or not theirs."""
    chosen = wishes.chosen_car(request)
    return Asked(
        shop=shop,
        service=service,
        chosen=chosen,
        together=asking.read_services(shop, service, chosen.variant, asking.keys_of(request.GET)),
        form=asking.read_address(request, shop),
    )


def read_day(request: HttpRequest) -> tuple[date | None, int, str]:
    """The day that the address names, and what is wrong with it."""
    text = request.GET.get("date", "")
    if not text:
        return None, 200, ""
    try:
        day = parse_date(text[:20])
    except ValueError:
        day = None
    if day is None:
        return None, 400, _("This is not a date. Choose one of the days below.")
    return day, 200, ""


def _posted_car(request: HttpRequest) -> Selection:
    """The car that the form names. Raises Http404 for one that is not there or not theirs."""
    public_id, slug = request.POST.get("car", ""), request.POST.get("variant", "")
    if "\x00" in public_id + slug:
        raise Http404
    user = wishes.person(request)
    if public_id:
        if user is None:
            raise Http404(_("There is no such car in your garage."))
        car = get_object_or_404(Car.objects.visible_to(user).with_names(), public_id=public_id[:40])
        return Selection(variant=car.variant, car=car)
    if slug:
        return Selection(variant=get_object_or_404(Variant.objects.listed().with_names(), slug=slug[:120]))
    return selection.selected(request)


def _posted_day(form: StartForm, shop: Shop) -> date | None:
    start = form.cleaned_data.get("starts_at") if hasattr(form, "cleaned_data") else None
    return start.astimezone(shop.zone).date() if isinstance(start, datetime) else None


def _remember(request: HttpRequest, chosen: Selection) -> None:
    if chosen.car:
        selection.remember_car(request, chosen.car)
    elif chosen.variant:
        selection.remember_variant(request, chosen.variant)


def _refused(request: HttpRequest, asked: Asked, *, form: StartForm, refusal: Refusal) -> HttpResponse:
    if asked.form is not None and refusal.field == ADDRESS:
        say_at_place(asked, refusal)
    lost = form.cleaned_data["starts_at"]
    day = _posted_day(form, asked.shop)
    return _page(request, asked, day=day, refusal=refusal, lost=lost, status=refusal.status)


def say_at_place(asked: Asked, refusal: Refusal) -> None:
    """Put what is wrong with the place beside its field."""
    if asked.form is None:
        return
    if not isinstance(refusal, OutOfRadiusError):
        asked.form.add_error(ADDRESS, str(refusal.message))
    elif "near" not in asked.form.errors:
        radius = asked.shop.service_radius_km if asked.shop.is_on_site else asked.shop.pickup_radius_km
        words = _("It comes up to %(km)s km.") % {"km": radius}
        asked.form.add_error("near", f"{refusal.message} {words}")


def _page(  # noqa: PLR0913  (one page for choosing and for every way in which a choice can fail)
    request: HttpRequest,
    asked: Asked,
    *,
    day: date | None = None,
    refusal: Refusal | None = None,
    lost: datetime | None = None,
    error: str = "",
    slot: Slot | None = None,
    status: int = 200,
) -> HttpResponse:
    shop, service, chosen, now = asked.shop, asked.service, asked.chosen, timezone.now()
    priced, why_not = _priced(asked)
    lost = lost if isinstance(refusal, SlotTakenError) else None
    context: dict[str, Any] = {
        "shop": shop,
        "service": service,
        "selection": chosen,
        "car_query": wishes.car_query(chosen),
        "also": ",".join(asked.together.keys),
        "left_out": asked.together.left_out,
        "find_car_next": _without_car(asked),
        "error": error,
        "refusal": refusal,
        "lost": lost,
        "why_not": why_not,
        "picked": slot,
        "picked_price": priced.price(slot.discount_percent) if priced and slot else None,
    }
    if priced:
        context |= _offer_context(asked, priced) | _times_context(asked, priced, day=day, at=now)
        context["search_query"] = asking.query(context["car_query"], [])
        if lost:
            context["instead"] = instead.of_job(asked.job(priced.job.variant), wanted=lost, at=now)
        if asked.form and (asked.form.somebody_comes or shop.pickup_radius_km):
            context["places"] = list(Place.objects.filter(city=shop.city).order_by("kind", "name_en", "pk"))
        context["problems"] = asking.problems(asked.form, _SHOWN) if asked.form else []
    if why_not and status == 200:
        status = 404
    is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
    template = "bookings/_slot_strip.html" if is_fragment else "bookings/slots.html"
    return render(request, template, context, status=200 if is_fragment else status)


def _priced(asked: Asked) -> tuple[QuotedJob | None, str]:
    """The services with their prices, however car and shop come together; else why there are none (empty while the
    car is not known)."""
    variant = asked.chosen.variant
    if variant is None:
        return None, ""
    plain = Asked(asked.shop, asked.service, asked.chosen, asked.together)
    try:
        return plain.job(variant).quoted(), ""
    except NotOfferedError as refusal:
        return None, reason_against(asked.service, variant) or str(refusal.message)


def _offer_context(asked: Asked, priced: QuotedJob) -> dict[str, Any]:
    """The visit line by line, what could be added to it, and how long it takes."""
    url, keys = _slots_url(asked), asked.together.keys
    lines = asking.lines(asked, priced, url)
    return {
        "quote": priced.quote,
        "band": lines[0].band,
        "lines": lines,
        "price": priced.price(),
        "minutes_saved": asking.minutes_saved(priced) if asked.together.also else 0,
        "on_offer": [
            (one, quote, f"{url}?{asked.query(also=[*keys, one.key])}") for one, quote in asked.together.on_offer
        ],
        "visit_form": asked.form,
        "somebody_comes": asked.form is not None and asked.form.somebody_comes,
        "has_loaners": asking.has_loaners(asked.shop) and not asked.shop.is_on_site,
    }


def _times_context(asked: Asked, priced: QuotedJob, *, day: date | None, at: datetime) -> dict[str, Any]:
    """The strip for what is asked, and its addresses; without one while it is not known where somebody is to come."""
    plan = _plan(asked, priced)
    url, query = _slots_url(asked), asked.query()
    context = {
        "plan_minutes": (plan or priced.plan).minutes,
        "address_of_day": f"{url}?{query}&date=",
        "hold_url": reverse("bookings:hold", args=[asked.shop.slug, asked.service.key]),
        "wait_url": f"{reverse('bookings:wait', args=[asked.shop.slug, asked.service.key])}?{query}",
    }
    if plan is None:
        return context | {"why_no_strip": _("Say where to come, and the free times appear here.")}
    return context | strip_context(asked.shop, plan, day=day, at=at)


def _plan(asked: Asked, priced: QuotedJob) -> Plan | None:
    """What the visit claims as it is asked for; None if that depends on a place that is not known or too far away."""
    job = asked.job(priced.job.variant)
    if job.handover == priced.job.handover and job.place is None and not job.with_loaner:
        return priced.plan if not (asked.form and "near" in asked.form.errors) else None
    if asked.form is not None and asked.form.somebody_comes and job.place is None:
        return None
    try:
        return job.quoted().plan
    except Refusal as refusal:
        say_at_place(asked, refusal)
        return None


def strip_context(shop: Shop, plan: Plan, *, day: date | None, at: datetime) -> dict[str, Any]:
    """What `bookings/_slot_strip.html` needs besides its addresses and prices. One query, three if a day is full."""
    return {"strip": strips.strip(shop=shop, plan=plan, wanted=day, at=at)}


def _slots_url(asked: Asked) -> str:
    return reverse("bookings:slots", args=[asked.shop.slug, asked.service.key])


def _without_car(asked: Asked) -> str:
    """This page's address for another car."""
    without = Asked(asked.shop, asked.service, Selection(), asked.together, asked.form)
    query = without.query()
    return f"{_slots_url(asked)}?{query}" if query else _slots_url(asked)
