"""The owner's places on waiting lists: joining, what is held, leaving, and whose they are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from bookings import waiting
from bookings.choices import Status, WaitingStatus
from bookings.engine.jobs import Job
from bookings.models import WaitingEntry
from catalog.models import Service
from shops.choices import ShopKind
from tests.bookings.owner_pages import page, slots_url, text
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW, bookable_job, minor_service
from tests.factories.offers import OfferFactory
from tests.factories.shops import ClosureFactory

pytestmark = pytest.mark.django_db
PLACES = reverse("bookings:waiting")
TWO_DAYS = {"not_before": "2026-11-24", "not_after": "2026-11-25"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def owner(client: Client) -> User:
    client.cookies["django_language"] = "en"
    owner = UserFactory()
    client.force_login(owner)
    return owner


def wait_url(job: Job, **query: str) -> str:
    return slots_url(job, **query).replace("/?", "/wait/?")


def extra(job: Job) -> Service:
    service = minor_service(key="brake_fluid", name_en="Brake fluid")
    OfferFactory(shop=job.shop, service=service, labour_fen=6000, parts_fen=0, minutes=30)
    return service


def entry_of(job: Job, owner: User) -> WaitingEntry:
    until = NOW + timedelta(days=2)
    return waiting.join(job=job, owner=owner, car=None, not_before=NOW, not_after=until, at=NOW)


# --- Joining --------------------------------------------------------------------------------------


def test_the_times_lead_to_the_list_with_the_whole_choice(client: Client, owner: User) -> None:
    job = bookable_job()
    extra(job)
    day = NOW.date() + timedelta(days=1)
    ClosureFactory(shop=job.shop, first_date=day, last_date=day, reason="Stocktaking")
    html = text(client.get(slots_url(job, also="brake_fluid", date="2026-11-24")))
    assert "Tell me if something frees" in html
    assert f"{wait_url(job)}&amp;also=brake_fluid&amp;date=2026-11-24" in html


def test_a_visitor_signs_in_and_comes_back_to_the_same_question(client: Client) -> None:
    response = client.get(wait_url(bookable_job(), also="brake_fluid"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))
    assert "also%3Dbrake_fluid" in response["Location"]


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("", "2026-11-23", "2026-11-27"),
        ("2026-11-27", "2026-11-27", "2026-12-04"),
        ("2030-01-01", "2026-12-23", "2026-12-23"),
    ],
    ids=["a Monday", "a Friday", "after the window"],
)
def test_the_days_offered_reach_until_friday(client: Client, owner: User, day: str, first: str, last: str) -> None:
    html = text(client.get(wait_url(bookable_job(), date=day)))
    assert f'name="not_before" value="{first}"' in html
    assert f'name="not_after" value="{last}"' in html


def test_joining_waits_for_all_services_of_the_visit(client: Client, owner: User) -> None:
    job = bookable_job()
    extra(job)
    response = client.post(wait_url(job, also="brake_fluid"), TWO_DAYS)
    assert response["Location"] == PLACES
    entry = WaitingEntry.objects.get()
    assert entry.owner == owner
    assert [row.service.key for row in entry.wanted.all()] == ["minor_service", "brake_fluid"]
    assert entry.not_before == datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert entry.not_after == datetime(2026, 11, 25, 16, tzinfo=UTC)
    html = text(client.get(PLACES))
    assert "Minor service\n + Brake fluid" in html or "Minor service + Brake fluid" in html
    assert "from tomorrow until Wed 25 Nov" in html
    assert "You wait for a time at 1 shop" in text(client.get(reverse("bookings:list")))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"not_before": "", "not_after": ""}, "Choose a day."),
        ({"not_before": "soon", "not_after": "2026-11-25"}, "This is not a date."),
        ({"not_before": "2026-11-25", "not_after": "2026-11-24"}, "The last day lies before the first."),
        ({"not_before": "2026-11-20", "not_after": "2026-11-25"}, "That day has passed."),
        ({"not_before": "2026-11-24", "not_after": "9999-12-31"}, "The shop takes bookings until Wed 23 Dec."),
        ({"not_before": "0001-01-01", "not_after": "0001-01-01"}, "That day has passed."),
        ({"not_before": "9" * 100_000, "not_after": "\x00"}, "This is not a date."),
    ],
    ids=["nothing", "a word", "backwards", "past", "far", "year one", "garbage"],
)
def test_days_that_do_not_work_are_said_beside_the_field(
    client: Client, owner: User, data: dict[str, str], words: str
) -> None:
    response = client.post(wait_url(bookable_job()), data)
    assert response.status_code == 400
    assert words in text(response)
    assert 'class="field-error"' in text(response)
    assert not WaitingEntry.objects.exists()


def test_a_second_place_at_a_shop_is_refused_in_words(client: Client, owner: User) -> None:
    job = bookable_job()
    client.post(wait_url(job), TWO_DAYS)
    again = client.post(wait_url(job), TWO_DAYS)
    assert again.status_code == 409
    assert "list already." in text(again)
    assert 'value="2026-11-25"' in text(again)
    assert WaitingEntry.objects.count() == 1


def test_a_place_for_an_on_site_team_needs_an_address(client: Client, owner: User) -> None:
    job = bookable_job(kind=ShopKind.ON_SITE, service_radius_km=15)
    job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    missing = client.post(wait_url(job), TWO_DAYS)
    assert missing.status_code == 400
    assert "Say where the team should come" in text(missing)
    far = client.post(wait_url(job), {**TWO_DAYS, "near": "31.31, 120.62", "visit_address": "苏州 观前街"})
    assert far.status_code == 400
    assert "The team does not come that far. It comes up to 15 km." in text(far)
    there = {**TWO_DAYS, "near": "31.18, 121.44", "visit_address": "漕溪北路 45 号"}
    assert client.post(wait_url(job), there)["Location"] == PLACES
    assert WaitingEntry.objects.get().wishes["place"] == ["漕溪北路 45 号", 31.18, 121.44]


def test_unknown_shop_service_or_car_is_not_found(client: Client, owner: User) -> None:
    job = bookable_job()
    assert client.get(reverse("bookings:wait", args=["nowhere", job.service.key])).status_code == 404
    assert client.get(reverse("bookings:wait", args=[job.shop.slug, "rustproofing"])).status_code == 404
    assert client.get(wait_url(job, variant="trabant-601")).status_code == 404


def test_without_a_car_or_with_a_service_nobody_knows_the_times_come_first(client: Client, owner: User) -> None:
    job = bookable_job()
    url = reverse("bookings:wait", args=[job.shop.slug, job.service.key])
    assert client.get(url)["Location"] == url.replace("/wait/", "/")
    assert client.get(wait_url(job, also="rustproofing")).status_code == 302


# --- What is held, and leaving --------------------------------------------------------------------


def test_an_offered_time_is_shown_first_with_its_countdown(
    client: Client, owner: User, clock: time_machine.Traveller
) -> None:
    job = bookable_job()
    entry_of(job, owner)
    assert waiting.serve(shop=job.shop, at=NOW) == 1
    entry = WaitingEntry.objects.get()
    assert entry.offered is not None
    html = text(client.get(PLACES))
    assert "is held for you" in html
    assert "data-hold-time>30:00" in html
    assert f'href="{page("confirm", entry.offered)}"' in html
    confirm = text(client.get(page("confirm", entry.offered)))
    assert 'data-total-seconds="1800"' in confirm
    client.post(page("confirm", entry.offered), {"plate": ""})
    entry.offered.refresh_from_db()
    assert entry.offered.status == Status.CONFIRMED
    clock.shift(timedelta(minutes=31))
    assert "is held for you" not in text(client.get(PLACES))


def test_an_offer_that_lapsed_is_a_place_again(client: Client, owner: User, clock: time_machine.Traveller) -> None:
    job = bookable_job()
    entry_of(job, owner)
    waiting.serve(shop=job.shop, at=NOW)
    clock.shift(timedelta(minutes=31))
    html = text(client.get(PLACES))
    assert "is held for you" not in html
    assert job.shop.name_en in html


def test_leaving_gives_the_place_and_its_offer_up(client: Client, owner: User) -> None:
    job = bookable_job()
    entry = entry_of(job, owner)
    waiting.serve(shop=job.shop, at=NOW)
    for _ in range(2):  # twice is once
        assert client.post(reverse("bookings:leave", args=[entry.public_id]))["Location"] == PLACES
    entry.refresh_from_db()
    assert entry.status == WaitingStatus.WITHDRAWN
    assert entry.offered is None or entry.offered.status == Status.CANCELLED
    assert "You wait for nothing" in text(client.get(PLACES))


def test_a_place_is_its_owners_alone(client: Client, owner: User) -> None:
    entry = entry_of(bookable_job(), owner)
    client.force_login(UserFactory())
    assert entry.public_id not in text(client.get(PLACES))
    assert client.post(reverse("bookings:leave", args=[entry.public_id])).status_code == 404
    assert client.get(reverse("bookings:leave", args=[entry.public_id])).status_code == 405
    assert Client().get(PLACES)["Location"].startswith(reverse("account_login"))
    entry.refresh_from_db()
    assert entry.status == WaitingStatus.WAITING


@pytest.mark.parametrize("count", [1, 3])
def test_places_ask_the_same_queries_for_any_number(
    client: Client, owner: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        entry_of(bookable_job(), owner)
    client.get(PLACES)
    with django_assert_num_queries(4):  # session, person, places, services
        html = text(client.get(PLACES))
    assert html.count("/leave/") == count
