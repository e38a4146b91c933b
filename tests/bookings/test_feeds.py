"""Secret calendar addresses: what they say, who may have them, how they end."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from icalendar import Calendar
from psycopg2.extras import DateTimeTZRange
from pytest_django import DjangoAssertNumQueries

from accounts import privacy
from bookings import feeds
from bookings.actions import Actor, record
from bookings.calendar_files import Entry
from bookings.choices import ActorRole, AllocationKind, EventKind, Status
from bookings.models import Booking, CalendarFeed
from shops.choices import Role
from shops.models import Resource, ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW, minor_service
from tests.factories.shops import BayFactory, ShopFactory, ShopMemberFactory, TechnicianResourceFactory
from tests.factories.visits import claim, visit

pytestmark = pytest.mark.django_db
OWN = reverse("bookings:own_feed")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SECRET = {"contact_name": "林女士", "contact_phone": "+8613816420957", "owner_note": "gate 4711"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


@pytest.fixture
def owner() -> Any:
    return UserFactory(language="en")


def path_of(feed: CalendarFeed) -> str:
    return reverse("bookings:feed", args=[feed.token])


def read(feed: CalendarFeed) -> Calendar:
    """What a calendar program without a session gets."""
    response = Client().get(path_of(feed))
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in response.content.split(b"\r\n"))
    return Calendar.from_ical(response.content)


def events(feed: CalendarFeed) -> dict[str, Any]:
    """The events by their description's first line, the booking's number; claims without a visit by their summary."""
    found = read(feed).walk("VEVENT")
    for event in found:
        assert not event.errors
        assert event["DTSTAMP"].dt.utcoffset() == timedelta(0)
        assert event["DTSTART"].to_ical().endswith(b"Z")
        assert event["DTEND"].dt > event["DTSTART"].dt
    return {
        str(event.get("DESCRIPTION", event["SUMMARY"])).split("\n")[0].removeprefix("Number "): event for event in found
    }


def owned(owner: Any, **fields: Any) -> Booking:
    """A visit of the owner that was confirmed yesterday."""
    booking = visit(fields.pop("shop", None) or ShopFactory(), owner=owner, **fields)
    changed(booking, EventKind.CONFIRMED, NOW - DAY)
    return booking


def changed(booking: Booking, kind: EventKind, at: datetime) -> None:
    record(booking=booking, kind=kind, by=Actor(ActorRole.SYSTEM), at=at)


# --- An owner's visits --------------------------------------------------------------------------------


def test_owner_feed_shows_a_visit_with_place_price_and_reminder(owner: Any) -> None:
    shop = ShopFactory(name_en="Shenchi Auto")
    services = (minor_service(), minor_service(key="brake_fluid", name_en="Brake fluid"))
    booking = owned(owner, shop=shop, starts_at=NOW + DAY, services=services, revision=3)
    feed = feeds.switch_on(user=owner)
    event = events(feed)[booking.number]
    assert event["UID"] == f"{booking.public_id}@127.0.0.1"
    assert event["SUMMARY"] == "Minor service + Brake fluid at Shenchi Auto"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (booking.starts_at, booking.ends_at)
    assert (event["SEQUENCE"], event["STATUS"], event["TRANSP"]) == (3, "CONFIRMED", "OPAQUE")
    assert event["LAST-MODIFIED"].dt == event["DTSTAMP"].dt == NOW - DAY
    assert event["LOCATION"] == "Shenchi Auto, Xuhui 218 Longcao Road"
    assert "¥268 all in" in event["DESCRIPTION"]
    assert len(event.walk("VALARM")) == 1
    calendar = read(feed)
    assert "METHOD" not in calendar
    assert (calendar["X-WR-CALNAME"], calendar["REFRESH-INTERVAL"].dt) == ("My car visits", HOUR)


def test_owner_feed_speaks_the_owners_language() -> None:
    chinese = UserFactory(language="zh-hans")
    booking = owned(chinese)
    (event,) = read(feeds.switch_on(user=chinese)).walk("VEVENT")
    assert "小保养" in event["SUMMARY"]
    assert booking.number in event["DESCRIPTION"]


@pytest.mark.parametrize(
    ("status", "fields", "shown_as"),
    [
        (Status.CONFIRMED, {}, "CONFIRMED"),
        (Status.CHECKED_IN, {}, "CONFIRMED"),
        (Status.COMPLETED, {"completed_at": NOW}, "CONFIRMED"),
        (Status.REQUESTED, {"hold_expires_at": NOW + HOUR}, "TENTATIVE"),
        (Status.CANCELLED, {"cancelled_at": NOW}, "CANCELLED"),
        (Status.NO_SHOW, {}, "CANCELLED"),
        (Status.HELD, {"hold_expires_at": NOW + HOUR}, None),
        (Status.REQUESTED, {"hold_expires_at": NOW}, None),
    ],
)
def test_owner_feed_says_how_a_visit_stands(owner: Any, status: str, fields: Any, shown_as: str | None) -> None:
    booking = owned(owner, status=status, **fields)
    found = events(feeds.switch_on(user=owner))
    assert {number: str(event["STATUS"]) for number, event in found.items()} == (
        {booking.number: shown_as} if shown_as else {}
    )
    if shown_as == "CANCELLED":
        assert found[booking.number]["TRANSP"] == "TRANSPARENT"
        assert not found[booking.number].walk("VALARM")


def test_owner_feed_reaches_back_thirty_days(owner: Any) -> None:
    recent = owned(owner, starts_at=NOW - 29 * DAY, status=Status.COMPLETED, completed_at=NOW - 29 * DAY)
    owned(owner, starts_at=NOW - 31 * DAY, status=Status.COMPLETED, completed_at=NOW - 31 * DAY)
    ahead = owned(owner, starts_at=NOW + 80 * DAY)
    assert set(events(feeds.switch_on(user=owner))) == {recent.number, ahead.number}


def test_owner_feed_shows_a_cancellation_for_thirty_days(owner: Any, clock: time_machine.Traveller) -> None:
    booking = owned(owner, starts_at=NOW + 60 * DAY, status=Status.CANCELLED)
    changed(booking, EventKind.CANCELLED, NOW)
    feed = feeds.switch_on(user=owner)
    assert events(feed)[booking.number]["STATUS"] == "CANCELLED"
    clock.shift(29 * DAY)
    assert booking.number in events(feed)
    clock.shift(2 * DAY)
    assert booking.number not in events(feed)


def test_owner_feed_is_silent_about_holds_that_were_never_confirmed(owner: Any) -> None:
    given_up = visit(ShopFactory(), owner=owner, status=Status.CANCELLED)
    changed(given_up, EventKind.HELD, NOW)
    changed(given_up, EventKind.CANCELLED, NOW)
    declined = visit(ShopFactory(), owner=owner, status=Status.CANCELLED, confirmed_at=None)
    changed(declined, EventKind.REQUESTED, NOW)
    changed(declined, EventKind.CANCELLED, NOW)
    assert set(events(feeds.switch_on(user=owner))) == {declined.number}


def test_owner_feed_has_nothing_of_others(owner: Any) -> None:
    owned(UserFactory())
    assert events(feeds.switch_on(user=owner)) == {}


def test_owner_feed_has_the_same_event_as_the_visits_own_file(client: Client, owner: Any) -> None:
    booking = owned(owner, starts_at=NOW + DAY)
    client.force_login(owner)
    file = Calendar.from_ical(client.get(reverse("bookings:ics", args=[booking.public_id])).content)
    (alone,) = file.walk("VEVENT")
    event = events(feeds.switch_on(user=owner))[booking.number]
    assert {k: v.to_ical() for k, v in alone.items() if k != "DTSTAMP"} == {
        k: v.to_ical() for k, v in event.items() if k != "DTSTAMP"
    }
    assert alone["DTSTAMP"].dt == NOW  # a message is stamped when it is made
    assert str(alone["ORGANIZER"]).startswith("mailto:")


@pytest.mark.parametrize(
    ("status", "fields", "method", "shown_as"),
    [
        (Status.REQUESTED, {"hold_expires_at": NOW + HOUR}, "PUBLISH", "TENTATIVE"),
        (Status.CONFIRMED, {}, "PUBLISH", "CONFIRMED"),
        (Status.NO_SHOW, {}, "CANCEL", "CANCELLED"),
    ],
)
def test_visits_own_file_says_how_it_stands(
    client: Client, owner: Any, status: str, fields: Any, method: str, shown_as: str
) -> None:
    booking = owned(owner, status=status, **fields)
    client.force_login(owner)
    calendar = Calendar.from_ical(client.get(reverse("bookings:ics", args=[booking.public_id])).content)
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], event["STATUS"]) == (method, shown_as)


@pytest.mark.parametrize("count", [1, 7])
def test_owner_feed_asks_the_same_queries_for_any_number_of_visits(
    owner: Any, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        owned(owner, starts_at=NOW + number * DAY)
    path = path_of(feeds.switch_on(user=owner))
    with django_assert_num_queries(4):  # the feed, the visits, their services, what cars need
        assert Client().get(path).content.count(b"BEGIN:VEVENT") == count


def due_entry(day: date) -> Entry:
    return Entry("due-1@127.0.0.1", 2, NOW, NOW, "Engine oil due", "CONFIRMED", NOW, day=day, categories=("Car",))


def test_owner_feed_has_what_rooms_above_add(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(feeds, "_extras", [])
    feeds.register_extra(lambda user, at: asked.append((user, at)) or [due_entry(date(2026, 12, 24))])
    feed = feeds.switch_on(user=owner)
    (event,) = read(feed).walk("VEVENT")
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 12, 24), date(2026, 12, 25))
    assert event["DTSTART"].params["VALUE"] == "DATE"
    assert (event["TRANSP"], event["SUMMARY"]) == ("TRANSPARENT", "Engine oil due")
    assert event["CATEGORIES"].to_ical() == b"Car"
    assert asked == [(owner, NOW)]


def test_owner_leaves_what_cars_need_away(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "_extras", [lambda _user, _at: [due_entry(date(2026, 12, 24))]])
    feed = feeds.switch_on(user=owner)
    client = Client()
    client.force_login(owner)
    assert 'name="shows_needs" checked' in client.get(OWN).text
    assert client.post(OWN, {"wanted": "needs"}).status_code == 302
    assert list(read(feed).walk("VEVENT")) == []
    assert 'name="shows_needs" checked' not in client.get(OWN).text
    client.post(OWN, {"wanted": "needs", "shows_needs": "on"})
    assert len(read(feed).walk("VEVENT")) == 1


# --- A bay's and a technician's day -------------------------------------------------------------------


def day_of(resource: Resource) -> Booking:
    """A visit, a break and a block on the resource."""
    booking = visit(resource.shop, starts_at=NOW + HOUR, plate="沪AD8K21", visit_address="88 Secret Lane", **SECRET)
    changed(booking, EventKind.CONFIRMED, NOW - DAY)
    claim(resource, booking)
    for kind, start in ((AllocationKind.BREAK, NOW + 3 * HOUR), (AllocationKind.BLOCK, NOW + 5 * HOUR)):
        claim(resource, kind=kind, during=DateTimeTZRange(start, start + HOUR), reason="Ms Lin's car")
    return booking


@pytest.mark.parametrize("make", [BayFactory, TechnicianResourceFactory])
def test_resource_feed_shows_work_breaks_and_blocks_without_the_customer(make: Any, settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"
    resource = make(name_en="Bay 1", shop=ShopFactory(name_en="Shenchi Auto"))
    booking = day_of(resource)
    feed = feeds.switch_on(resource=resource)
    found = events(feed)
    assert {str(event["SUMMARY"]) for event in found.values()} == {"沪AD8K21 · Minor service", "Break", "Out of use"}
    work = found[booking.number]
    assert (work["SEQUENCE"], work["STATUS"]) == (0, "CONFIRMED")
    assert work["LAST-MODIFIED"].dt == NOW - DAY
    assert work["URL"].endswith(reverse("board:visit", args=[resource.shop.slug, booking.public_id]))
    content = Client().get(path_of(feed)).content.decode().replace("\r\n ", "")
    for word in ("林女士", "13816420957", "4711", "Secret Lane", "Ms Lin"):
        assert word not in content
    assert read(feed)["X-WR-CALNAME"] == "Bay 1 · Shenchi Auto"


def test_resource_feed_shows_each_stretch_of_a_visit_by_itself() -> None:
    bay = BayFactory()
    booking = visit(bay.shop, starts_at=NOW)
    claim(bay, booking)
    claim(bay, booking, during=DateTimeTZRange(NOW + 2 * HOUR, NOW + 3 * HOUR))
    claim(BayFactory(shop=bay.shop), booking)
    found = read(feeds.switch_on(resource=bay)).walk("VEVENT")
    assert len({str(event["UID"]) for event in found}) == len(found) == 2


def test_resource_feed_shows_a_request_as_tentative_and_no_hold() -> None:
    bay = BayFactory()
    later = {"hold_expires_at": NOW + HOUR}
    asked = visit(bay.shop, starts_at=NOW + DAY, status=Status.REQUESTED, **later)
    held = visit(bay.shop, starts_at=NOW + 2 * DAY, status=Status.HELD, **later)
    lapsed = visit(bay.shop, starts_at=NOW + 3 * DAY, status=Status.REQUESTED, hold_expires_at=NOW)
    for booking in (asked, held, lapsed):
        claim(bay, booking, held_until=booking.hold_expires_at)
    (event,) = read(feeds.switch_on(resource=bay)).walk("VEVENT")
    assert event["STATUS"] == "TENTATIVE"
    assert asked.number in event["DESCRIPTION"]


def test_resource_feed_reaches_thirty_days_back_and_ninety_ahead() -> None:
    bay = BayFactory()
    shown = []
    for days in (-31, -29, 89, 91):
        booking = visit(bay.shop, starts_at=NOW + days * DAY)
        claim(bay, booking)
        shown.append(booking.number)
    found = "".join(str(event["DESCRIPTION"]) for event in read(feeds.switch_on(resource=bay)).walk("VEVENT"))
    assert [number in found for number in shown] == [False, True, True, False]


@pytest.mark.parametrize("count", [1, 7])
def test_resource_feed_asks_the_same_queries_for_any_number_of_visits(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = UserFactory()
    person = TechnicianResourceFactory(technician__user=user)
    ShopMemberFactory(shop=person.shop, user=user, role=Role.TECHNICIAN)
    for number in range(count):
        claim(person, visit(person.shop, starts_at=NOW + number * DAY))
    path = path_of(feeds.switch_on(resource=person))
    with django_assert_num_queries(4):  # the feed, the membership, the claims, their services
        assert Client().get(path).content.count(b"BEGIN:VEVENT") == count


# --- The address --------------------------------------------------------------------------------------


def test_token_is_long_and_fit_for_an_address(owner: Any) -> None:
    token = feeds.switch_on(user=owner).token
    assert len(token) >= 43
    assert feeds._TOKEN.fullmatch(token)
    assert feeds.address(feeds.switch_on(user=owner)) == f"{settings.SITE_URL}/calendar/{token}.ics"


@pytest.mark.parametrize(("token", "queries"), [("1", 0), ("x" * 43, 1), ("x" * 65, 0), ("9" * 5000, 0)])
def test_unknown_address_is_not_found(
    token: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(queries):
        assert Client().get(f"/calendar/{token}.ics").status_code == 404


def test_feed_only_answers_reading(owner: Any) -> None:
    path = path_of(feeds.switch_on(user=owner))
    assert Client().post(path).status_code == 405
    head = Client().head(path)
    assert (head.status_code, head.content) == (200, b"")


def test_known_state_is_answered_with_304_until_something_changes(owner: Any) -> None:
    booking = owned(owner, starts_at=NOW + DAY)
    path = path_of(feeds.switch_on(user=owner))
    first = Client().get(path)
    assert first["Cache-Control"] == "private, no-cache"
    again = Client().get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "private, no-cache"
    Booking.objects.filter(pk=booking.pk).update(revision=1)
    assert Client().get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_renewed_address_replaces_the_old_one_at_once(owner: Any, clock: time_machine.Traveller) -> None:
    old = feeds.switch_on(user=owner)
    clock.shift(HOUR)
    new = feeds.renew(user=owner, at=NOW + HOUR)
    assert Client().get(path_of(old)).status_code == 404
    assert Client().get(path_of(new)).status_code == 200
    assert CalendarFeed.objects.get().created_at == NOW + HOUR


def test_switching_on_twice_keeps_the_address(owner: Any) -> None:
    assert feeds.switch_on(user=owner) == feeds.switch_on(user=owner)


def test_feed_of_a_blocked_person_is_gone(owner: Any) -> None:
    feed = feeds.switch_on(user=owner)
    owner.is_active = False
    owner.save()
    assert Client().get(path_of(feed)).status_code == 404


def test_feed_of_somebody_who_left_the_shop_is_gone() -> None:
    user = UserFactory()
    person = TechnicianResourceFactory(technician__user=user)
    member = ShopMemberFactory(shop=person.shop, user=user, role=Role.TECHNICIAN)
    feed = feeds.switch_on(resource=person)
    assert Client().get(path_of(feed)).status_code == 200
    ShopMember.objects.filter(pk=member.pk).delete()
    assert Client().get(path_of(feed)).status_code == 404


def test_feed_of_a_retired_bay_is_gone_until_it_is_in_use_again() -> None:
    bay = BayFactory(is_active=False)
    feed = feeds.switch_on(resource=bay)
    assert Client().get(path_of(feed)).status_code == 404
    Resource.objects.filter(pk=bay.pk).update(is_active=True)
    assert Client().get(path_of(feed)).status_code == 200


def test_erasing_a_person_removes_their_feeds(owner: Any) -> None:
    feeds.switch_on(user=owner)
    feeds.switch_on(resource=TechnicianResourceFactory(technician__user=owner))
    kept = feeds.switch_on(user=UserFactory())
    assert privacy.keepers()["calendar"].export(owner) == {"made_at": NOW.isoformat()}
    for keeper in privacy.keepers().values():
        keeper.erase(owner, NOW)
    assert list(CalendarFeed.objects.all()) == [kept]
    assert privacy.keepers()["calendar"].export(owner) is None


# --- The owner's page ---------------------------------------------------------------------------------


def test_owner_makes_renews_and_switches_off(client: Client, owner: Any) -> None:
    client.force_login(owner)
    assert "Make a calendar address" in client.get(OWN).content.decode()
    assert "The calendar address is ready." in client.post(OWN, {"wanted": "on"}, follow=True).content.decode()
    first = CalendarFeed.objects.get(user=owner)
    html = client.get(OWN).content.decode()
    assert feeds.address(first) in html
    assert f"webcal://127.0.0.1:8000/calendar/{first.token}.ics" in html
    html = client.post(OWN, {"wanted": "renew"}, follow=True).content.decode()
    assert "The old one no longer works." in html
    assert first.token not in html
    client.post(OWN, {"wanted": "off"})
    assert not CalendarFeed.objects.exists()


@pytest.mark.parametrize("wanted", ["", "all", "a" * 100_000])
def test_owner_page_does_nothing_for_a_word_that_no_button_has(client: Client, owner: Any, wanted: str) -> None:
    client.force_login(owner)
    assert client.post(OWN, {"wanted": wanted}).status_code == 302
    assert not CalendarFeed.objects.exists()


def test_owner_page_asks_to_sign_in() -> None:
    for method in ("get", "post"):
        response = getattr(Client(), method)(OWN)
        assert response["Location"].startswith(reverse("account_login"))


def test_account_and_visits_lead_to_the_page(client: Client, owner: Any) -> None:
    client.force_login(owner)
    for page in (reverse("accounts:me"), reverse("bookings:list")):
        assert f'href="{OWN}"' in client.get(page).content.decode()


# --- The shop's pages ---------------------------------------------------------------------------------


def page_of(resource: Resource) -> str:
    return reverse("board:feed", args=[resource.shop.slug, resource.public_id])


def signed_in(client: Client, shop: Any, role: str) -> Any:
    user = UserFactory(language="en")
    ShopMemberFactory(shop=shop, user=user, role=role)
    client.force_login(user)
    return user


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 302), (Role.MANAGER, 302), (Role.ADVISOR, 404), (Role.TECHNICIAN, 404)]
)
def test_settings_permission_opens_every_calendar(client: Client, role: str, status: int) -> None:
    bay = BayFactory()
    signed_in(client, bay.shop, role)
    assert client.get(page_of(bay)).status_code == (200 if status == 302 else 404)
    assert client.post(page_of(bay), {"wanted": "on"}).status_code == status
    assert CalendarFeed.objects.filter(resource=bay).exists() == (status == 302)


def test_technician_sees_and_renews_their_own_only(client: Client) -> None:
    shop = ShopFactory()
    user = signed_in(client, shop, Role.TECHNICIAN)
    own, other = TechnicianResourceFactory(shop=shop, technician__user=user), TechnicianResourceFactory(shop=shop)
    html = client.get(reverse("board:feeds", args=[shop.slug])).content.decode()
    assert page_of(own) in html
    assert page_of(other) not in html
    assert page_of(own) in client.get(OWN).content.decode()
    client.post(page_of(own), {"wanted": "on"})
    first = CalendarFeed.objects.get(resource=own)
    assert first.token in client.get(page_of(own)).content.decode()
    client.post(page_of(own), {"wanted": "renew"})
    assert CalendarFeed.objects.get(resource=own).token != first.token
    assert client.post(page_of(other), {"wanted": "on"}).status_code == 404
    client.post(page_of(own), {"wanted": "off"})
    assert not CalendarFeed.objects.exists()


def test_strangers_and_rivals_find_nothing(client: Client) -> None:
    bay = BayFactory()
    signed_in(client, ShopFactory(), Role.OWNER)
    for path in (page_of(bay), reverse("board:feeds", args=[bay.shop.slug])):
        assert client.get(path).status_code == 404
        assert Client().get(path).status_code == 302
    assert client.post(page_of(bay), {"wanted": "on"}).status_code == 404


def test_calendars_of_another_shop_are_not_reached_through_ones_own(client: Client) -> None:
    shop, foreign = ShopFactory(), BayFactory()
    signed_in(client, shop, Role.OWNER)
    assert client.get(reverse("board:feed", args=[shop.slug, foreign.public_id])).status_code == 404


@pytest.mark.parametrize("count", [1, 5])
def test_list_asks_the_same_queries_for_any_number_of_bays(
    client: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shop = ShopFactory()
    signed_in(client, shop, Role.OWNER)
    for bay in BayFactory.create_batch(count, shop=shop):
        feeds.switch_on(resource=bay)
    with django_assert_num_queries(4):  # session, person, membership, resources
        html = client.get(reverse("board:feeds", args=[shop.slug])).content.decode()
    assert html.count("/calendars/") >= count


def test_settings_of_a_bay_lead_to_its_calendar(client: Client) -> None:
    bay = BayFactory()
    signed_in(client, bay.shop, Role.MANAGER)
    html = client.get(reverse("shops:bay", args=[bay.shop.slug, bay.public_id])).content.decode()
    assert f'href="{page_of(bay)}"' in html
