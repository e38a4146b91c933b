"""Two sweeps in one moment: each car is computed by one of them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError

from core import outbox
from reminders.computing import recompute, staleness
from reminders.computing.shape import Computed, Known
from reminders.models import CarState, DueEvent, DueItem
from tests.factories.catalog import ServiceFactory
from tests.factories.vehicles import CarFactory
from tests.races.test_settling import at_once, meeting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

Patch = pytest.MonkeyPatch
AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
CARS, SWEEPS = 6, 3


@pytest.fixture
def computed(monkeypatch: Patch) -> Counter[int]:
    """How often each car was computed."""
    monkeypatch.setattr(outbox, "_wake", lambda _event: None)
    monkeypatch.setattr(recompute, "BATCH", 2)
    count, items = Counter[int](), recompute.items

    def counted(known: Known) -> list[Computed]:
        count[known.firsts.car.pk] += 1
        return items(known)

    monkeypatch.setattr(recompute, "items", counted)
    return count


def new_cars() -> set[int]:
    """Cars that are half a year old and owe their first oil service."""
    ServiceFactory()
    cars = [CarFactory(delivered_on=date(2026, 5, 22)).pk for _ in range(CARS)]
    staleness.find_new(at=AT)
    return set(cars)


def sweep(_number: int) -> int:
    return recompute.sweep(at=AT, limit=CARS)


def test_each_car_is_computed_by_one_sweep(computed: Counter[int], monkeypatch: Patch) -> None:
    cars = new_cars()
    meeting(monkeypatch, recompute, "_claimed", SWEEPS)
    at_once(sweep, SWEEPS)
    assert computed == dict.fromkeys(cars, 1)
    assert DueItem.objects.count() == DueEvent.objects.count() >= CARS
    assert not CarState.objects.exclude(stale_since=None).exists()


def test_without_the_lock_a_car_is_computed_twice(computed: Counter[int], monkeypatch: Patch) -> None:
    new_cars()

    def unlocked(rows: Any, count: int) -> list[CarState]:
        return list(rows[:count])

    monkeypatch.setattr(recompute, "_claimed", unlocked)
    meeting(monkeypatch, recompute, "_claimed", SWEEPS)
    ended = at_once(sweep, SWEEPS)
    assert max(computed.values()) > 1
    assert ended[IntegrityError.__name__]  # due_once_per_cycle: nothing is written twice even so
