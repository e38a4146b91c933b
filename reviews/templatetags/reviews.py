"""How reviews look wherever one is shown: stars, a shop's rating, a text as readers see it."""

from __future__ import annotations

from typing import Any, Protocol

from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts.models import User
from bookings.models import Booking
from catalog.models import Service
from core.photos import GridPhoto
from core.templatetags.ui import icon
from reviews import names, reading, summaries, visit_facts
from reviews.choices import FollowUpStatus
from reviews.follow_ups import figures
from reviews.follow_ups.figures import Figure
from reviews.limits import FEW
from reviews.models import Review, ReviewVersion, Subject
from reviews.public_pages.lists import voting
from reviews.shown_text import mask_words, segments
from shops.models import Resource, Shop
from vehicles.models import CarModel, Variant

register = template.Library()

# So many reviews stand on the page of what they are about.
AT_FIRST = 3
# The geometry of one star of `stars`, in user units.
_STEP, _SIZE = 22, 20


class Written(Protocol):
    """A version of a review, or a reply."""

    text: str
    masks: Any


@register.inclusion_tag("reviews/stars.html")
def stars(value: float, size: int = 16) -> dict[str, Any]:
    """Five stars, filled to `value` (1 to 5, parts of a star too), said in words to a screen reader. `size` is the
    height in pixels."""
    value = max(0.0, min(5.0, float(value)))
    filled = min(int(value), 4) * _STEP + (value - min(int(value), 4)) * _SIZE
    return {
        "said": f"{value:.1f}".removesuffix(".0"),
        "share": f"{filled:.1f}",
        "places": [index * _STEP for index in range(5)],
        "height": size,
        "width": round(size * (4 * _STEP + _SIZE) / _SIZE),
        "key": f"{value:.2f}-{size}".replace(".", "-"),
    }


@register.inclusion_tag("reviews/rating.html")
def rating(shop: Shop, css: str = "", *, is_linked: bool = True) -> dict[str, Any]:
    """A shop's score with one decimal and of how many reviews; "New · 1 review" while they are few; nothing before the
    first. With a link to its reviews. Needs `for_card()`."""
    standing = shop.rating
    return {"shop": shop, "standing": standing, "few": FEW, "css": css, "is_linked": is_linked}


@register.inclusion_tag("reviews/text.html")
def review_text(written: Written, css: str = "") -> dict[str, Any]:
    """What readers see of a version of a review or of a reply: what is masked stands there as words."""
    return {"segments": segments(written.text, written.masks), "css": css}


register.filter("mask_words", mask_words)


@register.filter
def public_name(user: User) -> str:
    """The short name of an author (`reviews.names`)."""
    return names.public_name(user)


@register.filter
def one_decimal(milli: int | None) -> str:
    """Thousandths of a star as 4.6. Nothing for None."""
    return "" if milli is None else f"{milli / 1000:.1f}"


@register.simple_tag
def verified_mark() -> SafeString:
    """The sign that a review is of a visit."""
    return icon("badge-check", 16, "", "review-verified")


@register.filter
def in_stars(milli: int) -> float:
    """Thousandths of a star as stars, for `stars`."""
    return milli / 1000


@register.filter
def unlocalized(value: float) -> str:
    """A coordinate of a drawing, with a point in every language."""
    return f"{value:.1f}"


# --- One review -------------------------------------------------------------------------------------------


@register.filter
def grid_photos(version: ReviewVersion, review: Review) -> list[GridPhoto]:
    """The photos of a shown version, for `ui/photo_grid.html`. No query after `for_card()`."""
    alt = gettext("Photo of %(name)s") % {"name": names.public_name(review.author)}
    return [
        GridPhoto(
            url=reverse("reviews:photo", args=[photo.public_id, "full"]),
            thumbnail_url=reverse("reviews:photo", args=[photo.public_id, "thumbnail"]),
            alt=alt,
        )
        for photo in version.photos.all()
    ]


@register.filter
def was_on_time(booking: Booking) -> bool | None:
    """Whether the car was ready by the time agreed; None where no time was agreed."""
    return visit_facts.is_on_time(booking)


@register.filter
def is_after_put_right(review: Review) -> bool:
    """Whether what is shown was written after the owner said that the shop had put it right."""
    follow_up = getattr(review.booking, "follow_up", None)
    if review.shown is None or follow_up is None or follow_up.status != FollowUpStatus.PUT_RIGHT:
        return False
    return bool(follow_up.closed_at and review.shown.written_at > follow_up.closed_at)


# --- The section on a page ----------------------------------------------------------------------------------


@register.simple_tag
def shop_put_right(shop: Shop) -> Figure:
    """How often the shop put things right. No query after `for_card()`."""
    return figures.of_shop(shop)


@register.inclusion_tag("reviews/public/section.html", takes_context=True)
def reviews_of_shop(context: template.Context, shop: Shop, variant: Variant | None = None) -> dict[str, Any]:
    """What owners say of a shop: the summary, the most useful reviews, the way to all. Seven queries at most."""
    model: CarModel | None = variant.model if variant else None
    subject, with_model = reading.of_shop_and_model(shop, model)
    section = _section(context, subject, reverse("reviews:shop_reviews", args=[shop.slug]))
    return section | {"with_model": with_model, "put_right": figures.of_shop(shop)}


@register.inclusion_tag("reviews/public/section.html", takes_context=True)
def reviews_of_technician(context: template.Context, shop: Shop, person: Resource) -> dict[str, Any]:
    """What owners say of visits on which somebody worked. As `reviews_of_shop`."""
    address = f"{reverse('reviews:shop_reviews', args=[shop.slug])}?about=person:{person.public_id}"
    return _section(context, reading.one(shop=shop, technician=person), address)


@register.inclusion_tag("reviews/public/section.html", takes_context=True)
def reviews_of_service(context: template.Context, service: Service) -> dict[str, Any]:
    """What owners say of a service at all shops. As `reviews_of_shop`."""
    address = reverse("reviews:service_reviews", args=[service.key])
    return _section(context, reading.one(service=service), address) | {"shows_shop": True}


def _section(context: template.Context, subject: Subject | None, all_url: str) -> dict[str, Any]:
    request: HttpRequest = context["request"]
    page = reading.page(subject, size=AT_FIRST)
    return {
        "summary": summaries.of(subject),
        "page": page,
        "all_url": all_url,
        "csrf_token": context.get("csrf_token"),
        **voting(request, page.rows),
    }
