"""Several services in one visit, how car and shop come together, and off-peak prices, through the owner's pages."""

from collections.abc import Iterator
from datetime import time

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings.choices import Handover, Status
from bookings.engine.jobs import Job
from bookings.models import Booking
from catalog.models import Service
from shops.choices import Day, ResourceKind, ShopKind
from shops.models import OffPeak, Shop
from tests.bookings.owner_pages import ONE_PM, booked, held, hold_url, page, post_hold, slots_url, text
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW, bookable_job, minor_service
from tests.factories.offers import OfferFactory
from tests.factories.shops import BayFactory, PlaceFactory, TechnicianResourceFactory
from tests.factories.vehicles import CarFactory

pytestmark = pytest.mark.django_db
NEARBY = {"lat": "31.18", "lng": "121.44"}
SUZHOU = {"lat": "31.31", "lng": "120.62"}


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


def offer(shop: Shop, key: str, *, labour_fen: int = 6000, minutes: int = 30, **fields: object) -> Service:
    """Another service at the shop, ¥60 of labour and nothing else unless said otherwise."""
    service = minor_service(key=key, name_en=key.replace("_", " ").capitalize(), **fields)
    OfferFactory(shop=shop, service=service, labour_fen=labour_fen, parts_fen=0, minutes=minutes)
    return service


def off_peak(shop: Shop, percent: int = 25, start: int = 14, end: int = 16) -> None:
    OffPeak.objects.create(shop=shop, day=Day.MONDAY, starts_at=time(start), ends_at=time(end), percent=percent)


# --- Several services -----------------------------------------------------------------------------


def test_slots_of_two_services_show_each_price_the_sum_and_the_time(client: Client) -> None:
    job = bookable_job(minutes=40)
    offer(job.shop, "brake_fluid")
    html = text(client.get(slots_url(job, also="brake_fluid")))
    for words in ("¥268", "¥60", "¥328.00", "About 1 h 10 min from start to finish."):
        assert words in html
    assert 'value="2026-11-23T18:30:00+08:00"' in html
    assert 'value="2026-11-23T19:00:00+08:00"' not in html  # 70 minutes do not fit before 20:00


def test_a_shared_write_up_is_counted_once_and_said(client: Client) -> None:
    job = bookable_job(minutes=40, write_up_minutes=10)
    BayFactory(shop=job.shop, kind=ResourceKind.ADVISOR, capabilities=[])
    offer(job.shop, "brake_fluid")
    html = text(client.get(slots_url(job, also="brake_fluid")))
    assert "About 1 h 20 min" in html
    assert "One visit instead of several saves 10 min." in html


def test_a_service_can_be_added_and_left_out_by_links(client: Client) -> None:
    job = bookable_job()
    for key in ("brake_fluid", "cabin_filter"):
        offer(job.shop, key)
    html = text(client.get(slots_url(job, also="brake_fluid")))
    car = f"variant={job.variant.slug}"
    assert f'{car}&amp;also=brake_fluid,cabin_filter"' in html
    assert f'href="{reverse("bookings:slots", args=[job.shop.slug, job.service.key])}?{car}"' in html
    assert "Leave out Brake fluid" in html


@pytest.mark.parametrize("count", [1, 4])
def test_slots_ask_the_same_queries_for_any_number_of_services(
    client: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = bookable_job()
    keys = [offer(job.shop, f"extra_{n}").key for n in range(count)]
    url = slots_url(job, also=",".join(keys))
    client.get(url)
    # session, shop, service, variant; services and prices here; phases, quotation, usual ranges, loaner cars; the slots
    with django_assert_num_queries(11):
        html = text(client.get(url))
    assert html.count("Leave out") == count


@pytest.mark.parametrize(
    ("also", "status", "words"),
    [
        ("rustproofing", 400, "We do not know one of the services"),
        ("minor_service", 400, "Minor service is in this visit once already."),
        ("brake_fluid,brake_fluid", 400, "Brake fluid is in this visit once already."),
        ("hv_check", 200, "Hv check: Only for cars with a high-voltage battery."),
        ("engine_wash", 200, "Engine wash: this shop does not offer it for this car."),
        ("e0,e1,e2,e3,e4,e5", 400, "Six services in one visit at most."),
    ],
    ids=["unknown", "the first again", "twice", "not for this car", "not here", "too many"],
)
def test_a_service_that_cannot_join_the_visit_is_left_out_in_words(
    client: Client, also: str, status: int, words: str
) -> None:
    job = bookable_job()
    offer(job.shop, "brake_fluid")
    offer(job.shop, "hv_check", powertrains=["bev", "phev"])
    minor_service(key="engine_wash", name_en="Engine wash")
    for n in range(6):
        offer(job.shop, f"e{n}")
    response = client.get(slots_url(job, also=also))
    assert response.status_code == status
    assert words in text(response)
    assert 'name="starts_at"' in text(response)  # what is left can be booked
    held_anyway = post_hold(client, job, also=also)
    assert held_anyway.status_code == 400
    assert words in text(held_anyway)
    assert not Booking.objects.exists()


@pytest.mark.parametrize("also", ["x" * 100_000, "," * 5000, "é🙂", "a'; --"])
def test_garbage_for_services_is_refused_with_the_page(client: Client, also: str) -> None:
    response = client.post(hold_url(job := bookable_job()), {"variant": job.variant.slug, "also": also})
    assert response.status_code in (302, 400)
    assert client.get(slots_url(job, also=also[:2000])).status_code in (200, 400)


def test_two_services_are_held_confirmed_and_shown_with_their_lines(client: Client) -> None:
    job, owner = bookable_job(), UserFactory()
    offer(job.shop, "brake_fluid")
    client.force_login(owner)
    response = post_hold(client, job, also="brake_fluid")
    booking = Booking.objects.get()
    assert response["Location"] == page("confirm", booking)
    confirm = text(client.get(page("confirm", booking)))
    for words in ("Minor service + Brake fluid", "¥268.00", "¥60.00", "¥328.00"):
        assert words in confirm
    client.post(page("confirm", booking), {"plate": ""})
    assert "Minor service + Brake fluid" in text(client.get(page("detail", booking)))
    assert "Minor service + Brake fluid" in text(client.get(reverse("bookings:list")))
    assert "Minor service + Brake fluid" in text(client.get("/"))


def test_the_choice_survives_choosing_a_car(client: Client) -> None:
    job = bookable_job()
    offer(job.shop, "brake_fluid")
    html = text(client.get(reverse("bookings:slots", args=[job.shop.slug, job.service.key]), {"also": "brake_fluid"}))
    assert "Which car is it for?" in html
    assert f"/cars/find/?next=/book/{job.shop.slug}/minor_service/%3Falso%3Dbrake_fluid" in html


def test_a_lost_time_keeps_the_services_and_offers_the_visit_without_one(client: Client) -> None:
    """The alignment bay is taken from one to three; the lift is free."""
    job = bookable_job(bays=1, technicians=2)
    alignment = offer(job.shop, "alignment", bay="alignment", skill="maintenance")
    BayFactory(shop=job.shop, capabilities=["alignment"])
    for hour, minute in ((13, 0), (13, 30), (14, 0), (14, 30)):
        held(Client(), Job(shop=job.shop, service=alignment, variant=job.variant), local(hour, minute))
    response = post_hold(client, job, also="alignment")
    html = text(response)
    assert response.status_code == 409
    assert "Without Alignment" in html
    assert 'name="also" value="alignment"' in html
    rest = post_hold(client, job)
    assert rest.status_code == 302


def test_a_lost_time_offers_other_shops_at_about_that_time(client: Client) -> None:
    job, other = bookable_job(), bookable_job()
    held(Client(), job)
    html = text(post_hold(client, job))
    assert "Other shops at about that time:" in html
    assert f'action="{hold_url(other)}"' in html
    assert (
        client.post(hold_url(other), {"variant": other.variant.slug, "starts_at": ONE_PM.isoformat()}).status_code
        == 302
    )


def test_the_time_of_an_ended_hold_can_be_taken_again_with_all_services(client: Client) -> None:
    job = bookable_job()
    offer(job.shop, "brake_fluid")
    post_hold(client, job, also="brake_fluid")
    first = Booking.objects.get()
    client.post(page("release", first))
    html = text(client.get(page("confirm", first)))
    assert 'name="also" value="brake_fluid"' in html
    assert "also=brake_fluid" in client.post(page("release", first))["Location"]


def test_the_shop_page_puts_services_together(client: Client) -> None:
    job = bookable_job()
    offer(job.shop, "brake_fluid")
    offer(job.shop, "cabin_filter")
    url = reverse("shops:detail", args=[job.shop.slug])
    query = {"variant": job.variant.slug, "service": "minor_service", "also": "brake_fluid"}
    html = text(client.get(url, query))
    assert "¥328.00" in html
    assert 'name="also" value="brake_fluid"' in html
    assert "Add Cabin filter to the visit" in html
    assert "also=brake_fluid,cabin_filter" in html
    assert "We do not know one of the services" in text(client.get(url, query | {"also": "rustproofing"}))


# --- How car and shop come together ---------------------------------------------------------------


def pick_up_job(**fields: object) -> Job:
    job = bookable_job(pickup_radius_km=10, latitude=31.18, longitude=121.44, **fields)
    TechnicianResourceFactory(shop=job.shop, capabilities=["driver"])
    return job


def test_only_a_shop_with_drivers_offers_to_fetch_the_car(client: Client) -> None:
    assert "A driver fetches it" not in text(client.get(slots_url(bookable_job())))
    assert "A driver fetches it" in text(client.get(slots_url(pick_up_job())))
    response = client.get(slots_url(bookable_job(), handover="pick_up", **NEARBY))
    assert "This shop does not fetch cars." in text(response)


def test_a_driver_is_asked_for_a_place_before_times_are_shown(client: Client) -> None:
    html = text(client.get(slots_url(pick_up_job(), handover="pick_up")))
    assert "Say where to come, and the free times appear here." in html
    assert 'name="starts_at"' not in html
    held_anyway = post_hold(client, pick_up_job(), handover="pick_up", visit_address="漕溪北路 45 号")
    assert held_anyway.status_code == 400
    assert "Say roughly where" in text(held_anyway)


def test_the_times_depend_on_the_place(client: Client) -> None:
    """From next door the car is back soon; from 8 km away the way back does not fit before closing."""
    job = pick_up_job()
    near = text(client.get(slots_url(job, handover="pick_up", date="2026-11-24", **NEARBY)))
    far = text(client.get(slots_url(job, handover="pick_up", date="2026-11-24", lat="31.25", lng="121.44")))
    assert near.count('name="starts_at"') > far.count('name="starts_at"') > 0


def test_a_place_by_name_is_understood_and_remembered(client: Client) -> None:
    PlaceFactory()
    job = pick_up_job()
    html = text(client.get(slots_url(job, handover="pick_up", near="Xuhui")))
    assert 'name="starts_at"' in html
    again = text(client.get(slots_url(job, handover="pick_up")))
    assert 'value="Xuhui"' in again
    assert "near=Xuhui" in again  # in the addresses of the days


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (SUZHOU, "The team does not come that far."),
        ({"near": "Atlantis"}, "We do not know this place."),
        ({"lat": "91", "lng": "x"}, "We do not know this place."),
        ({"near": "a" * 5000}, "at most 80 characters"),
    ],
    ids=["too far", "unknown", "no coordinates", "too long"],
)
def test_a_place_that_does_not_work_is_said_beside_the_field(client: Client, query: dict[str, str], words: str) -> None:
    html = text(client.get(slots_url(pick_up_job(), handover="pick_up", **query)))
    assert words in html
    assert 'id="id_near_error"' in html
    assert 'name="starts_at"' not in html


def test_the_form_without_a_time_shows_the_times_for_it(client: Client) -> None:
    job = pick_up_job()
    sent = {"variant": job.variant.slug, "handover": "pick_up", "visit_address": "漕溪北路 45 号", **NEARBY}
    response = client.post(hold_url(job), sent)
    assert response.status_code == 302
    assert "handover=pick_up" in response["Location"]
    assert "lat=31.18000" in response["Location"]
    assert "%E6%BC%95" not in response["Location"]  # an address is nobody else's business
    assert "漕溪北路 45 号" in text(client.get(response["Location"]))


def test_a_fetched_car_needs_an_address(client: Client) -> None:
    job = pick_up_job()
    missing = post_hold(client, job, handover="pick_up", **NEARBY)
    assert missing.status_code == 400
    assert "Say where the driver should come: street, number" in text(missing)
    assert not Booking.objects.exists()
    response = post_hold(client, job, handover="pick_up", visit_address="漕溪北路 45 号", **NEARBY)
    booking = Booking.objects.get()
    assert response["Location"] == page("confirm", booking)
    assert (booking.handover, booking.visit_address) == (Handover.PICK_UP, "漕溪北路 45 号")
    html = text(client.get(page("confirm", booking)))
    assert "A driver fetches the car and brings it back" in html
    assert "Back with you about" in html


def test_a_loaner_car_is_offered_where_there_is_one(client: Client) -> None:
    job = bookable_job()
    assert "I need a loaner car" not in text(client.get(slots_url(job)))
    BayFactory(shop=job.shop, kind=ResourceKind.LOANER, capabilities=[], name_en="White Lavida")
    assert "I need a loaner car" in text(client.get(slots_url(job)))
    assert post_hold(client, job, loaner="on").status_code == 302
    booking = Booking.objects.get()
    assert booking.with_loaner
    assert "White Lavida" in text(client.get(page("confirm", booking)))
    assert "loaner=on" in client.post(page("release", booking))["Location"]


def test_an_on_site_team_shows_times_for_the_place_searched_from(client: Client) -> None:
    job = bookable_job(kind=ShopKind.ON_SITE, service_radius_km=15)
    job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    client.get(reverse("bookings:search"), {"service": "minor_service", "variant": job.variant.slug, **SUZHOU})
    html = text(client.get(slots_url(job)))
    assert "The team does not come that far. It comes up to 15 km." in html
    assert 'name="starts_at"' in text(client.get(slots_url(job, **NEARBY)))


# --- Off-peak -------------------------------------------------------------------------------------


def test_off_peak_slots_show_discount_and_total(client: Client) -> None:
    job = bookable_job()
    off_peak(job.shop)
    html = text(client.get(slots_url(job)))
    fourteen = html.split('value="2026-11-23T14:00:00+08:00"')[1].split("</button>")[0]
    assert "−25 %" in fourteen
    assert "¥247" in fourteen  # 268 less a quarter of 84
    thirteen = html.split('value="2026-11-23T13:00:00+08:00"')[1].split("</button>")[0]
    assert "¥" not in thirteen
    assert "All other times: ¥268." in html
    monday = html.split('aria-current="date"')[1].split("</a>")[0]
    assert "−25 %" in monday


def test_confirmation_shows_list_price_discount_and_total(client: Client) -> None:
    job = bookable_job()
    off_peak(job.shop)
    booking = held(client, job, local(14))
    html = text(client.get(page("confirm", booking)))
    for words in ("List price", "¥268.00", "Off-peak discount on labour", "−¥21.00", "¥247.00"):
        assert words in html


def test_results_name_the_cheaper_time(client: Client) -> None:
    job = bookable_job()
    off_peak(job.shop, start=11, end=12)
    query = {"service": "minor_service", "variant": job.variant.slug}
    assert "Off-peak from ¥247: today, 11:00" in text(client.get(reverse("bookings:search"), query))
    OffPeak.objects.all().delete()
    assert "Off-peak" not in text(client.get(reverse("bookings:search"), query)).split("shop-grid")[1]


def test_moving_shows_what_an_off_peak_time_costs(client: Client) -> None:
    job = bookable_job()
    off_peak(job.shop)
    booking = booked(client, job, UserFactory())
    html = text(client.get(page("reschedule", booking)))
    assert "−25 %" in html
    assert "all other times cost ¥268" in html
    client.post(page("reschedule", booking), {"starts_at": local(14).isoformat()})
    booking.refresh_from_db()
    assert (booking.status, booking.total_fen) == (Status.CONFIRMED, 24_700)
    back = text(client.get(page("reschedule", booking)))
    assert "¥268" in back.split('value="2026-11-23T13:00:00+08:00"')[1].split("</button>")[0]


def test_a_car_of_the_garage_stays_chosen_with_the_services(client: Client) -> None:
    job = bookable_job()
    offer(job.shop, "brake_fluid")
    car = CarFactory(variant=job.variant)
    client.force_login(car.owner)
    html = text(client.get(slots_url(job, also="brake_fluid", car=car.public_id)))
    assert f"car={car.public_id}&amp;also=brake_fluid&amp;date=" in html
