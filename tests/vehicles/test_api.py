"""The catalogue of cars, VINs and the garage through the API."""

import pytest
from rest_framework.test import APIClient

from tests.factories.accounts import UserFactory
from tests.factories.vehicles import BatteryVariantFactory, CarFactory, VariantFactory, WmiFactory
from vehicles.models import Car
from vehicles.vin import check_digit

pytestmark = pytest.mark.django_db
ROOT = "/api/v1"


def good_vin(text: str) -> str:
    return text[:8] + check_digit(text) + text[9:]


@pytest.fixture
def owner():
    return UserFactory()


@pytest.fixture
def api():
    return APIClient(headers={"accept-language": "en"})


@pytest.fixture
def own_api(owner):
    client = APIClient(headers={"accept-language": "en"})
    client.force_authenticate(owner)
    return client


def test_makes_and_models(api):
    VariantFactory()
    make = api.get(f"{ROOT}/makes/").json()["results"][0]
    assert (make["key"], make["name"], make["names"]) == (
        "volkswagen",
        "Volkswagen",
        {"zh": "大众", "en": "Volkswagen"},
    )
    model = api.get(f"{ROOT}/makes/volkswagen/models/").json()["results"][0]
    assert (model["key"], model["price_class"]) == ("lavida", "economy")
    assert api.get(f"{ROOT}/makes/nothing/models/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_variants_take_the_same_queries_however_many(api, django_assert_num_queries, count):
    for number in range(count):
        VariantFactory(slug=f"v-{number}", code=f"{number}.0T")
    with django_assert_num_queries(2):
        answer = api.get(f"{ROOT}/variants/", {"make": "volkswagen", "model": "lavida"}).json()
    assert answer["count"] == count


def test_variants_as_typed(api):
    VariantFactory()
    BatteryVariantFactory()
    for typed in ("朗逸 1.4T", "lavidda"):
        slugs = [row["slug"] for row in api.get(f"{ROOT}/variants/", {"q": typed}).json()["results"]]
        assert slugs == ["volkswagen-lavida-1-4t"]


@pytest.mark.parametrize("query", [{"q": "a" * 100_000}, {"make": "a b"}, {"page": "x"}])
def test_variants_with_bad_input_are_refused(api, query):
    assert api.get(f"{ROOT}/variants/", query).status_code in (400, 404)


def test_variant_says_what_is_not_known(api):
    BatteryVariantFactory()
    answer = api.get(f"{ROOT}/variants/tesla-model-3-bev/").json()
    assert (answer["oil_l"], answer["oil_confidence"], answer["powertrain"]) == (None, "", "bev")
    assert api.get(f"{ROOT}/variants/nothing/").status_code == 404


def test_vin_is_decoded(api):
    WmiFactory(code="LSV")
    answer = api.get(f"{ROOT}/vin/{good_vin('LSVAM4180M2184847').lower()}/").json()
    assert answer["maker"] == "SAIC Volkswagen"
    assert [make["key"] for make in answer["makes"]] == ["volkswagen"]
    assert answer["model_years"] == [2021, 1991]


@pytest.mark.parametrize("number", ["LSV", "a" * 10_000, "LSVAM4180I2184847", "%F0%9F%92%A9" * 17])
def test_wrong_vin_is_a_problem_that_names_the_field(api, number):
    answer = api.get(f"{ROOT}/vin/{number}/")
    assert answer.status_code == 400
    assert answer["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_vin"
    assert "vin" in answer.json()["errors"]


def test_garage_needs_a_sign_in(api):
    assert api.get(f"{ROOT}/cars/").status_code in (401, 403)
    assert api.post(f"{ROOT}/cars/", {}, format="json").status_code in (401, 403)


def test_car_is_added_changed_and_removed(own_api, owner):
    VariantFactory()
    body = {"variant": "volkswagen-lavida-1-4t", "plate": "沪a·d8k21", "odometer_km": 58_240}
    answer = own_api.post(f"{ROOT}/cars/", body, format="json")
    assert answer.status_code == 201
    car = answer.json()
    assert (car["plate"], car["plate_display"], car["odometer_km"]) == ("沪AD8K21", "沪A·D8K21", 58_240)
    answer = own_api.patch(f"{ROOT}/cars/{car['id']}/", {"model_year": 2021}, format="json").json()
    assert (answer["model_year"], answer["plate"]) == (2021, "沪AD8K21")
    assert own_api.delete(f"{ROOT}/cars/{car['id']}/").status_code == 204
    assert own_api.get(f"{ROOT}/cars/{car['id']}/").status_code == 404
    assert Car.objects.get(owner=owner).removed_at is not None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"variant": "nothing"}, "variant"),
        ({"variant": ["volkswagen-lavida-1-4t"]}, "variant"),
        ({"plate": "沪AI8K21"}, "plate"),
        ({"plate": "\x00"}, "plate"),
        ({"plate": "a" * 100_000}, "plate"),
        ({"plate": {"a": 1}}, "plate"),
        ({"vin": "LSV"}, "vin"),
        ({"model_year": "soon"}, "model_year"),
        ({"model_year": 1900}, "model_year"),
        ({"odometer_km": -1}, "odometer_km"),
        ({"odometer_km": 10**30}, "odometer_km"),
    ],
)
def test_faulty_car_is_a_problem_that_names_the_field(own_api, body, field):
    VariantFactory()
    answer = own_api.post(f"{ROOT}/cars/", {"variant": "volkswagen-lavida-1-4t", **body}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Car.objects.exists()


@pytest.mark.parametrize("body", [[], "car", 1, None])
def test_car_of_the_wrong_type_is_refused(own_api, body):
    assert own_api.post(f"{ROOT}/cars/", body, format="json").status_code == 400


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_car_of_somebody_else_looks_like_a_missing_one(own_api, method):
    assert getattr(own_api, method)(f"{ROOT}/cars/{CarFactory().public_id}/").status_code == 404


def test_reading_is_entered_and_cannot_go_down(own_api, owner):
    car = CarFactory(owner=owner)
    path = f"{ROOT}/cars/{car.public_id}/odometer/"
    assert own_api.post(path, {"odometer_km": 58_240}, format="json").status_code == 201
    answer = own_api.post(path, {"odometer_km": 5_824}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "odometer_decreased")
    answer = own_api.post(path, {"odometer_km": 5_824, "is_correction": True}, format="json")
    assert answer.status_code == 201
    car.refresh_from_db()
    assert car.odometer_km == 5_824


def test_reading_of_somebody_elses_car_is_not_found(own_api):
    path = f"{ROOT}/cars/{CarFactory().public_id}/odometer/"
    assert own_api.post(path, {"odometer_km": 1}, format="json").status_code == 404
