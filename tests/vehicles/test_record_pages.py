"""The pages of a health record: for the owner, for a buyer with a link, for nobody else."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from tests.factories.accounts import UserFactory
from tests.factories.records import enter, recorded_car
from tests.factories.vehicles import BatteryVariantFactory, CarFactory
from tests.vehicles.sample_record import VIN, know_points, sample_record
from vehicles.choices import RecordPart
from vehicles.models import Car, HealthEntry, RecordDocument, RecordGrant, RecordLink
from vehicles.record import known_items, known_shops, sharing, transfers
from vehicles.record.known_items import KnownItem
from vehicles.record.known_shops import KnownShop
from vehicles.vin import check_digit

pytestmark = pytest.mark.django_db
SHOP = KnownShop(key="k3v9m2x7c4q8t5zb", slug="shenchi-xuhui", name_zh="申驰汽修", name_en="Shenchi Auto")
ITEMS = [
    KnownItem("minor_service", "小保养", "Oil service", "oil"),
    KnownItem("brake_fluid", "制动液", "Brake fluid", "brakes"),
]


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the catalogue and the shops register."""
    know_points(monkeypatch)
    monkeypatch.setattr(known_items, "_providers", [lambda: ITEMS])

    def find(query: known_shops.Query) -> list[KnownShop]:
        text = bool(query.text) and query.text in SHOP.name_en
        return [SHOP] if text or SHOP.key in query.keys or SHOP.slug in query.slugs else []

    monkeypatch.setattr(known_shops, "_finders", [find])


def at(name: str, car: Car, *more: str) -> str:
    return reverse(f"vehicles:{name}", args=[car.public_id, *more])


def jpeg() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(file, "JPEG")
    file.seek(0)
    file.name = "receipt.jpg"
    return file


def good_vin(text: str) -> str:
    return text[:8] + check_digit(text) + text[9:]


def text(response) -> str:
    return response.content.decode(errors="replace")


def now():
    return timezone.now()


OWN_PAGES = [
    ("record", ()),
    ("record_verify", ()),
    ("record_export", ()),
    ("record_export_file", ("json",)),
    ("record_export_file", ("pdf",)),
    ("record_export_file", ("national-csv",)),
    ("record_export_file", ("national-json",)),
    ("record_export_file", ("national-xml",)),
    ("record_add", ()),
    ("record_documents", ()),
    ("record_grants", ()),
    ("record_share", ()),
    ("record_transfer", ()),
]


@pytest.mark.parametrize(("name", "more"), OWN_PAGES)
def test_the_owner_alone_sees_the_page(client, name, more):
    car, _entries = sample_record()
    address = at(name, car, *more)
    assert client.get(address).status_code == 302
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
    client.force_login(car.owner)
    assert client.get(address).status_code == 200
    assert client.put(address).status_code == 405


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("record_complete", ()),
        ("record_document_remove", ("x",)),
        ("record_grant_end", ("x",)),
        ("record_link_end", ("x",)),
        ("record_transfer_cancel", ()),
    ],
)
def test_what_changes_something_is_a_post_of_the_owner(client, name, more):
    car = recorded_car()
    address = at(name, car, *more)
    assert client.post(address).status_code == 302
    assert "login" in client.post(address).url
    client.force_login(UserFactory())
    assert client.post(address).status_code == 404
    client.force_login(car.owner)
    assert client.get(address).status_code == 405


def test_the_record_tells_what_happened_and_who_says_so(client):
    car, _entries = sample_record()
    client.force_login(car.owner)
    page = text(client.get(at("record", car)))
    for words in (
        "Volkswagen Lavida 2021",
        "LSVA•••4847",
        "6 visits · 3 shops",
        "8 entries verified",
        "Verified visit",
        "Not verified",
        "Declined",
        "Throttle cleaning",
        "13,120 km, corrected",
        "Corrected on",
        "Front pads",
        "limit 3 mm",
        "¥268",
        "小区门口修车铺",
    ):
        assert words in page, words
    assert VIN not in page


def test_a_topic_shows_only_its_entries(client):
    car, _entries = sample_record()
    client.force_login(car.owner)
    page = text(client.get(at("record", car), {"topic": "brakes"}))
    assert "Lao Zhou Tyres" in page
    assert "Pujiang VW 4S" not in page
    assert "topic=tyres" not in page
    assert "Pujiang VW 4S" in text(client.get(at("record", car), {"topic": "nonsense"}))


@pytest.mark.parametrize("entries", [1, 3, 60])
def test_the_record_costs_the_same_whatever_its_length(client, django_assert_num_queries, entries):
    car = recorded_car(entries=entries, plate="沪AD8K21")
    client.force_login(car.owner)
    client.get(at("record", car))
    with django_assert_num_queries(14):
        client.get(at("record", car))


def test_a_long_record_has_pages(client):
    car = recorded_car(entries=35)
    client.force_login(car.owner)
    assert text(client.get(at("record", car))).count('class="record-event"') == 30
    assert text(client.get(at("record", car), {"page": "2"})).count('class="record-event"') == 5
    assert client.get(at("record", car), {"page": "9" * 500}).status_code == 200


def test_a_car_without_a_record_gets_one(client):
    car = CarFactory()
    client.force_login(car.owner)
    page = text(client.get(at("record", car)))
    assert "Nothing has been entered yet" in page
    car.refresh_from_db()
    assert car.record.owner == car.owner


def test_the_private_part_of_a_former_owner_is_not_shown(client):
    car, _entries = sample_record()
    new = transfers.offer_transfer(car=car, by=car.owner, at=now())
    buyer = UserFactory()
    got = transfers.accept_transfer(transfer=new.transfer, by=buyer, at=now())
    client.force_login(buyer)
    for name, more in OWN_PAGES[:8]:
        content = text(client.get(at(name, got, *more)))
        for secret in ("沪AD8K21", "沪A·D8K21", "26800", "¥268", "小区门口修车铺", "squeal", "王磊"):
            assert secret not in content, (name, secret)
    assert "Oil service" in text(client.get(at("record", got)))


# --- Own entries --------------------------------------------------------------------------------

ENTRY = {
    "occurred_on": "2024-02-06",
    "odometer_km": "31,200 km",
    "services": ["minor_service"],
    "other": "Horn",
    "shop_name": "Corner garage",
    "price": "290",
    "key": "abc123",
}


def test_an_own_entry_is_added_once_with_its_receipt(client):
    car = recorded_car()
    client.force_login(car.owner)
    page = at("record_add", car)
    assert client.post(page, ENTRY | {"receipts": jpeg()}).status_code == 302
    assert client.post(page, ENTRY | {"receipts": jpeg()}).status_code == 302
    entry = HealthEntry.objects.get(source="owner")
    assert entry.odometer_km == 31_200
    assert [item["name_en"] for item in entry.facts["items"]] == ["Oil service", "Horn"]
    assert entry.facts["shop"] is None
    assert entry.private["total_fen"] == 29_000
    document = RecordDocument.objects.get()
    assert entry.facts["photos"] == [{"sha256": document.sha256, "kind": "receipt"}]
    assert document.entry == entry


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"occurred_on": ""}, "This field is required"),
        ({"occurred_on": "2099-01-01"}, "has not come yet"),
        ({"occurred_on": "1999-01-01"}, "not built yet"),
        ({"occurred_on": "6 Feb"}, "valid date"),
        ({"odometer_km": "1000000"}, "An odometer shows at most"),
        ({"odometer_km": "-5"}, "An odometer never shows less"),
        ({"odometer_km": "many"}, "number of kilometres"),
        ({"services": [], "other": " "}, "Say what was done"),
        ({"services": ["gift"]}, "valid choice"),
        ({"price": "a lot"}, "Write an amount"),
        ({"price": "-5"}, "Write an amount"),
        ({"note": "x" * 100_000}, "at most 500 characters"),
        ({"other": "a\x00b"}, "Null characters"),
        ({"receipts": io.BytesIO(b"<svg onload=alert(1)>")}, "receipts"),
    ],
)
def test_a_wrong_own_entry_is_refused_beside_the_field_and_kept(client, change, words):
    car = recorded_car(model_year=2020)
    client.force_login(car.owner)
    response = client.post(at("record_add", car), ENTRY | {"note": "kept words"} | change)
    assert response.status_code == 422
    assert words in text(response)
    if "note" not in change:
        assert "kept words" in text(response)
    assert not HealthEntry.objects.filter(source="owner").exists()


def test_an_entry_of_ancient_times_is_refused(client):
    car = recorded_car()
    client.force_login(car.owner)
    response = client.post(at("record_add", car), ENTRY | {"occurred_on": "0001-01-01"})
    assert response.status_code == 422
    assert "go back to 1980" in text(response)


def test_an_own_entry_is_corrected_and_a_visit_is_not(client):
    car, entries = sample_record()
    own = next(entry for entry in entries if entry.source == "owner")
    client.force_login(car.owner)
    page = at("record_correct", car, own.public_id)
    assert "31200" in text(client.get(page))
    assert client.post(page, ENTRY | {"odometer_km": "31250"}).status_code == 302
    newest = HealthEntry.objects.order_by("-sequence").first()
    assert (newest.facts["kind"], newest.facts["corrects"], newest.odometer_km) == ("correction", own.sequence, 31_250)
    assert client.post(page, ENTRY | {"price": "?"}).status_code == 422
    assert client.get(at("record_correct", car, entries[0].public_id)).status_code == 404
    client.force_login(UserFactory())
    assert client.get(page).status_code == 404
    client.logout()
    assert client.get(page).status_code == 302


def test_the_owners_statement_is_kept_and_taken_back(client):
    car = recorded_car()
    client.force_login(car.owner)
    for value, expected in (("yes", True), ("no", False)):
        assert client.post(at("record_complete", car), {"complete": value}).status_code == 302
        car.record.refresh_from_db()
        assert car.record.complete_since_new is expected


# --- Documents ----------------------------------------------------------------------------------


def test_a_document_is_its_holders_alone(client):
    car = recorded_car()
    client.force_login(car.owner)
    assert client.post(at("record_documents", car), {"title": "Insurance", "photo": jpeg()}).status_code == 302
    document = RecordDocument.objects.get()
    for name in ("record_document", "record_document_small"):
        response = client.get(at(name, car, document.public_id))
        assert response["Content-Type"] == "image/jpeg"
    buyer = UserFactory()
    new = transfers.offer_transfer(car=car, by=car.owner, at=now())
    got = transfers.accept_transfer(transfer=new.transfer, by=buyer, at=now())
    assert client.get(at("record_document", car, document.public_id)).status_code == 404
    client.force_login(buyer)
    assert client.get(at("record_document", got, document.public_id)).status_code == 404
    assert client.post(at("record_document_remove", got, document.public_id)).status_code == 404
    assert "Insurance" not in text(client.get(at("record_documents", got)))
    client.logout()
    assert client.get(at("record_document", got, document.public_id)).status_code == 302


@pytest.mark.parametrize("page", ["record", "record_documents"])
@pytest.mark.parametrize("with_document", [True, False])
def test_the_page_says_who_sees_the_documents(client, page, with_document):
    """Nobody else before a grant for documents, the shop by its name during it, nobody again after it."""
    car = recorded_car()
    client.force_login(car.owner)
    if with_document:
        client.post(at("record_documents", car), {"title": "Insurance", "photo": jpeg()})
    only_you = "Only you see them. A shop does if you let it read documents; a buyer never does."
    shared = "You see them, and the shops that you let read documents: Shenchi Auto. A buyer never does."
    let_read(car, RecordPart.VISITS, RecordPart.MEASUREMENTS)
    assert only_you in text(client.get(at(page, car)))
    let_read(car, RecordPart.VISITS, RecordPart.DOCUMENTS)
    opened = text(client.get(at(page, car)))
    assert shared in opened
    assert only_you not in opened
    client.post(at("record_grant_end", car, SHOP.key))
    assert only_you in text(client.get(at(page, car)))


def let_read(car: Car, *parts: RecordPart) -> None:
    until = now() + timedelta(days=30)
    sharing.grant(record=car.record, shop=SHOP, parts=parts, until=until, by=car.owner, at=now())


def test_a_buyer_sees_no_documents_even_while_a_shop_does(client):
    car = recorded_car()
    client.force_login(car.owner)
    client.post(at("record_documents", car), {"title": "Insurance", "photo": jpeg()})
    let_read(car, *RecordPart)
    new = sharing.share(record=car.record, by=car.owner, until=now() + timedelta(days=7), at=now())
    page = text(Client().get(reverse("records:record", args=[new.token])))
    assert "小保养" in page
    assert "Insurance" not in page
    assert RecordDocument.objects.get().public_id not in page


def test_only_what_can_be_done_on_the_car_can_be_picked(client, monkeypatch):
    """A battery car is offered no oil service, unless an entry says so that is being corrected."""
    oil = KnownItem("minor_service", "小保养", "Oil service", "oil", frozenset({"ice", "hev"}))
    monkeypatch.setattr(known_items, "_providers", [lambda: [oil, ITEMS[1]]])
    car = CarFactory()
    client.force_login(car.owner)
    assert "Oil service" in text(client.get(at("record_add", car)))
    said = {"occurred_on": "2025-04-19", "services": ["minor_service"]}
    assert client.post(at("record_add", car), said).status_code == 302
    Car.objects.filter(pk=car.pk).update(variant=BatteryVariantFactory())
    page = text(client.get(at("record_add", car)))
    assert "Oil service" not in page
    assert "Brake fluid" in page
    assert client.post(at("record_add", car), said).status_code == 422
    entry = HealthEntry.objects.get()
    assert "Oil service" in text(client.get(at("record_correct", car, entry.public_id)))


def test_an_empty_record_does_not_say_verified(client):
    car = CarFactory()
    client.force_login(car.owner)
    page = text(client.get(at("record", car)))
    assert "No entry yet" in page
    assert "0 entries verified" not in page
    assert "0 shops" not in page


def test_a_minus_is_a_minus_and_units_stay_with_their_values(client):
    car = recorded_car()
    frost = {"point": "coolant_freezing", "value": "-37", "unit": "°C", "tone": "green"}
    enter(car, reference="frost", measurements=[frost])
    client.force_login(car.owner)
    assert "\N{MINUS SIGN}37\N{NO-BREAK SPACE}°C" in text(client.get(at("record", car)))


def test_a_document_can_be_removed(client):
    car = recorded_car()
    client.force_login(car.owner)
    client.post(at("record_documents", car), {"photo": jpeg()})
    document = RecordDocument.objects.get()
    assert client.post(at("record_document_remove", car, document.public_id)).status_code == 302
    assert not RecordDocument.objects.exists()
    assert client.post(at("record_documents", car), {"photo": io.BytesIO(b"text")}).status_code == 422


# --- Shops and buyers ---------------------------------------------------------------------------


def test_a_shop_is_let_to_read_and_ended(client):
    car = recorded_car()
    client.force_login(car.owner)
    page = at("record_grants", car)
    before = text(client.get(page))
    assert "Shenchi Auto" in before  # the car has been there
    assert "our advice on each job that it proposes" in before  # what it reads without a grant
    wanted = {"shop": SHOP.key, "parts": ["visits", "documents"], "days": "30"}
    assert client.post(page, wanted).status_code == 302
    grant = RecordGrant.objects.get()
    assert grant.parts == ["documents", "visits"]
    shown = text(client.get(page))
    assert shown.index(">Visits: what was done, and when</p>") < shown.index(">Documents and photos</p>")
    assert sharing.may_read(car.record, SHOP.key, RecordPart.VISITS, now())
    assert client.post(at("record_grant_end", car, SHOP.key)).status_code == 302
    assert not sharing.may_read(car.record, SHOP.key, RecordPart.VISITS, now())
    assert client.post(at("record_grant_end", car, SHOP.key)).status_code == 404


@pytest.mark.parametrize(
    "change", [{"shop": "nobody"}, {"shop": "a\x00b"}, {"parts": []}, {"parts": ["wallet"]}, {"days": "4000"}]
)
def test_a_wrong_grant_is_refused(client, change):
    car = recorded_car()
    client.force_login(car.owner)
    wanted = {"shop": SHOP.key, "parts": ["visits"], "days": "30"} | change
    assert client.post(at("record_grants", car), wanted).status_code == 422
    assert not RecordGrant.objects.exists()


def test_a_buyers_link_opens_without_signing_in_and_shows_no_private_part(client):
    car, _entries = sample_record()
    client.force_login(car.owner)
    response = client.post(at("record_share", car), {"days": "7"})
    assert response["Cache-Control"] == "private, no-store"
    token = response.context["address"].rstrip("/").rsplit("/", 1)[-1]
    assert len(token) == 26
    assert token not in text(client.get(at("record_share", car)))  # shown once
    client.logout()
    client.cookies["django_language"] = "en"
    for name, more in [("record", ()), ("verify", ()), *(("export_file", (kind,)) for kind in ("json", "pdf"))]:
        response = client.get(reverse(f"records:{name}", args=[token, *more]))
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-store"
        assert response["Referrer-Policy"] == "same-origin"
        assert "noindex" in response["X-Robots-Tag"]
        for secret in ("沪AD8K21", "沪A·D8K21", "¥268", "26800", "小区门口修车铺", "squeal", "王磊", car.owner.name):
            assert secret not in text(response), (name, secret)
    page = text(client.get(reverse("records:record", args=[token])))
    assert VIN in page
    assert "The owner's word" in page
    assert client.post(reverse("records:record", args=[token])).status_code == 405


def test_a_link_that_does_not_open_says_so_and_tells_nothing_else(client):
    car = recorded_car()
    at_once = now()
    ended = sharing.share(record=car.record, by=car.owner, until=at_once + timedelta(days=3), at=at_once)
    sharing.revoke_link(link=ended.link, by=car.owner, at=at_once)
    old = sharing.share(
        record=car.record, by=car.owner, until=at_once - timedelta(days=1), at=at_once - timedelta(days=3)
    )
    pages = []
    for token in (ended.token, old.token, "0" * 26, "of-another-length"):
        for name, more in (("record", ()), ("verify", ()), ("export_file", ("json",))):
            response = client.get(reverse(f"records:{name}", args=[token, *more]))
            assert response.status_code == 404
            assert response["Cache-Control"] == "private, no-store"
            pages.append(text(response).replace(token, ""))
    assert "This link does not work" in pages[0]
    assert len({page.split("<main", 1)[1].split("</main>")[0] for page in pages}) == 1


def test_links_are_closed_and_refused(client):
    car = recorded_car()
    client.force_login(car.owner)
    assert client.post(at("record_share", car), {"days": "400"}).status_code == 422
    client.post(at("record_share", car), {"days": "7"})
    link = RecordLink.objects.get()
    assert client.post(at("record_link_end", car, link.public_id)).status_code == 302
    link.refresh_from_db()
    assert link.revoked_at is not None


def test_an_unknown_kind_of_export_is_not_found(client):
    car = recorded_car()
    client.force_login(car.owner)
    assert client.get(at("record_export_file", car, "exe")).status_code == 404


# --- Handing over -------------------------------------------------------------------------------


def test_a_car_is_handed_over_by_its_code(client):
    car = recorded_car(plate="沪AD8K21")
    client.force_login(car.owner)
    response = client.post(at("record_transfer", car))
    code, address = response.context["code"], response.context["address"]
    assert code not in text(client.get(at("record_transfer", car)))
    buyer = UserFactory()
    client.force_login(buyer)
    response = client.post(reverse("vehicles:enter_code"), {"code": code.upper()})
    assert response.status_code == 302
    assert address.endswith(response.url)
    page = client.get(response.url)
    assert page["Referrer-Policy"] == "same-origin"
    assert "沪A" not in text(page)
    taken = client.post(response.url)
    own = Car.objects.get(owner=buyer)
    assert taken.url == at("record", own)
    assert client.get(address).status_code == 404
    client.force_login(car.owner)
    assert client.get(at("record", car)).status_code == 404


def test_a_code_that_does_not_work_says_so(client):
    car = recorded_car()
    client.force_login(car.owner)
    response = client.post(reverse("vehicles:enter_code"), {"code": "wrong"})
    assert response.status_code == 422
    assert client.get(reverse("vehicles:take_over", args=["wrong"])).status_code == 404
    code = client.post(at("record_transfer", car)).context["address"]
    own = client.post(code)
    assert own.status_code == 409
    assert "in your garage already" in text(own)
    assert client.post(at("record_transfer_cancel", car)).status_code == 302
    assert client.get(code).status_code == 404
    client.logout()
    assert client.get(code).status_code == 302
    assert client.get(reverse("vehicles:enter_code")).status_code == 302


def test_a_taken_vin_is_refused_beside_its_field_and_the_rest_is_kept(client):
    first, _entries = sample_record()
    car = CarFactory()
    client.force_login(car.owner)
    free = {
        "plate": "沪A·D8K22",
        "vin": good_vin("LSVAM4180C2184848"),
        "delivered_on": "2021-03-01",
        "model_year": "2021",
    }
    assert client.post(at("edit", car), free).status_code == 302
    other = CarFactory(owner=first.owner)
    client.force_login(other.owner)
    response = client.post(at("edit", other), free | {"nickname": "Weekend"})
    assert response.status_code == 422
    assert "hand over its health record" in text(response)
    assert "Weekend" in text(response)
    enter(car)
    client.force_login(car.owner)
    response = client.post(at("edit", car), free | {"vin": ""})
    assert "Shops have recorded visits" in text(response)
    response = client.post(at("edit", car), free | {"delivered_on": "2099-01-01"})
    assert "cannot lie in the future" in text(response)


def test_the_cars_page_leads_to_its_record(client):
    car = recorded_car()
    client.force_login(car.owner)
    assert at("record", car) in text(client.get(at("car_detail", car)))
