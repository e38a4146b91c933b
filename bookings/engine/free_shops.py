"""The nearest shops that are free in one window of time: one query for places, prices, bays and technicians.

Shops whose rules are plain are answered by that query and their opening hours. Those with rules of their own (write-up,
preparation, shifts, a share kept free, phases) are asked of the engine, all in one more query.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from math import cos, radians, sin
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from bookings.engine import availability, phases, shop_time
from bookings.engine.jobs import discount_of
from bookings.models import MAX_CLAIM
from catalog import pricing
from catalog.choices import BayNeed
from catalog.models import Service
from core.catalogue import localized
from core.geo import distance_m
from shops import calendar
from shops.models import City, Shop
from vehicles.models import Variant

# Asked of the database beyond those wanted: some of the free ones are closed or take no booking at that minute. Where
# that is not enough, all within reach are asked.
SPARE = 4
MOST = 200

_FREE = """
SELECT shop.id, shop.slug, shop.name_zh, shop.name_en, shop.latitude, shop.longitude,
    offer.labour_fen, offer.parts_fen, coalesce(learned.minutes, offer.minutes, %(standard)s),
    shop.lead_time_minutes, shop.booking_window_days, shop.slot_step_minutes,
    shop.holiday_policy, shop.works_makeup_days,
    (SELECT json_agg(json_build_array(h.day, h.opens_at, h.closes_at)) FROM shops_openinghours h
        WHERE h.shop_id = shop.id)::text,
    EXISTS (SELECT FROM shops_closure c WHERE c.shop_id = shop.id AND %(day)s BETWEEN c.first_date AND c.last_date),
    shop.write_up_minutes = 0 AND shop.setup_minutes = 0 AND shop.turnaround_minutes = 0
        AND shop.last_start_minutes = 0 AND shop.online_share_percent = 100
        AND NOT EXISTS (SELECT FROM shops_offpeak o WHERE o.shop_id = shop.id)
        AND NOT EXISTS (SELECT FROM shops_shift s JOIN shops_resource r ON r.id = s.resource_id
            WHERE r.shop_id = shop.id AND r.is_active)
FROM shops_shop AS shop
CROSS JOIN LATERAL (
    SELECT offer.labour_fen, offer.parts_fen, offer.minutes FROM catalog_offer AS offer
    WHERE offer.shop_id = shop.id AND offer.service_id = %(service)s AND offer.is_active AND {covers}
    ORDER BY {narrowest} OFFSET 0 LIMIT 1
) AS offer
CROSS JOIN LATERAL (
    SELECT r.id FROM shops_resource r WHERE r.shop_id = shop.id AND r.is_active AND r.kind = 'bay'
        AND r.capabilities @> %(bay)s::varchar[] AND {is_free} OFFSET 0 LIMIT 1
) AS bay
CROSS JOIN LATERAL (
    SELECT r.id FROM shops_resource r WHERE r.shop_id = shop.id AND r.is_active AND r.kind = 'technician'
        AND r.capabilities @> %(skill)s::varchar[] AND {is_free} OFFSET 0 LIMIT 1
) AS technician
LEFT JOIN bookings_learnedduration AS learned ON learned.shop_id = shop.id AND learned.service_id = %(service)s
    AND learned.price_class = %(price_class)s
WHERE shop.is_listed AND shop.city_id = %(city)s AND shop.kind <> 'on_site'
ORDER BY cube(ARRAY[cos(radians(latitude)) * cos(radians(longitude)), cos(radians(latitude)) * sin(radians(longitude)),
        sin(radians(latitude))]::float8[]) <-> cube(%(here)s::float8[]), shop.id
LIMIT %(limit)s
"""
# OFFSET 0 above keeps each question inside its shop; without it all resources of the city may be joined first.
# Read from the index of starts, as `shop_time` does: no claim is longer than MAX_CLAIM.
_IS_FREE = """NOT EXISTS (
    SELECT FROM bookings_allocation a
    WHERE a.resource_id = r.id AND lower(a.during) > %(earliest)s AND lower(a.during) < %(end)s
        AND upper(a.during) > %(start)s AND (a.held_until IS NULL OR a.held_until > %(at)s)
)"""
_SQL = _FREE.format(covers=pricing.COVERS_CAR, narrowest=pricing.NARROWEST, is_free=_IS_FREE)


@dataclass(frozen=True, slots=True)
class Question:
    """Who is free for a service on a car, near a place (WGS-84), from `start` until `end` (UTC)."""

    service: Service
    variant: Variant
    city: City
    latitude: float
    longitude: float
    start: datetime
    end: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.city.timezone)

    @property
    def day(self) -> date:
        return self.start.astimezone(self.zone).date()

    @property
    def minutes(self) -> int:
        return int((self.end - self.start).total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class FreeShop:
    """A shop that can take the visit in the window, with its all-in price at that hour."""

    pk: int
    slug: str
    name_zh: str
    name_en: str
    latitude: float
    longitude: float
    total_fen: int
    distance_m: float

    @property
    def name(self) -> str:
        return localized(self, "name")


class _Row(NamedTuple):
    """The columns of `_FREE`."""

    pk: int
    slug: str
    name_zh: str
    name_en: str
    latitude: float
    longitude: float
    labour_fen: int
    parts_fen: int
    minutes: int
    lead_time_minutes: int
    booking_window_days: int
    slot_step_minutes: int
    holiday_policy: str
    works_makeup_days: bool
    hours: str | None
    is_closed: bool
    is_plain: bool


def free_shops(question: Question, *, at: datetime, limit: int = 20) -> list[FreeShop]:
    """The nearest listed shops where the visit can begin at the start and has a bay and somebody trained until the end,
    by distance.

    One query, two where few are found; two more where shops have rules of their own. Needs `service.phases` and
    `variant.model` at hand.
    """
    service = question.service
    if not (service.is_listed and service.suits(question.variant)) or service.bay == BayNeed.NONE:
        return []
    rows = _rows(question, at, limit + SPARE)
    found = _found(question, rows, at)
    if len(found) < limit and len(rows) == limit + SPARE:
        found = _found(question, _rows(question, at, MOST), at)
    return found[:limit]


def _found(question: Question, free: list[_Row], at: datetime) -> list[FreeShop]:
    rows = [row for row in free if _takes(row, question, at)]
    discounts = _placed(question, rows, at)
    here = question.latitude, question.longitude
    return [
        FreeShop(
            *row[:6],
            row.labour_fen + row.parts_fen - discount_of(row.labour_fen, discounts.get(row.pk, 0)),
            distance_m(*here, row.latitude, row.longitude),
        )
        for row in rows
        if row.pk not in discounts or discounts[row.pk] >= 0
    ]


def _rows(question: Question, at: datetime, limit: int) -> list[_Row]:
    service = question.service
    params = {
        **pricing.car_params(question.variant),
        "service": service.pk,
        "standard": service.standard_minutes,
        "bay": [] if service.bay == BayNeed.ANY else [service.bay],
        "skill": [service.skill],
        "city": question.city.pk,
        "here": _on_sphere(question.latitude, question.longitude),
        "day": question.day,
        "start": question.start,
        "earliest": question.start - MAX_CLAIM - timedelta(seconds=1),
        "end": question.end,
        "at": at,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SQL, params)
        return [_Row(*row) for row in cursor.fetchall()]


def _takes(row: _Row, question: Question, at: datetime) -> bool:
    """Whether the shop is open from the start for as long as the work takes, and takes bookings for that minute."""
    start, day, zone = question.start, question.day, question.zone
    if row.is_closed or row.minutes > question.minutes or start < at + timedelta(minutes=row.lead_time_minutes):
        return False
    midnight = datetime.combine(day, time(), tzinfo=zone)
    off_grid = (start - midnight).total_seconds() % (row.slot_step_minutes * 60)
    if off_grid or day > at.astimezone(zone).date() + timedelta(days=row.booking_window_days):
        return False
    end = start + timedelta(minutes=row.minutes)
    intervals = _open(row.hours or "[]", row.holiday_policy, row.works_makeup_days, question.city, day)
    return any(opens <= start and end <= closes for opens, closes in intervals)


def _open(hours: str, policy: str, works_makeup_days: bool, city: City, day: date) -> tuple[calendar.UtcInterval, ...]:
    return _opening(hours, policy, works_makeup_days, (city.country, city.timezone), day)


@lru_cache(maxsize=4096)
def _opening(
    hours: str, policy: str, works_makeup_days: bool, where: tuple[str, str], day: date
) -> tuple[calendar.UtcInterval, ...]:
    """The opening of a day by hours as the database writes them; many shops share theirs."""
    country, timezone = where
    rows = [(of_day, time.fromisoformat(a), time.fromisoformat(b)) for of_day, a, b in json.loads(hours)]
    intervals = calendar.utc_intervals(
        hours=rows,
        closures=(),
        policy=policy,
        works_makeup_days=works_makeup_days,
        country=country,
        zone=ZoneInfo(timezone),
        date=day,
    )
    return tuple(intervals)


def _placed(question: Question, rows: list[_Row], at: datetime) -> dict[int, int]:
    """What the engine says of shops with rules of their own: the discount of that hour, −1 if they cannot take it."""
    is_plain = phases.is_plain(question.service)
    minutes = {row.pk: row.minutes for row in rows if not (row.is_plain and is_plain)}
    if not minutes:
        return {}
    shops = list(Shop.objects.filter(pk__in=minutes).select_related("city"))
    found = shop_time.fetch(shops, question.day, question.day + timedelta(days=1), at=at)
    result = {}
    for shop in shops:
        plan = phases.compose(shop, [(question.service, minutes[shop.pk])])
        placed = availability.place(found[shop.pk], plan, question.start)
        result[shop.pk] = -1 if placed.reason else placed.discount_percent
    return result


def _on_sphere(latitude: float, longitude: float) -> list[float]:
    lat, lng = radians(latitude), radians(longitude)
    return [cos(lat) * cos(lng), cos(lat) * sin(lng), sin(lat)]
