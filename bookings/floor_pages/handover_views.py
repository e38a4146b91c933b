"""Handing a car over: the final list, the bill, the warranty of each line, and the owner's word on the shop's device.
Only views read the clock."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import workshop
from bookings.board.pages import member, staff_page
from bookings.choices import DecisionWay, Status
from bookings.errors import WrongStatusError
from bookings.floor import handing_over
from bookings.floor_pages import handover_reading as reading
from bookings.floor_pages.job_card_pages import card_url, card_visit
from bookings.models import Booking
from core.errors import Refusal
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop


@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The bill and what the owner gets back; then the car is handed over. Handed over twice is handed over once."""
    shop = get_staff_shop(request, slug, Permission.CLOSE_DAY)
    booking, at = _billed(shop, public_id), timezone.now()
    problem: Refusal | None = None
    if request.method == "POST":
        try:
            if booking.status == Status.READY:
                workshop.hand_over(booking=booking, by=member(request), at=at)
        except WrongStatusError as refusal:
            booking, problem = card_visit(shop, public_id), refusal
        if problem is None or booking.status == Status.COMPLETED:
            messages.success(request, _("Handed over."))
            return redirect(card_url(shop, booking))
    context = {
        "bill": reading.bill(booking, at=at),
        "booking": booking,
        "can_confirm": handing_over.can_confirm(booking, at=at),
        "problem": problem.message if problem else "",
        "status": problem.status if problem else 200,
        "back_url": card_url(shop, booking),
    }
    return staff_page(request, shop, "floor/handover.html", context)


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
