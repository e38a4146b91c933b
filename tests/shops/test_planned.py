"""Visits in the way, found by the room above."""

from datetime import time, timedelta
from functools import partial

import pytest

from shops import planned
from shops.actions import resources, week
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


def test_what_a_visit_needs_of_what_it_claims(booked):
    for kind, needed in (("bay", "lift"), ("technician", "maintenance")):
        claim = booked.allocations.get(resource__kind=kind)
        (found,) = planned.visits(booked.shop, start=NOW, resource=claim.resource)
        assert found.needs == {needed}
        assert found.spans == ((claim.during.lower, claim.during.upper),)
    (found,) = planned.visits(booked.shop, start=NOW)
    assert (found.needs, found.spans) == (frozenset(), ((booked.starts_at, booked.ends_at),))


def test_visits_on_a_resource_at_a_fixed_number_of_queries(manager, django_assert_num_queries):
    job = bookable_job()
    bay = Resource.objects.get(shop=job.shop, kind="bay")
    visit(job, starts_at=NOW + timedelta(days=1))
    with django_assert_num_queries(2):
        planned.visits(job.shop, start=NOW, resource=bay)
    visit(job, starts_at=NOW + timedelta(days=2))
    with django_assert_num_queries(2):
        assert len(planned.visits(job.shop, start=NOW, resource=bay)) == 2


def test_taking_the_lift_away_asks_about_a_real_visit(booked, manager):
    bay = Resource.objects.get(allocations__booking=booked, kind="bay")
    bay.capabilities = ["lift", "ev"]
    bay.save()
    save = partial(resources.save_bay, shop=booked.shop, by=manager, at=NOW, bay=bay)
    with pytest.raises(VisitsInTheWayError) as refusal:
        save(values={"capabilities": ["ev"]})
    assert [found.number for found in refusal.value.visits] == [booked.number]
    save(values={"capabilities": ["lift"]})
    save(values={"capabilities": []}, despite_visits=True)
    assert booked.allocations.filter(resource=bay).exists()


def test_shifts_past_a_real_visit_are_asked_about(booked, manager):
    person = Resource.objects.get(allocations__booking=booked, kind="technician")
    claim = booked.allocations.get(resource=person).during
    local = [moment.astimezone(booked.shop.zone) for moment in (claim.lower, claim.upper)]
    day, (start, end) = local[0].isoweekday(), (moment.time() for moment in local)
    shift = partial(week.save_shifts, person=person, by=manager, at=NOW)
    with pytest.raises(VisitsInTheWayError) as refusal:
        shift(shifts=[(day, time(7), (local[1] - timedelta(minutes=1)).time())])
    assert [found.number for found in refusal.value.visits] == [booked.number]
    assert shift(shifts=[(day, start, end)])
