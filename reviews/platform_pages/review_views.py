"""Published reviews: finding one, and proposing that it be removed. Only views read the clock."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.platform_access import admin_of, platform_page
from core.errors import Refusal
from reviews.choices import RemovalStatus
from reviews.models import ModerationEvent, Review
from reviews.moderation import removals
from reviews.platform_pages import desk, listing
from reviews.platform_pages.access import show_page
from reviews.platform_pages.forms import ReasonForm, SearchForm

_PAGE = 30


@require_GET
@platform_page
def published(request: HttpRequest) -> HttpResponse:
    """Reviews that readers see, the newest first: `?q=` a visit's number, a shop, an author or a review."""
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"].strip() if form.is_valid() else ""
    found = Review.objects.published().select_related("shown", "author", "shop", "booking")
    found = found.filter(listing.about(words, prefix="")) if words else found
    page = Paginator(found.order_by("-published_at", "-pk"), _PAGE).get_page(request.GET.get("page"))
    return show_page(request, "reviews/platform/published.html", {"page": page, "q": words}, section="published")


@require_http_methods(["GET", "POST"])
@platform_page
def review(request: HttpRequest, public_id: str) -> HttpResponse:
    """One review with its versions and its log; posting proposes that it be removed, which a second person decides."""
    reviews = Review.objects.select_related("shown", "author", "shop", "booking")
    found, status, refused = get_object_or_404(reviews, public_id=public_id), 200, []
    form = ReasonForm(request.POST or None, initial={"seen": found.shown.number if found.shown else None})
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                removals.propose(review=found, by=admin_of(request), at=timezone.now(), **form.cleaned_data)
            except Refusal as refusal:
                refused, status = [str(refusal.message)], refusal.status
                found.refresh_from_db()
            else:
                messages.success(request, _("The removal is proposed. Somebody else decides."))
                return redirect("platform_reviews:review", found.public_id)
    versions = found.versions.prefetch_related("photos").order_by("-number")
    context = {
        "review": found,
        "versions": [(version, desk.photos_of(version)) for version in versions],
        "replies": found.replies.select_related("by").order_by("-number"),
        "lines": ModerationEvent.objects.filter(review=found).select_related("by", "item").order_by("-at", "-pk"),
        "waiting": found.removals.filter(status=RemovalStatus.OPEN).select_related("proposed_by").first(),
        "form": form,
        "seen": found.shown.number if found.shown else 0,
        "refused": refused,
    }
    return show_page(request, "reviews/platform/review.html", context, section="published", status=status)
