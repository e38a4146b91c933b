"""What is asked of the engine inside this process: the one place that knows its functions' names."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from benchmarks import world
from bookings.engine import availability, free_shops, phases, search, shop_time
from bookings.engine.jobs import Job
from shops.models import City, Shop

DAYS = 14


def timed(ask: Callable[[], object], repeats: int) -> list[float]:
    """Seconds that each of `repeats` calls took, after a few that do not count."""
    for _ in range(min(repeats, 10)):
        ask()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return taken


def asked(ask: Callable[[], object]) -> tuple[int, float]:
    """How many queries a call makes, and the seconds it waits for them."""
    count, spent = 0, 0.0

    def watch(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        nonlocal count, spent
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            count, spent = count + 1, spent + time.perf_counter() - start

    with connection.execute_wrapper(watch):
        ask()
    return count, spent


def shops_days(shop_id: int) -> Callable[[], object]:
    """One shop's slots of 14 days from facts already fetched: the engine alone."""
    shop, at = Shop.objects.for_card().get(pk=shop_id), timezone.now()
    plan = Job(shop, world.service(), world.variant()).quoted().plan
    first = at.astimezone(shop.zone).date()
    facts = shop_time.fetch([shop], first, first + timedelta(days=DAYS), at=at)[shop.pk]
    # Fresh facts each time: what they remember of opening hours was found by the request before.
    return lambda: availability.read_days(replace(facts, _open={}), plan, at=at)


def search_near() -> Callable[[tuple[float, float]], object]:
    """The next three slots at the 50 nearest shops around a place (degrees): engine and database."""
    service, variant, city = world.service(), world.variant(), City.objects.get()
    phases.bring_phases([service])
    return lambda place: search.search(
        service=service,
        variant=variant,
        city=city,
        origin=search.Point(*place),
        filters=search.Filters(),
        sort=search.Sort.DISTANCE,
        at=timezone.now(),
    )


def free_in_window() -> Callable[[tuple[float, float], datetime], object]:
    """The nearest 20 shops with a bay and a technician free for an hour from an instant."""
    service, variant, city = world.service(), world.variant(), City.objects.get()
    phases.bring_phases([service])
    return lambda place, start: free_shops.free_shops(
        free_shops.Question(service, variant, city, place[0], place[1], start, start + timedelta(hours=1)),
        at=timezone.now(),
        limit=20,
    )


def free_starts(shops: list[int], *, days: int) -> list[tuple[str, str]]:
    """Starts on offer now at some shops, an hour or more apart: (shop's slug, ISO instant), shuffled."""
    now, starts = timezone.now(), []
    for shop in Shop.objects.for_card().filter(pk__in=shops):
        plan = Job(shop, world.service(), world.variant()).quoted().plan
        first = now.astimezone(shop.zone).date() + timedelta(days=1)
        for day in availability.day_slots(shop=shop, plan=plan, first=first, days=days, at=now):
            starts += [(shop.slug, slot.starts_at.astimezone(UTC).isoformat()) for slot in day.slots[::2]]
    random.shuffle(starts)
    return starts
