"""What readers of reviews are given: what they come to, and the reviews themselves page by page.

Everything is read from `Subject`, `MonthTally` and `Listing`, so a subject with 50,000 reviews is read like one with
50. A page goes on from the last review of the page before (`after`), never by counting how many were left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service
from core.errors import InvalidInput
from reviews.limits import PAGE
from reviews.models import HelpfulVote, Listing, Review, Subject
from shops.models import Resource, Shop
from vehicles.models import CarModel


class Sort(TextChoices):
    """The order of reviews. Nobody can pay for a place in it."""

    USEFUL = "useful", _("Most useful")
    NEWEST = "newest", _("Newest")
    LOWEST = "lowest", _("Lowest")


@dataclass(frozen=True, slots=True)
class Page:
    """Reviews in order; `after` names the last one if there are more, else it is empty."""

    rows: list[Review]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: what the last review was sorted by."""

    helpful_count: int
    stars: int
    published_at: datetime
    review: str

    def __str__(self) -> str:
        micros = (self.published_at - _EPOCH) // timedelta(microseconds=1)
        return f"{self.helpful_count}.{self.stars}.{micros}.{self.review}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ORDERS = {
    Sort.USEFUL: ("-helpful_count", "-published_at", "-review_id"),
    Sort.NEWEST: ("-published_at", "-review_id"),
    Sort.LOWEST: ("stars", "-published_at", "-review_id"),
}
_FIELDS = ("review_id", "helpful_count", "stars", "published_at", "review__public_id")


# --- Whose reviews -----------------------------------------------------------------------------------------


def of_shop(shop: Shop) -> list[Subject]:
    """What reviews of a shop are read by: itself and its services, models and people of whom there are any, names at
    hand. One query."""
    subjects = Subject.objects.filter(shop=shop).select_related("service", "model__make", "technician", "shop")
    return [subject for subject in subjects if subject.reviews]


def whole(subjects: Sequence[Subject]) -> Subject | None:
    """The shop itself among its subjects."""
    return next((row for row in subjects if (row.technician_id, row.service_id, row.model_id) == (None,) * 3), None)


def of_shop_and_model(shop: Shop, model: CarModel | None) -> tuple[Subject | None, Subject | None]:
    """A shop as a subject, and its reviews with one model; None without any. One query."""
    models = Q(model=None) if model is None else Q(model=None) | Q(model=model)
    found = list(Subject.objects.filter(models, shop=shop, technician=None, service=None))
    with_model = next((row for row in found if row.model_id is not None and row.reviews), None)
    itself = whole(found)
    return (itself if itself and itself.reviews else None), with_model


def one(**which: Shop | Resource | Service) -> Subject | None:
    """The subject that is exactly this (`shop`, `technician`, `service`, `model`); None without a review. One query."""
    rest = [f"{name}__isnull" for name in ("shop", "technician", "service", "model") if name not in which]
    subject = Subject.objects.filter(Q(**which), Q(**dict.fromkeys(rest, True))).first()
    return subject if subject and subject.reviews else None


# --- Page by page ------------------------------------------------------------------------------------------


def page(subject: Subject | None, *, sort: Sort = Sort.USEFUL, after: str = "", size: int = PAGE) -> Page:
    """The next `size` reviews of a subject in the order of `sort`, with what a card shows at hand. Six queries at most,
    however many reviews there are. Raises InvalidInput on an `after` that no page gave."""
    place = _place(after) if after else None
    if subject is None:
        return Page([])
    rows = list(_listed(subject, sort, place, size + 1))
    shown, more = rows[:size], len(rows) > size
    last = shown[-1] if shown else None
    following = str(Place(last[1], last[2], last[3], last[4])) if last and more else ""
    return Page(cards([row[0] for row in shown]), following)


def cards(review_ids: Sequence[int]) -> list[Review]:
    """Published reviews in the order of their ids, with what a card shows at hand. Four queries. One that was hidden in
    this moment is left out."""
    reviews = Review.objects.published().for_card().select_related("booking__follow_up").in_bulk(review_ids)
    return [reviews[pk] for pk in review_ids if pk in reviews]


def voted(user: User, reviews: Sequence[Review]) -> set[int]:
    """Which of the reviews this person found helpful, by primary key. One query."""
    votes = HelpfulVote.objects.filter(user=user, review__in=[review.pk for review in reviews])
    return set(votes.values_list("review_id", flat=True))


def _listed(subject: Subject, sort: Sort, place: Place | None, limit: int) -> QuerySet[Listing, Any]:
    """Rows of `_FIELDS`. After a place: those that are equal in what counts first and come later by date, then the
    rest. Each part is a stretch of one index, so how deep a page lies does not matter."""
    rows = Listing.objects.filter(subject=subject).order_by(*_ORDERS[sort])
    if place is None:
        return rows.values_list(*_FIELDS)[:limit]
    pk = Review.objects.filter(public_id=place.review).values_list("pk", flat=True).first() or 0
    later = Q(published_at__lte=place.published_at) & (Q(published_at__lt=place.published_at) | Q(review__lt=pk))
    if sort == Sort.NEWEST:
        return rows.filter(later).values_list(*_FIELDS)[:limit]
    if sort == Sort.USEFUL:
        equal, rest = Q(helpful_count=place.helpful_count), Q(helpful_count__lt=place.helpful_count)
    else:
        equal, rest = Q(stars=place.stars), Q(stars__gt=place.stars)
    parts = [rows.filter(part).values_list(*_FIELDS)[:limit] for part in (equal & later, rest)]
    return parts[0].union(parts[1], all=True).order_by(*_ORDERS[sort])[:limit]


def _place(text: str) -> Place:
    parts = text.split(".")
    if len(text) > 80 or len(parts) != 4 or not all(part.isascii() and part.isalnum() for part in parts):
        raise InvalidInput(_("This page does not exist. Start from the first one."), field="after")
    try:
        helpful, stars, micros = int(parts[0]), int(parts[1]), int(parts[2])
        place = Place(helpful, stars, _EPOCH + timedelta(microseconds=micros), parts[3])
    except (ValueError, OverflowError) as error:
        raise InvalidInput(_("This page does not exist. Start from the first one."), field="after") from error
    if place.helpful_count >= 2**31 or place.stars > 5:
        raise InvalidInput(_("This page does not exist. Start from the first one."), field="after")
    return place
