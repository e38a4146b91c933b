"""Inspections: the tone by rule, what cannot be, photos that red results need, the end, and who may."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings import workshop
from bookings.choices import EventKind, PhotoKind, Stage, Status
from bookings.engine.jobs import Job
from bookings.errors import WrongStatusError
from bookings.floor import inspecting
from bookings.floor.inspecting import (
    NO_LIMIT,
    InspectionOverError,
    NoSuchPointError,
    PhotoNeededError,
    PointsOpenError,
    Reading,
)
from bookings.floor.zone_bar import bar_of
from bookings.floor_pages import inspection_reading
from bookings.models import Booking, Inspection, InspectionItem, VisitPhoto
from catalog.models import CheckPoint, InspectionTemplate, TemplatePoint
from core.errors import InvalidInput
from core.models import OutboxEvent
from core.photos import clean
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.board import member, visit
from tests.factories.jobs import bookable_job
from tests.factories.photos import apng_of_frames, corners, png, saved
from tests.factories.records import enter
from tests.factories.vehicles import CarFactory
from vehicles.choices import RecordPart
from vehicles.models import RecordGrant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

START = local(13)
NOW = local(13, 20)
MAY = {Role.OWNER, Role.MANAGER, Role.ADVISOR, Role.TECHNICIAN}
PAD = "pad_front_left_inner"


@pytest.fixture
def booking() -> Booking:
    job: Job = bookable_job(bays=2, technicians=2)
    return visit(job, starts_at=START, status=Status.CHECKED_IN)


@pytest.fixture
def user(booking: Booking) -> User:
    return member(booking.shop, Role.TECHNICIAN)


@pytest.fixture
def inspection(booking: Booking, user: User) -> Inspection:
    return inspecting.start(booking=booking, template_key="thirty_point", by=user, at=NOW)


@pytest.fixture
def record(inspection: Inspection, user: User) -> Callable[..., InspectionItem]:
    """Write down what was found at a point."""

    def run(key: str = PAD, **found: Any) -> InspectionItem:
        return inspecting.record(inspection=inspection, point_key=key, reading=Reading(**found), by=user, at=NOW)

    return run


def jpeg() -> SimpleUploadedFile:
    return SimpleUploadedFile("p.jpg", saved(corners()), content_type="image/jpeg")


def client_of(who: User) -> Client:
    client = Client()
    client.force_login(who)
    client.cookies["django_language"] = "en"
    return client


def address(name: str, booking: Booking, *more: object) -> str:
    return reverse(f"floor:{name}", args=[booking.shop.slug, booking.public_id, *more])


# --- Beginning ------------------------------------------------------------------------------------------


def test_beginning_moves_the_car_to_inspection(booking: Booking, inspection: Inspection) -> None:
    booking.refresh_from_db()
    assert booking.stage == Stage.INSPECTING
    assert inspection.finished_at is None


def test_beginning_twice_goes_on_with_the_open_one(booking: Booking, inspection: Inspection, user: User) -> None:
    again = inspecting.start(booking=booking, template_key="thirty_point", by=user, at=NOW)
    assert again.pk == inspection.pk


@pytest.mark.parametrize("key", ["thirty_point_bev", "ev_battery_check", "nothing", "", "x" * 200])
def test_template_that_does_not_suit_the_car_is_refused(booking: Booking, user: User, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        inspecting.start(booking=booking, template_key=key, by=user, at=NOW)
    assert refused.value.field == "template"


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.READY, Status.COMPLETED, Status.CANCELLED])
def test_car_that_is_not_in_the_workshop_is_not_inspected(status: Status) -> None:
    booking = visit(bookable_job(), starts_at=START, status=status)
    with pytest.raises(WrongStatusError):
        inspecting.start(booking=booking, template_key="thirty_point", by=member(booking.shop), at=NOW)


def test_page_offers_the_templates_of_the_powertrain(booking: Booking, user: User) -> None:
    page = client_of(user).get(address("inspections", booking)).content.decode()
    assert 'value="thirty_point"' in page
    assert 'value="pre_trip"' in page
    assert "bev" not in page


# --- The tone by rule -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "found", "tone"),
    [
        (PAD, {"value": "3"}, "red"),
        (PAD, {"value": "3.0"}, "red"),
        (PAD, {"value": "3.1"}, "yellow"),
        (PAD, {"value": "4"}, "yellow"),
        (PAD, {"value": "4.1"}, "green"),
        (PAD, {"value": " 2，8 "}, "red"),
        (PAD, {"value": "５.２"}, "green"),
        ("brake_fluid_water", {"value": "3"}, "red"),
        ("brake_fluid_water", {"value": "2.9"}, "yellow"),
        ("battery_rest", {"value": "12.2"}, "yellow"),
        ("battery_rest", {"value": "12.19"}, "red"),
        ("coolant_freezing", {"value": "-15"}, "red"),
        ("coolant_freezing", {"value": "−36"}, "green"),
        ("tread_front_left", {"value": "1.6"}, "red"),
        ("lights", {"look": "green"}, "green"),
        ("lights", {"look": "yellow"}, "yellow"),
        ("lights", {"look": "red"}, "red"),
        ("fault_codes", {"codes": []}, "green"),
        ("fault_codes", {"codes": ["p0300", "P0300", " C1234 "]}, "yellow"),
        ("tyre_date_front_left", {"value": "2319"}, "red"),
        ("tyre_date_front_left", {"value": "2325"}, "green"),
        ("tyre_date_front_left", {"on_date": date(2025, 6, 4)}, "green"),
    ],
)
def test_tone_follows_by_the_points_rule(
    record: Callable[..., InspectionItem], key: str, found: Any, tone: str
) -> None:
    assert record(key, **found).tone == tone


def test_what_was_found_is_kept_as_it_was(record: Callable[..., InspectionItem]) -> None:
    assert record("fault_codes", codes=["p0300", "P0300", "c1234"]).codes == ["P0300", "C1234"]
    tyre = record("tyre_date_front_left", value="2325")
    assert (tyre.value, tyre.on_date) == (Decimal(2325), date(2025, 6, 2))
    item = record(PAD, value="2.8", note="Groove", symptoms=["vibration", "pulls"])
    assert (item.value, item.note, item.symptoms) == (Decimal("2.8"), "Groove", ["pulls", "vibration"])


def test_correcting_a_point_replaces_what_was_found(record: Callable[..., InspectionItem]) -> None:
    record(PAD, value="2.8")
    item = record(PAD, value="8.2")
    assert (item.tone, InspectionItem.objects.count()) == ("green", 1)
    left = record(PAD, unmeasurable="The wheel lock is missing")
    assert (left.value, left.tone, left.note) == (None, "", "The wheel lock is missing")


@pytest.fixture
def discs(inspection: Inspection) -> Inspection:
    """The template has the front discs and their stamped limit too."""
    template = InspectionTemplate.objects.get(key="thirty_point")
    for position, key in enumerate(("disc_front_left", "disc_front_min"), 90):
        TemplatePoint.objects.create(template=template, point=CheckPoint.objects.get(key=key), position=position)
    return inspection


def test_limit_read_at_the_part_judges_it_whenever_it_is_read(
    discs: Inspection, record: Callable[..., InspectionItem]
) -> None:
    disc = record("disc_front_left", value="22.0")
    assert (disc.tone, disc.note) == ("", NO_LIMIT)
    stamped = record("disc_front_min", value="22.0")
    assert (stamped.tone, stamped.note) == ("", NO_LIMIT)
    disc.refresh_from_db()
    assert (disc.tone, disc.note) == ("red", "")
    record("disc_front_min", value="21")
    disc.refresh_from_db()
    assert disc.tone == "green"
    assert record("disc_front_left", value="21.5").tone == "yellow"


# --- What cannot be -------------------------------------------------------------------------------------

IMPOSSIBLE = [
    (PAD, {"value": "-1"}, "value"),
    (PAD, {"value": "26"}, "value"),
    (PAD, {"value": "NaN"}, "value"),
    (PAD, {"value": "Infinity"}, "value"),
    (PAD, {"value": "1e1"}, "value"),
    (PAD, {"value": "2.85"}, "value"),
    (PAD, {"value": "2.8 mm"}, "value"),
    (PAD, {"value": "٣"}, "value"),
    (PAD, {"value": ""}, "value"),
    (PAD, {"value": "9" * 30}, "value"),
    (PAD, {"value": "1,000.5"}, "value"),
    (PAD, {"value": "2.8", "symptoms": ["boredom"]}, "symptoms"),
    (PAD, {"unmeasurable": "x" * 301}, "unmeasurable"),
    (PAD, {"value": "2.8", "note": "x" * 301}, "note"),
    ("coolant_freezing", {"value": "-81"}, "value"),
    ("lights", {"look": "purple"}, "look"),
    ("lights", {"value": "1"}, "look"),
    ("fault_codes", {}, "codes"),
    ("fault_codes", {"codes": ["X0300"]}, "codes"),
    ("fault_codes", {"codes": ["P03"]}, "codes"),
    ("fault_codes", {"codes": ["P9300"]}, "codes"),
    ("fault_codes", {"codes": ["P0300'; --"]}, "codes"),
    ("fault_codes", {"codes": [f"P{n:04}" for n in range(41)]}, "codes"),
    ("tyre_date_front_left", {"value": "5419"}, "value"),
    ("tyre_date_front_left", {"value": "0019"}, "value"),
    ("tyre_date_front_left", {"value": "5226"}, "value"),
    ("tyre_date_front_left", {"value": "-319"}, "value"),
    ("tyre_date_front_left", {"value": "23.9"}, "value"),
    ("tyre_date_front_left", {"on_date": date(2030, 1, 1)}, "value"),
    ("tyre_date_front_left", {"on_date": date(1999, 1, 6)}, "value"),
]


@pytest.mark.parametrize(("key", "found", "field"), IMPOSSIBLE)
def test_what_cannot_be_is_refused_with_its_field(
    record: Callable[..., InspectionItem], key: str, found: Any, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        record(key, **found)
    assert refused.value.field == field
    assert not InspectionItem.objects.exists()


def test_insulation_has_room_in_its_column(booking: Booking, user: User) -> None:
    template = InspectionTemplate.objects.get(key="thirty_point")
    TemplatePoint.objects.create(template=template, point=CheckPoint.objects.get(key="hv_insulation"), position=99)
    inspection = inspecting.start(booking=booking, template_key="thirty_point", by=user, at=NOW)

    def put(value: str) -> InspectionItem:
        reading = Reading(value=value)
        return inspecting.record(inspection=inspection, point_key="hv_insulation", reading=reading, by=user, at=NOW)

    assert put("999999").tone == "green"
    with pytest.raises(InvalidInput):
        put("1000000")


@pytest.mark.parametrize("key", ["hv_insulation", "nothing", ""])
def test_point_of_another_template_is_missing(record: Callable[..., InspectionItem], key: str) -> None:
    with pytest.raises(NoSuchPointError):
        record(key, value="1")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"value": "-1"}, "An instrument shows between 0 and 25 mm here"),
        ({"value": "NaN"}, "Enter a number, for example 2.8."),
        ({"value": "2.85"}, "1 decimal place at most"),
        ({"value": "1" * 100_000}, "at most 30 characters"),
        ({"value": "2\x008"}, "Null characters are not allowed"),
        ({"value": "", "symptoms": "boredom"}, "Choose symptoms from the list."),
    ],
)
def test_page_says_beside_the_field_what_is_wrong_and_keeps_it(
    inspection: Inspection, user: User, data: dict[str, str], words: str
) -> None:
    url = address("inspection_point", inspection.booking, inspection.pk, PAD)
    for headers in ({}, {"HX-Request": "true"}):
        response = client_of(user).post(url, {"note": "Groove", **data}, headers=headers)
        page = response.content.decode()
        assert response.status_code == 400
        assert words in page
        assert 'id="point-error"' in page
        assert 'value="Groove"' in page
    assert not InspectionItem.objects.exists()


@pytest.mark.parametrize(
    "content",
    [png(30_000, 30_000), b"<svg xmlns='http://www.w3.org/2000/svg'/>", apng_of_frames(10_000), b"%PDF-1.4"],
    ids=["30000x30000", "svg", "10000-frames", "pdf"],
)
def test_photo_that_is_none_is_refused_with_the_value_kept(inspection: Inspection, user: User, content: bytes) -> None:
    url = address("inspection_point", inspection.booking, inspection.pk, PAD)
    photo = SimpleUploadedFile("p.jpg", content, content_type="image/jpeg")
    response = client_of(user).post(url, {"value": "2.8", "photos": photo})
    assert response.status_code == 400
    assert 'value="2.8"' in response.content.decode()
    assert not VisitPhoto.objects.exists()
    assert not InspectionItem.objects.exists()


# --- Photos ---------------------------------------------------------------------------------------------


def test_photo_goes_with_the_value_and_shows_what_was_measured(inspection: Inspection, user: User) -> None:
    url = address("inspection_point", inspection.booking, inspection.pk, PAD)
    assert client_of(user).post(url, {"value": "2.8", "photos": jpeg()}).status_code == 302
    photo = VisitPhoto.objects.get()
    assert (photo.kind, photo.item.point) == (PhotoKind.MEASUREMENT, PAD)  # type: ignore[union-attr]


def test_photo_alone_leaves_the_value(inspection: Inspection, user: User, record: Callable[..., Any]) -> None:
    record(PAD, value="2.8", note="Groove")
    url = address("inspection_point", inspection.booking, inspection.pk, PAD)
    client_of(user).post(url, {"only_photos": "1", "value": "", "photos": jpeg()})
    item = InspectionItem.objects.get()
    assert (item.value, item.note, item.photos.count()) == (Decimal("2.8"), "Groove", 1)


def test_photo_needs_a_result_to_go_with(inspection: Inspection, user: User) -> None:
    with pytest.raises(NoSuchPointError):
        inspecting.add_photos(inspection=inspection, point_key=PAD, cleaned=[clean(jpeg())], by=user, at=NOW)


# --- The end --------------------------------------------------------------------------------------------


def test_open_points_need_a_reason(inspection: Inspection, user: User, record: Callable[..., Any]) -> None:
    record(PAD, value="8.2")
    with pytest.raises(PointsOpenError) as refused:
        inspecting.finish(inspection=inspection, by=user, at=NOW)
    assert len(refused.value.extra["points"]) == 29
    assert InspectionItem.objects.count() == 1


def test_red_result_needs_its_photo(inspection: Inspection, user: User, record: Callable[..., Any]) -> None:
    record(PAD, value="2.8")
    with pytest.raises(PhotoNeededError) as refused:
        inspecting.finish(inspection=inspection, by=user, at=NOW, rest_reason="No time")
    assert refused.value.extra == {"points": [PAD]}
    assert InspectionItem.objects.count() == 1
    inspecting.add_photos(inspection=inspection, point_key=PAD, cleaned=[clean(jpeg())], by=user, at=NOW)
    assert inspecting.finish(inspection=inspection, by=user, at=NOW, rest_reason="No time").finished_at == NOW


def test_finishing_tells_what_was_found_and_what_was_not_measured(
    inspection: Inspection, user: User, record: Callable[..., Any]
) -> None:
    record(PAD, value="3.5")
    record("lights", look="green")
    record("battery_cca", unmeasurable="The instrument is not at hand")
    inspecting.finish(inspection=inspection, by=user, at=NOW, rest_reason="The owner waits")
    event = inspection.booking.events.get(kind=EventKind.INSPECTED)
    assert event.data["counts"] == {"red": 0, "yellow": 1, "green": 1}
    missing = {row["point"]: row["reason"] for row in event.data["not_measured"]}
    assert len(missing) == 28
    assert (missing["battery_cca"], missing["wipers"]) == ("The instrument is not at hand", "The owner waits")
    assert OutboxEvent.objects.filter(topic="booking.inspected", key=inspection.booking.public_id).count() == 1


def test_finished_inspection_is_not_changed(inspection: Inspection, user: User, record: Callable[..., Any]) -> None:
    first = inspecting.finish(inspection=inspection, by=user, at=NOW, rest_reason="No time")
    later = NOW + timedelta(minutes=5)
    assert inspecting.finish(inspection=inspection, by=user, at=later).finished_at == first.finished_at
    assert inspection.booking.events.filter(kind=EventKind.INSPECTED).count() == 1
    with pytest.raises(InspectionOverError):
        record(PAD, value="2.8")
    response = client_of(user).post(address("inspection_point", inspection.booking, inspection.pk, PAD), {"value": "2"})
    assert response.status_code == 409
    page = client_of(user).get(address("inspection", inspection.booking, inspection.pk))
    assert page["Location"] == address("inspection_result", inspection.booking, inspection.pk)


def test_car_in_service_goes_back_to_work(booking: Booking, user: User) -> None:
    workshop.start(booking=booking, by=user, at=NOW)
    inspection = inspecting.start(booking=booking, template_key="pre_trip", by=user, at=NOW)
    inspecting.finish(inspection=inspection, by=user, at=NOW, rest_reason="No time")
    booking.refresh_from_db()
    assert booking.stage == Stage.WORKING


def test_result_page_finishes_with_a_reason_and_says_what_is_missing(inspection: Inspection, user: User) -> None:
    client = client_of(user)
    url = address("inspection_result", inspection.booking, inspection.pk)
    refused = client.post(url, {"rest_reason": ""})
    assert refused.status_code == 409
    assert "Some points are still open" in refused.content.decode()
    assert client.post(url, {"rest_reason": "x" * 100_000}).status_code == 400
    assert client.post(url, {"rest_reason": "The owner waits"}).status_code == 302
    assert "The owner waits" in client.get(url).content.decode()


# --- The page -------------------------------------------------------------------------------------------


def test_saving_leads_to_the_next_open_point(inspection: Inspection, user: User) -> None:
    url = address("inspection_point", inspection.booking, inspection.pk, PAD)
    response = client_of(user).post(url, {"value": "8.2"})
    assert response["Location"].endswith("?point=pad_front_left_outer#point")
    part = client_of(user).post(url, {"value": "8.2"}, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div class="inspect"')
    assert "Brake pad front left, outer" in part.split('id="point"')[1]


def test_red_result_without_photo_stays_open(inspection: Inspection, user: User) -> None:
    url = address("inspection_point", inspection.booking, inspection.pk, PAD)
    assert client_of(user).post(url, {"value": "2.8"})["Location"].endswith(f"?point={PAD}#point")


def test_red_and_yellow_results_lead_to_a_line(inspection: Inspection, user: User, record: Callable[..., Any]) -> None:
    record(PAD, value="3.5")
    record("pad_front_left_outer", value="9")
    page = client_of(user).get(address("inspection", inspection.booking, inspection.pk) + "?section=brakes")
    text = page.content.decode()
    assert f"lines/new/?point={PAD}" in text
    assert "lines/new/?point=pad_front_left_outer" not in text


def test_page_shows_rule_source_and_zones(inspection: Inspection, user: User) -> None:
    page = client_of(user).get(address("inspection", inspection.booking, inspection.pk) + f"?point={PAD}")
    text = page.content.decode()
    for words in (
        "Replace at 3 mm or less",
        "Where the rule comes from",
        "our own estimate",
        'data-red="3"',
        "zone-bad",
    ):
        assert words in text


def test_reason_from_before_gives_way_to_a_result(
    inspection: Inspection, user: User, record: Callable[..., Any]
) -> None:
    record(PAD, unmeasurable="The wheel lock is missing")
    url = address("inspection_point", inspection.booking, inspection.pk, PAD)
    client_of(user).post(url, {"value": "8.2", "unmeasurable_text": "The wheel lock is missing"})
    assert InspectionItem.objects.get().value == Decimal("8.2")
    client_of(user).post(url, {"value": "", "unmeasurable_text": "Lost again"})
    assert InspectionItem.objects.get().note == "Lost again"


# --- What was known before ------------------------------------------------------------------------------


def test_last_value_comes_from_this_shops_earlier_visit(booking: Booking, user: User) -> None:
    car = CarFactory(owner=booking.owner, variant=booking.variant) if booking.owner else CarFactory()
    Booking.objects.filter(pk=booking.pk).update(car=car)
    booking.refresh_from_db()
    earlier = inspecting.start(booking=booking, template_key="thirty_point", by=user, at=NOW)
    inspecting.record(inspection=earlier, point_key=PAD, reading=Reading(value="5.2"), by=user, at=NOW)
    inspecting.finish(inspection=earlier, by=user, at=NOW, rest_reason="No time")
    again = inspecting.start(booking=booking, template_key="brakes_tyres", by=user, at=NOW)
    page = client_of(user).get(address("inspection", booking, again.pk) + f"?point={PAD}").content.decode()
    assert "last 5.2 mm" in page


def test_record_is_read_only_where_the_owner_allows(booking: Booking, user: User) -> None:
    car = CarFactory(variant=booking.variant)
    entry = enter(car)
    Booking.objects.filter(pk=booking.pk).update(car=car)
    booking.refresh_from_db()
    inspection = inspecting.start(booking=booking, template_key="thirty_point", by=user, at=NOW)

    def known() -> str:
        with time_machine.travel(NOW, tick=False):
            page = client_of(user).get(address("inspection", booking, inspection.pk) + f"?point={PAD}")
        return page.content.decode()

    assert "last 2.8 mm" not in known()
    RecordGrant.objects.create(
        record=entry.record,
        shop_key=booking.shop.public_id,
        parts=[RecordPart.MEASUREMENTS],
        granted_by=car.owner,
        granted_at=NOW - timedelta(days=1),
        until=NOW + timedelta(days=1),
    )
    assert "last 2.8 mm" in known()


# --- Who may --------------------------------------------------------------------------------------------

PAGES = [("inspections", "get"), ("inspections", "post"), ("inspection", "get"), ("inspection_point", "post")]
PAGES += [("inspection_result", "get"), ("inspection_result", "post")]


def more(name: str, inspection: Inspection) -> list[object]:
    return {"inspections": [], "inspection_point": [inspection.pk, PAD]}.get(name, [inspection.pk])


@pytest.mark.parametrize(("name", "method"), PAGES)
@pytest.mark.parametrize("role", Role)
def test_inspecting_is_for_those_who_receive_cars(inspection: Inspection, role: Role, name: str, method: str) -> None:
    client = client_of(member(inspection.booking.shop, role))
    data = {"template": "thirty_point", "value": "8.2", "rest_reason": "No time"}
    url = address(name, inspection.booking, *more(name, inspection))
    status = getattr(client, method)(url, data).status_code
    assert status == ((302 if method == "post" else 200) if role in MAY else 403)


@pytest.mark.parametrize(("name", "method"), PAGES)
def test_inspection_of_another_shop_looks_missing(inspection: Inspection, name: str, method: str) -> None:
    url = address(name, inspection.booking, *more(name, inspection))
    stranger = member(bookable_job().shop, Role.OWNER)
    assert getattr(client_of(stranger), method)(url).status_code == 404
    anonymous = getattr(Client(), method)(url)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith(reverse("account_login"))


def test_inspection_of_another_visit_looks_missing(inspection: Inspection, user: User) -> None:
    other = visit(bookable_job(), starts_at=START, status=Status.CHECKED_IN)
    here = visit(Job(inspection.booking.shop, inspection.booking.service, inspection.booking.variant), starts_at=START)
    for booking, who in ((here, user), (other, member(other.shop))):
        for name in ("inspection", "inspection_result"):
            assert client_of(who).get(address(name, booking, inspection.pk)).status_code == 404
        url = address("inspection_point", booking, inspection.pk, PAD)
        assert client_of(who).post(url, {"value": "2"}).status_code == 404
    unknown = address("inspection_point", inspection.booking, inspection.pk, "nothing")
    assert client_of(user).post(unknown, {"value": "2"}).status_code == 404


def test_page_asks_a_fixed_number_of_questions(
    inspection: Inspection, user: User, record: Callable[..., Any], django_assert_max_num_queries: Any
) -> None:
    client = client_of(user)

    def asked() -> int:
        with django_assert_max_num_queries(30) as context:
            url = address("inspection", inspection.booking, inspection.pk) + "?section=brakes"
            assert client.get(url).status_code == 200
        return len(context)

    record(PAD, value="2.8")
    inspecting.add_photos(inspection=inspection, point_key=PAD, cleaned=[clean(jpeg())], by=user, at=NOW)
    few = asked()
    keys = [point.key for point in inspecting.points_of(inspection) if point.kind == "measure"][1:9]
    for key in keys:
        record(key, value="2")
        inspecting.add_photos(inspection=inspection, point_key=key, cleaned=[clean(jpeg())] * 2, by=user, at=NOW)
    assert asked() == few


# --- The bar --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["battery_rest", "brake_fluid_water", "coolant_freezing", "hv_cell_spread", PAD])
def test_bar_covers_its_whole_length_in_order(key: str) -> None:
    point = CheckPoint.objects.get(key=key)
    bar = bar_of(point.threshold, point.new_value, point.red_at, {})
    assert bar is not None
    widths = [Decimal(zone.width.rstrip("%")) for zone in bar.zones]
    assert abs(sum(widths) - 100) < 1
    assert all(width > 1 for width in widths)
    assert Decimal(0) < Decimal(bar.marker.rstrip("%")) < Decimal(100)
    assert plain_red(point) in [label.text for label in bar.labels]


def plain_red(point: CheckPoint) -> str:
    assert point.red_at is not None
    return inspecting.plain(point.red_at)


def test_value_that_was_only_looked_at_has_no_number(record: Callable[..., Any], inspection: Inspection) -> None:
    item = record("lights", look="yellow")
    assert item.value is not None
    assert inspection_reading.text_of(CheckPoint.objects.get(key="lights"), item.value) == ""


# --- By the API -----------------------------------------------------------------------------------------


def api(who: User | None, method: str, booking: Booking, path: str, data: Any = None) -> Any:
    client = Client(headers={"accept-language": "en"})
    if who is not None:
        client.force_login(who)
    url = f"/api/v1/shops/{booking.shop.slug}/bookings/{booking.public_id}/inspections/{path}"
    with time_machine.travel(NOW, tick=False):
        return getattr(client, method)(url, data, content_type="application/json")


def test_api_runs_a_whole_inspection(booking: Booking, user: User) -> None:
    begun = api(user, "post", booking, "", {"template": "thirty_point"})
    assert begun.status_code == 201
    pk = begun.json()["id"]
    found = api(user, "put", booking, f"{pk}/points/{PAD}/", {"value": "2.8"})
    assert (found.status_code, found.json()["tone"], found.json()["value"]) == (200, "red", "2.8")
    refused = api(user, "post", booking, f"{pk}/finish/", {"rest_reason": "No time"})
    assert (refused.status_code, refused.json()["code"]) == (409, "photo_needed")
    client = Client()
    client.force_login(user)
    url = f"/api/v1/shops/{booking.shop.slug}/bookings/{booking.public_id}/inspections/{pk}/points/{PAD}/photos/"
    assert client.post(url, {"photo": jpeg()}).status_code == 201
    svg = SimpleUploadedFile("p.svg", b"<svg/>", content_type="image/svg+xml")
    assert client.post(url, {"photo": svg}).status_code == 400
    done = api(user, "post", booking, f"{pk}/finish/", {"rest_reason": "No time"})
    assert (done.status_code, len(done.json()["items"])) == (200, 30)
    assert api(user, "get", booking, f"{pk}/").json()["finished_at"]
    assert len(api(user, "get", booking, "").json()) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"value": "-1"},
        {"value": "NaN"},
        {"value": "2\x008"},
        {"value": "1" * 1000},
        {"value": {"a": 1}},
        {"look": "purple"},
        {"codes": "P0300"},
        {"on_date": "tomorrow"},
        {"symptoms": ["boredom"]},
        {},
    ],
)
def test_api_refuses_what_cannot_be(inspection: Inspection, user: User, data: Any) -> None:
    response = api(user, "put", inspection.booking, f"{inspection.pk}/points/{PAD}/", data)
    assert response.status_code == 400
    assert not InspectionItem.objects.exists()


@pytest.mark.parametrize("role", Role)
def test_api_is_for_those_who_receive_cars(inspection: Inspection, role: Role) -> None:
    who = member(inspection.booking.shop, role)
    response = api(who, "put", inspection.booking, f"{inspection.pk}/points/{PAD}/", {"value": "8.2"})
    assert response.status_code == (200 if role in MAY else 403)


def test_api_inspection_of_another_shop_looks_missing(inspection: Inspection) -> None:
    stranger = member(bookable_job().shop, Role.OWNER)
    path = f"{inspection.pk}/points/{PAD}/"
    assert api(stranger, "put", inspection.booking, path, {"value": "8.2"}).status_code == 404
    assert api(None, "put", inspection.booking, path, {"value": "8.2"}).status_code in (401, 403)
    assert api(stranger, "get", inspection.booking, f"{inspection.pk}/").status_code == 404
