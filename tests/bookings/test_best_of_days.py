"""The best start of each day is the one that a look at all of them would choose."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from bookings.engine import availability, shop_time
from bookings.engine.availability import Search
from shops.models import OffPeak
from tests.factories.jobs import NOW, bookable_job

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("window_days", [4, 60])
def test_the_best_of_each_day_is_the_best_of_all_its_slots(window_days: int) -> None:
    job = bookable_job(booking_window_days=window_days)
    for day, first, last, percent in [(3, 13, 14, 10), (3, 15, 16, 20), (5, 8, 20, 5)]:
        OffPeak.objects.create(shop=job.shop, day=day, starts_at=time(first), ends_at=time(last), percent=percent)
    plan = job.quoted().plan
    today = NOW.astimezone(job.shop.zone).date()
    found = shop_time.fetch([job.shop], today, today + timedelta(days=9), at=NOW)[job.shop.pk]
    start, end = NOW + timedelta(hours=5, minutes=7), NOW + timedelta(days=7)
    expected = []
    for of_day in availability.read_days(found, plan, at=NOW):
        slots = [slot for slot in of_day.slots if start <= slot.starts_at < end]
        expected += [max(slots, key=lambda slot: slot.discount_percent)] if slots else []
    assert Search(found, plan).best_of_days(start, end, NOW) == expected
    assert [slot.discount_percent for slot in expected][:3] == [0, 0, 20]
