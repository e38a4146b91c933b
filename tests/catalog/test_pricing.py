"""Quotations and the fair-price band, against the obvious way to compute them in Python."""

from math import ceil, floor
from statistics import quantiles

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog import pricing
from catalog.models import Offer, PriceChange
from catalog.pricing import FairPrice
from shops.models import City, Shop
from tests.factories.accounts import UserFactory
from tests.factories.catalog import ServiceFactory
from tests.factories.offers import OfferFactory
from tests.factories.shops import CityFactory, OnSiteShopFactory, ShopFactory
from tests.factories.vehicles import BatteryVariantFactory, CarModelFactory, MakeFactory, VariantFactory
from vehicles.models import Variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def lavida() -> Variant:
    return VariantFactory()


def quote_of(shop: Shop, variant: Variant, **service) -> int | None:
    found = pricing.quote(shop=shop, service=ServiceFactory(**service), variant=variant)
    return found.total_fen if found else None


def shops_charging(*totals: int, **fields) -> City:
    for total in totals:
        OfferFactory(shop=ShopFactory(**fields), labour_fen=total, parts_fen=0)
    return CityFactory()


# --- Quotations ---------------------------------------------------------------------------------


def test_quote_is_labour_and_parts_of_the_offer(lavida):
    offer = OfferFactory(labour_fen=68_50, parts_fen=200_00, parts_note="0W-20", minutes=50)
    quote = pricing.quote(shop=offer.shop, service=offer.service, variant=lavida)
    assert quote == pricing.Quote(offer, 68_50, 200_00, 50, "0W-20", is_per_piece=False)
    assert quote.total_fen == 268_50


def test_quote_takes_the_services_time_where_the_shop_names_none(lavida):
    offer = OfferFactory(minutes=None)
    assert pricing.quote(shop=offer.shop, service=offer.service, variant=lavida).minutes == 40


def test_narrowest_offer_wins_in_the_order_of_scopes(lavida):
    shop = ShopFactory()
    scopes = [
        {"scope": "all"},
        {"scope": "price_class", "price_class": "economy"},
        {"scope": "make", "make": lavida.model.make},
        {"scope": "model", "model": lavida.model},
        {"scope": "variant", "variant": lavida},
    ]
    for number, scope in enumerate(scopes, start=1):
        OfferFactory(shop=shop, labour_fen=number * 100, parts_fen=0, **scope)
        assert quote_of(shop, lavida) == number * 100
    for number in (5, 4, 3, 2):
        Offer.objects.filter(labour_fen=number * 100).update(is_active=False)
        assert quote_of(shop, lavida) == (number - 1) * 100


@pytest.mark.parametrize("scope", ["variant", "model", "make", "price_class"])
def test_offer_for_other_cars_does_not_count(lavida, scope):
    golf = VariantFactory(slug="other", model=CarModelFactory(key="other", make=MakeFactory(key="other")), code="x")
    other = {"variant": golf, "model": golf.model, "make": golf.model.make, "price_class": "luxury"}[scope]
    offer = OfferFactory(scope=scope, **{scope: other})
    assert quote_of(offer.shop, lavida) is None


def test_shop_of_other_makes_makes_no_quote(lavida):
    offer = OfferFactory()
    offer.shop.makes.add(MakeFactory(key="toyota"))
    assert quote_of(offer.shop, lavida) is None
    offer.shop.makes.add(lavida.model.make)
    assert quote_of(offer.shop, lavida) == 200_00


def test_on_site_team_quotes_only_what_can_be_done_on_site(lavida):
    shop = OnSiteShopFactory()
    at_home = OfferFactory(shop=shop)
    OfferFactory(shop=shop, service=ServiceFactory(key="wheel_alignment", can_be_on_site=False))
    assert quote_of(shop, lavida, key=at_home.service.key) == 200_00
    assert quote_of(shop, lavida, key="wheel_alignment") is None


def test_service_that_does_not_suit_the_car_has_neither_quote_nor_band():
    shops_charging(1, 2, 3, 4, 5)
    battery = BatteryVariantFactory()
    service = ServiceFactory()
    assert pricing.quotes(shop_ids=Shop.objects.values_list("pk", flat=True), service=service, variant=battery) == {}
    assert pricing.fair_price(service=service, variant=battery, city=CityFactory()) is None


def test_unlisted_service_has_no_quote(lavida):
    offer = OfferFactory(service__is_listed=False)
    assert quote_of(offer.shop, lavida, key=offer.service.key) is None


def test_many_quotes_take_one_query(lavida):
    for count in (1, 3):
        shops_charging(*range(100, 100 + count))
        ids = list(Shop.objects.values_list("pk", flat=True))
        service = ServiceFactory()
        with CaptureQueriesContext(connection) as queries:
            quotes = pricing.quotes(shop_ids=ids, service=service, variant=lavida)
            assert [quote.offer.shop_id for quote in quotes.values()] == sorted(ids)
        assert len(queries) == 1


def test_quotes_of_a_shop_take_one_query_and_name_only_what_it_does(lavida, django_assert_num_queries):
    offer = OfferFactory()
    services = [offer.service, ServiceFactory(key="car_wash")]
    with django_assert_num_queries(1):
        quotes = pricing.quotes_of_shop(shop=offer.shop, services=services, variant=lavida)
    assert list(quotes) == [offer.service_id]
    with django_assert_num_queries(0):
        assert pricing.quotes_of_shop(shop=offer.shop, services=[], variant=lavida) == {}


def test_lowest_price_of_each_service_on_whatever_car(lavida):
    offer = OfferFactory(labour_fen=300_00)
    OfferFactory(shop=offer.shop, scope="variant", variant=lavida, labour_fen=10_00, parts_fen=5_00)
    OfferFactory(shop=offer.shop, scope="price_class", price_class="mid", labour_fen=0, parts_fen=0, is_active=False)
    assert pricing.prices_from(shop=offer.shop) == {offer.service_id: 15_00}


# --- What is usual ------------------------------------------------------------------------------


def test_four_prices_make_no_band_and_five_do(lavida):
    city = shops_charging(100_00, 200_00, 300_00, 400_00)
    assert pricing.fair_price(service=ServiceFactory(), variant=lavida, city=city) is None
    shops_charging(500_00)
    assert pricing.fair_price(service=ServiceFactory(), variant=lavida, city=city) == FairPrice(200_00, 400_00, 5)


def test_band_is_widened_to_whole_yuan_so_that_a_price_in_it_is_fair(lavida):
    city = shops_charging(100_01, 200_01, 300_01, 400_01, 500_01)
    band = pricing.fair_price(service=ServiceFactory(), variant=lavida, city=city)
    assert band == FairPrice(200_00, 401_00, 5)
    assert pricing.mark(200_01, band) == pricing.mark(400_01, band) == "fair"


def test_band_counts_one_price_for_each_shop(lavida):
    city = shops_charging(*[100_00] * 5)
    for shop in Shop.objects.all():
        OfferFactory(shop=shop, scope="variant", variant=lavida, labour_fen=50_00, parts_fen=0)
    assert pricing.fair_price(service=ServiceFactory(), variant=lavida, city=city) == FairPrice(50_00, 50_00, 5)


def test_band_leaves_out_other_cities_and_unlisted_shops(lavida):
    city = shops_charging(*[100_00] * 4)
    shops_charging(100_00, is_listed=False)
    shops_charging(100_00, city=CityFactory(key="suzhou"))
    assert pricing.fair_price(service=ServiceFactory(), variant=lavida, city=city) is None


def test_bands_of_many_services_take_one_query(lavida, django_assert_num_queries):
    city = shops_charging(*[100_00] * 5)
    services = [ServiceFactory(), ServiceFactory(key="car_wash")]
    with django_assert_num_queries(1):
        bands = pricing.fair_prices(services=services, variant=lavida, city=city)
    assert bands == {services[0].pk: FairPrice(100_00, 100_00, 5)}


def test_bands_by_class_compare_only_offers_for_a_whole_class(lavida):
    city = shops_charging(*[100_00] * 5)
    for shop in Shop.objects.all():
        OfferFactory(shop=shop, scope="price_class", price_class="luxury", labour_fen=900_00, parts_fen=0)
        OfferFactory(shop=shop, scope="model", model=lavida.model, labour_fen=1, parts_fen=0)
    service = ServiceFactory()
    bands = pricing.fair_prices_by_class(services=[service], city=city)
    assert {price_class: band.low_fen for (_, price_class), band in bands.items()} == {
        "economy": 100_00,
        "mid": 100_00,
        "luxury": 900_00,
    }


@pytest.mark.parametrize(
    ("total", "expected"), [(199_99, "below"), (200_00, "fair"), (260_00, "fair"), (260_01, "above")]
)
def test_mark_at_the_edges_of_the_band(total, expected):
    assert pricing.mark(total, FairPrice(200_00, 260_00, 42)) == expected


def test_mark_without_a_band_says_nothing():
    assert pricing.mark(200_00, None) is None


def obvious_band(totals: list[int]) -> FairPrice | None:
    if len(totals) < 5:
        return None
    low, _, high = quantiles(totals, n=4, method="inclusive")
    return FairPrice(floor(low / 100) * 100, ceil(high / 100) * 100, len(totals))


def obvious_price(offers: list[dict], variant: Variant) -> int | None:
    """The narrowest of the offers that cover the car, looked up one scope after another."""
    mine = {
        "variant": variant.pk,
        "model": variant.model_id,
        "make": variant.model.make_id,
        "price_class": variant.model.price_class,
        "all": None,
    }
    for scope, value in mine.items():
        for offer in offers:
            if offer["scope"] == scope and offer["target"] == value:
                return offer["total"]
    return None


class BandProperty(TestCase):
    """Whatever shops charge for whatever cars, the band is the one that a person would compute by hand."""

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(
            st.lists(
                st.tuples(
                    st.sampled_from(["variant", "model", "make", "price_class", "all", "other_model", "other_class"]),
                    st.integers(0, 1_000_00),
                ),
                max_size=5,
                unique_by=lambda pair: pair[0],
            ),
            max_size=9,
        )
    )
    def test_band_agrees_with_the_obvious_computation(self, price_lists):
        variant, city, service = VariantFactory(), CityFactory(), ServiceFactory()
        other = CarModelFactory(key="other")
        targets = {
            "variant": ("variant", {"variant": variant}, variant.pk),
            "model": ("model", {"model": variant.model}, variant.model_id),
            "make": ("make", {"make": variant.model.make}, variant.model.make_id),
            "price_class": ("price_class", {"price_class": "economy"}, "economy"),
            "all": ("all", {}, None),
            "other_model": ("model", {"model": other}, other.pk),
            "other_class": ("price_class", {"price_class": "luxury"}, "luxury"),
        }
        totals = []
        for prices in price_lists:
            shop, listed = ShopFactory(), []
            for name, total in prices:
                scope, fields, target = targets[name]
                OfferFactory(shop=shop, service=service, scope=scope, labour_fen=total, parts_fen=0, **fields)
                listed.append({"scope": scope, "target": target, "total": total})
            if (price := obvious_price(listed, variant)) is not None:
                totals.append(price)
        assert pricing.fair_price(service=service, variant=variant, city=city) == obvious_band(totals)


# --- What it was --------------------------------------------------------------------------------


def test_every_price_is_kept_with_its_date_and_author():
    offer = OfferFactory()
    by = UserFactory()
    offer.labour_fen, offer.updated_by, offer.source = 80_00, by, "web"
    offer.save()
    offer.parts_note = "no price changed"
    offer.save()
    history = list(pricing.price_history(offer))
    assert [(row.labour_fen, row.changed_by) for row in history] == [(80_00, by), (60_00, None)]
    assert history[0].changed_at > history[1].changed_at


def test_history_cannot_be_changed():
    OfferFactory()
    with pytest.raises(IntegrityError, match="append-only"):
        PriceChange.objects.update(labour_fen=1)
