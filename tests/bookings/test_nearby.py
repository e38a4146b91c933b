"""Many spots are answered as each would be alone."""

from __future__ import annotations

import pytest

from bookings.engine import nearby, search
from bookings.engine.nearby import Spot
from bookings.engine.search import Point
from shops.choices import ShopKind
from tests.factories.jobs import lavida
from tests.factories.shops import CityFactory, OnSiteShopFactory, ShopFactory
from tests.factories.vehicles import MakeFactory

pytestmark = pytest.mark.django_db
XUHUI, PUDONG = Point(31.1735, 121.4436), Point(31.2222, 121.5444)


def test_many_spots_are_answered_like_one(django_assert_num_queries: object) -> None:
    city, other, variant = CityFactory(), CityFactory(key="hangzhou", latitude=30.27, longitude=120.15), lavida()
    for number in range(4):
        ShopFactory(latitude=31.17 + number / 50, longitude=121.44 + number / 40)
    ShopFactory(is_listed=False), OnSiteShopFactory(), ShopFactory(latitude=32.4), ShopFactory(city=other)
    ShopFactory(kind=ShopKind.DEALER).makes.add(variant.model.make)
    ShopFactory(kind=ShopKind.DEALER).makes.add(MakeFactory(key="another"))
    spots = [Spot(city.pk, point, variant.model.make_id) for point in (XUHUI, PUDONG)]
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = nearby.nearest_shops(spots, limit=4)
    for spot in spots:
        alone = search.nearest_shops(city, spot.point, variant, limit=4)
        assert found[spot] == [shop.pk for shop in alone]
    everything = nearby.nearest_shops(spots, limit=50)
    assert {len(shops) for shops in everything.values()} == {5}
