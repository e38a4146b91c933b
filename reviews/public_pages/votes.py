"""The button "helpful"."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import devices
from accounts.models import User
from accounts.views import next_url
from core.errors import Refusal
from reviews import voting
from reviews.models import Review


@require_POST
def helpful(request: HttpRequest, public_id: str) -> HttpResponse:
    """`helpful=no` takes the vote back, anything else gives it. Whoever is not signed in does that first and comes back
    to the review. htmx gets the button anew, with what was refused beside it."""
    review = get_object_or_404(Review.objects.published().select_related("shop"), public_id=public_id)
    back = _back(request, review)
    if not isinstance(request.user, User):
        answer = redirect_to_login(back)
        return HttpResponse(headers={"HX-Redirect": answer["Location"]}) if _is_part(request) else answer
    is_wanted = request.POST.get("helpful") != "no"
    refused = ""
    devices.note(request, request.user, at=timezone.now())
    try:
        review = _vote(review, request.user, is_wanted=is_wanted)
    except Refusal as refusal:
        refused, is_wanted = str(refusal.message), False
    if not _is_part(request):
        if refused:
            messages.error(request, refused)
        return redirect(back)
    context = {
        "review": review,
        "reader": request.user,
        "voted": {review.pk} if is_wanted else set(),
        "back": next_url(request),
        "refused": refused,
    }
    return render(request, "reviews/public/_helpful.html", context)


def _vote(review: Review, by: User, *, is_wanted: bool) -> Review:
    if is_wanted:
        return voting.vote(review=review, by=by, at=timezone.now())
    return voting.take_back(review=review, by=by)


def _is_part(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _back(request: HttpRequest, review: Review) -> str:
    page = next_url(request) or reverse("reviews:shop_reviews", args=[review.shop.slug])
    return f"{page.partition('#')[0]}#review-{review.public_id}"
