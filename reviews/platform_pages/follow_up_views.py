"""How winning back unhappy owners goes, over all shops. Only views read the clock."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.platform_access import admin_of, platform_page
from core.errors import Refusal
from reviews.choices import FOLLOW_UP_OPEN, FollowUpStatus
from reviews.follow_up_pages import showing
from reviews.follow_ups import contact, figures, reading
from reviews.models import FollowUp
from reviews.platform_pages import listing
from reviews.platform_pages.access import show_page
from reviews.platform_pages.forms import StepInForm

_PAGE = 50


@require_GET
@platform_page
def follow_ups(request: HttpRequest) -> HttpResponse:
    """Open cases, those nobody has contacted first and of these the latest first, and what became of recent ones."""
    now = timezone.now()
    found = FollowUp.objects.open().select_related("shop", "owner", "booking")
    page = Paginator(found.order_by(F("contacted_at").asc(nulls_first=True), "contact_due_at", "pk"), _PAGE).get_page(
        request.GET.get("page")
    )
    ageing = figures.ageing(at=now)
    put_right = ageing.outcomes.get(FollowUpStatus.PUT_RIGHT, 0)
    said = put_right + ageing.outcomes.get(FollowUpStatus.NOT_PUT_RIGHT, 0)
    context = {
        "said": said,
        "put_right_percent": round(100 * put_right / said) if said else 0,
        "page": page,
        "rows": [(case, _lateness(case, now)) for case in page],
        "ageing": ageing,
        "median": listing.duration(ageing.median_contact) if ageing.median_contact is not None else "",
        "outcomes": [
            (status.label, ageing.outcomes.get(status, 0)) for status in FollowUpStatus if status not in FOLLOW_UP_OPEN
        ],
    }
    return show_page(request, "reviews/platform/follow_ups.html", context, section="follow_ups")


@require_http_methods(["GET", "HEAD", "POST"])
@platform_page
def follow_up(request: HttpRequest, public_id: str) -> HttpResponse:
    """A case with all that was said and done; stepping in writes to owner and shop."""
    found = get_object_or_404(reading.with_parts(), public_id=public_id)
    form, status = StepInForm(request.POST if request.method == "POST" else None), 200
    if form.is_bound:
        try:
            if form.is_valid():
                contact.step_in(follow_up=found, by=admin_of(request), at=timezone.now(), **form.cleaned_data)
                messages.success(request, _("Owner and shop are told."))
                return redirect("platform_reviews:follow_up", public_id)
            status = 400
        except Refusal as refusal:
            form.add_error("text" if refusal.field == "text" else None, str(refusal.message))
            status = refusal.status
    return _case(request, found, form, status=status)


def _case(request: HttpRequest, found: FollowUp, form: StepInForm, *, status: int) -> HttpResponse:
    case = reading.case(found, at=timezone.now())
    context = {
        "case": case,
        "follow_up": found,
        "zone": found.shop.zone,
        "entries": showing.entries(case, you=None)[::-1],
        "is_open": found.closed_at is None,
        "form": form,
    }
    return show_page(request, "reviews/platform/follow_up.html", context, section="follow_ups", status=status)


def _lateness(case: FollowUp, now: datetime) -> str:
    """By how much the first contact is late; empty where it is not."""
    late = now - case.contact_due_at
    return listing.duration(late) if case.contacted_at is None and late.total_seconds() > 0 else ""
