"""Learned durations: how long a service takes at a shop on a class of cars, from the visits that are over.

The arithmetic is in `duration_estimates`. What is learned is a forecast for visits to come: the time of a
visit that is booked stays as it was agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from bookings.choices import Status
from bookings.engine.duration_estimates import estimate
from bookings.models import Booking, LearnedDuration
from catalog import pricing
from core import outbox
from core.models import OutboxEvent

# How far back, and how many visits at most (product decisions): what was true of other people, tools and cars fades.
WINDOW = timedelta(days=365)
NEWEST = 50
_SHOPS_AT_A_TIME = 200

# A shop, a service, a price class.
Key = tuple[int, int, str]

_ACTUAL_TIMES = """
SELECT shop_id, service_id, price_class, array_agg(minutes) FROM (
    SELECT visit.shop_id, visit.service_id, model.price_class,
        extract(epoch FROM visit.ready_at - visit.started_at)::float8 / 60 AS minutes,
        row_number() OVER (
            PARTITION BY visit.shop_id, visit.service_id, model.price_class ORDER BY visit.starts_at DESC, visit.id DESC
        ) AS place
    FROM bookings_booking AS visit
    JOIN vehicles_variant AS variant ON variant.id = visit.variant_id
    JOIN vehicles_carmodel AS model ON model.id = variant.model_id
    WHERE visit.shop_id = ANY(%(shops)s) AND visit.starts_at > %(since)s AND visit.status = %(completed)s
        AND visit.ready_at > visit.started_at
        AND (%(service)s::bigint IS NULL OR visit.service_id = %(service)s)
        AND (%(price_class)s::text IS NULL OR model.price_class = %(price_class)s)
        AND NOT EXISTS (
            SELECT FROM bookings_bookedservice AS other
            WHERE other.booking_id = visit.id AND other.service_id <> visit.service_id
        )
) AS actual WHERE place <= %(newest)s GROUP BY shop_id, service_id, price_class
"""


def connect() -> None:
    """Subscribe to the end of visits; called once when the app is ready."""
    outbox.subscribe(f"booking.{Status.COMPLETED}")(learn_from_visit)


def expected(*, shop_ids: Iterable[int], service_ids: Iterable[int], price_class: str) -> dict[tuple[int, int], int]:
    """The learned minutes by (shop id, service id) for a class of cars, where there are any. One query."""
    rows = LearnedDuration.objects.filter(
        shop_id__in=list(shop_ids), service_id__in=list(service_ids), price_class=price_class
    )
    return {(shop, service): minutes for shop, service, minutes in rows.values_list("shop", "service", "minutes")}


def learn_from_visit(event: OutboxEvent) -> None:
    """Learn anew what the visit of `event` (`booking.completed`) is an example of. Doing it twice changes nothing."""
    visit = Booking.objects.select_related("variant__model").filter(public_id=event.key).first()
    if visit is None or visit.completed_at is None:
        return
    price_class = visit.variant.model.price_class
    learn(shop_id=visit.shop_id, at=visit.completed_at, service_id=visit.service_id, price_class=price_class)


def learn(*, shop_id: int, at: datetime, service_id: int | None = None, price_class: str | None = None) -> int:
    """Learn the durations of a shop from its last visits as of `at` (UTC): of all its services on all cars, or of one
    service, or of one class. What no visit bears out any more is forgotten.

    Returns how many durations there are. Six queries, however many visits.
    """
    return _learn([shop_id], at, service_id, price_class)


def learn_all(*, at: datetime) -> int:
    """Learn the durations of every shop that has had visits, some shops in one transaction. Returns how many."""
    had_visits = Q(status=Status.COMPLETED, starts_at__gt=at - WINDOW)
    shops = set(Booking.objects.filter(had_visits).order_by().values_list("shop", flat=True).distinct())
    shops |= set(LearnedDuration.objects.order_by().values_list("shop", flat=True).distinct())
    ordered = sorted(shops)
    batches = [ordered[n : n + _SHOPS_AT_A_TIME] for n in range(0, len(ordered), _SHOPS_AT_A_TIME)]
    return sum(_learn(batch, at, None, None) for batch in batches)


@transaction.atomic
def _learn(shops: Sequence[int], at: datetime, service_id: int | None, price_class: str | None) -> int:
    actual = _actual_times(shops, at, service_id, price_class)
    standards = pricing.standard_times(actual)
    rows = [row for key in sorted(actual) if (row := _learned(key, actual[key], standards[key], at))]
    known = LearnedDuration.objects.filter(shop_id__in=shops)
    known = known.filter(service=service_id) if service_id else known
    known = known.filter(price_class=price_class) if price_class else known
    still = {(row.shop_id, row.service_id, row.price_class) for row in rows}
    gone = [pk for pk, *key in known.values_list("pk", "shop", "service", "price_class") if tuple(key) not in still]
    if gone:
        LearnedDuration.objects.filter(pk__in=gone).delete()
    LearnedDuration.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["shop", "service", "price_class"],
        update_fields=["visits", "actual_minutes", "standard_minutes", "minutes", "learned_at"],
    )
    return len(rows)


def _actual_times(
    shops: Sequence[int], at: datetime, service_id: int | None, price_class: str | None
) -> dict[Key, list[float]]:
    """From the start of the work to its end, in minutes, at the newest visits that had a single service."""
    parameters: dict[str, Any] = {
        "shops": list(shops),
        "since": at - WINDOW,
        "completed": Status.COMPLETED,
        "service": service_id,
        "price_class": price_class,
        "newest": NEWEST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACTUAL_TIMES, parameters)
        return {(shop, service, kind): minutes for shop, service, kind, minutes in cursor.fetchall()}


def _learned(key: Key, actual: Sequence[float], standard: int, at: datetime) -> LearnedDuration | None:
    found = estimate(actual, standard=standard)
    if found is None:
        return None
    shop_id, service_id, price_class = key
    return LearnedDuration(
        shop_id=shop_id,
        service_id=service_id,
        price_class=price_class,
        visits=found.visits,
        actual_minutes=found.actual_minutes,
        standard_minutes=standard,
        minutes=found.minutes,
        learned_at=at,
    )
