"""Pages about an owner's car that need the catalogue: what it needs, and what it does not."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from catalog.needs import loading, rows, unspent
from vehicles.models import Car
from vehicles.record import reading


@login_required
@require_GET
def needs(request: HttpRequest, public_id: str) -> HttpResponse:
    """The next 24 months of a car: what, when, why and for how much; what is left out on purpose; what is not known."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    today = timezone.localdate()
    cars = Car.objects.visible_to(request.user).with_names().select_related("record")
    car = get_object_or_404(cars, public_id=public_id)
    events = reading.history(car.record, viewer=request.user, today=today).events if car.record else ()
    context = {
        "car": car,
        "variant": car.variant,
        "plan": rows.shown(loading.for_car(car, today=today)),
        "unspent": unspent.unspent(events),
    }
    return render(request, "catalog/needs.html", context)
