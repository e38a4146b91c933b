"""The short question after a visit: were you happy with it?"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from bookings.models import Booking
from core.errors import Refusal
from reviews import answering, rules
from reviews.models import VisitAnswer
from reviews.owner_pages.forms import AnswerForm
from reviews.owner_pages.showing import cannot, person


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Yes leads to the review, no to a word for the shop (`?happy=no`) and then to the review all the same."""
    user, now = person(request), timezone.now()
    booking = get_object_or_404(Booking.objects.visible_to(user).for_card(), public_id=public_id)
    refusal = rules.why_not_review(user, booking, at=now)
    if refusal is not None:
        return cannot(request, booking, refusal)
    if request.method == "GET":
        return _page(request, booking, AnswerForm(initial={"happy": request.GET.get("happy", "")[:3]}))
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, booking, form, status=400)
    try:
        said = answering.answer(
            booking=booking, by=user, is_happy=form.is_happy, words=form.cleaned_data["words"], at=now
        )
    except Refusal as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
        return _page(request, booking, form, status=refused.status)
    if said.is_happy:
        return redirect("reviews:write", booking.public_id)
    messages.success(request, _("Thank you. The shop was told and is asked to get in touch with you."))
    return redirect("reviews:answer", booking.public_id)


def _page(request: HttpRequest, booking: Booking, form: AnswerForm, *, status: int = 200) -> HttpResponse:
    said = VisitAnswer.objects.filter(booking=booking).first()
    context = {
        "nav_section": "visits",
        "booking": booking,
        "shop": booking.shop,
        "form": form,
        "said": said,
        "asks_for_words": form["happy"].value() == "no" and (said is None or said.is_happy),
        "follow_up": getattr(booking, "follow_up", None),
    }
    return render(request, "reviews/owner/answer.html", context, status=status)
