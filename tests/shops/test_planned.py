"""Visits in the way, found by the room above."""

from datetime import timedelta

import pytest

from shops import planned
from shops.actions import resources
from shops.actions import settings as actions
from shops.actions.asking import VisitsInTheWayError
from shops.models import Resource
from tests.factories.board import visit
from tests.factories.jobs import NOW, bookable_job
from vehicles import plates

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked():
    """A visit booked for the day after tomorrow."""
    job = bookable_job()
    return visit(job, starts_at=NOW + timedelta(days=2))


def test_visits_of_the_days_and_of_no_other(booked):
    shop, start = booked.shop, NOW + timedelta(days=1)
    assert [found.number for found in planned.visits(shop, start=start)] == [booked.number]
    assert planned.visits(shop, start=start, end=booked.starts_at) == []
    assert planned.visits(shop, start=booked.starts_at + timedelta(hours=1)) == []
    assert planned.visits(bookable_job().shop, start=start) == []


@pytest.mark.parametrize("status", ["cancelled", "no_show", "completed"])
def test_visits_that_are_over_are_in_nobodys_way(status):
    over = visit(bookable_job(), starts_at=NOW, status=status)
    assert planned.visits(over.shop, start=NOW - timedelta(days=1)) == []


def test_visit_under_way_counts_until_its_end():
    car_on_the_lift = visit(bookable_job(), starts_at=NOW, status="in_service")
    found = planned.visits(car_on_the_lift.shop, start=NOW + timedelta(minutes=10))
    assert [row.number for row in found] == [car_on_the_lift.number]


def test_closing_over_a_real_visit_is_asked_about(booked, manager):
    day = booked.local_start.date()
    with pytest.raises(VisitsInTheWayError) as refusal:
        actions.add_closure(shop=booked.shop, by=manager, at=NOW, first_date=day, last_date=day)
    (found,) = refusal.value.visits
    assert plates.display(booked.plate) in found.title
    assert found.url == f"/shop/{booked.shop.slug}/visits/{booked.public_id}/"
    actions.add_closure(shop=booked.shop, by=manager, at=NOW, first_date=day, last_date=day, despite_visits=True)
    before = booked.starts_at
    booked.refresh_from_db()
    assert (booked.status, booked.starts_at) == ("confirmed", before)


def test_retiring_asks_only_about_the_resource_that_is_claimed(booked, manager):
    claimed = Resource.objects.filter(allocations__booking=booked, kind="bay").get()
    with pytest.raises(VisitsInTheWayError):
        resources.retire(resource=claimed, by=manager, at=NOW)
    other = Resource.objects.create(shop=booked.shop, kind="bay", name_zh="2 号", name_en="Bay 2")
    resources.retire(resource=other, by=manager, at=NOW)
    assert not other.is_active
