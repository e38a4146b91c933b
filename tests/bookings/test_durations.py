"""Learned durations: which visits teach, what is kept, when it is learned."""

from datetime import timedelta

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from bookings import tasks
from bookings.choices import Status
from bookings.engine import durations
from bookings.models import LearnedDuration
from catalog.models import Offer
from catalog.pricing import standard_times
from core import outbox
from tests.factories.jobs import NOW, lavida, minor_service
from tests.factories.shops import ShopFactory
from tests.factories.vehicles import VariantFactory
from tests.factories.visits import completed_visit, visit
from vehicles.models import CarModel

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def learned(shop) -> dict[tuple[str, str], tuple[int, int, int]]:
    """What is known by (service key, price class): minutes, median and visits."""
    rows = LearnedDuration.objects.filter(shop=shop).select_related("service")
    return {(r.service.key, r.price_class): (r.minutes, r.actual_minutes, r.visits) for r in rows}


def luxury():
    model = CarModel.objects.create(
        make=lavida().model.make, key="phideon", name_zh="辉昂", name_en="Phideon", price_class="luxury"
    )
    return VariantFactory(model=model, slug="phideon", powertrain="ice")


# --- Which visits teach -------------------------------------------------------------------------------


def test_one_visit_moves_the_standard_by_a_sixth():
    shop = ShopFactory()
    completed_visit(shop, 70)
    assert durations.learn(shop_id=shop.pk, at=NOW) == 1
    assert learned(shop) == {("minor_service", "economy"): (45, 70, 1)}


def test_shop_without_visits_learns_nothing():
    shop = ShopFactory()
    assert durations.learn(shop_id=shop.pk, at=NOW) == 0
    assert learned(shop) == {}


def test_forgotten_buttons_do_not_count():
    shop = ShopFactory()
    for minutes in (60, 60, 60, 60, 60, 3, 900):
        completed_visit(shop, minutes)
    durations.learn(shop_id=shop.pk, at=NOW)
    assert learned(shop) == {("minor_service", "economy"): (50, 60, 5)}


def test_shop_service_and_class_are_told_apart():
    shop, other = ShopFactory(), ShopFactory()
    filters = minor_service(key="cabin_filter", standard_minutes=10)
    completed_visit(shop, 70)
    completed_visit(shop, 70, variant=luxury())
    completed_visit(shop, 25, services=(filters,))
    completed_visit(other, 25)
    durations.learn(shop_id=shop.pk, at=NOW)
    assert learned(shop) == {
        ("minor_service", "economy"): (45, 70, 1),
        ("minor_service", "luxury"): (45, 70, 1),
        ("cabin_filter", "economy"): (15, 25, 1),
    }
    assert learned(other) == {}


def test_visits_that_teach_nothing():
    shop = ShopFactory()
    completed_visit(shop, 70, services=(minor_service(), minor_service(key="brake_fluid")))
    completed_visit(shop, 70, starts_at=NOW - 366 * DAY)
    completed_visit(shop, 70, ready_at=None)
    completed_visit(shop, 70, started_at=None)
    completed_visit(shop, 70, ready_at=NOW)
    visit(shop, status=Status.READY, started_at=NOW, ready_at=NOW + timedelta(minutes=70))
    assert durations.learn(shop_id=shop.pk, at=NOW) == 0


def test_only_the_newest_fifty_visits_count():
    shop = ShopFactory()
    for n in range(60):
        completed_visit(shop, 20 if n < 25 else 60, starts_at=NOW - n * DAY)
    durations.learn(shop_id=shop.pk, at=NOW)
    # 25 quick ones and 25 slow ones. With all sixty, or the oldest fifty, the median would be 60.
    assert learned(shop) == {("minor_service", "economy"): (40, 40, 50)}


# --- The standard -------------------------------------------------------------------------------------


def test_the_shops_own_time_is_the_standard():
    shop = ShopFactory()
    Offer.objects.create(shop=shop, service=minor_service(), scope="all", labour_fen=1, parts_fen=1, minutes=80)
    completed_visit(shop, 30)
    durations.learn(shop_id=shop.pk, at=NOW)
    row = LearnedDuration.objects.get()
    assert (row.standard_minutes, row.minutes, row.learned_at) == (80, 70, NOW)


def test_standard_time_is_of_the_offer_that_binds():
    shop, service = ShopFactory(), minor_service()
    economy, mid, luxurious = ((shop.pk, service.pk, kind) for kind in ("economy", "mid", "luxury"))
    prices = {"shop": shop, "service": service, "labour_fen": 1, "parts_fen": 1}
    assert standard_times([economy]) == {economy: 40}
    wide = Offer.objects.create(scope="all", minutes=50, **prices)
    Offer.objects.create(scope="price_class", price_class="luxury", minutes=90, **prices)
    Offer.objects.create(scope="price_class", price_class="mid", minutes=None, **prices)
    Offer.objects.create(scope="variant", variant=lavida(), minutes=20, **prices)
    assert standard_times([economy, mid, luxurious]) == {economy: 50, mid: 40, luxurious: 90}
    Offer.objects.filter(pk=wide.pk).update(is_active=False)
    assert standard_times([economy]) == {economy: 40}


# --- When it is learned -------------------------------------------------------------------------------


def test_learning_again_changes_nothing_and_follows_what_is_new():
    shop = ShopFactory()
    completed_visit(shop, 70)
    for _ in range(2):
        assert durations.learn(shop_id=shop.pk, at=NOW) == 1
    completed_visit(shop, 70)
    durations.learn(shop_id=shop.pk, at=NOW + DAY)
    assert learned(shop) == {("minor_service", "economy"): (50, 70, 2)}
    assert LearnedDuration.objects.get().learned_at == NOW + DAY


def test_what_no_visit_bears_out_any_more_is_forgotten():
    shop = ShopFactory()
    completed_visit(shop, 70)
    durations.learn(shop_id=shop.pk, at=NOW)
    assert durations.learn(shop_id=shop.pk, at=NOW + 366 * DAY) == 0
    assert learned(shop) == {}


def test_learning_one_service_and_class_leaves_the_others_alone():
    shop = ShopFactory()
    brake_fluid = minor_service(key="brake_fluid")
    for fields in ({}, {"variant": luxury()}, {"services": (brake_fluid,)}):
        completed_visit(shop, 70, **fields)
    durations.learn(shop_id=shop.pk, at=NOW, service_id=minor_service().pk, price_class="economy")
    assert set(learned(shop)) == {("minor_service", "economy")}
    durations.learn(shop_id=shop.pk, at=NOW)
    durations.learn(shop_id=shop.pk, at=NOW, service_id=minor_service().pk, price_class="economy")
    assert len(learned(shop)) == 3


@pytest.mark.parametrize("count", [1, 12])
def test_learning_takes_the_same_queries_for_any_number_of_visits(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
):
    shop = ShopFactory()
    for n in range(count):
        completed_visit(shop, 70, starts_at=NOW - n * DAY)
        completed_visit(shop, 50, starts_at=NOW - n * DAY, services=(minor_service(key=f"service_{n}"),))
    with django_assert_num_queries(7):  # two for the savepoint; times, catalogue, offers, known, written
        durations.learn(shop_id=shop.pk, at=NOW)


def test_the_end_of_a_visit_teaches():
    shop = ShopFactory()
    booking = completed_visit(shop, 70)
    event = outbox.emit(topic="booking.completed", key=booking.public_id, at=NOW)
    assert outbox.handle(event_id=event.pk, at=NOW)
    assert learned(shop) == {("minor_service", "economy"): (45, 70, 1)}
    assert LearnedDuration.objects.get().learned_at == booking.completed_at


def test_the_end_of_a_visit_that_is_gone_teaches_nothing():
    event = outbox.emit(topic="booking.completed", key="0" * 16, at=NOW)
    assert outbox.handle(event_id=event.pk, at=NOW)
    assert not LearnedDuration.objects.exists()


def test_the_nightly_sweep_learns_everywhere_and_forgets(monkeypatch):
    monkeypatch.setattr(durations, "_SHOPS_AT_A_TIME", 2)
    shops = ShopFactory.create_batch(3)
    gone = ShopFactory()
    for shop in shops:
        completed_visit(shop, 70)
    LearnedDuration.objects.create(
        shop=gone,
        service=minor_service(),
        price_class="mid",
        visits=1,
        actual_minutes=50,
        standard_minutes=40,
        minutes=45,
        learned_at=NOW,
    )
    with time_machine.travel(NOW + DAY, tick=False):
        assert tasks.learn_durations() == 3
    assert [learned(shop) for shop in (*shops, gone)] == [{("minor_service", "economy"): (45, 70, 1)}] * 3 + [{}]


def test_expected_answers_many_shops_and_services_in_one_query(django_assert_num_queries: DjangoAssertNumQueries):
    shops = ShopFactory.create_batch(2)
    service, other = minor_service(), minor_service(key="brake_fluid")
    for shop in shops:
        completed_visit(shop, 70)
        completed_visit(
            shop, 70, variant=VariantFactory.create(model=lavida().model, slug=f"v{shop.pk}", code=f"{shop.pk}")
        )
        durations.learn(shop_id=shop.pk, at=NOW)
    ids = {"shop_ids": [shop.pk for shop in shops], "service_ids": [service.pk, other.pk]}
    with django_assert_num_queries(1):
        assert durations.expected(**ids, price_class="economy") == {(shop.pk, service.pk): 50 for shop in shops}
    assert durations.expected(**ids, price_class="luxury") == {}
    assert durations.expected(shop_ids=[], service_ids=[], price_class="economy") == {}
