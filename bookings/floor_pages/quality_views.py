"""The quality check: a second person looks over finished work. Only views read the clock."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.board.pages import member, staff_page
from bookings.choices import LineState, Stage, Status
from bookings.floor import quality
from bookings.floor_pages.job_card_pages import attempt, card_url, card_visit
from bookings.floor_pages.quality_forms import QualityForm
from bookings.models import Booking, Line
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop


@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The checklist. All in order: the car is ready. Otherwise it goes back to work, with what is to be done again.

    Sent twice it is checked once: whoever comes to a visit that is past the check sees its card.
    """
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    if booking.stage != Stage.CHECKING:
        return _not_now(request, shop, booking)
    rows = list(Line.objects.with_versions().filter(booking=booking, state=LineState.DONE))
    form = QualityForm(request.POST if request.method == "POST" else None, done=rows)
    status, problem = 200, ""
    if request.method == "POST":

        def act() -> Booking:
            data = form.cleaned_data
            return quality.check(
                booking=booking,
                checklist=form.checklist,
                note=data["note"],
                redo=data["redo"],
                by=member(request),
                at=at,
            )

        status, problem = attempt(form, act)
        if status == 200:
            booking.refresh_from_db()
            is_ready = booking.status == Status.READY
            messages.success(request, _("Ready: the owner is told.") if is_ready else _("Back to work."))
            return redirect(card_url(shop, booking))
    context = {
        "form": form,
        "booking": booking,
        "done": rows,
        "checks": booking.quality_checks.select_related("by").order_by("at", "pk"),
        "total_fen": sum(line.current.total_fen for line in rows),
        "problem": problem,
        "status": status,
        "back_url": card_url(shop, booking),
    }
    return staff_page(request, shop, "floor/quality.html", context)


def _not_now(request: HttpRequest, shop: Shop, booking: Booking) -> HttpResponse:
    if booking.stage == Stage.READY:
        messages.success(request, _("Checked: the car is ready."))
    else:
        messages.error(request, _("There is nothing to check now."))
    return redirect(card_url(shop, booking))
