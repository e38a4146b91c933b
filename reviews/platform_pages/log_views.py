"""The moderation log, and what the policy published at once. Only views read the clock."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.platform_access import admin_of, platform_page
from core.errors import Refusal
from reviews.models import ModerationEvent, Review
from reviews.moderation import policy, queue, samples
from reviews.platform_pages import paging
from reviews.platform_pages.access import show_page
from reviews.platform_pages.forms import LogForm

_LINE = ("review__shop", "review__author", "by", "item")


@require_GET
@platform_page
def log(request: HttpRequest) -> HttpResponse:
    """Who did what to which review, when and why: `?by=`, `?shop=`, `?act=` narrow it down, `?before=` turns pages."""
    form = LogForm(request.GET or None)
    lines = ModerationEvent.objects.select_related(*_LINE)
    if form.is_bound and form.is_valid():
        lines = lines.filter(_asked(form))
    page = paging.page_of(lines, request.GET.get("before", ""))
    return show_page(request, "reviews/platform/log.html", {"form": form, "page": page}, section="log")


@require_GET
@platform_page
def automatic(request: HttpRequest) -> HttpResponse:
    """Everything that the policy published before a person had looked, and what became of the samples."""
    page = paging.page_of(queue.automatic(), request.GET.get("before", ""))
    context = {"page": page, "policy": policy.current()}
    return show_page(request, "reviews/platform/automatic.html", context, section="automatic")


@require_POST
@platform_page
def draw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Draw a sample by hand: look at a published review as if chance had chosen it."""
    review = get_object_or_404(Review, public_id=public_id)
    try:
        item = samples.draw(review=review, by=admin_of(request), at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
        return redirect("platform_reviews:automatic")
    return redirect("platform_reviews:item", item.public_id)


def _asked(form: LogForm) -> Q:
    asked, data = Q(), form.cleaned_data
    if by := data["by"].strip():
        asked &= Q(by__name__icontains=by) | Q(by__email__icontains=by)
    if shop := data["shop"].strip():
        asked &= Q(review__shop__name_zh__icontains=shop) | Q(review__shop__name_en__icontains=shop)
    if data["act"]:
        asked &= Q(act=data["act"])
    return asked
