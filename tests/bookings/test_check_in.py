"""The check-in sheet on the staff's pages and by the API: who may, what is kept, what is refused, who looks again."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from bookings import workshop
from bookings.board.stages import CHECK_IN
from bookings.choices import DecisionWay, EventKind, PhotoKind, Status
from bookings.engine.jobs import Job
from bookings.errors import WrongStatusError
from bookings.floor import checking_in
from bookings.floor.checking_in import WARNING_LIGHTS, OtherCarError, Sheet, SheetChangedError, SheetConfirmedError
from bookings.models import Booking, CheckIn, VisitPhoto
from core.errors import InvalidInput, NotAllowed
from core.models import OutboxEvent
from core.photos import clean
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.board import member, visit
from tests.factories.jobs import bookable_job
from tests.factories.photos import apng_of_frames, corners, heic, png, saved
from tests.factories.records import SHOP, enter
from tests.factories.vehicles import BatteryVariantFactory, CarFactory, MakeFactory, WmiFactory
from vehicles.choices import RecordPart
from vehicles.models import HealthRecord
from vehicles.record import sharing
from vehicles.record.actions import record_for_vin
from vehicles.record.known_shops import KnownShop

pytestmark = pytest.mark.django_db

START = local(13)
NOW = local(13, 20)
MAY = {Role.OWNER, Role.MANAGER, Role.ADVISOR, Role.TECHNICIAN}
# Two VINs of Volkswagens built in China, and one of a Tesla, each with its check digit.
VIN, OTHER_VIN, TESLA_VIN = "LSVAM4187C2184847", "LSVAA2187C2184845", "LRW3E7FA5MC000001"


def fixed(vin: str) -> str:
    from vehicles.vin import check_digit

    return vin[:8] + check_digit(vin) + vin[9:]


VIN, OTHER_VIN, TESLA_VIN = fixed(VIN), fixed(OTHER_VIN), fixed(TESLA_VIN)


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


@pytest.fixture
def booking(job: Job) -> Booking:
    """A visit whose owner has an account and whose car showed 58,000 km a month ago."""
    owner = UserFactory(language="en")
    car = CarFactory(
        owner=owner,
        variant=job.variant,
        plate="沪AD8K21",
        vin=VIN,
        odometer_km=58_000,
        odometer_at=START - timedelta(days=30),
    )
    car.readings.create(km=58_000, read_at=START - timedelta(days=30), source="owner")
    row = visit(job, starts_at=START)
    Booking.objects.filter(pk=row.pk).update(owner=owner, car=car, owner_note="The brakes squeal")
    row.refresh_from_db()
    return row


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def address(name: str, booking: Booking, *more: str) -> str:
    return reverse(name, args=[booking.shop.slug, booking.public_id, *more])


def typed(**changed: Any) -> dict[str, Any]:
    return {"sheet": "1", "odometer_km": "58263", "plate": "沪A·D8K21", **changed}


def post(user: User, booking: Booking, data: dict[str, Any], name: str = "board:check_in") -> Any:
    with time_machine.travel(NOW, tick=False):
        return client_of(user).post(address(name, booking), data)


def upload(content: bytes, name: str = "p.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def write(booking: Booking, by: User, **changed: Any) -> CheckIn:
    sheet = Sheet(**{"odometer_km": 58_263, **changed})
    return checking_in.write_sheet(booking=booking, sheet=sheet, by=by, at=NOW)


# --- Who may ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_sheet_is_written_by_those_who_receive_cars(booking: Booking, role: Role) -> None:
    response = post(member(booking.shop, role), booking, typed())
    booking.refresh_from_db()
    assert response.status_code == (302 if role in MAY else 403)
    assert booking.status == (Status.CHECKED_IN if role in MAY else Status.CONFIRMED)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("board:check_in", "get"),
        ("board:check_in", "post"),
        ("floor:confirm_odometer", "post"),
        ("floor:check_in_show", "get"),
        ("floor:check_in_show", "post"),
    ],
)
def test_pages_of_the_sheet_are_for_the_shops_people_only(booking: Booking, name: str, method: str) -> None:
    write(booking, member(booking.shop))
    stranger = client_of(member(bookable_job().shop, Role.OWNER))
    owner = client_of(booking.owner)  # type: ignore[arg-type]
    cashier = client_of(member(booking.shop, Role.CASHIER))
    nobody = Client()
    answers = [getattr(one, method)(address(name, booking)) for one in (stranger, owner, cashier, nobody)]
    assert [one.status_code for one in answers] == [404, 404, 403, 302]
    assert answers[-1]["Location"].startswith(reverse("account_login"))
    assert booking.check_in.confirmed_at is None


@pytest.mark.parametrize("role", Role)
def test_photo_is_seen_by_everybody_of_the_shop(booking: Booking, role: Role) -> None:
    user = member(booking.shop)
    write(booking, user, photos={PhotoKind.CONDITION: [clean(upload(saved(corners())))]})
    photo = booking.photos.get()
    response = client_of(member(booking.shop, role)).get(address("floor:photo", booking, photo.public_id, "full"))
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert response["Cache-Control"].startswith("private")


def test_photo_of_another_visit_or_shop_looks_missing(booking: Booking, job: Job) -> None:
    user = member(booking.shop)
    write(booking, user, photos={PhotoKind.CONDITION: [clean(upload(saved(corners())))]})
    photo, other = booking.photos.get(), visit(job, starts_at=START)
    stranger = member(bookable_job().shop, Role.OWNER)
    here = address("floor:photo", booking, photo.public_id, "full")
    assert client_of(user).get(address("floor:photo", other, photo.public_id, "full")).status_code == 404
    assert client_of(stranger).get(here).status_code == 404
    assert client_of(booking.owner).get(here).status_code == 404  # type: ignore[arg-type]
    assert Client().get(here).status_code == 302
    assert client_of(user).get(here.replace("/full/", "/huge/")).status_code == 404


# --- What is kept -------------------------------------------------------------------------------------


def test_sheet_keeps_everything_that_was_written(booking: Booking) -> None:
    data = typed(
        fuel_percent="38",
        warning_lights=["abs", "engine"],
        condition="Scratch on the left door",
        belongings="Umbrella",
        owner_words="The brakes squeal in the morning",
        vin=VIN.lower(),
        photos=[upload(saved(corners())), upload(heic(corners()), "IMG_1.HEIC")],
        dashboard_photos=[upload(saved(corners()))],
    )
    response = post(member(booking.shop), booking, data)
    assert response["Location"] == address("board:check_in", booking)
    row = CheckIn.objects.get(booking=booking)
    booking.refresh_from_db()
    assert (booking.odometer_km, booking.vin, booking.plate) == (58_263, VIN, "沪AD8K21")
    assert (row.fuel_percent, row.charge_percent, row.warning_lights) == (38, None, ["engine", "abs"])
    assert (row.condition, row.belongings) == ("Scratch on the left door", "Umbrella")
    assert row.owner_words == "The brakes squeal in the morning"
    kinds = list(VisitPhoto.objects.filter(booking=booking).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["condition", "condition", "dashboard"]


def test_form_begins_with_the_owners_words_and_the_last_reading(booking: Booking) -> None:
    page = client_of(member(booking.shop)).get(address("board:check_in", booking)).content.decode()
    assert "The brakes squeal" in page
    assert "Last 58,000 km" in page


def test_short_form_of_the_board_keeps_the_owners_words(booking: Booking) -> None:
    post(member(booking.shop), booking, {"odometer_km": "58263"})
    assert booking.check_in.owner_words == "The brakes squeal"


@pytest.mark.parametrize(
    ("powertrain", "fuel", "charge"),
    [("ice", True, False), ("hev", True, False), ("phev", True, True), ("erev", True, True), ("bev", False, True)],
)
def test_levels_are_asked_by_powertrain(booking: Booking, powertrain: str, fuel: bool, charge: bool) -> None:
    variant = BatteryVariantFactory(slug=f"a-{powertrain}", powertrain=powertrain)
    Booking.objects.filter(pk=booking.pk).update(variant=variant)
    page = client_of(member(booking.shop)).get(address("board:check_in", booking)).content.decode()
    assert ('name="fuel_percent"' in page, 'name="charge_percent"' in page) == (fuel, charge)


def test_every_light_has_words_and_an_icon() -> None:
    assert len(WARNING_LIGHTS) >= 12
    assert all(str(light.label) and light.icon and light.tone in ("warn", "bad") for light in WARNING_LIGHTS.values())


# --- Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("odometer_km", "-1"),
        ("odometer_km", "NaN"),
        ("odometer_km", "9" * 100_000),
        ("fuel_percent", "101"),
        ("fuel_percent", "NaN"),
        ("warning_lights", "spaceship"),
        ("vin", "LSVAM4187C218484"),
        ("vin", "LSVAM4180C2184847"),
        ("vin", "A" * 100_000),
        ("plate", "ABC"),
        ("condition", "x" * 1001),
        ("belongings", "a\x00b"),
        ("owner_words", "x" * 100_000),
    ],
)
def test_input_that_cannot_be_is_refused_beside_its_field(booking: Booking, field: str, value: str) -> None:
    data = typed(**{"condition": "Scratch on the left door", field: value})
    response = post(member(booking.shop), booking, data)
    page = response.content.decode()
    assert response.status_code == 400
    assert "field-error" in page
    assert field == "condition" or "Scratch on the left door" in page
    booking.refresh_from_db()
    assert (booking.status, CheckIn.objects.count()) == (Status.CONFIRMED, 0)


def _svg() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "content",
    [
        png(30_000, 30_000),
        _svg(),
        apng_of_frames(10_000),
        b"<html><script>alert(1)</script></html>",
        b"GIF89a" + b"\x00" * 20,
        b"",
        b"PK\x03\x04" + saved(corners()),
    ],
    ids=["30000x30000", "svg", "10000-frames", "html", "broken-gif", "empty", "zip-before-jpeg"],
)
def test_photo_that_is_none_is_refused_and_nothing_is_kept(booking: Booking, content: bytes) -> None:
    response = post(member(booking.shop), booking, typed(photos=[upload(content)], condition="Scratch"))
    page = response.content.decode()
    assert response.status_code == 400
    assert "field-error" in page
    assert "Scratch" in page
    booking.refresh_from_db()
    assert (booking.status, VisitPhoto.objects.count()) == (Status.CONFIRMED, 0)


def test_polyglot_is_kept_as_a_plain_picture_only(booking: Booking) -> None:
    post(
        member(booking.shop), booking, typed(photos=[upload(saved(corners()) + b"<script>alert(1)</script>PK\x03\x04")])
    )
    stored = VisitPhoto.objects.get().file.open().read()
    assert b"<script>" not in stored
    assert Image.open(BytesIO(stored)).format == "JPEG"


# --- Which car it is ----------------------------------------------------------------------------------


def test_another_vin_is_refused_until_somebody_says_it_is_another_car(booking: Booking) -> None:
    user = member(booking.shop)
    response = post(user, booking, typed(vin=OTHER_VIN))
    page = response.content.decode()
    assert response.status_code == 409
    assert "This is another car" in page
    assert 'name="is_other_car"' in page
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED
    assert post(user, booking, typed(vin=OTHER_VIN, is_other_car="on")).status_code == 302
    booking.refresh_from_db()
    assert (booking.car, booking.vin) == (None, OTHER_VIN)


def test_reading_of_another_car_does_not_enter_the_booked_cars_record(booking: Booking) -> None:
    car = booking.car
    assert car is not None
    write(booking, member(booking.shop), odometer_km=12, vin=OTHER_VIN, is_other_car=True)
    car.refresh_from_db()
    assert (car.odometer_km, car.readings.count()) == (58_000, 1)
    assert not booking.check_in.is_odometer_questioned


def test_another_car_of_the_owners_garage_gets_the_visit(booking: Booking) -> None:
    second = CarFactory(owner=booking.owner, variant=booking.variant, vin=OTHER_VIN)
    write(booking, member(booking.shop), vin=OTHER_VIN, is_other_car=True)
    booking.refresh_from_db()
    second.refresh_from_db()
    assert (booking.car, second.odometer_km) == (second, 58_263)


def test_car_of_somebody_elses_garage_does_not_get_the_visit(booking: Booking) -> None:
    CarFactory(variant=booking.variant, vin=OTHER_VIN)
    write(booking, member(booking.shop), vin=OTHER_VIN, is_other_car=True)
    booking.refresh_from_db()
    assert booking.car is None


def test_vin_of_another_maker_is_refused_where_the_booked_cars_is_unknown(booking: Booking) -> None:
    WmiFactory(code="LSV")
    WmiFactory(code="LRW", make=MakeFactory(key="tesla", name_zh="特斯拉", name_en="Tesla"))
    booking.car.vin = ""  # type: ignore[union-attr]
    booking.car.save()  # type: ignore[union-attr]
    with pytest.raises(OtherCarError):
        write(booking, member(booking.shop), vin=TESLA_VIN)
    write(booking, member(booking.shop), vin=OTHER_VIN)
    booking.refresh_from_db()
    assert (booking.vin, booking.car is None) == (OTHER_VIN, False)


def known_vin(km: int, vin: str = OTHER_VIN) -> None:
    """Another shop read this of a car a month ago; its owner has not granted it to anybody."""
    car = CarFactory(vin=vin, record=record_for_vin(vin))
    enter(car, date="2026-10-20", settled_on="2026-10-20", checked_in_on="2026-10-20", odometer_km=km)


@pytest.mark.parametrize("km", ["0", "58263", "999999"])
def test_typed_vin_tells_a_shop_nothing_of_its_record(job: Job, km: str) -> None:
    known_vin(91_000)
    booking = visit(job, starts_at=START)
    user = member(booking.shop)
    assert post(user, booking, typed(vin=OTHER_VIN, odometer_km=km)).status_code == 302
    page = client_of(user).get(address("board:check_in", booking)).content.decode()
    assert "check the odometer" not in page
    assert CheckIn.objects.get(booking=booking).odometer_reason == ""


def test_typed_vin_of_a_sold_car_opens_no_record(booking: Booking) -> None:
    enter(booking.car, date="2026-10-20", settled_on="2026-10-20", checked_in_on="2026-10-20", odometer_km=91_000)
    booking.car.removed_at = NOW  # type: ignore[union-attr]
    booking.car.save(update_fields=["removed_at"])  # type: ignore[union-attr]
    assert not write(booking, member(booking.shop)).is_odometer_questioned


@pytest.fixture
def recorded(booking: Booking) -> Booking:
    """The owner's booked car, of which a former owner's visit knows 61,000 km a month ago."""
    enter(booking.car, date="2026-10-20", settled_on="2026-10-20", checked_in_on="2026-10-20", odometer_km=61_000)
    return booking


@pytest.mark.parametrize("km", ["58100", "108000"])
def test_record_of_the_booked_car_doubts_both_ways_alike_and_refuses_nothing(recorded: Booking, km: str) -> None:
    if km == "108000":  # more than 33 days of driving after the record, and what the owner said fits
        recorded.car.odometer_km = 107_000  # type: ignore[union-attr]
        recorded.car.save(update_fields=["odometer_km"])  # type: ignore[union-attr]
    user = member(recorded.shop)
    assert post(user, recorded, typed(odometer_km=km)).status_code == 302
    page = client_of(user).get(address("board:check_in", recorded)).content.decode()
    assert "it does not fit what is known about the car" in page
    assert "Why the odometer is right" not in page
    assert not any(figure in page for figure in ("61,000", "61000", "20 Oct", SHOP["name_en"]))
    assert CheckIn.objects.get(booking=recorded).is_odometer_questioned
    assert recorded.events.get(kind=EventKind.CHECKED_IN).data["doubted_by_record"] is True


def test_reading_that_fits_the_record_of_the_booked_car_is_taken(recorded: Booking) -> None:
    assert not write(recorded, member(recorded.shop), odometer_km=61_500).is_odometer_questioned


def test_reading_once_doubted_by_the_record_stays_so_whatever_is_typed(recorded: Booking) -> None:
    reader, second = member(recorded.shop), member(recorded.shop, Role.TECHNICIAN)
    write(recorded, reader, odometer_km=58_100)
    for km in (61_500, 58_200):
        workshop.correct_odometer(booking=recorded, odometer_km=km, note="Misread", by=reader, at=NOW)
        assert CheckIn.objects.get(booking=recorded).is_odometer_questioned
    workshop.confirm_odometer(booking=recorded, by=second, at=NOW)
    assert not CheckIn.objects.get(booking=recorded).is_odometer_questioned
    workshop.correct_odometer(booking=recorded, odometer_km=61_500, note="Misread", by=reader, at=NOW)
    assert CheckIn.objects.get(booking=recorded).is_odometer_questioned
    assert recorded.events.filter(data__doubted_by_record=True).count() == 4


def test_record_that_the_owner_lets_the_shop_read_is_compared_when_the_vin_is_read_later(job: Job) -> None:
    known_vin(91_000)
    record = record_for_vin(OTHER_VIN)
    booking = visit(job, starts_at=START)
    shop, advisor = booking.shop, member(booking.shop)
    owner = UserFactory()
    HealthRecord.objects.filter(pk=record.pk).update(owner=owner)
    record.refresh_from_db()
    by = KnownShop(shop.public_id, shop.slug, "店", "Shop")
    until = NOW + timedelta(days=7)
    sharing.grant(record=record, shop=by, parts=[RecordPart.VISITS], until=until, by=owner, at=NOW)
    assert not write(booking, advisor).is_odometer_questioned
    row = write(booking, advisor, vin=OTHER_VIN)
    assert CheckIn.objects.get(pk=row.pk).is_odometer_questioned
    assert booking.events.get(kind=EventKind.ODOMETER).data["doubted_by_record"] is True
    write(booking, advisor, vin=OTHER_VIN)  # compared once
    assert booking.events.filter(kind=EventKind.ODOMETER).count() == 1


def test_reading_is_compared_with_the_shops_own_visit_to_the_same_vin(job: Job) -> None:
    first, second = visit(job, starts_at=START), visit(job, starts_at=START)
    advisor = member(first.shop)
    write(first, advisor, vin=OTHER_VIN, odometer_km=70_000)
    assert write(second, advisor, vin=OTHER_VIN, odometer_km=69_000).is_odometer_questioned


def test_booked_cars_vin_is_not_another_cars(booking: Booking) -> None:
    with pytest.raises(InvalidInput) as refused:
        write(booking, member(booking.shop), vin=VIN, is_other_car=True)
    assert refused.value.field == "is_other_car"


def test_car_let_go_later_gets_its_reading_back(booking: Booking) -> None:
    car, user = booking.car, member(booking.shop)
    assert car is not None
    write(booking, user)
    checking_in.write_sheet(
        booking=booking,
        sheet=Sheet(odometer_km=58_263, vin=OTHER_VIN, is_other_car=True),
        by=user,
        at=NOW + timedelta(minutes=5),
    )
    car.refresh_from_db()
    booking.refresh_from_db()
    assert (booking.car, car.odometer_km) == (None, 58_000)
    assert list(car.readings.order_by("pk").values_list("km", flat=True)) == [58_000, 58_263, 58_000]


def test_plate_of_another_car_is_allowed(booking: Booking) -> None:
    CarFactory(plate="沪B55Q07")
    assert post(member(booking.shop), booking, typed(plate="沪B55Q07")).status_code == 302
    booking.refresh_from_db()
    assert booking.plate == "沪B55Q07"
    assert booking.car is not None


# --- A doubtful odometer ------------------------------------------------------------------------------


@pytest.fixture
def doubtful(booking: Booking) -> tuple[Booking, User]:
    """A visit whose odometer went back, and who read it."""
    reader = member(booking.shop)
    write(booking, reader, odometer_km=57_000, odometer_note="New instrument cluster")
    booking.refresh_from_db()
    return booking, reader


def test_doubtful_reading_without_a_reason_is_asked_beside_its_field(booking: Booking) -> None:
    response = post(member(booking.shop), booking, typed(odometer_km="57000", condition="Scratch"))
    page = response.content.decode()
    assert response.status_code == 400
    assert "The last reading was 58,000 km" in page
    assert 'name="odometer_note"' in page
    assert "Scratch" in page


def test_doubtful_reading_waits_for_a_second_person(doubtful: tuple[Booking, User]) -> None:
    booking, reader = doubtful
    second = member(booking.shop, Role.TECHNICIAN)
    page = client_of(reader).get(address("board:check_in", booking)).content.decode()
    assert "Somebody else has to check the odometer" in page
    assert address("floor:confirm_odometer", booking) not in page
    assert post(reader, booking, {}, "floor:confirm_odometer").status_code == 403
    booking.car.refresh_from_db()  # type: ignore[union-attr]
    assert booking.car.odometer_km == 58_000  # type: ignore[union-attr]
    assert address("floor:confirm_odometer", booking) in (
        client_of(second).get(address("board:check_in", booking)).content.decode()
    )
    assert post(second, booking, {}, "floor:confirm_odometer").status_code == 302
    booking.car.refresh_from_db()  # type: ignore[union-attr]
    assert booking.car.odometer_km == 57_000  # type: ignore[union-attr]
    assert booking.check_in.odometer_second_by == second
    assert booking.events.get(kind=EventKind.ODOMETER_CONFIRMED).actor == second


def test_cashier_is_no_second_person(doubtful: tuple[Booking, User]) -> None:
    booking, _reader = doubtful
    assert post(member(booking.shop, Role.CASHIER), booking, {}, "floor:confirm_odometer").status_code == 403


def test_reader_stays_the_first_person_when_another_writes_the_sheet(doubtful: tuple[Booking, User]) -> None:
    booking, reader = doubtful
    second = member(booking.shop)
    row = write(booking, second, odometer_km=57_000, condition="Scratch")
    assert (row.recorded_by, row.condition, row.is_odometer_questioned) == (reader, "Scratch", True)
    with pytest.raises(NotAllowed):
        workshop.confirm_odometer(booking=booking, by=reader, at=NOW)


@pytest.mark.parametrize("way", [DecisionWay.ACCOUNT, DecisionWay.LINK])
def test_owner_is_the_second_person_of_a_shop_of_one(doubtful: tuple[Booking, User], way: DecisionWay) -> None:
    booking, _reader = doubtful
    by = booking.owner if way == DecisionWay.ACCOUNT else None
    row = checking_in.confirm(booking=booking, way=way, by=by, at=NOW)
    assert (row.odometer_second_by, row.is_odometer_questioned) == (booking.owner, False)
    assert booking.events.get(kind=EventKind.ODOMETER_CONFIRMED).actor_role == "owner"


def test_owner_is_no_second_person_where_the_shop_has_one(doubtful: tuple[Booking, User]) -> None:
    booking, _reader = doubtful
    member(booking.shop, Role.TECHNICIAN)
    row = checking_in.confirm(booking=booking, way=DecisionWay.ACCOUNT, by=booking.owner, at=NOW)
    assert row.is_odometer_questioned


def test_shops_device_is_no_second_person(doubtful: tuple[Booking, User]) -> None:
    booking, reader = doubtful
    row = checking_in.confirm(booking=booking, way=DecisionWay.DEVICE, by=reader, at=NOW)
    assert row.is_odometer_questioned


# --- Writing it again, and the owner's word -------------------------------------------------------------


def test_sheet_is_written_again_until_the_owner_has_confirmed(booking: Booking) -> None:
    user = member(booking.shop)
    write(booking, user)
    assert post(user, booking, typed(condition="Dent", photos=[upload(saved(corners()))])).status_code == 302
    assert booking.check_in.condition == "Dent"
    assert booking.events.get(kind=EventKind.PHOTOS).data == {"count": 1, "of": "check_in"}
    checking_in.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=NOW)
    response = post(user, booking, typed(condition="Nothing"))
    assert response.status_code == 409
    assert "The owner has confirmed this sheet" in response.content.decode()
    booking.check_in.refresh_from_db()
    assert booking.check_in.condition == "Dent"


def test_changed_odometer_needs_a_reason(booking: Booking) -> None:
    user = member(booking.shop)
    write(booking, user)
    assert post(user, booking, typed(odometer_km="58300")).status_code == 400
    assert post(user, booking, typed(odometer_km="58300", odometer_note="Misread")).status_code == 302
    assert booking.events.get(kind=EventKind.ODOMETER).reason == "Misread"


def test_corrected_odometer_has_to_be_confirmed_again(booking: Booking) -> None:
    user = member(booking.shop)
    write(booking, user)
    checking_in.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=NOW)
    workshop.correct_odometer(booking=booking, odometer_km=58_264, note="Misread", by=user, at=NOW)
    row = CheckIn.objects.get(booking=booking)
    assert (row.confirmed_at, row.confirmed_way) == (None, "")


def test_sheet_is_closed_once_work_has_begun(booking: Booking) -> None:
    user = member(booking.shop)
    write(booking, user)
    workshop.start(booking=booking, by=user, at=NOW)
    with pytest.raises(WrongStatusError):
        write(booking, user, condition="Dent")
    assert client_of(user).get(address("board:check_in", booking)).status_code == 200


def test_owner_confirms_on_the_shops_device(booking: Booking) -> None:
    user = member(booking.shop)
    write(booking, user, condition="Scratch on the left door")
    client = client_of(user)
    page = client.get(address("floor:check_in_show", booking)).content.decode()
    assert "Scratch on the left door" in page
    seen = checking_in.version(booking := Booking.objects.get(pk=booking.pk), booking.check_in)
    assert f'value="{seen}"' in page
    assert client.post(address("floor:check_in_show", booking), {"seen": seen}).status_code == 302
    row = CheckIn.objects.get(booking=booking)
    event = booking.events.get(kind=EventKind.CAR_STATE_CONFIRMED)
    assert (row.confirmed_way, row.confirmed_by) == (DecisionWay.DEVICE, user)
    assert (event.actor, event.actor_role, event.data) == (None, "owner", {"way": "device", "device_of": user.pk})
    assert OutboxEvent.objects.filter(topic="booking.car_state_confirmed", key=booking.public_id).count() == 1


def test_page_for_the_owner_speaks_the_owners_language(booking: Booking) -> None:
    write(booking, member(booking.shop))
    client = client_of(member(booking.shop))
    client.cookies["django_language"] = "zh-hans"
    assert "Is this the condition of your car?" in client.get(address("floor:check_in_show", booking)).content.decode()
    chosen = client.get(address("floor:check_in_show", booking) + "?lang=zh-hans").content.decode()
    assert '<html lang="zh-hans"' in chosen


@pytest.mark.parametrize("seen", ["", "1.0-58263", "x" * 10_000])
def test_nobody_confirms_what_they_have_not_seen(booking: Booking, seen: str) -> None:
    user = member(booking.shop)
    write(booking, user)
    response = client_of(user).post(address("floor:check_in_show", booking), {"seen": seen})
    assert response.status_code == 409
    assert "Nothing was confirmed" in response.content.decode()
    assert CheckIn.objects.get(booking=booking).confirmed_at is None


def test_sheet_changed_while_it_was_shown_is_not_confirmed(booking: Booking) -> None:
    user = member(booking.shop)
    row = write(booking, user)
    booking.refresh_from_db()
    seen = checking_in.version(booking, row)
    again = Sheet(odometer_km=58_263, condition="Dent")
    checking_in.write_sheet(booking=booking, sheet=again, by=user, at=NOW + timedelta(seconds=1))
    with pytest.raises(SheetChangedError):
        checking_in.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=NOW, seen=seen)


def test_confirming_twice_is_once(booking: Booking) -> None:
    write(booking, member(booking.shop))
    first = checking_in.confirm(booking=booking, way=DecisionWay.ACCOUNT, by=booking.owner, at=NOW)
    later = NOW + timedelta(minutes=1)
    again = checking_in.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=later)
    assert (again.confirmed_at, again.confirmed_way) == (first.confirmed_at, DecisionWay.ACCOUNT)
    assert booking.events.filter(kind=EventKind.CAR_STATE_CONFIRMED).count() == 1


@pytest.mark.parametrize("way", [DecisionWay.PHONE, DecisionWay.BOOKING])
def test_state_of_a_car_is_not_confirmed_on_the_phone(booking: Booking, way: DecisionWay) -> None:
    write(booking, member(booking.shop))
    with pytest.raises(InvalidInput):
        checking_in.confirm(booking=booking, way=way, by=booking.owner, at=NOW)


def test_stranger_does_not_confirm_for_the_owner(booking: Booking) -> None:
    write(booking, member(booking.shop))
    for by in (UserFactory(), None, member(booking.shop, Role.OWNER)):
        with pytest.raises(NotAllowed):
            checking_in.confirm(booking=booking, way=DecisionWay.ACCOUNT, by=by, at=NOW)


def test_nothing_is_confirmed_before_check_in(booking: Booking) -> None:
    with pytest.raises(WrongStatusError):
        checking_in.confirm(booking=booking, way=DecisionWay.ACCOUNT, by=booking.owner, at=NOW)
    assert client_of(member(booking.shop)).get(address("floor:check_in_show", booking)).status_code == 302


def test_pages_of_the_sheet_ask_a_fixed_number_of_questions(
    booking: Booking, django_assert_max_num_queries: Any
) -> None:
    user = member(booking.shop)
    one = clean(upload(saved(corners())))
    write(booking, user, photos={PhotoKind.CONDITION: [one]})
    client = client_of(user)

    def asked() -> int:
        with django_assert_max_num_queries(40) as context:
            assert client.get(address("board:check_in", booking)).status_code == 200
        return len(context)

    few = asked()
    checking_in.add_photos(booking=booking, added={PhotoKind.CONDITION: [one] * 9}, by=user, at=NOW)
    assert asked() == few


def test_check_in_button_leads_to_the_sheet(booking: Booking) -> None:
    page = client_of(member(booking.shop)).get(address("board:visit", booking)).content.decode()
    assert str(CHECK_IN.label)
    assert f'href="{address("board:check_in", booking)}"' in page


# --- By the API -----------------------------------------------------------------------------------------


def api(user: User | None, method: str, booking: Booking, path: str, data: Any = None, **more: Any) -> Any:
    client = Client(headers={"accept-language": "en"})
    if user is not None:
        client.force_login(user)
    url = f"/api/v1/shops/{booking.shop.slug}/bookings/{booking.public_id}/{path}"
    with time_machine.travel(NOW, tick=False):
        return getattr(client, method)(url, data, **{"content_type": "application/json", **more})


@pytest.mark.parametrize("role", Role)
def test_api_writes_the_sheet_for_those_who_may(booking: Booking, role: Role) -> None:
    data = {"odometer_km": 58_263, "warning_lights": ["abs"], "fuel_percent": 50}
    response = api(member(booking.shop, role), "put", booking, "check-in-sheet/", data)
    assert response.status_code == (200 if role in MAY else 403)
    if role in MAY:
        assert response.json()["warning_lights"] == ["abs"]
        assert response.json()["is_odometer_questioned"] is False


def test_api_sheet_is_missing_for_strangers_and_before_check_in(booking: Booking) -> None:
    data = {"odometer_km": 58_263}
    assert api(member(bookable_job().shop, Role.OWNER), "put", booking, "check-in-sheet/", data).status_code == 404
    assert api(booking.owner, "put", booking, "check-in-sheet/", data).status_code == 404
    assert api(None, "put", booking, "check-in-sheet/", data).status_code in (401, 403)
    assert api(member(booking.shop), "get", booking, "check-in-sheet/").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("odometer_km", -1),
        ("odometer_km", "NaN"),
        ("fuel_percent", 101),
        ("warning_lights", ["spaceship"]),
        ("warning_lights", "abs"),
        ("vin", "123"),
        ("condition", "x" * 1001),
        ("belongings", "a\x00b"),
        ("is_other_car", "perhaps"),
    ],
)
def test_api_names_the_field_at_fault(booking: Booking, field: str, value: Any) -> None:
    response = api(member(booking.shop), "put", booking, "check-in-sheet/", {"odometer_km": 58_263, field: value})
    assert response.status_code == 400
    assert field in str(response.json())
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


def test_api_takes_photos_and_refuses_what_is_none(booking: Booking) -> None:
    user = member(booking.shop)
    write(booking, user)
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    url = f"/api/v1/shops/{booking.shop.slug}/bookings/{booking.public_id}/check-in-sheet/photos/"
    good = client.post(url, {"photo": upload(saved(corners())), "kind": "dashboard"})
    assert good.status_code == 201
    assert client.get(good.json()["url"]).status_code == 200
    for content in (_svg(), png(30_000, 30_000), apng_of_frames(10_000)):
        assert client.post(url, {"photo": upload(content)}).status_code == 400
    assert client.post(url, {"photo": upload(saved(corners())), "kind": "handover"}).status_code == 400
    checking_in.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=NOW)
    assert client.post(url, {"photo": upload(saved(corners()))}).status_code == 409
    assert booking.photos.count() == 1


def test_api_second_person_confirms_the_odometer(doubtful: tuple[Booking, User]) -> None:
    booking, reader = doubtful
    assert api(reader, "post", booking, "confirm-odometer/").status_code == 403
    second = api(member(booking.shop), "post", booking, "confirm-odometer/")
    assert (second.status_code, second.json()["is_odometer_questioned"]) == (200, False)


def test_confirmed_sheet_refuses_a_change(booking: Booking) -> None:
    user = member(booking.shop)
    write(booking, user)
    checking_in.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=NOW)
    with pytest.raises(SheetConfirmedError):
        write(booking, user, condition="Dent")
