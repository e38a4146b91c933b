"""What to offer instead of a start that cannot be had: every one of them can."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from bookings import actions
from bookings.choices import Handover
from bookings.engine import alternatives
from bookings.engine.alternatives import Alternatives
from bookings.engine.jobs import Job
from catalog.models import Offer
from shops.models import OffPeak
from tests.bookings.test_availability import local, taken
from tests.factories.jobs import NOW, bookable_job, browser, minor_service
from tests.factories.shops import BayFactory, TechnicianResourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    """A shop whose only bay with a lift is taken from 13 to 15."""
    job = bookable_job(slot_step_minutes=60, lead_time_minutes=0, latitude=31.17, longitude=121.44)
    taken(job.shop.resources.get(kind="bay"), local(13), local(15))
    return job


def asked(job: Job, hour: int = 13) -> Alternatives:
    return alternatives.alternatives(job=job, wanted=local(hour), at=NOW)


def elsewhere(job: Job, km: float, **fields: object) -> Job:
    return bookable_job(
        slot_step_minutes=60, lead_time_minutes=0, latitude=31.17 + km / 111.2, longitude=121.44, **fields
    )


def test_the_nearest_times_at_the_shop_come_first(job: Job) -> None:
    assert [slot.starts_at for slot in asked(job).times] == [local(10), local(11), local(12), local(15)]


def test_another_shop_at_about_the_time_with_its_price_and_the_way(job: Job) -> None:
    far, near = elsewhere(job, 6), elsewhere(job, 2)
    Offer.objects.filter(shop=near.shop).update(labour_fen=10_000)
    OffPeak.objects.create(shop=near.shop, day=1, starts_at=time(11), ends_at=time(15), percent=10)
    found = asked(job).shops
    assert [row.shop for row in found] == [near.shop, far.shop]
    assert [row.total_fen for row in found] == [10_000 - 1_000 + 18_400, 26_800]
    assert found[0].distance_m == pytest.approx(2_000, rel=0.02)
    assert all(abs(row.slot.starts_at - local(13)) <= alternatives.ABOUT for row in found)


def test_a_shop_that_is_full_at_about_the_time_is_not_offered(job: Job) -> None:
    other = elsewhere(job, 2)
    taken(other.shop.resources.get(kind="bay"), local(10), local(15, 5))
    assert asked(job).shops == []


def test_a_shop_without_all_of_the_services_is_not_offered(job: Job) -> None:
    more = minor_service(key="more", name_en="More")
    job.shop.offers.create(service=more, scope="all", labour_fen=100, parts_fen=0)
    other = elsewhere(job, 2)
    assert asked(replace(job, also=(more,))).shops == []
    other.shop.offers.create(service=more, scope="all", labour_fen=100, parts_fen=0)
    assert [row.shop for row in asked(replace(job, also=(more,))).shops] == [other.shop]


@pytest.mark.parametrize("shops", [1, 8])
def test_three_shops_at_most_and_no_more_queries_for_more(job: Job, shops: int, django_assert_max_num_queries) -> None:
    for n in range(shops):
        elsewhere(job, 1 + n)
    with django_assert_max_num_queries(14):
        found = asked(job)
    assert len(found.shops) == min(shops, alternatives.MAX_SHOPS)


def test_without_its_bottleneck_the_visit_fits_at_the_wanted_time(job: Job) -> None:
    tyres = minor_service(key="tyres", name_en="Tyres", bay="tyre", skill="tyre", standard_minutes=30)
    job.shop.offers.create(service=tyres, scope="all", labour_fen=100, parts_fen=0)
    BayFactory(shop=job.shop, capabilities=["tyre"])
    TechnicianResourceFactory(shop=job.shop, capabilities=["tyre"])
    both = replace(job, also=(tyres,))
    ((left_out, slot),) = asked(both).without
    assert left_out == job.service
    assert (slot.starts_at, slot.ends_at) == (local(13), local(13, 30))
    held = actions.hold(job=replace(job, service=tyres), starts_at=slot.starts_at, holder=browser(), at=NOW)
    assert held.ends_at == slot.ends_at


def test_a_single_service_cannot_be_left_out(job: Job) -> None:
    assert asked(job).without == []


def test_everything_that_is_offered_can_be_held(job: Job) -> None:
    elsewhere(job, 2)
    elsewhere(job, 3)
    found = asked(job)
    for n, slot in enumerate(found.times):
        held = actions.hold(job=job, starts_at=slot.starts_at, holder=browser(f"{n}"), at=NOW)
        assert held.ends_at == slot.ends_at
    for row in found.shops:
        start = row.slot.starts_at
        held = actions.hold(job=replace(job, shop=row.shop), starts_at=start, holder=browser(), at=NOW)
        assert held.total_fen == row.total_fen


def test_who_is_fetched_or_lent_a_car_is_not_sent_elsewhere(job: Job) -> None:
    elsewhere(job, 2)
    BayFactory(shop=job.shop, kind="loaner", capabilities=[])
    assert asked(replace(job, with_loaner=True)).shops == []
    assert asked(replace(job, handover=Handover.DROP_OFF)).shops != []


def test_nothing_is_offered_elsewhere_for_a_time_that_has_passed(job: Job) -> None:
    elsewhere(job, 2)
    gone = alternatives.alternatives(job=job, wanted=NOW - timedelta(hours=1), at=NOW)
    assert gone.shops == []
    assert all(slot.starts_at >= NOW for slot in gone.times)
    assert gone
