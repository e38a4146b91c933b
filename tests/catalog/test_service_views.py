"""The pages and the API of services."""

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from catalog.catalogue_loading import load_all
from catalog.intervals import for_car
from catalog.models import MakerSchedule, OverMaintenanceRule, Service
from tests.factories.catalog import (
    MakerScheduleFactory,
    OverMaintenanceRuleFactory,
    PriceGuideFactory,
    ServiceFactory,
)
from tests.factories.vehicles import BatteryVariantFactory, VariantFactory
from vehicles.models import Variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    """The text of a page in English."""
    client.cookies["django_language"] = "en"

    def get(name: str, *args: str, **query: str) -> str:
        response = client.get(reverse(f"catalog:{name}", args=args), query)
        assert response.status_code == 200
        return response.content.decode()

    return get


# --- Intervals ----------------------------------------------------------------------------------


def test_maker_schedule_wins_over_the_general_interval():
    variant, service = VariantFactory(), ServiceFactory(interval_km=10_000)
    MakerScheduleFactory(service=service, interval_km=15_000)
    interval = for_car([service], variant)[service.pk]
    assert (interval.km, interval.make) == (15_000, variant.model.make)


def test_most_specific_schedule_wins():
    variant, service = VariantFactory(), ServiceFactory()
    MakerScheduleFactory(service=service, variant=variant, interval_km=3_000)
    MakerScheduleFactory(service=service, powertrain="ice", interval_km=2_000)
    MakerScheduleFactory(service=service, interval_km=1_000)
    assert for_car([service], variant)[service.pk].km == 3_000
    MakerSchedule.objects.filter(variant=variant).delete()
    assert for_car([service], variant)[service.pk].km == 2_000
    MakerSchedule.objects.filter(powertrain="ice").update(powertrain="bev")
    assert for_car([service], variant)[service.pk].km == 1_000


def test_schedule_of_another_make_does_not_count():
    service = ServiceFactory(powertrains=["bev"], interval_km=10_000)
    MakerScheduleFactory(service=service, interval_km=15_000)
    assert for_car([service], BatteryVariantFactory())[service.pk].km == 10_000


def test_schedules_of_many_services_take_one_query(django_assert_num_queries):
    load_all()
    variant = Variant.objects.with_names().get(slug="volkswagen-lavida-1-4t")
    services = list(Service.objects.listed())
    with django_assert_num_queries(1):
        assert len(for_car(services, variant)) == len(services)


# --- Pages --------------------------------------------------------------------------------------


def test_list_without_a_car_shows_every_service(page):
    load_all()
    text = page("service_list")
    assert all(f'href="/services/{key}/"' in text for key in Service.objects.values_list("key", flat=True))


def test_list_for_a_battery_car_offers_no_oil_service_and_says_why(page):
    load_all()
    text = page("service_list", variant="tesla-model-3-bev")
    assert 'href="/services/minor_service/"' not in text
    assert "Not for Model 3 BEV" in text
    assert "A battery car has no engine" in text
    assert 'href="/services/ev_battery_check/"' in text


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_the_same_queries_however_many_services(client, django_assert_num_queries, count):
    VariantFactory()
    for number in range(count):
        ServiceFactory(key=f"service-{number}")
    with django_assert_num_queries(4):  # services, variant, schedules, city
        client.get(reverse("catalog:service_list"), {"variant": "volkswagen-lavida-1-4t"})


def test_every_service_page_opens_for_an_engine_and_for_a_battery(page):
    load_all()
    for key in Service.objects.values_list("key", flat=True):
        for slug in ("volkswagen-lavida-1-4t", "tesla-model-3-bev"):
            assert "When it is really due" in page("service_detail", key, variant=slug)


def test_service_page_names_the_makers_schedule_with_confidence_and_source(page):
    VariantFactory()
    MakerScheduleFactory(interval_km=15_000, source="手册第 12 页 | Handbook, page 12", confidence="sure")
    text = page("service_detail", "minor_service", variant="volkswagen-lavida-1-4t")
    assert "Volkswagen schedule" in text
    assert "Every 15,000 km or 12 months" in text
    assert "Well documented" in text
    assert "Handbook, page 12" in text
    assert "手册第 12 页" not in text


def test_service_page_labels_the_example_range_as_an_example(page):
    VariantFactory()
    PriceGuideFactory()
    text = page("service_detail", "minor_service", variant="volkswagen-lavida-1-4t")
    assert "¥200–400" in text
    assert "as an example only" in text


def test_service_page_shows_no_example_of_another_price_class(page):
    VariantFactory()
    PriceGuideFactory(price_class="luxury")
    text = page("service_detail", "minor_service", variant="volkswagen-lavida-1-4t")
    assert "¥200–400" not in text
    assert "No example known" in text


def test_service_page_warns_of_what_is_sold_along(page):
    rule = OverMaintenanceRuleFactory()
    rule.sold_with.set([ServiceFactory()])
    assert "Engine flush" in page("service_detail", "minor_service")


def test_service_page_of_a_car_without_the_part_offers_no_booking(page):
    ServiceFactory()
    BatteryVariantFactory()
    text = page("service_detail", "minor_service", variant="tesla-model-3-bev")
    assert "Not for Model 3 BEV" in text
    assert "Find a shop" not in text


@pytest.mark.parametrize("key", ["nothing", "a" * 5_000])
def test_missing_service_is_not_found(client, key):
    assert client.get(f"/services/{key}/").status_code == 404


def test_unlisted_service_is_not_found(client):
    ServiceFactory(is_listed=False)
    assert client.get("/services/minor_service/").status_code == 404


def test_not_needed_lists_every_rule(page):
    load_all()
    text = page("not_needed")
    assert text.count("<article") == OverMaintenanceRule.objects.count() >= 14


@pytest.mark.parametrize("variant", ["nothing", "a" * 100_000, "💥"])
def test_unknown_variant_counts_as_not_chosen(page, variant):
    ServiceFactory()
    assert "Choose your car" in page("service_list", variant=variant)


# --- API ----------------------------------------------------------------------------------------


@pytest.fixture
def api():
    return APIClient(headers={"accept-language": "en"})


def test_api_says_which_services_apply_to_a_car(api):
    load_all()
    answer = {row["key"]: row for row in api.get("/api/v1/services/", {"variant": "tesla-model-3-bev"}).json()}
    assert not answer["minor_service"]["applies"]
    assert "no engine" in answer["minor_service"]["reason_against"]
    assert answer["cabin_filter"]["interval"] == {
        **answer["cabin_filter"]["interval"],
        "km": None,
        "months": 12,
        "is_of_maker": True,
        "confidence": "sure",
    }


def test_api_service_has_examples_and_warnings(api):
    load_all()
    answer = api.get("/api/v1/services/minor_service/").json()
    assert {"price_class": "economy", "shop_kind": "chain", "low_fen": 20000, "high_fen": 40000}.items() <= next(
        row for row in answer["price_examples"] if (row["price_class"], row["shop_kind"]) == ("economy", "chain")
    ).items()
    assert "engine_flush" in [row["key"] for row in answer["often_sold_along"]]


@pytest.mark.parametrize("typed", ["换机油", "oil change", "机油"])
def test_api_finds_services_by_other_words(api, typed):
    load_all()
    assert "minor_service" in [row["key"] for row in api.get("/api/v1/services/", {"q": typed}).json()]


@pytest.mark.parametrize("query", [{"variant": "nothing"}, {"q": "a" * 100_000}])
def test_api_refuses_bad_input(api, query):
    assert api.get("/api/v1/services/", query).status_code == 400
