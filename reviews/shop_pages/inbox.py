"""What a shop reads about itself: its published reviews by page, and its figures. No view reads more than one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from reviews.choices import FOLLOW_UP_OPEN, Dimension, ReplyStatus, Side
from reviews.limits import FEW, LOW_STARS, PAGE
from reviews.models import Appeal, FollowUp, Listing, Reply, Review, Subject
from reviews.querysets import ReviewQuerySet
from shops.models import Resource, Shop

# Counted no further: a number beside a filter says how much there is to do, not how much there ever was.
COUNTED = 99
# The number stands on every page: a shop that answers all of its reviews does not wait for all of them.
LOOKED_THROUGH = 1000
# Readers see a reply, or soon will.
_IS_ANSWERED = Exists(
    Reply.objects.filter(review=OuterRef("review"), status__in=(ReplyStatus.PUBLISHED, ReplyStatus.WAITING))
)

FILTERS = ("all", "unanswered", "low")
MAX_APPEALS = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the reviews is wanted: one of `FILTERS`, a person of the team (public id), the review before the page."""

    show: str = "all"
    person: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Reviews as the shop sees them, newest first, and the review after which the next page begins."""

    reviews: list[Review]
    next_after: str = ""


@dataclass(frozen=True, slots=True)
class DimensionRow:
    """The mean of one dimension in tenths of a star; `is_weakest` only where enough was said to tell."""

    label: str
    mean: float
    ratings: int
    is_weakest: bool = False


@dataclass(frozen=True, slots=True)
class PersonRow:
    """What is said of one of the team; `person` is the public id, `score_milli` None while reviews are few."""

    person: str
    name: str
    reviews: int
    score_milli: int | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A shop's figures as readers see them too. `counts` are reviews by stars, five first, with the share of the most
    frequent (0 to 1) for the length of the bar."""

    reviews: int = 0
    score_milli: int | None = None
    counts: list[tuple[int, int, float]] = field(default_factory=list)
    dimensions: list[DimensionRow] = field(default_factory=list)
    people: list[PersonRow] = field(default_factory=list)


def page(shop: Shop, asked: Asked) -> InboxPage:
    """One page of the shop's published reviews. Nine queries at most, however many there are."""
    rows = _wanted(shop, asked)
    last = Listing.objects.filter(subject__shop=shop, review__public_id=asked.after)[:1] if asked.after else []
    for row in last:
        older = Q(published_at=row.published_at, review__lt=row.review_id)
        rows = rows.filter(Q(published_at__lt=row.published_at) | older)
    ids = list(rows.order_by("-published_at", "-review").values_list("review", flat=True)[: PAGE + 1])
    found = {review.pk: review for review in with_answers(Review.objects.filter(pk__in=ids[:PAGE]))}
    reviews = [found[pk] for pk in ids[:PAGE]]
    return InboxPage(reviews, reviews[-1].public_id if len(ids) > PAGE else "")


def with_answers(reviews: ReviewQuerySet) -> ReviewQuerySet:
    """With what the shop sees beside a review at hand: `newest_replies` (published, waiting and rejected ones, newest
    first) and `shop_appeals`."""
    replies = Reply.objects.exclude(status=ReplyStatus.REPLACED).order_by("-number")
    appeals = Appeal.objects.filter(side=Side.SHOP).select_related("version").order_by("-made_at", "-pk")
    return reviews.for_card().prefetch_related(
        Prefetch("replies", replies, to_attr="newest_replies"), Prefetch("appeals", appeals, to_attr="shop_appeals")
    )


def unanswered_count(shop: Shop) -> int:
    """How many of the newest `LOOKED_THROUGH` published reviews the shop has not answered, `COUNTED` + 1 for more. One
    query."""
    newest = _wanted(shop, Asked()).order_by("-published_at", "-review").annotate(is_answered=_IS_ANSWERED)
    answered = list(newest.values_list("is_answered", flat=True)[:LOOKED_THROUGH])
    return min(answered.count(False), COUNTED + 1)


def open_follow_ups(shop: Shop) -> int:
    """How many unhappy owners wait to be won back, `COUNTED` + 1 for more."""
    return len(FollowUp.objects.filter(shop=shop, status__in=FOLLOW_UP_OPEN).values_list("pk")[: COUNTED + 1])


def appeals(shop: Shop) -> list[Appeal]:
    """The shop's newest appeals with the reviews they are about, also those that are not shown any more. One query."""
    made = Appeal.objects.filter(review__shop=shop, side=Side.SHOP).select_related("review__author", "version")
    return list(made.order_by("-made_at", "-pk")[:MAX_APPEALS])


def summary(shop: Shop, *, with_people: bool) -> Summary:
    """What readers see of the shop in figures; who of the team is praised and blamed only for those who lead it. Two
    queries."""
    subject = Subject.objects.filter(shop=shop, technician=None, service=None, model=None).first()
    if subject is None:
        return Summary()
    return Summary(
        reviews=subject.reviews,
        score_milli=subject.score_milli if subject.reviews >= FEW else None,
        counts=_counts(subject),
        dimensions=_dimensions(subject),
        people=_people(shop) if with_people else [],
    )


def person_name(shop: Shop, public_id: str) -> str:
    """The name of somebody of the team, empty for anybody else. One query."""
    found = Resource.objects.filter(shop=shop, public_id=public_id).first() if public_id else None
    return found.name if found is not None else ""


def _wanted(shop: Shop, asked: Asked) -> QuerySet[Listing]:
    subject: Mapping[str, object] = {"subject__technician": None}
    if asked.person:
        subject = {"subject__technician__public_id": asked.person}
    rows = Listing.objects.filter(subject__shop=shop, subject__service=None, subject__model=None, **subject)
    if asked.show == "low":
        return rows.filter(stars__lte=LOW_STARS)
    if asked.show == "unanswered":
        return rows.filter(~_IS_ANSWERED)
    return rows


def _counts(subject: Subject) -> list[tuple[int, int, float]]:
    numbers = [(stars, int(getattr(subject, f"n{stars}"))) for stars in range(5, 0, -1)]
    most = max(count for _, count in numbers) or 1
    return [(stars, count, count / most) for stars, count in numbers]


def _dimensions(subject: Subject) -> list[DimensionRow]:
    rows = []
    for dimension in Dimension:
        ratings = int(getattr(subject, f"{dimension.value}_n"))
        if ratings:
            mean = int(getattr(subject, f"{dimension.value}_sum")) / ratings
            rows.append(DimensionRow(str(dimension.label), mean, ratings))
    told = [row for row in rows if row.ratings >= FEW]
    weakest = min(told, key=lambda row: row.mean) if len(told) > 1 else None
    return [DimensionRow(row.label, row.mean, row.ratings, is_weakest=row is weakest) for row in rows]


def _people(shop: Shop) -> list[PersonRow]:
    subjects = Subject.objects.filter(shop=shop, technician__isnull=False).select_related("technician")
    rows = [
        PersonRow(
            subject.technician.public_id,
            subject.technician.name,
            subject.reviews,
            subject.score_milli if subject.reviews >= FEW else None,
        )
        for subject in subjects
        if subject.technician is not None and subject.reviews
    ]
    return sorted(rows, key=lambda row: (-row.reviews, row.name))
