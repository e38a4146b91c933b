"""Handing a car over: the final list, the bill, the warranty of each line, and the owner's word on the shop's device.
Only views read the clock."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings import workshop
from bookings.board.pages import member, staff_page
from bookings.choices import DecisionWay, Status
from bookings.errors import WrongStatusError
from bookings.floor import handing_over
from bookings.floor_pages import handover_reading as reading
from bookings.floor_pages.job_card_pages import attempt, card_url, card_visit
from bookings.floor_pages.money_forms import CounterForm, HandOverForm
from bookings.models import Booking
from bookings.money import counter
from bookings.money.card import card_of
from core.errors import Refusal
from core.money import format_yuan_plain
from payments.choices import ShopMethod
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop


@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The bill and what the owner gets back; then the car is handed over. Handed over twice is handed over once."""
    shop = get_staff_shop(request, slug, Permission.CLOSE_DAY)
    booking, at = _billed(shop, public_id), timezone.now()
    form = HandOverForm(request.POST if request.method == "POST" else None)
    problem: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if booking.status == Status.READY:
                workshop.hand_over(booking=booking, by=member(request), at=at, shop_method=form.method)
        except WrongStatusError as refusal:
            booking, problem = card_visit(shop, public_id), refusal
        if problem is None or booking.status == Status.COMPLETED:
            messages.success(request, _("Handed over."))
            return redirect(card_url(shop, booking))
    status = problem.status if problem else 400 if form.errors else 200
    return _handover_page(request, shop, booking, at, problem=problem, form=form, status=status)


@require_POST
def take_money(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Record money that was taken at the counter before the handover. Sent twice is refused the second time."""
    shop = get_staff_shop(request, slug, Permission.CLOSE_DAY)
    booking, at = _billed(shop, public_id), timezone.now()
    form = CounterForm(request.POST)
    status, problem = attempt(
        form,
        lambda: counter.take(
            booking=booking,
            amount_fen=form.cleaned_data["amount"],
            method=ShopMethod(form.cleaned_data["method"]),
            expected_due_fen=form.cleaned_data["due_fen"],
            by=member(request),
            at=at,
        ),
    )
    if status == 200:
        messages.success(request, _("The payment is recorded."))
        return redirect("floor:handover", shop.slug, booking.public_id)
    refused = Refusal(problem) if problem else None
    booking = card_visit(shop, public_id)
    return _handover_page(request, shop, booking, at, problem=refused, taken=form, status=status)


def _handover_page(  # noqa: PLR0913  (what the page shows, and what was wrong)
    request: HttpRequest,
    shop: Shop,
    booking: Booking,
    at: datetime,
    *,
    problem: Refusal | None,
    form: HandOverForm | None = None,
    taken: CounterForm | None = None,
    status: int,
) -> HttpResponse:
    money = card_of(booking, at=at)
    context = {
        "bill": reading.bill(booking, at=at),
        "booking": booking,
        "can_confirm": handing_over.can_confirm(booking, at=at),
        "money": money,
        "form": form or HandOverForm(),
        "counter_form": _counter_form(taken, money.due_fen),
        "counter_open": taken is not None,
        "problem": problem.message if problem else "",
        "status": status,
        "back_url": card_url(shop, booking),
    }
    return staff_page(request, shop, "floor/handover.html", context)


def _counter_form(taken: CounterForm | None, due_fen: int) -> CounterForm:
    """What was typed, with what is due now; else a fresh form."""
    if taken is None:
        return CounterForm(initial={"due_fen": due_fen, "amount": format_yuan_plain(due_fen)})
    taken.data = {**taken.data, "due_fen": str(due_fen)}
    return taken


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The final list in the owner's language, to hand the device over: they look and confirm. No way on from here but
    back, so that nobody wanders through the shop's pages."""
    shop = get_staff_shop(request, slug, Permission.CLOSE_DAY)
    booking, at = _billed(shop, public_id), timezone.now()
    with translation.override(_language_of(request, booking)):
        problem: Refusal | None = None
        if request.method == "POST":
            try:
                way = DecisionWay.DEVICE
                handing_over.confirm(booking=booking, way=way, by=member(request), at=at)
            except Refusal as refusal:
                problem = refusal
            else:
                return redirect(request.get_full_path())
        context = {
            "shop": shop,
            "booking": booking,
            "bill": reading.bill(booking, at=at),
            "money": card_of(booking, at=at),
            "can_confirm": handing_over.can_confirm(booking, at=at),
            "problem": problem.message if problem else "",
            "languages": settings.LANGUAGES,
            "back_url": reverse("floor:handover", args=[shop.slug, booking.public_id]),
        }
        return render(request, "floor/handover_show.html", context, status=problem.status if problem else 200)


def _billed(shop: Shop, public_id: str) -> Booking:
    """The visit once its bill is made; before that there is nothing to hand over (Http404)."""
    booking = card_visit(shop, public_id)
    if booking.status not in (Status.READY, Status.COMPLETED):
        raise Http404(_("There is no bill before the work is finished."))
    return booking


def _language_of(request: HttpRequest, booking: Booking) -> str:
    """The language chosen on the page, else the owner's, else the one that the staff read."""
    known = dict(settings.LANGUAGES)
    owners = booking.owner.language if booking.owner else ""
    asked = request.GET.get("lang", "")
    return next((code for code in (asked, owners) if code in known), translation.get_language())
