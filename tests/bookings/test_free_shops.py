"""The nearest shops that are free in one window: as the engine says, in one query where rules are plain."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from psycopg2.extras import DateTimeTZRange
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from bookings.engine import availability, phases
from bookings.engine.free_shops import FreeShop, Question, free_shops
from bookings.engine.jobs import Job
from bookings.models import Allocation
from shops.models import Closure, OffPeak, OpeningHours, Shift
from tests.factories.jobs import NOW, bookable_job
from tests.factories.shops import CityFactory

pytestmark = pytest.mark.django_db

START = NOW + timedelta(hours=3)  # 13:00 in Shanghai
HOUR = timedelta(hours=1)


def ask(job: Job, start: datetime = START, end: datetime | None = None) -> list[FreeShop]:
    phases.bring_phases([job.service])
    shop = job.shop
    question = Question(job.service, job.variant, shop.city, shop.latitude, shop.longitude, start, end or start + HOUR)
    return free_shops(question, at=NOW)


def block(job: Job, kind: str) -> None:
    unit = job.shop.resources.get(kind=kind)
    Allocation.objects.create(resource=unit, kind="block", during=DateTimeTZRange(START + HOUR / 2, START + 2 * HOUR))


def test_a_free_shop_is_found_with_its_price() -> None:
    job = bookable_job()
    (found,) = ask(job)
    assert (found.slug, found.total_fen, found.distance_m) == (job.shop.slug, 26800, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda job: block(job, "bay"),
        lambda job: block(job, "technician"),
        lambda job: Closure.objects.create(shop=job.shop, first_date=START.date(), last_date=START.date()),
        lambda job: OpeningHours.objects.filter(shop=job.shop).update(opens_at="18:00"),
        lambda job: type(job.shop).objects.filter(pk=job.shop.pk).update(lead_time_minutes=600),
        lambda job: type(job.shop).objects.filter(pk=job.shop.pk).update(last_start_minutes=480),
        lambda job: Shift.objects.create(
            resource=job.shop.resources.get(kind="technician"), day=1, starts_at="08:00", ends_at="12:00"
        ),
        lambda job: type(job.shop).objects.filter(pk=job.shop.pk).update(is_listed=False),
        lambda job: job.shop.offers.update(is_active=False),
        lambda job: job.shop.offers.update(minutes=90),
        lambda job: job.shop.resources.filter(kind="bay").update(capabilities=["wash"]),
    ],
)
def test_a_shop_that_cannot_take_the_visit_is_left_out(change: Any) -> None:
    job = bookable_job()
    assert ask(job)
    change(job)
    assert ask(job) == []


def test_every_minute_of_a_day_is_answered_as_the_engine_does() -> None:
    plain, special = bookable_job(), bookable_job(write_up_minutes=0, setup_minutes=10, turnaround_minutes=15)
    for job in (plain, special):
        block(job, "bay")
    day = START.astimezone(plain.shop.zone).date()
    offered = {
        job.shop.slug: {
            slot.starts_at
            for slot in availability.day_slots(shop=job.shop, plan=job.quoted().plan, first=day, days=1, at=NOW)[
                0
            ].slots
        }
        for job in (plain, special)
    }
    for n in range(12 * 12):
        start = NOW + timedelta(minutes=5 * n)
        found = {shop.slug for shop in ask(plain, start, start + timedelta(minutes=40))}
        assert found == {slug for slug, starts in offered.items() if start in starts}, start


def test_the_price_has_the_discount_of_the_hour() -> None:
    job = bookable_job()
    OffPeak.objects.create(shop=job.shop, day=1, starts_at="12:00", ends_at="14:00", percent=25)
    assert [shop.total_fen for shop in ask(job)] == [26800 - 2100]


@pytest.mark.parametrize("shops", [1, 4])
def test_any_number_of_plain_shops_is_one_query(shops: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    jobs = [bookable_job() for _ in range(shops)]
    phases.bring_phases([jobs[0].service])
    CityFactory()
    with django_assert_num_queries(1):
        assert len(ask(jobs[0])) == shops


def test_the_window_of_the_api_is_checked() -> None:
    job = bookable_job()
    asked = {
        "service": job.service.key,
        "variant": job.variant.slug,
        "city": job.shop.city.key,
        "latitude": job.shop.latitude,
        "longitude": job.shop.longitude,
        "starts_at": START.isoformat(),
    }
    address = reverse("bookings_api:free_shops")
    answer = APIClient().get(address, {**asked, "ends_at": START.isoformat()})
    assert answer.status_code == 400
    assert "ends_at" in answer.json()["errors"]
    assert APIClient().get(address, {**asked, "ends_at": (START + HOUR).isoformat()}).status_code == 200
