"""Inspecting a car: choosing a template, one point after the other, the end. Only views read the clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from bookings.board.pages import member, rights, staff_page, visit_asked, wants_part
from bookings.floor import inspecting
from bookings.floor.inspecting import Reading
from bookings.floor_pages import inspection_reading
from bookings.floor_pages.inspection_forms import PointForm, words_of
from bookings.floor_pages.inspection_reading import LOOKS, InspectionSheet, Row
from bookings.models import Booking, Inspection
from catalog.choices import Symptom
from catalog.inspection import templates_for
from core.errors import Refusal
from core.photo_fields import accepts_photos
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop

# Why a point is not measured, for one tap; anything else is typed.
REASONS = (
    gettext_lazy("The place cannot be reached"),
    gettext_lazy("This car does not have it"),
    gettext_lazy("The instrument is not at hand"),
    gettext_lazy("The owner did not wish it"),
)


@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The visit's inspections, and the templates that suit the car to begin another one."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    problem: Refusal | None = None
    if request.method == "POST":
        key = request.POST.get("template", "")[:60].replace("\x00", "")
        try:
            begun = inspecting.start(booking=booking, template_key=key, by=member(request), at=at)
            return redirect("floor:inspection", shop.slug, booking.public_id, begun.pk)
        except Refusal as refusal:
            problem = refusal
    templates = templates_for(booking.variant)
    names = {template.key: template.name for template in templates}
    context = {
        "booking": booking,
        "templates": templates,
        "begun": [(one, names.get(one.template, one.template)) for one in booking.inspections.all()],
        "problem": problem.message if problem else "",
        "back_url": reverse("board:visit", args=[shop.slug, booking.public_id]),
        "status": problem.status if problem else 200,
    }
    return staff_page(request, shop, "floor/inspection_start.html", context)


@dataclass
class Asked:
    """An inspection of a visit at this shop, as an address names it."""

    shop: Shop
    booking: Booking
    inspection: Inspection
    at: datetime

    def load(self) -> InspectionSheet:
        shop, booking, inspection = self.shop, self.booking, self.inspection
        return inspection_reading.load(shop=shop, booking=booking, inspection=inspection, at=self.at)

    def address(self, name: str, *more: str) -> str:
        args = [self.shop.slug, self.booking.public_id, self.inspection.pk, *more]
        return reverse(f"floor:{name}", args=args)


def _asked(request: HttpRequest, slug: str, public_id: str, pk: int) -> Asked:
    """Raises Http404 for what is not of this visit or not of this shop."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking = visit_asked(shop, public_id)
    inspection = booking.inspections.filter(pk=pk).first()
    if inspection is None:
        raise Http404(_("There is no such inspection here."))
    inspection.booking = booking
    return Asked(shop, booking, inspection, timezone.now())


def page(request: HttpRequest, slug: str, public_id: str, pk: int) -> HttpResponse:
    """The inspection with one point open: `?point=`, else the first of `?section=`, else the first that is open."""
    asked = _asked(request, slug, public_id, pk)
    if asked.inspection.finished_at is not None:
        return redirect(asked.address("inspection_result"))
    sheet = asked.load()
    row = sheet.row(request.GET.get("point", ""))
    section = sheet.section(request.GET.get("section", ""))
    if row is None and section is not None:
        row = next((one for one in section.rows if one.is_open), section.rows[0])
    return _answer(request, asked, sheet, row)


@accepts_photos
@require_POST
def point(request: HttpRequest, slug: str, public_id: str, pk: int, key: str) -> HttpResponse:
    """Save what was found at a point, its photos with it, and go on to the next open one; `go=stay` stays."""
    asked = _asked(request, slug, public_id, pk)
    form = PointForm(request.POST, request.FILES)
    problems = _saved(asked, key, form, request)
    sheet = asked.load()
    row = sheet.row(key)
    if row is None:
        raise Http404(_("There is no such point in this inspection."))
    if problems:
        return _answer(request, asked, sheet, row, problems=problems, typed=request.POST)
    stays = request.POST.get("go") == "stay" or row.needs_photo
    following = row if stays else sheet.next_after(key) or row
    if wants_part(request):
        return _answer(request, asked, sheet, following)
    return redirect(f"{asked.address('inspection')}?point={following.point.key}#point")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing was saved: the words, beside which field, and the HTTP status."""

    field: str
    text: str | Promise
    status: int = 400


def _saved(asked: Asked, key: str, form: PointForm, request: HttpRequest) -> list[Problem]:
    """Write down the result and keep the photos; what was refused. Photos alone leave the result as it is."""
    if not form.is_valid():
        return [Problem(name, " ".join(map(str, errors))) for name, errors in form.errors.items()]
    by, at, inspection = member(request), asked.at, asked.inspection
    steps: list[Callable[[], object]] = []
    if not form.is_only_photos:
        reading: Reading = form.reading
        steps.append(lambda: inspecting.record(inspection=inspection, point_key=key, reading=reading, by=by, at=at))
    if cleaned := form.cleaned_data["photos"]:
        steps.append(lambda: inspecting.add_photos(inspection=inspection, point_key=key, cleaned=cleaned, by=by, at=at))
    try:
        for step in steps:
            step()
    except Refusal as refusal:
        return [Problem(refusal.field or "", refusal.message, refusal.status)]
    return []


def _answer(
    request: HttpRequest,
    asked: Asked,
    sheet: InspectionSheet,
    row: Row | None,
    *,
    problems: list[Problem] | None = None,
    typed: QueryDict | None = None,
) -> HttpResponse:
    """The page, or for the script the part of it that changes, with where it is in the address bar."""
    row = row or next(iter(sheet.open_rows), None) or (sheet.rows[0] if sheet.rows else None)
    status = problems[0].status if problems else 200
    context: dict[str, Any] = {
        "shop": asked.shop,
        "booking": asked.booking,
        "inspection": asked.inspection,
        "sheet": sheet,
        "current": row,
        "section": sheet.section_of(row) if row else None,
        "problems": {problem.field: problem.text for problem in problems or []},
        "shown": words_of(row, typed) if row else {},
        "same": sheet.before(row) if row else "",
        "reasons": REASONS,
        "symptoms": Symptom.choices,
        "looks": LOOKS,
        "back_url": reverse("floor:inspections", args=[asked.shop.slug, asked.booking.public_id]),
        "page_url": asked.address("inspection"),
        "result_url": asked.address("inspection_result"),
        "point_url": asked.address("inspection_point", row.point.key) if row else "",
        "status": status,
    }
    if not wants_part(request):
        return staff_page(request, asked.shop, "floor/inspection.html", context)
    response = render(request, "floor/_inspection_body.html", {**rights(asked.shop), **context}, status=status)
    if not problems:
        response["HX-Trigger"] = json.dumps({"inspection:saved": {}})
    return response


@require_http_methods(["GET", "POST"])
def result(request: HttpRequest, slug: str, public_id: str, pk: int) -> HttpResponse:
    """What was found; while the inspection is open also what is missing, and the button that ends it."""
    asked = _asked(request, slug, public_id, pk)
    problem: Refusal | None = None
    if request.method == "POST":
        reason = request.POST.get("rest_reason", "")[: inspecting.MAX_NOTE + 1].replace("\x00", "")
        try:
            inspecting.finish(inspection=asked.inspection, by=member(request), at=asked.at, rest_reason=reason)
            messages.success(request, _("Inspection finished."))
            return redirect(asked.address("inspection_result"))
        except Refusal as refusal:
            problem = refusal
    context = {
        "booking": asked.booking,
        "inspection": asked.inspection,
        "sheet": asked.load(),
        "problem": problem.message if problem else "",
        "typed_reason": request.POST.get("rest_reason", "")[: inspecting.MAX_NOTE],
        "page_url": asked.address("inspection"),
        "back_url": asked.address("inspection")
        if asked.inspection.finished_at is None
        else reverse("floor:inspections", args=[asked.shop.slug, asked.booking.public_id]),
        "status": problem.status if problem else 200,
    }
    return staff_page(request, asked.shop, "floor/inspection_result.html", context)
