"""Choosing a time at a shop, and holding it."""

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
from bookings.errors import NotOfferedError, SlotTakenError
from bookings.forms import PlaceForm, StartForm, place_form
from bookings.jobs import Job, QuotedJob
from bookings.owner_views import wishes
from bookings.phases import Plan
from catalog import pricing
from catalog.applicability import reason_against
from catalog.models import Service
from core.errors import Refusal
from shops.models import Shop
from vehicles import selection
from vehicles.models import Car, Variant
from vehicles.selection import Selection


@require_GET
@vary_on_headers("HX-Request")
def slots(request: HttpRequest, shop_slug: str, service_key: str) -> HttpResponse:
    """The times of a service at a shop: a day strip and the chosen day's slots, each of them a button that holds it.

    For htmx only the strip (`bookings/_slot_strip.html`). Without a car it asks for one first.
    """
    shop, service = _shop(request, shop_slug), get_object_or_404(Service.objects.listed(), key=service_key)
    chosen = wishes.chosen_car(request)
    day, status, error = read_day(request)
    return _page(request, shop, service, chosen, day=day, status=status, error=error)


@require_POST
def hold(request: HttpRequest, shop_slug: str, service_key: str) -> HttpResponse:
    """Hold the chosen time and go on to confirm it. A time that has gone: the same page with the nearest ones."""
    shop, service = _shop(request, shop_slug), get_object_or_404(Service.objects.listed(), key=service_key)
    chosen = _posted_car(request)
    if chosen.variant is None:
        return redirect("bookings:slots", shop_slug, service_key)
    form, place = StartForm(request.POST), place_form(shop, request.POST)
    valid = form.is_valid() and (place is None or place.is_valid())
    if not valid:
        error = " ".join(str(text) for text in form.errors.get("starts_at", []))
        day = _posted_day(form, shop)
        return _page(request, shop, service, chosen, day=day, place=place, error=error, status=400)
    if not limits.may_hold(request):
        return render(request, "bookings/too_many_holds.html", {"shop": shop}, status=429)
    try:
        booking = actions.hold(
            job=Job(shop=shop, service=service, variant=chosen.variant, place=place.place() if place else None),
            starts_at=form.cleaned_data["starts_at"],
            holder=wishes.new_holder(request),
            at=timezone.now(),
        )
    except Refusal as refusal:
        return _refused(request, shop, service, chosen, form=form, place=place, refusal=refusal)
    _remember(request, chosen)
    return redirect("bookings:confirm", booking.public_id)


# --- Parts ------------------------------------------------------------------------------------------


def _shop(request: HttpRequest, slug: str) -> Shop:
    return get_object_or_404(Shop.objects.visible_to(request.user).for_card(), slug=slug)


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


def _refused(  # noqa: PLR0913  (what was asked, and why not)
    request: HttpRequest,
    shop: Shop,
    service: Service,
    chosen: Selection,
    *,
    form: StartForm,
    place: PlaceForm | None,
    refusal: Refusal,
) -> HttpResponse:
    if place is not None and refusal.field == "visit_address":
        place.add_error("visit_address", str(refusal.message))
    return _page(
        request,
        shop,
        service,
        chosen,
        day=_posted_day(form, shop),
        place=place,
        refusal=refusal,
        lost=form.cleaned_data["starts_at"],
        status=refusal.status,
    )


def _page(  # noqa: PLR0913  (one page for choosing and for every way in which a choice can fail)
    request: HttpRequest,
    shop: Shop,
    service: Service,
    chosen: Selection,
    *,
    day: date | None = None,
    place: PlaceForm | None = None,
    refusal: Refusal | None = None,
    lost: datetime | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "shop": shop,
        "service": service,
        "selection": chosen,
        "car_query": wishes.car_query(chosen),
        "error": error,
        "refusal": refusal,
        "lost": lost if isinstance(refusal, SlotTakenError) else None,
        "alternatives": refusal.alternatives if isinstance(refusal, SlotTakenError) else (),
    }
    quoted, why_not = _quoted(shop, service, chosen.variant)
    if quoted and chosen.variant:
        context |= _offer_context(quoted, day=day, at=timezone.now())
        context["place_form"] = place or _empty_place(request, shop)
        context["address_of_day"] = _address_of_day(shop, service, context["car_query"])
        context["hold_url"] = reverse("bookings:hold", args=[shop.slug, service.key])
    context["why_not"] = why_not
    if why_not and status == 200:
        status = 404
    is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
    template = "bookings/_slot_strip.html" if is_fragment else "bookings/slots.html"
    return render(request, template, context, status=200 if is_fragment else status)


def _quoted(shop: Shop, service: Service, variant: Variant | None) -> tuple[QuotedJob | None, str]:
    """The job with its price, else why there is none (empty while the car is not known)."""
    if variant is None:
        return None, ""
    try:
        return Job(shop=shop, service=service, variant=variant).quoted(), ""
    except NotOfferedError as refusal:
        return None, reason_against(service, variant) or str(refusal.message)


def _offer_context(quoted: QuotedJob, *, day: date | None, at: datetime) -> dict[str, Any]:
    job = quoted.job
    return {
        "quote": quoted.quote,
        "band": pricing.fair_price(service=job.service, variant=job.variant, city=job.shop.city),
        **strip_context(job.shop, quoted.plan, day=day, at=at),
    }


def strip_context(shop: Shop, plan: Plan, *, day: date | None, at: datetime) -> dict[str, Any]:
    """What `bookings/_slot_strip.html` needs besides its addresses. One query, three if a day is full."""
    return {"strip": strips.strip(shop=shop, plan=plan, wanted=day, at=at)}


def _address_of_day(shop: Shop, service: Service, car_query: str) -> str:
    return f"{reverse('bookings:slots', args=[shop.slug, service.key])}?{car_query}&date="


def _empty_place(request: HttpRequest, shop: Shop) -> PlaceForm | None:
    """The form for an on-site visit, at the point the search was made from; None for a shop that one drives to."""
    place = wishes.where(request) if shop.is_on_site else None
    point = place.origin.point if place else None
    return place_form(shop, None, initial={"lat": point.latitude, "lng": point.longitude} if point else None)
