"""The links of a letter: to the page of the car, or to one of the times that it offered.

Whoever follows one signs in first, and it opens nothing but what they can see anyway: a letter's number is no secret.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from reminders.models import Letter
from reminders.sending import following
from vehicles.models import Car


@never_cache
@login_required
@require_GET
def letter(request: HttpRequest, public_id: str) -> HttpResponse:
    """To the page of the car that the letter is about most; to the garage if it is not there any more."""
    row = _followed(request, public_id)
    told = row.lines.select_related("item").order_by("item__due_on", "pk").first()
    offered = row.slots.first()
    car_id = told.item.car_id if told else offered.car_id if offered else 0
    car = Car.objects.filter(pk=car_id, owner=row.owner_id, removed_at=None).first()
    return redirect("reminders:health", car.public_id) if car else redirect("vehicles:garage")


@never_cache
@login_required
@require_GET
def slot(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """To the shop's times with car, services and this start chosen; if it has gone, that page offers the nearest."""
    row = _followed(request, public_id)
    offered = row.slots.select_related("car", "shop").filter(number=number).first()
    if offered is None or offered.car.removed_at is not None:
        raise Http404(_("This time is not on offer any more."))
    first, *others = offered.services
    query = {"car": offered.car.public_id, "at": offered.starts_at.isoformat()}
    if others:
        query["also"] = ",".join(others)
    page = reverse("bookings:slots", args=[offered.shop.slug, first])
    return redirect(f"{page}?{urlencode(query, safe=',')}")


def _followed(request: HttpRequest, public_id: str) -> Letter:
    """A letter to this person, now followed. Raises Http404 for anybody else's."""
    row = get_object_or_404(Letter, public_id=public_id, owner=request.user)
    following.follow(row, at=timezone.now())
    return row
