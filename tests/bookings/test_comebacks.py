"""A car that comes back under warranty: one tap, the next free time, no charge."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from psycopg2.extras import DateTimeTZRange

from bookings import actions, workshop
from bookings.actions import Actor
from bookings.choices import (
    ActorRole,
    AllocationKind,
    CancelReason,
    EventKind,
    LineOrigin,
    LineState,
    Status,
)
from bookings.errors import NoSuchLineError
from bookings.floor import comebacks
from bookings.models import Allocation, Booking, Line
from catalog.models import Offer
from core.errors import InvalidInput
from core.models import OutboxEvent
from shops.choices import Confirmation
from tests.bookings.owner_pages import page, text
from tests.bookings.test_availability import local
from tests.bookings.test_record_entry import add_line
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.handovers import handed_over, in_work, ready
from tests.factories.jobs import lavida, minor_service
from tests.factories.shops import open_shop
from tests.factories.vehicles import CarFactory
from vehicles.models import HealthEntry

pytestmark = pytest.mark.django_db

# The visit is handed over on Monday 23 November at 12:50; the next day at 9:00 something squeals again.
NEXT_DAY = local(9, day=date(2026, 11, 24))
WORDS = "It squeals again"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NEXT_DAY, tick=False) as traveller:
        yield traveller


def owner_of(booking: Booking) -> Actor:
    return Actor(ActorRole.OWNER, booking.owner)


def come_back(booking: Booking, at: datetime = NEXT_DAY, words: str = WORDS) -> Booking:
    return comebacks.open(
        booking=booking, lines=comebacks.can_open(booking, at), words=words, by=owner_of(booking), at=at
    )


# --- Opening it -------------------------------------------------------------------------------------------


def test_comeback_is_a_visit_at_the_next_free_time_at_no_charge() -> None:
    booking = handed_over()
    again = come_back(booking)
    assert (again.comeback_of, again.comeback_reason, again.status) == (booking, WORDS, Status.CONFIRMED)
    assert (again.starts_at, again.shop, again.service) == (
        local(10, day=date(2026, 11, 24)),
        booking.shop,
        booking.service,
    )
    assert (again.labour_fen, again.parts_fen, again.discount_fen, again.deposit_fen, again.total_fen) == (0,) * 5
    assert (again.late_cancel_fee_fen, again.no_show_fee_fen) == (0, 0)
    assert (again.owner, again.car, again.plate) == (booking.owner, booking.car, booking.plate)
    assert again.contact_phone == booking.contact_phone
    assert [one.total_fen for one in again.booked_services.all()] == [0]
    assert again.allocations.count() == 2
    event = booking.events.get(kind=EventKind.COMEBACK)
    assert event.data == {"visit": again.public_id, "lines": [booking.lines.get().public_id]}
    topics = OutboxEvent.objects.filter(key__in=[booking.public_id, again.public_id]).values_list("topic", flat=True)
    assert {"booking.comeback", "booking.confirmed"} <= set(topics)


def test_database_refuses_a_comeback_that_costs_something() -> None:
    again = come_back(handed_over())
    with pytest.raises(IntegrityError, match="booking_comeback_is_free"), transaction.atomic():
        Booking.objects.filter(pk=again.pk).update(labour_fen=1)


def test_asking_twice_opens_one_visit() -> None:
    booking = handed_over()
    lines = comebacks.can_open(booking, NEXT_DAY)
    first = come_back(booking)
    second = comebacks.open(booking=booking, lines=lines, words="And it rattles", by=owner_of(booking), at=NEXT_DAY)
    assert second == first == comebacks.current(booking)
    assert comebacks.can_open(booking, NEXT_DAY) == []
    assert booking.comebacks.count() == 1
    assert booking.events.filter(kind=EventKind.COMEBACK).count() == 1


def test_after_a_cancelled_comeback_another_can_be_opened() -> None:
    booking = handed_over()
    first = come_back(booking)
    actions.cancel(booking=first, by=owner_of(booking), at=NEXT_DAY, reason=CancelReason.PLANS_CHANGED)
    assert comebacks.current(booking) is None
    assert come_back(booking) != first


def test_owner_moves_a_comeback_like_any_visit() -> None:
    again = come_back(handed_over())
    actions.reschedule(booking=again, starts_at=local(15, day=date(2026, 11, 25)), by=owner_of(again), at=NEXT_DAY)
    again.refresh_from_db()
    assert (again.starts_at, again.total_fen) == (local(15, day=date(2026, 11, 25)), 0)


def test_shop_that_confirms_by_hand_is_not_asked() -> None:
    booking = handed_over()
    booking.shop.confirmation = Confirmation.BY_HAND
    booking.shop.save()
    assert come_back(booking).status == Status.CONFIRMED


def test_service_that_is_no_longer_offered_is_put_right_all_the_same() -> None:
    booking = handed_over()
    Offer.objects.all().delete()
    assert come_back(booking).service == booking.service


def test_line_in_the_shops_own_words_comes_back_under_the_visits_service() -> None:
    booking = in_work()
    line = add_line(booking, "Rattle behind the dashboard", "approve")
    booking = workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    line.refresh_from_db()
    again = comebacks.open(booking=booking, lines=[line], words=WORDS, by=owner_of(booking), at=NEXT_DAY)
    assert [one.service for one in again.booked_services.all()] == [booking.service]
    assert again.booked_services.all()[0].minutes == 30


def test_no_free_time_is_refused_with_the_shops_number() -> None:
    booking = handed_over()
    for resource in booking.shop.resources.all():
        Allocation.objects.create(
            resource=resource,
            kind=AllocationKind.BLOCK,
            during=DateTimeTZRange(NEXT_DAY, NEXT_DAY + timedelta(hours=23)),
        )
    booking.shop.closures.create(first_date=NEXT_DAY.date(), last_date=NEXT_DAY.date() + timedelta(days=30))
    with pytest.raises(comebacks.NoFreeSlotError) as refused:
        come_back(booking)
    assert "+862154360218" in str(refused.value.message)
    assert not booking.comebacks.exists()


def test_on_site_team_comes_to_where_it_was() -> None:
    booking = handed_over()
    # The same visit, made by a team that drives.
    van = open_shop(bays=0, kind="on_site", service_radius_km=20)
    van.resources.create(kind="mobile_unit", name_zh="1 号车", name_en="Van 1", capabilities=["lift"])
    Booking.objects.filter(pk=booking.pk).update(
        shop=van, handover="on_site", visit_address="龙漕路 218 号", visit_latitude=31.18, visit_longitude=121.44
    )
    booking.refresh_from_db()
    again = come_back(booking)
    assert (again.handover, again.visit_address, again.visit_latitude) == ("on_site", "龙漕路 218 号", 31.18)


# --- What is covered ----------------------------------------------------------------------------------


def test_warranty_covers_its_last_day_and_not_the_next() -> None:
    booking = handed_over()
    last = local(23, day=date(2026, 11, 24)) + timedelta(days=9)  # 3 December, shop's time
    assert len(comebacks.can_open(booking, last)) == 1
    assert comebacks.can_open(booking, last + timedelta(hours=1)) == []


@pytest.mark.parametrize(("km", "count"), [(52_000, 1), (52_001, 0)])
def test_warranty_covers_its_last_kilometre_and_not_the_next(km: int, count: int) -> None:
    booking = handed_over(km=50_000)
    booking.car.odometer_km = km
    booking.car.save()
    booking = Booking.objects.get(pk=booking.pk)
    assert len(comebacks.can_open(booking, NEXT_DAY)) == count


def test_line_out_of_warranty_is_refused() -> None:
    booking = handed_over()
    line = booking.lines.get()
    later = NEXT_DAY + timedelta(days=20)
    with pytest.raises(comebacks.WarrantyOverError):
        comebacks.open(booking=booking, lines=[line], words=WORDS, by=owner_of(booking), at=later)


def test_line_that_was_not_done_is_not_under_warranty() -> None:
    booking = in_work()
    declined = add_line(booking, "Engine flush", "decline")
    booking = workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    assert declined not in comebacks.can_open(booking, NEXT_DAY)
    with pytest.raises(comebacks.WarrantyOverError):
        comebacks.open(booking=booking, lines=[declined], words=WORDS, by=owner_of(booking), at=NEXT_DAY)


def test_visit_that_is_not_over_has_no_comeback() -> None:
    booking = ready(in_work())
    assert comebacks.can_open(booking, NEXT_DAY) == []
    with pytest.raises(comebacks.WarrantyOverError):
        comebacks.open(booking=booking, lines=[booking.lines.get()], words=WORDS, by=owner_of(booking), at=NEXT_DAY)


def test_input_that_says_nothing_is_refused() -> None:
    booking, other = handed_over(), handed_over()
    line = booking.lines.get()

    def refused(lines: list[Line], words: str) -> str | None:
        with pytest.raises(InvalidInput) as no:
            comebacks.open(booking=booking, lines=lines, words=words, by=owner_of(booking), at=NEXT_DAY)
        return no.value.field

    assert refused([], WORDS) == "lines"
    assert refused([line], "x" * 501) == "words"
    with pytest.raises(NoSuchLineError):
        comebacks.open(booking=booking, lines=[line, other.lines.get()], words=WORDS, by=owner_of(booking), at=NEXT_DAY)
    assert not Booking.objects.exclude(comeback_of=None).exists()


# --- Through the workshop --------------------------------------------------------------------------------


def test_comeback_is_put_right_at_no_charge_and_has_a_warranty_of_its_own() -> None:
    booking = handed_over()
    again, by = come_back(booking), UserFactory()
    workshop.check_in(booking=again, odometer_km=50_100, by=by, at=again.starts_at)
    line = again.lines.get()
    assert (line.origin, line.state, line.current.total_fen) == (LineOrigin.WARRANTY, LineState.APPROVED, 0)
    again = workshop.start(booking=again, by=by, at=again.starts_at)
    again = floor.hand_over(again, by=by, at=again.ends_at)
    line.refresh_from_db()
    assert (again.final_fen, line.warranty_until_km) == (0, 52_100)
    entry = HealthEntry.objects.get(reference=f"visit:{again.public_id}")
    assert (entry.private["total_fen"], entry.facts["items"][0]["outcome"]) == (0, "done")
    # ... and if that does not hold either, it comes back again.
    third = come_back(again, again.completed_at)
    assert third.comeback_of == again
    assert comebacks.current(booking) is None


def test_what_is_found_besides_needs_the_owners_word_and_its_price() -> None:
    again, by = come_back(handed_over()), UserFactory()
    workshop.check_in(booking=again, odometer_km=50_100, by=by, at=again.starts_at)
    again = workshop.start(booking=again, by=by, at=again.starts_at)
    add_line(again, "Wiper blades", "approve", fen=3_000)
    add_line(again, "Engine flush", "decline", fen=9_000)
    again = floor.hand_over(again, by=by, at=again.ends_at)
    assert again.final_fen == 23_000


# --- The page and the API -----------------------------------------------------------------------------------


@pytest.fixture
def english(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def test_page_opens_the_comeback_in_one_tap(english: Client) -> None:
    booking = handed_over()
    english.force_login(booking.owner)
    shown = text(english.get(page("comeback", booking)))
    assert "Minor service, warranty until 3 Dec 2026 or 52,000 km" in shown
    assert "checked" in shown  # nothing to choose
    response = english.post(page("comeback", booking), {"lines": [booking.lines.get().public_id], "words": WORDS})
    again = booking.comebacks.get()
    assert response["Location"] == page("detail", again)
    assert (again.comeback_reason, again.events.get().actor) == (WORDS, booking.owner)
    assert english.get(page("comeback", booking))["Location"] == page("detail", again)


def test_page_has_every_covered_line_ticked_and_asks_for_no_words(english: Client) -> None:
    booking = in_work()
    add_line(booking, "Rattle behind the dashboard", "approve")
    booking = workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    english.force_login(booking.owner)
    assert text(english.get(page("comeback", booking))).count("checked") == 2
    done = [line.public_id for line in booking.lines.all()]
    assert english.post(page("comeback", booking), {"lines": done, "words": ""}).status_code == 302
    assert booking.comebacks.get().comeback_reason == ""


@pytest.mark.parametrize(
    ("lines", "words", "complaint"),
    [
        ([], WORDS, "Choose what has to be put right."),
        (["nonsense"], WORDS, "This is not under warranty any more. Choose again."),
        (None, "x" * 501, "500"),
        (None, "It squeals\x00", "Null characters are not allowed."),
    ],
)
def test_page_says_what_is_missing_and_keeps_the_rest(
    english: Client, lines: list[str] | None, words: str, complaint: str
) -> None:
    booking = handed_over()
    english.force_login(booking.owner)
    chosen = [booking.lines.get().public_id] if lines is None else lines
    response = english.post(page("comeback", booking), {"lines": chosen, "words": words})
    assert response.status_code == 400
    assert complaint in text(response)
    assert words.replace("\x00", "") in text(response).replace("\x00", "")
    assert not booking.comebacks.exists()


def visit_with_eight_services() -> Booking:
    """Handed over with eight lines, each of another service."""
    booking = in_work()
    for number in range(7):
        add_line(booking, f"Work {number}", "approve", service=minor_service(key=f"work_{number}"))
    return workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)


def test_page_with_more_than_one_visit_takes_lets_the_owner_choose(english: Client) -> None:
    booking = visit_with_eight_services()
    english.force_login(booking.owner)
    shown = text(english.get(page("comeback", booking)))
    assert "A visit has room for six kinds of work" in shown
    assert (shown.count('name="lines"'), shown.count("checked")) == (8, 6)
    every = [line.public_id for line in booking.lines.order_by("position")]
    refused = english.post(page("comeback", booking), {"lines": every, "words": WORDS})
    assert refused.status_code == 400
    assert "Take some out and name them below" in text(refused)
    assert not booking.comebacks.exists()
    assert english.post(page("comeback", booking), {"lines": every[2:], "words": WORDS}).status_code == 302
    assert booking.comebacks.get().booked_services.count() == 6
    assert booking.events.get(kind=EventKind.COMEBACK).data["lines"] == every[2:]


def test_page_after_the_warranty_says_so(english: Client, clock: time_machine.Traveller) -> None:
    booking = handed_over()
    clock.move_to(NEXT_DAY + timedelta(days=30))
    english.force_login(booking.owner)
    response = english.get(page("comeback", booking))
    assert "Nothing of this visit is under warranty" in text(response)
    posted = english.post(page("comeback", booking), {"lines": [booking.lines.get().public_id], "words": WORDS})
    assert posted.status_code == 400


def test_page_without_a_free_time_gives_the_number(english: Client) -> None:
    booking = handed_over()
    booking.shop.closures.create(first_date=NEXT_DAY.date(), last_date=NEXT_DAY.date() + timedelta(days=30))
    english.force_login(booking.owner)
    response = english.post(page("comeback", booking), {"lines": [booking.lines.get().public_id], "words": WORDS})
    assert response.status_code == 409
    assert "+862154360218" in text(response)
    assert WORDS in text(response)


def test_page_is_the_owners_alone(english: Client) -> None:
    booking = handed_over()
    assert english.get(page("comeback", booking)).status_code == 302
    english.force_login(UserFactory())
    assert english.get(page("comeback", booking)).status_code == 404
    body = {"lines": [booking.lines.get().public_id], "words": WORDS}
    assert english.post(page("comeback", booking), body).status_code == 404
    assert not booking.comebacks.exists()


def api_url(booking: Booking) -> str:
    return reverse("bookings_api:comeback", args=[booking.public_id])


def test_api_opens_a_comeback(client: Client) -> None:
    booking = handed_over(car=CarFactory(variant=lavida()))
    client.force_login(booking.owner)
    body = {"lines": [booking.lines.get().public_id], "words": WORDS}
    first = client.post(api_url(booking), body, content_type="application/json")
    again = client.post(api_url(booking), body, content_type="application/json")
    assert (first.status_code, first.json()["total_fen"], first.json()["status"]) == (201, 0, "confirmed")
    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": "x"}, "lines"),
        ({"lines": ["x" * 17]}, "lines"),
        ({"words": "x" * 100_000}, "words"),
        ({"words": "a\x00b"}, "words"),
        ({"words": ["a", "b"]}, "words"),
    ],
)
def test_api_names_the_field_at_fault(client: Client, changed: dict[str, object], field: str) -> None:
    booking = handed_over()
    client.force_login(booking.owner)
    body = {"lines": [booking.lines.get().public_id], "words": WORDS, **changed}
    response = client.post(api_url(booking), body, content_type="application/json")
    assert response.status_code == 400
    assert field in str(response.json())


def test_api_shows_nothing_of_a_foreign_visit(client: Client) -> None:
    booking, other = handed_over(), handed_over()
    body = {"lines": [booking.lines.get().public_id], "words": WORDS}
    assert client.post(api_url(booking), body, content_type="application/json").status_code in (401, 403)
    client.force_login(other.owner)
    assert client.post(api_url(booking), body, content_type="application/json").status_code == 404
    # One's own visit with somebody else's line.
    assert client.post(api_url(other), body, content_type="application/json").status_code == 404
