"""Finding a car and the garage, through HTTP."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import UserFactory
from tests.factories.vehicles import BatteryVariantFactory, CarFactory, VariantFactory, WmiFactory
from vehicles.models import Car
from vehicles.vin import check_digit

pytestmark = pytest.mark.django_db


def good_vin(text: str) -> str:
    return text[:8] + check_digit(text) + text[9:]


@pytest.fixture
def owner():
    return UserFactory()


@pytest.fixture
def signed_in(client, owner):
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def visitor(client):
    client.cookies["django_language"] = "en"
    return client


def url(name: str, car: Car) -> str:
    return reverse(f"vehicles:{name}", args=[car.public_id])


# --- Finding ------------------------------------------------------------------------------------


def test_finder_goes_from_make_to_model_to_variant(visitor):
    VariantFactory()
    page = visitor.get(reverse("vehicles:find"))
    assert "?make=volkswagen" in page.content.decode()
    page = visitor.get(reverse("vehicles:find"), {"make": "volkswagen"})
    assert "model=lavida" in page.content.decode()
    page = visitor.get(reverse("vehicles:find"), {"make": "volkswagen", "model": "lavida"})
    assert 'value="volkswagen-lavida-1-4t"' in page.content.decode()


@pytest.mark.parametrize("typed", ["朗逸 1.4T", "lavida", "lavidda"])
def test_finder_by_typing(visitor, typed):
    VariantFactory()
    page = visitor.get(reverse("vehicles:find"), {"q": typed})
    assert 'value="volkswagen-lavida-1-4t"' in page.content.decode()


def test_finder_without_a_hit_says_what_to_do(visitor):
    VariantFactory()
    assert "No car of that name" in visitor.get(reverse("vehicles:find"), {"q": "zzzz"}).content.decode()


def test_finder_by_vin_names_builder_years_and_models(visitor):
    VariantFactory()
    WmiFactory(code="LSV")
    page = visitor.get(reverse("vehicles:find"), {"vin": good_vin("LSVAM4180M2184847")}).content.decode()
    assert "Built by SAIC Volkswagen" in page
    assert "2021" in page
    assert "model=lavida" in page


def test_finder_by_a_wrong_vin_says_what_is_wrong_and_keeps_it(visitor):
    page = visitor.get(reverse("vehicles:find"), {"vin": "LSVAM41"}).content.decode()
    assert "This one has 7" in page
    assert "autofocus" in page.split('name="vin"')[1].split(">")[0] + page.split('name="vin"')[0].rsplit("<", 1)[1]
    assert 'value="LSVAM41"' in page


@pytest.mark.parametrize(
    "query",
    [{"q": "a" * 100_000}, {"vin": "a" * 100_000}, {"make": "a" * 100_000}, {"make": "../", "model": "💥"}, {"q": ""}],
)
def test_finder_survives_bad_input(visitor, query):
    VariantFactory()
    assert visitor.get(reverse("vehicles:find"), query).status_code == 200


def test_finder_refuses_nul(visitor):
    assert visitor.get(reverse("vehicles:find") + "?q=%00").status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_finder_takes_the_same_queries_however_many_variants(visitor, django_assert_num_queries, count):
    for number in range(count):
        VariantFactory(slug=f"v-{number}", code=f"{number}.0T")
    with django_assert_num_queries(3):  # makes, whether anything matches, the matches
        visitor.get(reverse("vehicles:find"), {"q": "lavida"})


def test_chosen_variant_is_remembered_and_leads_on(visitor):
    VariantFactory()
    response = visitor.post(reverse("vehicles:choose"), {"variant": "volkswagen-lavida-1-4t", "next": "/services/?a=1"})
    assert (response.status_code, response.url) == (302, "/services/?a=1")
    assert visitor.session["variant"] == "volkswagen-lavida-1-4t"
    assert "Volkswagen Lavida" in visitor.get(reverse("vehicles:garage")).content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_choosing_never_leads_to_another_site(visitor, target):
    VariantFactory()
    response = visitor.post(reverse("vehicles:choose"), {"variant": "volkswagen-lavida-1-4t", "next": target})
    assert response.url == reverse("vehicles:garage")


@pytest.mark.parametrize("slug", ["", "nothing", "a" * 100_000, "\x00"])
def test_choosing_what_does_not_exist_is_not_found(visitor, slug):
    assert visitor.post(reverse("vehicles:choose"), {"variant": slug}).status_code == 404


def test_choosing_by_get_is_refused(visitor):
    assert visitor.get(reverse("vehicles:choose")).status_code == 405


# --- Garage -------------------------------------------------------------------------------------


def test_garage_of_a_visitor_invites(visitor):
    page = visitor.get(reverse("vehicles:garage"))
    assert "Choose your car" in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_garage_shows_own_cars_in_the_same_queries(signed_in, owner, django_assert_num_queries, count):
    CarFactory.create_batch(count, owner=owner)
    CarFactory(plate="沪B99999")
    signed_in.get(reverse("vehicles:garage"))
    with django_assert_num_queries(10):  # session, person, cars, and what all of them need, by the plan
        page = signed_in.get(reverse("vehicles:garage")).content.decode()
    assert "沪B99999" not in page
    assert page.count("<article") == count


@pytest.mark.parametrize("name", ["car_detail", "edit", "remove"])
def test_car_pages_send_a_visitor_to_sign_in(visitor, name):
    response = visitor.get(url(name, CarFactory()))
    assert response.status_code == 302
    assert reverse("account_login") in response.url


@pytest.mark.parametrize("name", ["car_detail", "edit", "remove"])
def test_car_of_somebody_else_looks_like_a_missing_one(signed_in, name):
    assert signed_in.get(url(name, CarFactory())).status_code == 404


@pytest.mark.parametrize("name", ["edit", "remove", "odometer"])
def test_car_of_somebody_else_cannot_be_changed(signed_in, name):
    car = CarFactory()
    assert signed_in.post(url(name, car), {"odometer_km": "1"}).status_code == 404
    car.refresh_from_db()
    assert (car.removed_at, car.odometer_km) == (None, None)


def test_removed_car_is_gone_from_every_page(signed_in, owner):
    car = CarFactory(owner=owner)
    signed_in.post(url("remove", car))
    car.refresh_from_db()
    assert car.removed_at is not None
    assert signed_in.get(url("car_detail", car)).status_code == 404


def test_car_page_shows_facts_with_their_confidence(signed_in, owner):
    page = signed_in.get(url("car_detail", CarFactory(owner=owner))).content.decode()
    assert "4.0 L" in page
    assert "Likely" in page


def test_car_page_never_guesses_an_oil_volume(signed_in, owner):
    car = CarFactory(owner=owner, variant=VariantFactory(oil_l=None, oil_confidence=""))
    page = signed_in.get(url("car_detail", car)).content.decode()
    assert "Not known: ask the technician to check the handbook" in page


def test_car_page_of_a_battery_car_has_no_oil(signed_in, owner):
    page = signed_in.get(url("car_detail", CarFactory(owner=owner, variant=BatteryVariantFactory()))).content.decode()
    assert "Engine oil" not in page


def test_adding_without_a_chosen_variant_goes_to_the_finder(signed_in):
    response = signed_in.get(reverse("vehicles:add"))
    assert response.url == f"{reverse('vehicles:find')}?next=%2Fcars%2Fadd%2F"


def test_adding_a_found_car_takes_over_its_vin_and_year(signed_in, owner):
    VariantFactory()
    number = good_vin("LSVAM4180M2184847")
    signed_in.post(reverse("vehicles:choose"), {"variant": "volkswagen-lavida-1-4t", "vin": number})
    page = signed_in.get(reverse("vehicles:add")).content.decode()
    assert number in page
    assert 'value="2021"' in page
    signed_in.post(
        reverse("vehicles:add"), {"plate": "沪a·d8k21", "vin": number, "model_year": "2021", "odometer_km": "58,240 km"}
    )
    car = Car.objects.get(owner=owner)
    assert (car.plate, car.vin, car.model_year, car.odometer_km) == ("沪AD8K21", number, 2021, 58_240)
    assert signed_in.session["car"] == car.public_id


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"plate": "沪AI8K21"}, "cannot have I"),
        ({"plate": "沪" * 100_000}, "at most 20 characters"),
        ({"plate": "沪A\x008K21"}, "Null characters are not allowed"),
        ({"vin": "LSV"}, "This one has 3"),
        ({"model_year": "2099"}, "A model year lies between"),
        ({"model_year": "soon"}, "Enter a whole number"),
        ({"odometer_km": "-1"}, "An odometer never shows less than 0 km."),
        ({"odometer_km": "9" * 5_000}, "Enter a number of kilometres"),
        ({"odometer_km": "1000000"}, "An odometer shows at most 999,999 km."),
        ({"odometer_km": "12000 mi"}, "Enter kilometres. 12,000 miles are about 19,312 km."),
    ],
)
def test_faulty_car_is_refused_beside_the_field_and_kept(signed_in, typed, message):
    VariantFactory()
    signed_in.post(reverse("vehicles:choose"), {"variant": "volkswagen-lavida-1-4t"})
    response = signed_in.post(reverse("vehicles:add"), {"nickname": "Snow", **typed})
    assert response.status_code == 422
    page = response.content.decode()
    assert message in page
    assert 'value="Snow"' in page
    assert not Car.objects.exists()


def test_edited_car_can_become_another_variant(signed_in, owner):
    car = CarFactory(owner=owner, plate="沪AD8K21")
    battery = BatteryVariantFactory()
    signed_in.post(reverse("vehicles:choose"), {"variant": battery.slug})
    signed_in.post(url("edit", car) + "?chosen=1", {"plate": "沪AD12345"})
    car.refresh_from_db()
    assert (car.variant, car.plate) == (battery, "沪AD12345")


def test_lower_reading_is_refused_and_a_correction_offered(signed_in, owner):
    car = CarFactory(owner=owner, odometer_km=58_240, odometer_at=timezone.now())
    response = signed_in.post(url("odometer", car), {"odometer_km": "5,824"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "The last reading was 58,240 km" in page
    assert 'name="is_correction"' in page
    signed_in.post(url("odometer", car), {"odometer_km": "5,824", "is_correction": "on"})
    car.refresh_from_db()
    assert car.odometer_km == 5_824


@pytest.mark.parametrize("typed", ["", "36,000 miles", "1999105", "many"])
def test_what_is_no_reading_offers_no_correction(signed_in, owner, typed):
    car = CarFactory(owner=owner, odometer_km=58_240, odometer_at=timezone.now())
    response = signed_in.post(url("odometer", car), {"odometer_km": typed})
    assert response.status_code == 422
    assert "is_correction" not in response.text
    still_said = signed_in.post(url("odometer", car), {"odometer_km": typed, "is_correction": "on"})
    assert 'name="is_correction"' in still_said.text


def test_saved_car_is_preselected(signed_in, owner):
    CarFactory(owner=owner)
    assert "Volkswagen Lavida 1.4T" in signed_in.get(reverse("catalog:service_list")).content.decode()


def test_car_of_somebody_else_is_never_preselected(signed_in):
    other = CarFactory()
    page = signed_in.get(reverse("catalog:service_list"), {"car": other.public_id}).content.decode()
    assert other.plate[2:] not in page
    assert "Choose your car" in page
