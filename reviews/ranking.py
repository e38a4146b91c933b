"""The score of whatever is reviewed: one formula, wherever one is shown or sorted by (`docs/rules/ranking.md`).

    score = (STRENGTH · mean + Σ weight · stars) / (STRENGTH + Σ weight)        weight = ½ ^ (age in months / HALF_LIFE)

Small samples are drawn towards the platform's mean; what was said long ago weighs less. Ages are counted in whole
months and the mean is fixed for a month, so a score moves only by a subject's own reviews and at the turn of a month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from reviews.models import MonthTally, RankingMonth, Subject
from shops.standings import EXPECTED_STARS, NEUTRAL_MILLI, ShopStanding

# The mean counts as much as this many fresh reviews (product decision): after ten, half of a score is a shop's own.
STRENGTH = 10
# A review weighs half after this many months (product decision): people and teams change within a year or two.
HALF_LIFE_MONTHS = 12
# How many reviews the belief in EXPECTED_STARS is worth: it makes the mean of a platform that has hardly any reviews
# (product decision).
EXPECTED_WEIGHT = 100
BATCH = 1000


def weight(age_months: int) -> float:
    """What a review of a visit that many months ago counts: 1 in its own month (and before), ½ a year later."""
    return float(0.5 ** (max(age_months, 0) / HALF_LIFE_MONTHS))


def score_milli(tallies: Iterable[tuple[int, int, int]], *, mean_milli: int) -> int:
    """The score in thousandths of a star from `(age in months, reviews, sum of their stars)` of each month. Pure."""
    total, weights = STRENGTH * mean_milli / 1000, float(STRENGTH)
    for age_months, reviews, stars in sorted(tallies):
        total += weight(age_months) * stars
        weights += weight(age_months) * reviews
    return round(1000 * total / weights)


def month_of(at: datetime) -> date:
    """The month whose weights hold at `at`, by the platform's calendar: its first day."""
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date().replace(day=1)


def months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def mean_milli_of(month: date, *, at: datetime) -> int:
    """The mean of a month, in thousandths of a star, fixed when it is first asked for. At most four queries."""
    known = RankingMonth.objects.filter(month=month).values_list("mean_milli", flat=True).first()
    if known is not None:
        return known
    sums = Subject.objects.filter(shop__isnull=False, technician=None, service=None, model=None).aggregate(
        reviews=Sum(F("n1") + F("n2") + F("n3") + F("n4") + F("n5"), default=0),
        stars=Sum(F("n1") + 2 * F("n2") + 3 * F("n3") + 4 * F("n4") + 5 * F("n5"), default=0),
    )
    weights = EXPECTED_WEIGHT + sums["reviews"]
    mean = round(1000 * (EXPECTED_WEIGHT * EXPECTED_STARS + sums["stars"]) / weights)
    row = RankingMonth(month=month, mean_milli=mean, reviews=sums["reviews"], fixed_at=at)
    RankingMonth.objects.bulk_create([row], ignore_conflicts=True)  # somebody else may have fixed it in this moment
    return RankingMonth.objects.get(month=month).mean_milli


def rescore(subjects: Sequence[Subject], *, at: datetime) -> None:
    """Make the scores of `subjects` (their rows locked by the caller) anew from their months, and the standings of the
    shops among them. At most seven queries, however many they are."""
    month = month_of(at)
    mean = mean_milli_of(month, at=at)
    tallies = _tallies([subject.pk for subject in subjects], month)
    for subject in subjects:
        subject.score_milli = score_milli(tallies[subject.pk], mean_milli=mean)
        subject.scored_month, subject.updated_at = month, at
    Subject.objects.bulk_update(subjects, ["score_milli", "scored_month", "updated_at"])
    # By shop, as everybody who writes standings of several: nobody waits for somebody who waits for them.
    shops = [subject for subject in subjects if is_whole_shop(subject)]
    _place(sorted(shops, key=lambda subject: subject.shop_id or 0), at=at)


def is_whole_shop(subject: Subject) -> bool:
    """Whether a subject is a shop as such, not a service, model or technician of it."""
    ids = (subject.technician_id, subject.service_id, subject.model_id)
    return subject.shop_id is not None and ids == (None, None, None)


def refresh_due(*, at: datetime, limit: int = BATCH) -> int:
    """Make up to `limit` scores anew that are of an earlier month. Returns how many; ask again until it is 0.

    Rows that somebody else holds are left to the next time. A publication does the same for what it touches.
    """
    with transaction.atomic():
        due = Subject.objects.filter(scored_month__lt=month_of(at)).order_by("pk")
        subjects = list(due.select_for_update(skip_locked=True)[:limit])
        if subjects:
            rescore(subjects, at=at)
    return len(subjects)


def _tallies(subject_ids: Sequence[int], month: date) -> Mapping[int, list[tuple[int, int, int]]]:
    found: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for row in MonthTally.objects.filter(subject__in=subject_ids):
        found[row.subject_id].append((months_between(row.month, month), row.reviews, row.stars_sum))
    return found


def _place(subjects: Sequence[Subject], *, at: datetime) -> None:
    """Write the scores of whole shops where lists of shops read them: the neutral one where the last review went."""
    rows = [
        ShopStanding(
            shop_id=subject.shop_id,
            reviews=subject.reviews,
            score_milli=subject.score_milli if subject.reviews else NEUTRAL_MILLI,
            updated_at=at,
        )
        for subject in subjects
        if subject.shop_id is not None and subject.score_milli is not None
    ]
    ShopStanding.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["shop"],
        update_fields=["reviews", "score_milli", "updated_at"],
    )
