"""How often shops put things right: in public, kept with every case that closes; and how cases age, for the platform.

A closed case counts once the owner has said whether it was put right. One that lapsed counts only where the shop never
made contact: of an owner who does not answer nobody knows, but silence of the shop is an answer too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q

from reviews.choices import FollowUpStatus
from reviews.limits import FEW_FOLLOW_UPS, FOLLOW_UP_WINDOW
from reviews.models import FollowUp
from shops.models import Shop
from shops.standings import NEUTRAL_MILLI, ShopStanding

# Outcomes and times to contact are shown of this long.
RECENT = timedelta(days=90)
BATCH = 500


@dataclass(frozen=True, slots=True)
class Figure:
    """Of how many unhappy owners of the last 12 months how many say that it was put right."""

    closed: int
    put_right: int

    @property
    def is_shown(self) -> bool:
        """Fewer say nothing about a shop, and might say much about one owner."""
        return self.closed >= FEW_FOLLOW_UPS

    @property
    def percent(self) -> int:
        return round(100 * self.put_right / self.closed) if self.closed else 0


@dataclass(frozen=True, slots=True)
class Ageing:
    """How cases stand on the platform: open ones by what is the matter with them, and what became of recent ones.

    `median_contact` is the time from opening to the first contact of cases opened in the last 90 days, None without
    any; `outcomes` counts the cases closed in that time by `FollowUpStatus`.
    """

    late: int
    late_over_a_day: int
    to_contact: int
    in_talk: int
    median_contact: timedelta | None
    outcomes: dict[str, int]


def of_shop(shop: Shop) -> Figure:
    """The public figure of a shop. No query where its standing is at hand (`for_card`), else one."""
    standing = getattr(shop, "standing", None)
    return Figure(standing.follow_ups, standing.put_right) if standing else Figure(0, 0)


def counts(follow_up: FollowUp) -> bool:
    """Whether a case that has just closed is part of the figure."""
    if follow_up.status == FollowUpStatus.LAPSED:
        return follow_up.contacted_at is None
    return follow_up.status in (FollowUpStatus.PUT_RIGHT, FollowUpStatus.NOT_PUT_RIGHT)


def put_in(follow_up: FollowUp, *, at: datetime) -> None:
    """Count a case that has closed. A shop without a review gets a standing with the neutral score."""
    fresh = ShopStanding(shop_id=follow_up.shop_id, reviews=0, score_milli=NEUTRAL_MILLI, updated_at=at)
    ShopStanding.objects.bulk_create([fresh], ignore_conflicts=True)
    _move(follow_up, 1)


@transaction.atomic
def forget(*, at: datetime, limit: int = BATCH) -> int:
    """Take up to `limit` cases that closed before the window out of the figures. Returns how many."""
    gone = FollowUp.objects.filter(is_counted=True, closed_at__lt=at - FOLLOW_UP_WINDOW).order_by("shop", "pk")
    rows = list(gone.select_for_update(no_key=True, skip_locked=True)[:limit])
    for follow_up in rows:
        follow_up.is_counted = False
        follow_up.save(update_fields=["is_counted"])
        _move(follow_up, -1)
    return len(rows)


def ageing(*, at: datetime) -> Ageing:
    """How winning back stands everywhere. Three queries."""
    waits = Q(contacted_at=None)
    open_ones = FollowUp.objects.open().aggregate(
        late=Count("pk", filter=waits & Q(contact_due_at__lt=at)),
        late_over_a_day=Count("pk", filter=waits & Q(contact_due_at__lt=at - timedelta(days=1))),
        to_contact=Count("pk", filter=waits & Q(contact_due_at__gte=at)),
        in_talk=Count("pk", filter=~waits),
    )
    closed = FollowUp.objects.filter(closed_at__gte=at - RECENT).order_by().values_list("status")
    outcomes: dict[str, int] = dict(closed.annotate(n=Count("pk")))
    return Ageing(**open_ones, median_contact=_median_contact(since=at - RECENT), outcomes=outcomes)


def faults() -> int:
    """How many shops have a figure that is not what their cases say. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_FAULTS)
        found: int = cursor.fetchone()[0]
    return found


def _move(follow_up: FollowUp, by: int) -> None:
    changed: dict[str, Any] = {"follow_ups": F("follow_ups") + by}
    if follow_up.status == FollowUpStatus.PUT_RIGHT:
        changed["put_right"] = F("put_right") + by
    ShopStanding.objects.filter(shop_id=follow_up.shop_id).update(**changed)


def _median_contact(*, since: datetime) -> timedelta | None:
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, [since])
        median: timedelta | None = cursor.fetchone()[0]
    return median


_MEDIAN = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY contacted_at - opened_at) FROM reviews_followup
WHERE opened_at >= %s AND contacted_at IS NOT NULL
"""

_FAULTS = """
SELECT count(*) FROM (
    SELECT shop_id, count(*) AS follow_ups, count(*) FILTER (WHERE status = 'put_right') AS put_right
    FROM reviews_followup WHERE is_counted GROUP BY shop_id) cases
FULL JOIN shops_shopstanding standing ON standing.shop_id = cases.shop_id
WHERE (coalesce(cases.follow_ups, 0), coalesce(cases.put_right, 0))
    <> (coalesce(standing.follow_ups, 0), coalesce(standing.put_right, 0))
"""
