"""Confirming a held slot. Signing in comes last; what was typed survives it in the session."""

from __future__ import annotations

from datetime import datetime, timedelta
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
from bookings import actions, rules
from bookings.actions import Actor, Contact
from bookings.choices import ActorRole, Handover, Status
from bookings.engine.jobs import Job, VisitPlace
from bookings.errors import HoldExpiredError
from bookings.forms import ConfirmForm
from bookings.models import Booking
from bookings.money import paying, terms
from bookings.money.choosing import awaited_order, pay_choices
from bookings.owner_views import asked, crew, instead, wishes
from catalog import pricing
from catalog.pricing import FairPrice
from core.errors import Refusal
from payments.paying_pages.reading import ALL, DEPOSIT
from shops.choices import Confirmation
from vehicles import actions as vehicle_actions
from vehicles import selection
from vehicles.actions import CarDetails
from vehicles.models import Car

DRAFT = "confirm_draft"
_DRAFTED = ("car", "plate", "name", "note", "login", "phone", "remember_car", "pay")


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
        return _page(
            request, booking, _form(booking, cars, signed_in=signed_in, initial=_initial(request, booking, cars))
        )
    form = _form(booking, cars, request.POST, signed_in=signed_in)
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
    form = _form(booking, cars, _after_sign_in(draft, user, cars), signed_in=True)
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


def _form(booking: Booking, cars: list[Car], data: Any = None, *, signed_in: bool, **more: Any) -> ConfirmForm:
    return ConfirmForm(data, cars=cars, signed_in=signed_in, pay=pay_choices(booking), **more)


def _fitting_cars(request: HttpRequest, booking: Booking) -> list[Car]:
    return [car for car in wishes.own_cars(request) if car.variant_id == booking.variant_id]


def _initial(request: HttpRequest, booking: Booking, cars: list[Car]) -> dict[str, Any]:
    """What was typed before, else what is known of the person."""
    user = wishes.person(request)
    remembered = booking.car.public_id if booking.car else request.session.get(selection.CAR_KEY, "")
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
        codes.send(request, contact=login, at=timezone.now())
    except Refusal as refusal:
        form.add_error("login", str(refusal.message))
        return _page(request, booking, form, status=refusal.status)
    request.session[DRAFT]["wanted"] = True
    request.session.modified = True
    return redirect(codes.page(then))


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
            booking = actions.confirm(
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
    if booking.status == Status.HELD or form.cleaned_data.get("pay") == ALL:
        return _to_pay(booking, user, form)
    if booking.status == Status.REQUESTED:
        messages.success(request, _("The shop has your request. We tell you as soon as it answers."))
    else:
        messages.success(request, _("Your visit is booked. The shop knows, and the details are on their way to you."))
    return redirect("bookings:detail", booking.public_id)


def _to_pay(booking: Booking, user: User, form: ConfirmForm) -> HttpResponse:
    """To the page where what was chosen is paid; a visit that waits for its deposit is booked by that."""
    order = paying.open_order(booking=booking, by=user, at=timezone.now())
    amount = ALL if form.cleaned_data.get("pay") == ALL else DEPOSIT
    return redirect(f"{reverse('paying:order', args=[order.public_id])}?amount={amount}")


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
    by_hand = booking.shop.confirmation == Confirmation.BY_HAND
    context = {
        "booking": booking,
        "shop": booking.shop,
        "form": form,
        "band": band_of(booking),
        "now": now,
        "seconds_left": rules.hold_seconds_left(booking, at=now),
        "total_seconds": _hold_seconds(booking),
        "crew": crew.of_booking(booking),
        "by_hand": by_hand,
        "answer_by": _answer_by(booking, at=now) if by_hand else None,
        "pays_online": terms.is_online(),
        "asks_deposit": terms.asks_deposit(booking),
        "awaited": awaited_order(booking),
        "slots_url": _slots_url(booking),
        "find_car_next": _slots_url(booking, with_car=False),
    }
    return render(request, "bookings/hold_confirm.html", context, status=status)


def band_of(booking: Booking) -> FairPrice | None:
    """The usual range for the price of a visit; None for several services, which nothing is compared with."""
    if len(booking.booked_services.all()) > 1:
        return None
    return pricing.fair_price(service=booking.service, variant=booking.variant, city=booking.shop.city)


def _hold_seconds(booking: Booking) -> int:
    """How long the hold is in all: the shop's minutes, or longer where the waiting list has offered it."""
    if booking.hold_expires_at is None:
        return 0
    return max(int((booking.hold_expires_at - booking.created_at).total_seconds()), 1)


def _answer_by(booking: Booking, *, at: datetime) -> datetime:
    """When the shop will have answered if it is asked now (as `actions.confirm` has it)."""
    return min(at + timedelta(minutes=booking.shop.answer_minutes), booking.starts_at)


def _over(request: HttpRequest, booking: Booking, status: int) -> HttpResponse:
    """The hold is no more: say so and offer what can be had instead, the old time among it if it is still free."""
    context = {
        "booking": booking,
        "shop": booking.shop,
        "instead": instead.of_job(job_of(booking), wanted=booking.starts_at, at=timezone.now()),
        "lost": booking.starts_at,
        "also": ",".join(asked.also_of(booking)),
        "slots_url": _slots_url(booking),
        "hold_url": reverse("bookings:hold", args=[booking.shop.slug, booking.service.key]),
    }
    return render(request, "bookings/hold_over.html", context, status=status)


def job_of(booking: Booking) -> Job:
    """The same visit, to be asked for again by the shop's present prices. Needs `booked_services` at hand."""
    place = None
    if booking.visit_latitude is not None and booking.visit_longitude is not None:
        place = VisitPlace(booking.visit_address, booking.visit_latitude, booking.visit_longitude)
    others = (line.service for line in booking.booked_services.all() if line.service_id != booking.service_id)
    return Job(
        shop=booking.shop,
        service=booking.service,
        variant=booking.variant,
        also=tuple(others),
        handover=Handover.DROP_OFF if booking.handover == Handover.ON_SITE else booking.handover,
        place=place,
        with_loaner=booking.with_loaner,
    )


def _slots_url(booking: Booking, *, with_car: bool = True) -> str:
    """The shop's times for the same visit on its day; without the car for choosing another one."""
    url = reverse("bookings:slots", args=[booking.shop.slug, booking.service.key])
    return f"{url}?{asked.query_of(booking, with_car=with_car)}&date={booking.local_start:%Y-%m-%d}".replace("?&", "?")
