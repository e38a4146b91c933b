"""What waits for moderators: how much, how old, what the policy published by itself. It reads, it changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Aggregate, Count, DurationField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value

from accounts.models import User
from reviews.choices import Act, ItemKind
from reviews.limits import SERVICE_LEVEL
from reviews.models import ModerationEvent, ModerationItem

# How long something has waited: below, between and above these.
AGES = (timedelta(hours=4), timedelta(hours=12), timedelta(hours=24))
LOOKS_BACK = timedelta(days=7)


class Median(Aggregate):
    """The middle of durations, or the mean of the two in the middle."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class Ageing:
    """How many items have waited for so long; `below` is open for the oldest."""

    at_least: timedelta
    below: timedelta | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How moderation stands. The medians are None where nothing waits, or nothing was decided in `LOOKS_BACK`.

    `decided_by_you` counts from midnight in the platform's zone.
    """

    waiting: int
    over_service_level: int
    median_age: timedelta | None
    median_decision: timedelta | None
    decided_by_you: int
    ageing: tuple[Ageing, ...]


def waiting_counts() -> dict[ItemKind, int]:
    """How many items of each kind wait; 0 for kinds without any. One query."""
    rows = ModerationItem.objects.open().order_by().values_list("kind").annotate(Count("pk"))
    known = dict(rows)
    return {kind: known.get(kind.value, 0) for kind in ItemKind}


def figures(*, user: User, at: datetime) -> Figures:
    """How moderation stands at `at`, and what `user` has done today. Two queries."""
    edges = (timedelta(0), *AGES)
    counts = {f"age_{number}": Count("pk", filter=_aged(number, at=at)) for number in range(len(edges))}
    open_ones = ModerationItem.objects.open().aggregate(
        waiting=Count("pk"),
        over=Count("pk", filter=Q(waiting_since__lt=at - SERVICE_LEVEL)),
        median_age=Median(Value(at) - F("waiting_since")),
        **counts,
    )
    decided = ModerationItem.objects.filter(
        decided_by__isnull=False, decided_at__gt=at - LOOKS_BACK, decided_at__lte=at
    )
    done = decided.aggregate(
        median=Median(F("decided_at") - F("waiting_since")),
        yours=Count("pk", filter=Q(decided_by=user, decided_at__gte=_midnight(at))),
    )
    return Figures(
        waiting=open_ones["waiting"],
        over_service_level=open_ones["over"],
        median_age=open_ones["median_age"],
        median_decision=done["median"],
        decided_by_you=done["yours"],
        ageing=tuple(
            Ageing(edge, below, open_ones[f"age_{number}"])
            for number, (edge, below) in enumerate(zip(edges, (*AGES, None), strict=True))
        ),
    )


def automatic() -> QuerySet[ModerationEvent]:
    """Every review that the policy published by itself, newest first, as lines of the log (`data["policy"]` is the
    policy that held). `sampled` says whether a person looked or is to look at that version afterwards, `sample_outcome`
    what they decided. `samples.draw` puts one up by hand."""
    samples = ModerationItem.objects.filter(
        kind=ItemKind.SAMPLE, review=OuterRef("review"), version__number=OuterRef("version_number")
    )
    lines = ModerationEvent.objects.filter(act=Act.AUTO_PUBLISHED).exclude(data__has_key="reply")
    return (
        lines.annotate(sampled=Exists(samples), sample_outcome=Subquery(samples.order_by("-pk").values("outcome")[:1]))
        .select_related("review__shown", "review__author", "review__shop")
        .order_by("-at", "-pk")
    )


def _aged(number: int, *, at: datetime) -> Q:
    """Those of one age, of `AGES`, from the youngest (0) on."""
    younger = Q() if number == 0 else Q(waiting_since__lte=at - AGES[number - 1])
    return younger if number == len(AGES) else younger & Q(waiting_since__gt=at - AGES[number])


def _midnight(at: datetime) -> datetime:
    zone = ZoneInfo(settings.TIME_ZONE)
    return datetime.combine(at.astimezone(zone).date(), time.min, tzinfo=zone)
