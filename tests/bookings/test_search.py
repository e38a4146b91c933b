"""Which shops are found, in which order, with how many queries."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from bookings.engine import search
from bookings.engine.jobs import Job
from bookings.engine.search import Filters, Point, Results, Sort
from catalog.models import Offer
from shops.choices import Day, ShopKind
from shops.models import OpeningHours, Shop
from tests.factories.jobs import NOW, bookable_job, lavida, minor_service
from tests.factories.shops import CityFactory, open_shop

pytestmark = pytest.mark.django_db

HERE = Point(31.1881, 121.4365)
NORTH_KM = 1 / 111.2  # degrees of latitude in a kilometre


def job_at(km: float, *, price_yuan: int = 268, **fields: Any) -> Job:
    """A job `km` north of HERE."""
    job = bookable_job(latitude=HERE.latitude + km * NORTH_KM, longitude=HERE.longitude, **fields)
    Offer.objects.filter(shop=job.shop).update(labour_fen=price_yuan * 100 - 5000, parts_fen=5000)
    return job


def find(**changes: Any) -> Results:
    asked = {
        "service": minor_service(),
        "variant": lavida(),
        "city": CityFactory(),
        "origin": HERE,
        "filters": Filters(),
        "sort": Sort.BEST,
        "at": NOW,
        **changes,
    }
    return search.search(**asked)


def shops_in(results: Results) -> list[Shop]:
    return [row.shop for row in results.rows]


def test_search_gives_price_distance_and_the_next_three_slots() -> None:
    job = job_at(2)
    (row,) = find().rows
    assert row.shop == job.shop
    assert row.total_fen == 268_00
    assert row.distance_m == pytest.approx(2000, rel=0.01)
    assert len(row.slots) == 3
    assert row.slots[0].starts_at >= NOW + timedelta(minutes=job.shop.lead_time_minutes)


@pytest.mark.parametrize("count", [1, 3])
def test_search_asks_the_same_queries_for_any_number_of_shops(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(count):
        job_at(n + 1)
    service, variant, city = minor_service(), lavida(), CityFactory()
    assert variant.model.make
    wishes = {"origin": HERE, "filters": Filters(), "sort": Sort.BEST, "at": NOW}
    with django_assert_num_queries(4):  # shops with their prices, usual range, phases; time of all of them
        assert len(search.search(service=service, variant=variant, city=city, **wishes)) == count


def test_search_sorts_by_distance_price_and_earliest() -> None:
    near_dear = job_at(1, price_yuan=400, lead_time_minutes=300)
    far_cheap = job_at(9, price_yuan=200, lead_time_minutes=240)
    middle = job_at(4, price_yuan=300, lead_time_minutes=0)
    assert shops_in(find(sort=Sort.DISTANCE)) == [near_dear.shop, middle.shop, far_cheap.shop]
    assert shops_in(find(sort=Sort.PRICE)) == [far_cheap.shop, middle.shop, near_dear.shop]
    assert shops_in(find(sort=Sort.EARLIEST)) == [middle.shop, far_cheap.shop, near_dear.shop]


def test_best_match_counts_the_way_against_the_price() -> None:
    near = job_at(1, price_yuan=268)
    far_a_little_cheaper = job_at(11, price_yuan=250)  # 18 yuan cheaper, 50 yuan further
    assert shops_in(find(sort=Sort.BEST)) == [near.shop, far_a_little_cheaper.shop]


def test_best_match_gives_a_teaser_price_no_advantage_over_the_bottom_of_the_range() -> None:
    for _ in range(5):
        job_at(1, price_yuan=300)
    teaser = job_at(3, price_yuan=50)
    results = find(sort=Sort.BEST)
    assert results.band
    assert results.band.low_fen > 50_00
    assert shops_in(results)[-1] == teaser.shop  # 10 yuan further away, and 50 counts as the band's 300


def test_search_finds_an_on_site_team_only_inside_its_radius() -> None:
    job = job_at(8, kind=ShopKind.ON_SITE, service_radius_km=10)
    job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    assert shops_in(find()) == [job.shop]
    Shop.objects.filter(pk=job.shop.pk).update(service_radius_km=7)
    assert shops_in(find()) == []


def test_search_leaves_out_shops_that_do_not_do_it_or_are_unlisted_or_far_away() -> None:
    job_at(1).shop.offers.update(is_active=False)
    job_at(1, is_listed=False)
    job_at(100)
    open_shop(latitude=HERE.latitude, longitude=HERE.longitude)
    assert shops_in(find()) == []


def test_search_filters_by_kind_evenings_make_and_pick_up() -> None:
    day_only = job_at(1, kind=ShopKind.INDEPENDENT, amenities=["pickup"])
    OpeningHours.objects.filter(shop=day_only.shop).update(closes_at=time(18))
    dealer = job_at(2, kind=ShopKind.DEALER)
    dealer.shop.makes.add(lavida().model.make)
    chain = job_at(3, kind=ShopKind.CHAIN)
    OpeningHours.objects.filter(shop=chain.shop, day__lte=Day.FRIDAY).update(closes_at=time(17))
    assert shops_in(find(filters=Filters(kind=ShopKind.CHAIN))) == [chain.shop]
    assert shops_in(find(filters=Filters(evenings=True))) == [dealer.shop]
    assert shops_in(find(filters=Filters(authorised=True))) == [dealer.shop]
    assert shops_in(find(filters=Filters(pickup=True))) == [day_only.shop]


def test_a_shop_without_a_slot_in_sight_comes_last_by_price() -> None:
    full = job_at(1, price_yuan=100)
    full.shop.resources.filter(kind="technician").update(is_active=False)
    dearer = job_at(5, price_yuan=300)
    assert shops_in(find(sort=Sort.PRICE)) == [dearer.shop, full.shop]


def test_search_stops_at_the_limit_with_the_nearest() -> None:
    shops = [job_at(km).shop for km in (3, 1, 2)]
    assert shops_in(find(sort=Sort.DISTANCE, limit=2)) == [shops[1], shops[2]]


def test_the_nearest_shops_come_from_the_index() -> None:
    """With many shops the plan walks the GiST index and asks each shop for its offer; it does not sort the city."""
    city, service, variant = CityFactory(), minor_service(), lavida()
    many = [
        Shop(slug=f"s{n}", kind="chain", city=city, latitude=31 + n / 4000, longitude=121.4 + n % 97 / 500)
        for n in range(2000)
    ]
    shops = Shop.objects.bulk_create(many)
    Offer.objects.bulk_create(
        Offer(shop=shop, service=service, scope="all", labour_fen=10000, parts_fen=0) for shop in shops
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE shops_shop, shops_shop_makes, catalog_offer")
    offers = Offer.objects.active().fitting(variant).filter(service=service, shop=search.OuterRef("pk"))
    near = search._matching(search._near(city, HERE), service, Filters(), variant)
    plan = search._offering(near, offers)[: search.LIMIT].explain()
    assert "Index Scan using shop_nearest" in plan


def test_search_without_a_car_names_the_lowest_price() -> None:
    job = job_at(2, price_yuan=300)
    Offer.objects.create(
        shop=job.shop, service=job.service, scope="price_class", price_class="mid", labour_fen=20000, parts_fen=0
    )
    (row,) = search.search_without_car(service=job.service, city=CityFactory(), origin=HERE, at=NOW, limit=5).rows
    assert row.quote is None
    assert row.total_fen == 200_00
    assert len(row.slots) == 3
