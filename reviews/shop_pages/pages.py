"""What these pages share: the frame, and what is named in an address."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from reviews.follow_ups import reading
from reviews.models import FollowUp, Review
from reviews.shop_pages import inbox
from shops.choices import Permission
from shops.context import shop_nav
from shops.models import Shop
from shops.rules import may
from shops.views.pages import member


def reviews_page(
    request: HttpRequest, shop: Shop, section: str, name: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render `reviews/shop/<name>.html` in the staff's shell; `section` is list, follow_ups or affiliations."""
    sections = [
        ("list", _("Reviews"), Permission.REVIEWS, inbox.unanswered_count(shop)),
        ("follow_ups", _("Unhappy owners"), Permission.REVIEWS, inbox.open_follow_ups(shop)),
        ("affiliations", _("Family and business"), Permission.STAFF, 0),
    ]
    frame = {
        "shop": shop,
        "shop_nav": shop_nav(shop, member(request), Permission.REVIEWS),
        "counted": inbox.COUNTED,
        "sections": [
            (reverse(f"shop_reviews:{key}", args=[shop.slug]), label, count, key == section)
            for key, label, permission, count in sections
            if may(shop.viewer_role, permission)
        ],
    }
    return render(request, f"reviews/shop/{name}.html", {**frame, **context}, status=status)


def review_of(shop: Shop, public_id: str) -> Review:
    """A review of the shop that readers see or once saw, with its replies and appeals. What was never published looks
    like a missing one (Http404), and so does another shop's."""
    known = Review.objects.at_shop(shop).filter(public_id=public_id, published_at__isnull=False)
    review = inbox.with_answers(known).first()
    if review is None:
        raise Http404(_("There is no such review here."))
    return review


def follow_up_of(shop: Shop, public_id: str) -> FollowUp:
    """A follow-up of the shop with its parts at hand; another shop's looks like a missing one (Http404)."""
    found = reading.with_parts().filter(shop=shop, public_id=public_id).first()
    if found is None:
        raise Http404(_("There is no such follow-up here."))
    return found
