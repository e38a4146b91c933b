"""What a letter offers are real times: off-peak first, then the earliest, at shops near; and its links lead there."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import translation

from bookings import actions
from bookings.engine.jobs import Job
from catalog.models import Offer
from reminders.choices import Source
from reminders.models import Letter, LetterSlot
from reminders.sending import letters, reading, slots
from reminders.sending.facts import Facts
from reminders.sending.sweep import sweep
from shops.models import OffPeak
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, bookable_job, browser, lavida, minor_service
from tests.factories.reminders import AT, TODAY, due_item, owned_car
from tests.factories.shops import CityFactory
from tests.factories.visits import completed_visit
from vehicles.models import Car

pytestmark = pytest.mark.django_db
OPEN_ALWAYS = {"holiday_policy": "as_usual"}


def best(car: Car, **more: object) -> list[slots.Offer]:
    car.variant = lavida()
    return slots.best(car, [minor_service()], at=AT, **more)  # type: ignore[arg-type]


def starts(offers: list[slots.Offer]) -> list[str]:
    return [
        f"{offer.slot.starts_at.astimezone(offer.shop.zone):%d %H:%M} −{offer.slot.discount_percent}"
        for offer in offers
    ]


def off_peak(job: Job, day: int, percent: int) -> None:
    OffPeak.objects.create(shop=job.shop, day=day, starts_at=time(13), ends_at=time(15), percent=percent)


def test_without_off_peak_hours_the_earliest_is_offered_two_days_at_one_shop() -> None:
    bookable_job()
    assert starts(best(owned_car())) == ["24 08:00 −0", "25 08:00 −0"]


def test_off_peak_comes_first_and_the_price_has_it_off() -> None:
    job, other = bookable_job(), bookable_job()
    off_peak(job, 4, 15)
    off_peak(other, 5, 10)
    offers = best(owned_car())
    assert starts(offers) == ["26 13:00 −15", "03 13:00 −15", "27 13:00 −10"]
    assert [offer.shop for offer in offers] == [job.shop, job.shop, other.shop]
    assert (offers[0].job.price().total_fen, offers[0].price_fen) == (268_00, 268_00 - 12_60)


def test_at_most_two_are_at_one_shop_and_three_in_all() -> None:
    jobs = [bookable_job() for _ in range(4)]
    offers = best(owned_car())
    assert len(offers) == 3
    assert max([offer.shop for offer in offers].count(job.shop) for job in jobs) <= 2


def test_every_offer_can_be_held() -> None:
    off_peak(bookable_job(), 4, 15)
    car = owned_car()
    for offer in best(car):
        held = actions.hold(job=offer.job.job, starts_at=offer.slot.starts_at, holder=browser(), at=AT)
        assert held.agreed_fen == offer.price_fen


def test_a_legal_deadline_comes_before_a_discount() -> None:
    off_peak(bookable_job(), 4, 15)
    assert starts(best(owned_car(), until=date(2026, 11, 25))) == ["24 08:00 −0", "25 08:00 −0"]


def test_after_the_deadline_is_better_than_never() -> None:
    bookable_job()
    assert starts(best(owned_car(), until=TODAY)) == ["24 08:00 −0", "25 08:00 −0"]


def test_the_shop_of_the_last_visit_says_where_an_owner_is() -> None:
    CityFactory()
    far = CityFactory(key="hangzhou", name_en="Hangzhou", latitude=30.27, longitude=120.15)
    bookable_job()
    there = bookable_job(city=far, latitude=30.27, longitude=120.15)
    car = owned_car()
    assert there.shop not in [offer.shop for offer in best(car)]
    completed_visit(there.shop, 40, owner=car.owner, starts_at=AT - timedelta(days=400))
    assert {offer.shop for offer in best(car)} == {there.shop}


def test_nothing_is_offered_where_nobody_does_it() -> None:
    minor_service()
    assert best(owned_car()) == []


def test_the_number_of_queries_does_not_grow_with_shops(django_assert_num_queries: object) -> None:
    for _ in range(5):
        bookable_job()
    car = owned_car()
    minor_service(), lavida()
    with django_assert_num_queries(13):  # type: ignore[operator]
        best(car)


def test_one_shop_alone_can_be_asked() -> None:
    bookable_job()
    job = bookable_job()
    assert [offer.shop for offer in best(owned_car(), shop=job.shop)] == [job.shop] * 3


def offers_of(car: Car) -> list[slots.Offer]:
    (draft,) = reading.drafts([car.owner_id], at=AT)
    return letters.offers_for(draft, Facts(at=AT))


def test_what_is_due_together_is_offered_together() -> None:
    job, other = bookable_job(), minor_service(key="brake_fluid", name_en="Brake fluid")
    Offer.objects.create(shop=job.shop, service=other, scope="all", labour_fen=5000, parts_fen=5000)
    car = owned_car()
    due_item(car), due_item(car, days=12, service="brake_fluid")
    assert offers_of(car)[0].keys == ["minor_service", "brake_fluid"]


def test_what_no_shop_does_together_is_offered_alone() -> None:
    bookable_job()
    minor_service(key="brake_fluid", name_en="Brake fluid")
    car = owned_car()
    due_item(car), due_item(car, days=12, service="brake_fluid")
    assert offers_of(car)[0].keys == ["minor_service"]


def test_only_likely_work_is_measured_first() -> None:
    job, check = bookable_job(), minor_service(key="full_inspection", name_en="Full inspection")
    Offer.objects.create(shop=job.shop, service=check, scope="all", labour_fen=5000, parts_fen=0)
    car = owned_car()
    due_item(car, is_likely=True)
    assert offers_of(car)[0].keys == ["full_inspection"]


def test_what_is_no_service_has_no_times() -> None:
    bookable_job()
    car = owned_car()
    due_item(car, service="", subject="owner:insurance", source=Source.INSURANCE)
    assert offers_of(car) == []


# --- Following a link --------------------------------------------------------------------------------


@pytest.fixture
def sent() -> Letter:
    bookable_job()
    due_item()
    sweep(at=AT)
    return Letter.objects.get()


def signed_in(user: object) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)  # type: ignore[arg-type]
    return client


def test_the_owner_is_led_to_the_time_with_car_and_service_chosen(sent: Letter) -> None:
    offered = sent.slots.get(number=1)
    answer = signed_in(sent.owner).get(f"/go/{sent.public_id}/1/")
    parts = urlsplit(answer["Location"])
    assert parts.path == f"/book/{offered.shop.slug}/minor_service/"
    assert parse_qs(parts.query) == {"car": [offered.car.public_id], "at": [offered.starts_at.isoformat()]}


def test_the_link_of_the_letter_leads_to_the_car(sent: Letter) -> None:
    answer = signed_in(sent.owner).get(f"/go/{sent.public_id}/")
    assert answer["Location"].startswith(f"/cars/{sent.slots.get(number=1).car.public_id}/")


def test_following_is_written_down_once(sent: Letter) -> None:
    client = signed_in(sent.owner)
    client.get(f"/go/{sent.public_id}/1/")
    sent.refresh_from_db()
    first = sent.followed_at
    assert first is not None
    client.get(f"/go/{sent.public_id}/")
    sent.refresh_from_db()
    assert sent.followed_at == first


def test_who_is_signed_out_signs_in_first_and_nothing_is_written_down(sent: Letter) -> None:
    """So a mail program that opens links to look at them follows none."""
    answer = Client().get(f"/go/{sent.public_id}/1/")
    assert answer.status_code == 302
    assert f"next=/go/{sent.public_id}/1/" in answer["Location"]
    sent.refresh_from_db()
    assert sent.followed_at is None


def test_a_letter_to_somebody_else_is_not_there(sent: Letter) -> None:
    client = signed_in(UserFactory())
    assert client.get(f"/go/{sent.public_id}/").status_code == 404
    assert client.get(f"/go/{sent.public_id}/1/").status_code == 404
    assert client.post(f"/go/{sent.public_id}/1/").status_code == 405


def test_a_time_that_was_not_offered_is_not_there(sent: Letter) -> None:
    assert signed_in(sent.owner).get(f"/go/{sent.public_id}/99999999999/").status_code == 404


def test_a_car_that_was_removed_is_not_booked(sent: Letter) -> None:
    Car.objects.update(removed_at=AT)
    client = signed_in(sent.owner)
    assert client.get(f"/go/{sent.public_id}/1/").status_code == 404
    assert client.get(f"/go/{sent.public_id}/")["Location"] == "/cars/"


def page(sent: Letter, now: datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    client = signed_in(sent.owner)
    with translation.override("en"):
        return client.get(f"/go/{sent.public_id}/1/", follow=True, HTTP_ACCEPT_LANGUAGE="en").content.decode()


def test_one_tap_holds_the_offered_time(sent: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(sent, AT, monkeypatch)
    assert "Hold this time" in text
    assert text.count('aria-labelledby="picked-title"') == 1


def test_a_time_that_has_gone_is_answered_with_the_nearest(sent: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    offered: LetterSlot = sent.slots.get(number=1)
    taken = Job(shop=offered.shop, service=minor_service(), variant=lavida())
    held = actions.hold(job=taken, starts_at=offered.starts_at, holder=browser(), at=AT)
    actions.confirm(booking=held, by=UserFactory(), holder=browser(), contact=CONTACT, car=None, at=AT)
    text = page(sent, AT, monkeypatch)
    assert "has just gone" in text
    assert "The nearest free times:" in text
    assert "picked-title" not in text


@pytest.mark.parametrize("named", ["x", "2026-11-24", "9999-12-31T23:59:59+00:00", "a" * 10_000])
def test_an_address_without_a_time_in_it_shows_the_times(sent: Letter, named: str) -> None:
    offered = sent.slots.get(number=1)
    url = f"/book/{offered.shop.slug}/minor_service/"
    answer = signed_in(sent.owner).get(url, {"car": offered.car.public_id, "at": named})
    assert answer.status_code == 200
    assert b"picked-title" not in answer.content
