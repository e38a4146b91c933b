"""The health of a car: what is due, how it wears, what it costs, and the days that only its owner knows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Refusal
from reminders.owner_pages import due, picture, saying
from reminders.owner_pages.forms import DatesForm
from vehicles.actions import record_readings
from vehicles.forms import OdometerForm
from vehicles.models import Car
from vehicles.record_views.asked import own_car, own_history, person, show_refusal
from vehicles.record_views.words import odometer_words


@login_required
@require_GET
def health(request: HttpRequest, public_id: str) -> HttpResponse:
    """Everything about the health of one's own car."""
    return _page(request, own_car(request, public_id))


@login_required
@require_POST
def odometer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Enter an odometer reading: every day that depends on it is found anew."""
    car = own_car(request, public_id)
    form = OdometerForm(request.POST, car=car)
    if form.is_valid():
        try:
            record_readings(
                car=car,
                km=form.cleaned_data["odometer_km"],
                engine_km=form.cleaned_data.get("engine_km"),
                by=person(request),
                at=timezone.now(),
                is_correction=form.cleaned_data["is_correction"],
            )
        except Refusal as refusal:
            form.refused(refusal)
        else:
            messages.success(request, _("The reading is saved."))
            return _back(car, "odometer")
    return _page(request, car, odometer_form=form)


@login_required
@require_POST
def dates(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say until when insurance and inspection hold, or take it back."""
    car = own_car(request, public_id)
    form = DatesForm(request.POST)
    if form.is_valid():
        try:
            saying.say_dates(car=car, said=form.cleaned_data, by=person(request), at=timezone.now())
        except Refusal as refusal:
            show_refusal(refusal, form)
        else:
            messages.success(request, _("Your changes are saved."))
            return _back(car, "dates")
    return _page(request, car, dates_form=form)


def _page(
    request: HttpRequest,
    car: Car,
    *,
    odometer_form: OdometerForm | None = None,
    dates_form: DatesForm | None = None,
) -> HttpResponse:
    now, today = timezone.now(), timezone.localdate()
    due.refresh(car, today=today, at=now)
    history = own_history(request, car)
    needs = due.due_of(car, today=today, at=now)
    dates_known = picture.owner_dates(car)
    context: dict[str, Any] = {
        "car": car,
        "variant": car.variant,
        "car_query": f"car={car.public_id}",
        "today": today,
        "due": needs,
        "history": history,
        "odometer_text": odometer_words(history.curve),
        "picture": picture.picture_of(car, history, needs.rows),
        "odometer_form": odometer_form or OdometerForm(car=car),
        "dates_form": dates_form or DatesForm(initial=dates_known),
        "is_new": history.curve.latest is None and not history.events,
    }
    is_refused = odometer_form is not None or dates_form is not None
    return render(request, "reminders/health.html", context, status=422 if is_refused else 200)


def _back(car: Car, anchor: str) -> HttpResponse:
    return redirect(f"{reverse('reminders:health', args=[car.public_id])}#{anchor}")
