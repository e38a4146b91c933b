"""Who else may read the record: shops by a grant, a buyer by a link, a new owner by a code."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refusal
from vehicles.choices import RecordPart
from vehicles.models import Car, RecordLink
from vehicles.record import actions, sharing, tokens, transfers
from vehicles.record_forms import CodeForm, GrantForm, LinkForm, ShopSearchForm, shops_to_choose
from vehicles.record_views.asked import own_car, person, secret_address, show_refusal


@login_required
@require_http_methods(["GET", "POST"])
def grants(request: HttpRequest, public_id: str) -> HttpResponse:
    """Which shops may read the record, and letting one more."""
    car = own_car(request, public_id)
    record, now = actions.record_of(car), timezone.now()
    search = ShopSearchForm(request.GET if "q" in request.GET else None)
    query = search.cleaned_data["q"] if search.is_valid() else ""
    visited = set(record.entries.exclude(shop_slug="").values_list("shop_slug", flat=True))
    chosen = request.POST.get("shop", "")[:40].replace("\x00", "")
    form = GrantForm(request.POST or None, shops=shops_to_choose(query, visited=visited, chosen=chosen))
    if request.method == "POST" and form.is_valid():
        try:
            sharing.grant(
                record=record,
                shop=form.chosen_shop,
                parts=[RecordPart(part) for part in form.cleaned_data["parts"]],
                until=form.until(now),
                by=person(request),
                at=now,
            )
        except Refusal as refusal:
            show_refusal(refusal, form)
        else:
            messages.success(request, _("%(shop)s may read the record now.") % {"shop": form.chosen_shop.name})
            return redirect("vehicles:record_grants", public_id=car.public_id)
    context = {"car": car, "form": form, "search": search, "query": query, "grants": list(record.grants.active(now))}
    return render(request, "vehicles/record_grants.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def end_grant(request: HttpRequest, public_id: str, shop_key: str) -> HttpResponse:
    """The shop cannot read the record any more."""
    car, now = own_car(request, public_id), timezone.now()
    grant = get_object_or_404(actions.record_of(car).grants.active(now), shop_key=shop_key)
    sharing.revoke(grant=grant, by=person(request), at=now)
    messages.success(request, _("The shop cannot read the record any more."))
    return redirect("vehicles:record_grants", public_id=car.public_id)


@secret_address
@login_required
@require_http_methods(["GET", "POST"])
def share(request: HttpRequest, public_id: str) -> HttpResponse:
    """Links for buyers. A new one is shown once, on the page that answers."""
    car, now = own_car(request, public_id), timezone.now()
    form = LinkForm(request.POST or None)
    address = ""
    if request.method == "POST" and form.is_valid():
        try:
            new = sharing.share(record=actions.record_of(car), by=person(request), until=form.until(now), at=now)
            address = request.build_absolute_uri(reverse("records:record", args=[new.token]))
        except Refusal as refusal:
            show_refusal(refusal, form)
    links = list(actions.record_of(car).links.active(now))
    context = {"car": car, "form": form, "address": address, "links": links}
    return render(request, "vehicles/record_share.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def end_link(request: HttpRequest, public_id: str, link_id: str) -> HttpResponse:
    """The link opens nothing any more."""
    car = own_car(request, public_id)
    link = get_object_or_404(RecordLink, record=actions.record_of(car), public_id=link_id)
    sharing.revoke_link(link=link, by=person(request), at=timezone.now())
    messages.success(request, _("The link is closed."))
    return redirect("vehicles:record_share", public_id=car.public_id)


@secret_address
@login_required
@require_http_methods(["GET", "POST"])
def transfer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Offer the car and its record to a new owner. The code is shown once, on the page that answers."""
    car, now = own_car(request, public_id), timezone.now()
    record = actions.record_of(car)
    context: dict[str, object] = {"car": car}
    if request.method == "POST":
        new = transfers.offer_transfer(car=car, by=person(request), at=now)
        address = request.build_absolute_uri(reverse("vehicles:take_over", args=[new.token]))
        context |= {"code": tokens.grouped(new.token), "address": address}
    context["offer"] = record.transfers.open(now).first()
    return render(request, "vehicles/record_transfer.html", context)


@login_required
@require_POST
def cancel_transfer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take the offer back, if there is one."""
    car, now = own_car(request, public_id), timezone.now()
    offer = actions.record_of(car).transfers.open(now).first()
    if offer is not None:
        transfers.cancel_transfer(transfer=offer, by=person(request), at=now)
        messages.success(request, _("The code does not work any more. The car stays yours."))
    return redirect("vehicles:record_transfer", public_id=car.public_id)


@login_required
@require_http_methods(["GET", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """Type the code of a car that somebody hands over."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        token = tokens.normalise(form.cleaned_data["code"])
        offer = transfers.transfer_by_token(token)
        if offer is not None and offer.is_open(timezone.now()):
            return redirect("vehicles:take_over", token=token)
        form.add_error("code", _("This code has been used, taken back, is too old, or was mistyped."))
    return render(request, "vehicles/record_take_over_code.html", {"form": form}, status=422 if form.errors else 200)


@secret_address
@login_required
@require_http_methods(["GET", "POST"])
def take_over(request: HttpRequest, token: str) -> HttpResponse:
    """What is handed over; taking it puts the car with its record into the garage."""
    now = timezone.now()
    offer = transfers.transfer_by_token(token)
    car = transfers.offered_car(offer) if offer else None
    if offer is None or car is None or not offer.is_open(now):
        return render(request, "vehicles/record_offer_gone.html", status=404)
    problem = ""
    if request.method == "POST":
        try:
            own: Car = transfers.accept_transfer(transfer=offer, by=person(request), at=now)
        except Refusal as refusal:
            problem = str(refusal.message)
        else:
            messages.success(request, _("%(car)s is in your garage.") % {"car": car.variant.short_name})
            return redirect("vehicles:record", public_id=own.public_id)
    context = {"offer": offer, "car": car, "problem": problem}
    return render(request, "vehicles/record_take_over.html", context, status=409 if problem else 200)
