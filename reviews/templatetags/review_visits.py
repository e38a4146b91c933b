"""What the pages of visits say about their reviews: "How was it?", the owner's own review and how it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from bookings.choices import Status
from bookings.models import Booking
from reviews import rules
from reviews.choices import Dimension, ReasonCode
from reviews.limits import REVIEW_WITHIN
from reviews.models import Review, ReviewVersion, VisitAnswer
from reviews.moderation import reasons
from reviews.owner_pages.showing import Look, look_of
from reviews.shown_text import visible

register = template.Library()


@dataclass(frozen=True, slots=True)
class VisitWord:
    """What there is to say on the page of a visit: the review that was written, or that one can be."""

    review: Review | None = None
    newest: ReviewVersion | None = None
    look: Look | None = None
    asks: bool = False
    is_unhappy: bool = False


@register.inclusion_tag("reviews/owner/_visit_card.html", takes_context=True)
def visit_review(context: template.Context, booking: Booking, *, is_reader: bool = False) -> dict[str, Any]:
    """The card on the page of a visit that was handed over: the own review, or the question how it was. `is_reader`:
    nobody is signed in, so there is only the way to write one, which asks to sign in. No query before the handover."""
    word = None
    if booking.status == Status.COMPLETED and booking.owner is not None:
        word = _word_for_reader(booking) if is_reader else _word(booking, booking.owner)
    request = context.get("request")
    return {"word": word, "booking": booking, "csrf_token": context.get("csrf_token"), "request": request}


def _word_for_reader(booking: Booking) -> VisitWord | None:
    return VisitWord() if _is_in_time(booking) and not Review.objects.filter(booking=booking).exists() else None


def _word(booking: Booking, owner: User) -> VisitWord | None:
    review = Review.objects.filter(booking=booking).select_related("shown").first()
    if review is not None:
        newest = review.versions.order_by("-number")[0]
        return VisitWord(review, newest, look_of(review, newest))
    if rules.why_not_review(owner, booking, at=timezone.now()) is not None:
        return None
    said = VisitAnswer.objects.filter(booking=booking).first()
    return VisitWord(asks=said is None, is_unhappy=said is not None and not said.is_happy)


@register.simple_tag
def reviews_of(bookings: Iterable[Booking]) -> dict[int, int]:
    """The stars that the owner gave, by the key of the visit. One query if any of the visits was handed over."""
    over = [booking.pk for booking in bookings if booking.status == Status.COMPLETED]
    versions = ReviewVersion.objects.filter(review__booking__in=over).order_by("review", "number")
    return dict(versions.values_list("review__booking_id", "stars")) if over else {}


@register.inclusion_tag("reviews/owner/_row_word.html")
def row_review(booking: Booking, given: dict[int, int]) -> dict[str, Any]:
    """In a row of a list of visits: the stars given (`reviews_of`), or that the visit can be reviewed. No query."""
    can_review = booking.status == Status.COMPLETED and _is_in_time(booking)
    return {"stars_given": given.get(booking.pk), "can_review": can_review}


@register.inclusion_tag("reviews/owner/_home.html", takes_context=True)
def visit_to_review(context: template.Context) -> dict[str, Any]:
    """On the home page: the latest visit that waits for a word. One query for who is signed in; three where there is
    such a visit."""
    request = context.get("request")
    user = request.user if isinstance(request, HttpRequest) else None
    if not isinstance(user, User):
        return {}
    since = timezone.now() - REVIEW_WITHIN
    over = Booking.objects.visible_to(user).filter(status=Status.COMPLETED, completed_at__gt=since, comeback_of=None)
    waiting = over.filter(review=None, visit_answer=None).exclude(shop__members__user=user)
    return {"booking": waiting.for_card().order_by("-completed_at", "-pk").first()}


@register.simple_tag
def own_ratings(version: ReviewVersion) -> list[tuple[str, int]]:
    """The ratings beside the total that were given, with their names."""
    given = ((str(dimension.label), version.rating(dimension)) for dimension in Dimension)
    return [(label, stars) for label, stars in given if stars is not None]


@register.filter
def explained(reason: ReasonCode) -> reasons.Explanation:
    """What a reason code means, in words for the author, and what they can do."""
    return reasons.explain(reason)


@register.filter
def without_hidden(text: str) -> str:
    """A text without characters that turn or hide text."""
    return visible(text)


def _is_in_time(booking: Booking) -> bool:
    return booking.completed_at is not None and timezone.now() <= booking.completed_at + REVIEW_WITHIN
