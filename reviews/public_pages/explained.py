"""Pages that say how scores come about, and what a review may and may not be."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reviews import limits, ranking
from reviews.limits import FEW
from reviews.models import RankingMonth
from shops.standings import EXPECTED_STARS


@dataclass(frozen=True, slots=True)
class Example:
    """A shop that might be: so many reviews, the mean of their stars, so many months old; its score."""

    reviews: int
    stars: float
    age_months: int
    score_milli: int


# Samples that show what the formula does: few, many, old ones.
_EXAMPLES = ((1, 5.0, 0), (10, 5.0, 0), (50, 4.6, 0), (50, 4.6, 12), (50, 4.6, 36), (10, 3.0, 0))


@require_safe
def ratings(request: HttpRequest) -> HttpResponse:
    """How a score is made, with the mean of the month that holds now and examples worked out by the formula itself. One
    query."""
    month = ranking.month_of(timezone.now())
    fixed = RankingMonth.objects.filter(month=month).first()
    mean_milli = fixed.mean_milli if fixed else 1000 * EXPECTED_STARS
    examples = [
        Example(n, stars, age, ranking.score_milli([(age, n, round(n * stars))], mean_milli=mean_milli))
        for n, stars, age in _EXAMPLES
    ]
    context = {
        "month": month,
        "mean_milli": mean_milli,
        "strength": ranking.STRENGTH,
        "half_life": ranking.HALF_LIFE_MONTHS,
        "few": FEW,
        "examples": examples,
    }
    return render(request, "reviews/public/ratings.html", context)


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Who may review, what is not published, and who decides."""
    context = {
        "review_days": limits.REVIEW_WITHIN.days,
        "edit_days": limits.EDIT_WITHIN.days,
        "appeal_days": limits.APPEAL_WITHIN.days,
        "service_hours": limits.SERVICE_LEVEL.total_seconds() // 3600,
    }
    return render(request, "reviews/public/rules.html", context)
