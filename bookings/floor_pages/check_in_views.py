"""Receiving a car: the sheet, the second look at a doubtful odometer, and the owner's confirmation on the shop's
device. Only views read the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings import workshop
from bookings.board.pages import attempt, day_address, member, staff_page, visit_asked, wants_part
from bookings.board.steps import VisitStep, visit_form
from bookings.choices import IN_SHOP, DecisionWay, Status
from bookings.errors import WrongStatusError
from bookings.floor import checking_in
from bookings.floor.checking_in import SheetConfirmedError
from bookings.floor_pages import visit_photos
from bookings.floor_pages.check_in_forms import CheckInForm
from bookings.models import Booking, CheckIn
from core.errors import Refusal
from core.photo_fields import accepts_photos
from core.photos import GridPhoto
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop


@accepts_photos
@require_http_methods(["GET", "POST"])
def check_in(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Receive the car. The page is the whole sheet; the board's dialog asks for odometer and plate only.

    A visit that is in shows its sheet, and with `?edit` the form again until the owner has confirmed it.
    """
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    row = checking_in.sheet_of(booking) if booking.status != Status.CONFIRMED else None
    if request.method == "GET" and row is not None and "edit" not in request.GET:
        return _sheet_page(request, shop, booking, row)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = CheckInForm(*data, booking=booking, row=row)

    def act() -> object:
        return checking_in.write_sheet(booking=booking, sheet=form.sheet, by=member(request), at=at)

    if form.is_whole or (request.method == "GET" and not wants_part(request)):
        return _whole(request, shop, booking, form, act, row=row)
    return visit_form(
        request, shop, booking, at, VisitStep(form, act, Status.CHECKED_IN, "check_in", _("Car checked in."))
    )


def _whole(
    request: HttpRequest, shop: Shop, booking: Booking, form: CheckInForm, act: Any, *, row: CheckIn | None
) -> HttpResponse:
    """The form of the whole sheet, or what it asks for done."""
    status, problem = 200, _closed(booking, row)
    if request.method == "POST":
        try:
            status, _slots = attempt(form, act)
        except WrongStatusError as refusal:
            status, problem = refusal.status, refusal
        if status == 200:
            said = _("Car checked in.") if booking.status == Status.CONFIRMED else _("Sheet saved.")
            messages.success(request, said)
            return redirect("board:check_in", shop.slug, booking.public_id)
    status = problem.status if problem is not None else status
    car = booking.car
    context = {
        "form": form,
        "booking": booking,
        "row": row,
        "problem": problem.message if problem is not None else "",
        "known_car": car if car is not None and booking.status == Status.CONFIRMED else None,
        "photos": _photos(shop, booking),
        "back_url": _board_url(booking, shop),
        "status": status,
    }
    return staff_page(request, shop, "floor/check_in_form.html", context)


def _closed(booking: Booking, row: CheckIn | None) -> Refusal | None:
    """Why the sheet cannot be written, if it cannot."""
    if row is not None and row.confirmed_at is not None:
        return SheetConfirmedError()
    return None if booking.status in (Status.CONFIRMED, Status.CHECKED_IN) else WrongStatusError()


def _sheet_page(request: HttpRequest, shop: Shop, booking: Booking, row: CheckIn, **more: Any) -> HttpResponse:
    user = member(request)
    is_open = row.confirmed_at is None
    has_others = row.is_odometer_questioned and checking_in.others_who_can_look(booking, row)
    context = {
        "booking": booking,
        "sheet": row,
        "photos": _photos(shop, booking),
        "can_edit": is_open and booking.status == Status.CHECKED_IN,
        "can_show": is_open and booking.status in IN_SHOP,
        "can_look": row.is_odometer_questioned and row.recorded_by_id != user.pk,
        "has_others": has_others,
        "back_url": _board_url(booking, shop),
        **more,
    }
    return staff_page(request, shop, "floor/check_in.html", context)


@require_POST
def confirm_odometer(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """A second person has looked at a doubtful reading."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    try:
        workshop.confirm_odometer(booking=booking, by=member(request), at=at)
    except Refusal as refusal:
        return _refused(request, shop, booking, refusal)
    messages.success(request, _("Thank you. The reading is in the car's record now."))
    return redirect("board:check_in", shop.slug, booking.public_id)


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The sheet in the owner's language, to hand the device over: they look and confirm. No way on from here but back
    to the sheet, so that nobody wanders through the shop's pages."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    row = checking_in.sheet_of(booking)
    if row is None:
        return _refused(request, shop, booking, WrongStatusError())
    with translation.override(_language_of(request, booking)):
        problem: Refusal | None = None
        if request.method == "POST":
            row, problem = _confirmed_here(request, booking, row, at)
            if problem is None:
                return redirect(request.get_full_path())
        context = {
            "shop": shop,
            "booking": booking,
            "sheet": row,
            "photos": _photos(shop, booking),
            "problem": problem.message if problem else "",
            "languages": settings.LANGUAGES,
        }
        return render(request, "floor/check_in_show.html", context, status=problem.status if problem else 200)


def _confirmed_here(
    request: HttpRequest, booking: Booking, row: CheckIn, at: datetime
) -> tuple[CheckIn, Refusal | None]:
    seen = request.POST.get("seen", "")[:60]
    if not seen:
        return row, checking_in.SheetChangedError()
    try:
        way = DecisionWay.DEVICE
        return checking_in.confirm(booking=booking, way=way, by=member(request), at=at, seen=seen), None
    except Refusal as refusal:
        return checking_in.sheet_of(booking) or row, refusal


def _language_of(request: HttpRequest, booking: Booking) -> str:
    """The language chosen on the page, else the owner's, else the one that the staff read."""
    known = dict(settings.LANGUAGES)
    asked = request.GET.get("lang", "")
    owners = booking.owner.language if booking.owner else ""
    return next((code for code in (asked, owners) if code in known), translation.get_language())


def _refused(request: HttpRequest, shop: Shop, booking: Booking, refusal: Refusal) -> HttpResponse:
    """The sheet as it is, with why nothing was done; without a sheet the way back to the board."""
    row = checking_in.sheet_of(booking)
    problem: str | Promise = refusal.message
    if row is None:
        messages.error(request, str(problem))
        return redirect(_board_url(booking, shop))
    return _sheet_page(request, shop, booking, row, problem=problem, status=refusal.status)


def _photos(shop: Shop, booking: Booking) -> list[GridPhoto]:
    rows = booking.photos.filter(kind__in=checking_in.SHEET_PHOTOS).order_by("uploaded_at", "pk")
    return visit_photos.grid(shop, booking, rows)


def _board_url(booking: Booking, shop: Shop) -> str:
    return day_address(shop, date=booking.local_start.date().isoformat(), visit=booking.public_id)
