"""Everything that one decision needs on one screen, in a number of queries that depends on nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import TruncWeek

from accounts.models import User
from bookings.choices import Status
from bookings.floor import figures as integrity
from bookings.floor.figures import Rate
from bookings.models import Booking
from reviews import visit_facts
from reviews.choices import ReviewStatus
from reviews.models import (
    Appeal,
    Hint,
    ModerationEvent,
    ModerationItem,
    Removal,
    Reply,
    Review,
    ReviewPerson,
    ReviewVersion,
)
from shops.models import Shop
from shops.standings import ShopStanding
from vehicles.models import Car

WEEKS = 12
RECENT = 10


@dataclass(frozen=True, slots=True)
class Visit:
    """The proof of the visit. Amounts in fen, times UTC; `was_on_time` is None where nothing was promised."""

    booking: Booking
    services: list[str]
    people: list[ReviewPerson]
    quoted_fen: int
    final_fen: int
    promised_at: datetime | None
    ready_at: datetime | None
    handed_over_at: datetime | None
    was_on_time: bool | None


@dataclass(frozen=True, slots=True)
class AuthorHistory:
    """Who wrote it. `reviews` are the newest others by them, each with `newest_stars`; the counts are of all."""

    user: User
    since: datetime
    cars: int
    visits: int
    reviews: list[Review]
    reviews_count: int
    published_count: int
    rejected_count: int


@dataclass(frozen=True, slots=True)
class ShopHistory:
    """What else is said about the shop. `weeks` are the reviews written in each of the last twelve weeks (Monday of the
    week on the platform's calendar, how many), the oldest first. `standing` and `on_time` are None where not known."""

    shop: Shop
    weeks: list[tuple[date, int]]
    standing: ShopStanding | None
    on_time: Rate | None

    @property
    def busiest_week(self) -> int:
        return max(count for _week, count in self.weeks)


@dataclass(frozen=True, slots=True)
class Dossier:
    """`hints` and `text` are of what is to be decided: the reply, where it is about one, else the version.

    `versions` are all of the review, the oldest first, each with `hints` and `photos` at hand.
    """

    item: ModerationItem
    review: Review
    version: ReviewVersion
    versions: list[ReviewVersion]
    text: ReviewVersion | Reply
    hints: list[Hint]
    visit: Visit
    author: AuthorHistory
    shop: ShopHistory
    replies: list[Reply]
    appeals: list[Appeal]
    removals: list[Removal]
    log: list[ModerationEvent]

    @property
    def earlier(self) -> list[ReviewVersion]:
        """The versions before the one to be decided, the newest first."""
        return [version for version in reversed(self.versions) if version.number < self.version.number]


def dossier(item: ModerationItem, *, at: datetime) -> Dossier:
    """Everything about an item, in 17 queries."""
    item = _item(item)
    review = item.review
    versions = list(review.versions.prefetch_related("hints", "photos").order_by("number"))
    version = next(version for version in versions if version.pk == item.version_id)
    replies = list(
        Reply.objects.filter(review=review).prefetch_related("hints").select_related("by").order_by("number")
    )
    text = next((reply for reply in replies if reply.pk == item.reply_id), version)
    return Dossier(
        item=item,
        review=review,
        version=version,
        versions=versions,
        text=text,
        hints=list(text.hints.all()),
        visit=_visit(review),
        author=_author(review),
        shop=_shop(review.shop, at=at),
        replies=replies,
        appeals=list(review.appeals.select_related("by", "decided_by", "version").order_by("pk")),
        removals=list(review.removals.select_related("proposed_by", "decided_by", "version").order_by("pk")),
        log=list(review.moderation_events.select_related("by").order_by("pk")),
    )


def _item(item: ModerationItem) -> ModerationItem:
    services = Prefetch("review__people", ReviewPerson.objects.select_related("person"))
    rows = ModerationItem.objects.select_related(
        "review__author",
        "review__shop__city",
        "review__shop__standing",
        "review__shown",
        "review__booking__service",
        "review__booking__car",
        "review__booking__variant__model__make",
        "removal__proposed_by",
        "appeal__by",
        "decided_by",
    )
    return rows.prefetch_related("review__booking__booked_services__service", services).get(pk=item.pk)


def _visit(review: Review) -> Visit:
    booking = review.booking
    return Visit(
        booking=booking,
        services=[line.service.name for line in booking.booked_services.all()] or [booking.service.name],
        people=list(review.people.all()),
        quoted_fen=booking.agreed_fen,
        final_fen=booking.total_fen,
        promised_at=booking.agreed_end_at,
        ready_at=booking.ready_at,
        handed_over_at=booking.completed_at,
        was_on_time=visit_facts.is_on_time(booking),
    )


def _author(review: Review) -> AuthorHistory:
    user = review.author
    mine = Review.objects.filter(author=user)
    counts = mine.aggregate(
        reviews=Count("pk"),
        published=Count("pk", filter=Q(status=ReviewStatus.PUBLISHED)),
        rejected=Count("pk", filter=Q(status__in=[ReviewStatus.REJECTED, ReviewStatus.REMOVED])),
    )
    newest = ReviewVersion.objects.filter(review=OuterRef("pk")).order_by("-number")
    others = (
        mine.exclude(pk=review.pk).select_related("shop").annotate(newest_stars=Subquery(newest.values("stars")[:1]))
    )
    return AuthorHistory(
        user=user,
        since=user.date_joined,
        cars=Car.objects.filter(owner=user).count(),
        visits=Booking.objects.filter(owner=user, status=Status.COMPLETED).count(),
        reviews=list(others.order_by("-created_at", "-pk")[:RECENT]),
        reviews_count=counts["reviews"],
        published_count=counts["published"],
        rejected_count=counts["rejected"],
    )


def _shop(shop: Shop, *, at: datetime) -> ShopHistory:
    rates = integrity.of_shop(shop).get(None)
    return ShopHistory(
        shop=shop,
        weeks=_weeks(shop, at=at),
        standing=getattr(shop, "standing", None),
        on_time=rates.on_time if rates is not None else None,
    )


def _weeks(shop: Shop, *, at: datetime) -> list[tuple[date, int]]:
    zone = ZoneInfo(settings.TIME_ZONE)
    today = at.astimezone(zone).date()
    this_week = today - timedelta(days=today.weekday())
    mondays: Sequence[date] = [this_week - timedelta(weeks=weeks) for weeks in reversed(range(WEEKS))]
    since = datetime.combine(mondays[0], datetime.min.time(), tzinfo=zone)
    written = Review.objects.filter(shop=shop, created_at__gte=since, created_at__lte=at).order_by()
    weeks = written.annotate(week=TruncWeek("created_at", tzinfo=zone)).values_list("week").annotate(Count("pk"))
    counts = {week.astimezone(zone).date(): count for week, count in weeks}
    return [(monday, counts.get(monday, 0)) for monday in mondays]
