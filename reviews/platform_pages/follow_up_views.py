"""How winning back unhappy owners goes, over all shops. Only views read the clock."""

from __future__ import annotations

from datetime import datetime

from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.platform_access import platform_page
from reviews.choices import FOLLOW_UP_OPEN, FollowUpStatus
from reviews.follow_ups import figures
from reviews.models import FollowUp
from reviews.platform_pages import listing
from reviews.platform_pages.access import show_page

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


def _lateness(case: FollowUp, now: datetime) -> str:
    """By how much the first contact is late; empty where it is not."""
    late = now - case.contact_due_at
    return listing.duration(late) if case.contacted_at is None and late.total_seconds() > 0 else ""
