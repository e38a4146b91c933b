"""What repeats every week: people's shifts and off-peak prices."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core import day_words
from shops.access import get_staff_shop
from shops.actions import week as actions
from shops.actions.asking import VisitsInTheWayError
from shops.choices import PEOPLE, Day, Permission
from shops.forms.hours import OffPeakForm, ShiftsForm
from shops.models import OffPeak, Resource, Shop
from shops.opening import Opening, weekly
from shops.views.pages import Question, is_answered, member, question, settings_page
from shops.views.resources import rows_of
from shops.week_grid import Discount, week_grid

_A_MONDAY = date(2026, 1, 5)


@require_http_methods(["GET", "POST"])
def shifts(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """When a person works. `copy` fills the page only; visits outside the new shifts are asked about."""
    shop = get_staff_shop(request, slug, Permission.SETTINGS)
    person = get_object_or_404(rows_of(shop, *PEOPLE), public_id=public_id)
    stored = [(row.day, row.starts_at, row.ends_at) for row in person.shifts.all()]
    form = ShiftsForm(request.POST or None, initial=ShiftsForm.initial_of(stored))
    context = {"resource": person, "form": form, "opening": weekly(Opening.of(shop).hours)}
    if request.method == "POST" and "copy" in request.POST:
        form.is_valid()
        context |= {"form": ShiftsForm(form.copied()), "is_copied": True}
        return settings_page(request, shop, "technicians", "shops/settings_shifts.html", context)
    asked, status = None, 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_shifts(
                person=person,
                by=member(request),
                at=timezone.now(),
                shifts=form.cleaned_data["rows"],
                despite_visits=is_answered(request),
            )
            messages.success(request, _("The shifts of %(name)s are saved.") % {"name": person.name})
            return redirect("shops:shifts", shop.slug, person.public_id)
        except VisitsInTheWayError as refusal:
            asked, status = _ask_before_shifting(request, shop, person, refusal), refusal.status
    context["question"] = asked
    return settings_page(request, shop, "technicians", "shops/settings_shifts.html", context, status=status)


@require_http_methods(["GET", "POST"])
def off_peak(request: HttpRequest, slug: str) -> HttpResponse:
    """When the labour costs less, with the week as a picture. `copy` fills the page only."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    rows = OffPeak.objects.filter(shop=shop).order_by("day", "starts_at")
    stored = [Discount(row.day, row.starts_at, row.ends_at, row.percent) for row in rows]
    form = OffPeakForm(request.POST or None, initial=OffPeakForm.initial_of(stored))
    if request.method == "POST" and "copy" in request.POST:
        form.is_valid()
        return _off_peak_page(request, shop, OffPeakForm(form.copied()), stored, is_copied=True)
    if request.method == "POST" and form.is_valid():
        actions.save_off_peak(shop=shop, by=member(request), at=timezone.now(), discounts=form.discounts())
        messages.success(request, _("Your changes are saved."))
        return redirect("shops:off_peak", shop.slug)
    return _off_peak_page(request, shop, form, stored)


def _off_peak_page(
    request: HttpRequest, shop: Shop, form: OffPeakForm, discounts: list[Discount], *, is_copied: bool = False
) -> HttpResponse:
    """The picture shows what is stored: what customers see now."""
    days = [(column, day, _short(day)) for column, day in enumerate(Day, start=2)]
    context = {
        "form": form,
        "is_copied": is_copied,
        "grid": week_grid(Opening.of(shop).hours, discounts),
        "grid_days": days,
        "discounts": [(Day(row.day).label, row) for row in discounts],
    }
    status = 422 if form.is_bound and not is_copied else 200
    return settings_page(request, shop, "off_peak", "shops/settings_off_peak.html", context, status=status)


def _short(day: Day) -> str:
    if day == Day.HOLIDAY:
        return _("Hol.")
    return day_words.weekday(_A_MONDAY + timedelta(days=day - Day.MONDAY))


def _ask_before_shifting(request: HttpRequest, shop: Shop, person: Resource, refusal: VisitsInTheWayError) -> Question:
    n = len(refusal.visits)
    title = ngettext("%(n)d visit lies outside these shifts", "%(n)d visits lie outside these shifts", n) % {"n": n}
    return question(
        request,
        refusal,
        title=title,
        consequence=_(
            "Nothing was changed. You can save the shifts all the same: the visits stay with %(name)s until you move "
            "them."
        )
        % {"name": person.name},
        yes=_("Save and keep the visits"),
        no=_("Leave the shifts as they are"),
        no_url=reverse("shops:shifts", args=[shop.slug, person.public_id]),
    )
