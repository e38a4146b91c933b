"""What waits for parts: the list, parts that have come, another day for them. Only views read the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.board.pages import attempt, form_page, member, panel, rights, told, wants_part
from bookings.errors import WrongStatusError
from bookings.floor import lines as floor_lines
from bookings.floor_lists import parts as parts_list
from bookings.floor_lists.forms import ExpectedForm
from bookings.floor_lists.pages import ListPage
from bookings.models import Line
from core.errors import Refusal
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop


@require_POST
def arrived(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """One tap: the parts have come. Twice is once; 409 with the visit as it is when it has moved on."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    line, at = _line(shop, public_id), timezone.now()
    try:
        parts_list.arrived(line=line, by=member(request), at=at)
    except Refusal as refusal:
        return panel(request, shop, line.booking.public_id, at, status=refusal.status, problem=refusal.message)
    return _done(request, shop, _("Parts have arrived."))


@require_http_methods(["GET", "POST"])
def expected(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Another day for the parts of a line that waits."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    line, at = _line(shop, public_id), timezone.now()
    data = request.POST if request.method == "POST" else None
    initial = {"parts_expected_on": line.parts_expected_on}
    form = ExpectedForm(data, initial=initial, today=at.astimezone(shop.zone).date())

    def act() -> object:
        day = form.cleaned_data["parts_expected_on"]
        return floor_lines.wait_for_parts(line=line, expected_on=day, waits=True, by=member(request), at=at)

    status = 200
    if request.method == "POST":
        try:
            status, _nearest = attempt(form, act)
        except WrongStatusError as refusal:
            return panel(request, shop, line.booking.public_id, at, status=refusal.status, problem=refusal.message)
        if status == 200:
            return _done(request, shop, _("Delivery day changed."))
    context = {"form": form, "line": line, "booking": line.booking, "back_url": _here(shop)}
    return form_page(request, shop, "floor_lists/_expected_form.html", context, status=status)


def _line(shop: Shop, public_id: str) -> Line:
    """A line of a visit of this shop; a foreign one looks like a missing one (Http404)."""
    rows = Line.objects.with_versions().select_related("booking__variant__model__make", "booking__service")
    line = rows.filter(booking__shop=shop, public_id=public_id).first()
    if line is None:
        raise Http404(_("There is no such line here."))
    return line


def _done(request: HttpRequest, shop: Shop, text: str) -> HttpResponse:
    if wants_part(request):
        return HttpResponse(status=204, headers={"HX-Trigger": told(text)})
    messages.success(request, text)
    return redirect(_here(shop))


def _here(shop: Shop) -> str:
    return reverse("floor_lists:parts", args=[shop.slug])


def _parts(_request: HttpRequest, shop: Shop, at: datetime) -> dict[str, Any]:
    """Every line of the shop that waits for parts, by the day they come."""
    return {"parts": parts_list.load(shop=shop, at=at), **rights(shop)}


PARTS = ListPage("parts", _parts)
