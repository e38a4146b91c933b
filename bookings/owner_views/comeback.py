"""The owner says that something is wrong again, and gets a visit at no charge at the shop's next free time."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from bookings.actions import Actor
from bookings.choices import ActorRole
from bookings.floor import comebacks
from bookings.forms import ComebackForm
from bookings.models import Booking
from core.errors import Refusal


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def comeback(request: HttpRequest, public_id: str) -> HttpResponse:
    """What is under warranty, and the form that opens the visit. A comeback that is open is shown instead."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  (`login_required` has seen to it)
    booking = get_object_or_404(Booking.objects.visible_to(user).for_card(), public_id=public_id)
    if (known := comebacks.current(booking)) is not None:
        return redirect("bookings:detail", known.public_id)
    now = timezone.now()
    lines = comebacks.can_open(booking, now)
    data = request.POST if request.method == "POST" else None
    form = ComebackForm(data, lines=lines, ticked=comebacks.fitting(booking, lines))
    if request.method == "GET" or not form.is_valid():
        return _page(request, booking, form, status=400 if form.errors else 200)
    words, by = form.cleaned_data["words"], Actor(ActorRole.OWNER, user)
    try:
        opened = comebacks.open(booking=booking, lines=form.chosen(), words=words, by=by, at=now)
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        return _page(request, booking, form, status=refusal.status)
    messages.success(request, _("Your visit is booked. It costs nothing. You can move it like any visit."))
    return redirect("bookings:detail", opened.public_id)


def _page(request: HttpRequest, booking: Booking, form: ComebackForm, *, status: int) -> HttpResponse:
    context = {
        "nav_section": "visits",
        "booking": booking,
        "shop": booking.shop,
        "form": form,
        "is_repeated": booking.comeback_of_id is not None,
    }
    return render(request, "bookings/comeback.html", context, status=status)
