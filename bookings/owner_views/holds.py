"""Confirming a held slot. Signing in comes last; what was typed survives it in the session."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import codes
from accounts.contacts import Contact as Login
from accounts.models import User
from bookings import actions, availability, rules
from bookings.actions import Actor, Contact
from bookings.choices import ActorRole, Status
from bookings.errors import HoldExpiredError
from bookings.forms import ConfirmForm
from bookings.jobs import plan_of
from bookings.models import Booking
from bookings.owner_views import wishes
from catalog import pricing
from core.errors import Refusal
from shops.choices import ResourceKind
from vehicles import actions as vehicle_actions
from vehicles import selection
from vehicles.actions import CarDetails
from vehicles.models import Car

DRAFT = "confirm_draft"
_DRAFTED = ("car", "plate", "name", "note", "login", "phone", "remember_car")


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, public_id: str) -> HttpResponse:
    """The held slot with its price and terms; POST books it, or for a visitor sends the code first."""
    booking = _held(request, public_id)
    if booking.status not in (Status.HELD, Status.EXPIRED, Status.CANCELLED):
        return redirect("bookings:detail", booking.public_id)
    if booking.status != Status.HELD or not rules.hold_seconds_left(booking, at=timezone.now()):
        _keep_draft(request, booking)
        return _over(request, booking, status=409 if request.method == "POST" else 200)
    user, cars = wishes.person(request), _fitting_cars(request, booking)
    signed_in = user is not None
    if request.method == "GET":
        return _page(request, booking, ConfirmForm(initial=_initial(request, cars), cars=cars, signed_in=signed_in))
    form = ConfirmForm(request.POST, cars=cars, signed_in=signed_in)
    _keep_draft(request, booking)
    if not form.is_valid():
        return _page(request, booking, form, status=400)
    if user is None:
        return _send_code(request, booking, form)
    return _book(request, booking, form, user, cars)


@never_cache
@require_GET
def finish(request: HttpRequest, public_id: str) -> HttpResponse:
    """Back from the code: book what the visitor had asked to confirm in this browser before signing in.

    The wish is in the session, put there by their own POST, and counts once; without it this is the confirm page.
    """
    booking = _held(request, public_id)
    draft = request.session.get(DRAFT) or {}
    user = wishes.person(request)
    if user is None or draft.get("hold") != booking.public_id or not draft.pop("wanted", False):
        return redirect("bookings:confirm", booking.public_id)
    request.session.modified = True
    if not rules.hold_seconds_left(booking, at=timezone.now()):
        return redirect("bookings:confirm", booking.public_id)
    cars = _fitting_cars(request, booking)
    form = ConfirmForm(_after_sign_in(draft, user, cars), cars=cars, signed_in=True)
    if not form.is_valid():
        return _page(request, booking, form, status=400)
    return _book(request, booking, form, user, cars)


@require_POST
def release(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the held slot back and return to the shop's times."""
    booking = _held(request, public_id)
    if booking.status == Status.HELD:
        actor = Actor(ActorRole.OWNER, wishes.person(request))
        actions.cancel(booking=booking, by=actor, at=timezone.now(), reason="given up")
        messages.info(request, _("The time is free for others again."))
    return redirect(_slots_url(booking))


# --- Parts ------------------------------------------------------------------------------------------


def _held(request: HttpRequest, public_id: str) -> Booking:
    """A hold of this person or browser, or what became of it. Raises Http404 for anybody else's."""
    booking = Booking.objects.for_card().filter(public_id=public_id).first()
    if booking is None or not wishes.holder(request).owns(booking):
        raise Http404(_("There is no such hold, or it is not yours."))
    return booking


def _fitting_cars(request: HttpRequest, booking: Booking) -> list[Car]:
    return [car for car in wishes.own_cars(request) if car.variant_id == booking.variant_id]


def _initial(request: HttpRequest, cars: list[Car]) -> dict[str, Any]:
    """What was typed before, else what is known of the person."""
    user = wishes.person(request)
    remembered = request.session.get(selection.CAR_KEY, "")
    car = next((car.public_id for car in cars if car.public_id == remembered), cars[0].public_id if cars else "")
    known = {"car": car, "name": user.name if user else "", "phone": (user.phone or "") if user else ""}
    draft = request.session.get(DRAFT) or {}
    typed = {name: draft[name] for name in _DRAFTED if name in draft}
    return {**known, **typed}


def _keep_draft(request: HttpRequest, booking: Booking) -> None:
    """Remember what was typed, whatever happens next. Longer than any field allows is not worth keeping."""
    if request.method == "POST":
        typed = {name: request.POST[name][:1000] for name in _DRAFTED if name in request.POST}
        request.session[DRAFT] = {"remember_car": "", **typed, "hold": booking.public_id}


def _send_code(request: HttpRequest, booking: Booking, form: ConfirmForm) -> HttpResponse:
    login: Login = form.cleaned_data["login"]
    then = reverse("bookings:finish", args=[booking.public_id])
    try:
        codes.send(request, contact=login, at=timezone.now(), next_url=then)
    except Refusal as refusal:
        form.add_error("login", str(refusal.message))
        return _page(request, booking, form, status=refusal.status)
    request.session[DRAFT]["wanted"] = True
    request.session.modified = True
    return redirect("accounts:code")


def _after_sign_in(draft: dict[str, Any], user: User, cars: list[Car]) -> dict[str, Any]:
    """The visitor's words as the signed-in form takes them; a car of theirs with the plate they typed is that car."""
    plate = draft.get("plate", "").replace("·", "").replace(" ", "").upper()
    own = next((car.public_id for car in cars if plate and car.plate == plate), "")
    return {**draft, "car": own, "phone": user.phone or "", "name": draft.get("name") or user.name}


def _book(request: HttpRequest, booking: Booking, form: ConfirmForm, user: User, cars: list[Car]) -> HttpResponse:
    try:
        with transaction.atomic():
            car = _car(form, booking, user, cars)
            contact = form.contact()
            if car is not None:
                contact = Contact(name=contact.name, phone=contact.phone, plate=car.plate, note=contact.note)
            actions.confirm(
                booking=booking,
                by=user,
                holder=wishes.holder(request),
                contact=contact,
                car=car,
                at=timezone.now(),
            )
    except HoldExpiredError:
        return _over(request, booking, status=409)
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        return _page(request, booking, form, status=refusal.status)
    request.session.pop(DRAFT, None)
    if car is not None:
        selection.remember_car(request, car)
    messages.success(request, _("Your visit is booked. The shop knows, and the details are on their way to you."))
    return redirect("bookings:detail", booking.public_id)


def _car(form: ConfirmForm, booking: Booking, user: User, cars: list[Car]) -> Car | None:
    """The chosen car of the garage; a new one there if they gave a plate and want to keep it; else none."""
    chosen = form.cleaned_data.get("car")
    if chosen:
        return next(car for car in cars if car.public_id == chosen)
    plate = form.cleaned_data["plate"]
    known = next((car for car in cars if plate and car.plate == plate), None)
    if known is not None:
        return known
    if not plate or not form.cleaned_data["remember_car"]:
        return None
    if Car.objects.visible_to(user).filter(plate=plate).exists():  # the same plate on a car of another kind
        return None
    return vehicle_actions.add_car(
        owner=user, variant=booking.variant, details=CarDetails(plate=plate), at=timezone.now()
    )


def _page(request: HttpRequest, booking: Booking, form: ConfirmForm, status: int = 200) -> HttpResponse:
    now = timezone.now()
    for name in form.errors:
        if name in form.fields:  # the first field at fault, so that a phone shows it without scrolling
            form.fields[name].widget.attrs["autofocus"] = True
            break
    claimed = [claim.resource for claim in booking.allocations.all()]
    context = {
        "booking": booking,
        "shop": booking.shop,
        "form": form,
        "band": pricing.fair_price(service=booking.service, variant=booking.variant, city=booking.shop.city),
        "now": now,
        "seconds_left": rules.hold_seconds_left(booking, at=now),
        "total_seconds": booking.shop.hold_minutes * 60,
        "bay": next((one for one in claimed if one.kind != ResourceKind.TECHNICIAN), None),
        "technician": next((one for one in claimed if one.kind == ResourceKind.TECHNICIAN), None),
        "slots_url": _slots_url(booking),
    }
    return render(request, "bookings/hold_confirm.html", context, status=status)


def _over(request: HttpRequest, booking: Booking, status: int) -> HttpResponse:
    """The hold is no more: say so and offer the nearest times, the old one among them if it is still free."""
    now = timezone.now()
    nearest = availability.nearest(shop=booking.shop, plan=plan_of(booking), wanted=booking.starts_at, at=now)
    context = {
        "booking": booking,
        "shop": booking.shop,
        "alternatives": nearest,
        "slots_url": _slots_url(booking),
        "hold_url": reverse("bookings:hold", args=[booking.shop.slug, booking.service.key]),
    }
    return render(request, "bookings/hold_over.html", context, status=status)


def _slots_url(booking: Booking) -> str:
    """The shop's times on the day of the visit."""
    day = booking.local_start.date()
    url = reverse("bookings:slots", args=[booking.shop.slug, booking.service.key])
    return f"{url}?variant={booking.variant.slug}&date={day:%Y-%m-%d}"
