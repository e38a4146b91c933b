"""What happened on the workshop floor, as an admin looks into a dispute: all of it shown, none of it changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings.floor import messages
from bookings.floor.messages import Speaker
from bookings.models import Booking, LineDecision, QualityCheck, VisitPhoto
from shops.choices import Role
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.floor import Asked
from tests.factories.jobs import NOW
from tests.factories.vehicles import CarFactory

pytestmark = pytest.mark.django_db

MODELS = ("line", "linedecision", "checkin", "inspection", "qualitycheck", "visitmessage", "visitphoto")
VIN = "LSVAM4187C2184847"
LIST_QUERIES = dict.fromkeys(MODELS, 7) | {"inspection": 8}  # its filter names the templates there are
PAGE_QUERIES = {"booking": 19, "line": 10, "inspection": 8}


@pytest.fixture
def platform(client: Client) -> Client:
    client.force_login(UserFactory(admin=True))
    client.cookies["django_language"] = "en"
    return client


def disputed(*, lines: int = 1) -> Asked:
    """A visit that was asked about, answered, talked about and checked, with as many of each as there are lines."""
    drafts = [floor.pads_draft(note=f"Pads {number}") for number in range(lines)]
    asked = floor.asked(at=NOW, drafts=drafts, photos=lines)
    floor.answer(asked, at=NOW)
    for number in range(lines):
        messages.say(booking=asked.booking, text=f"How long, {number}?", by=Speaker(is_owner=True), at=NOW)
    floor.make_ready(asked.booking, by=asked.advisor, at=NOW)
    for _more in range(1, lines):
        QualityCheck.objects.create(booking=asked.booking, at=NOW, by=asked.advisor, is_passed=True)
        floor.measured(asked.booking, by=asked.advisor, at=NOW)
    return asked


def row_of(model: str, booking: Booking) -> int:
    related = {
        "line": booking.lines,
        "linedecision": LineDecision.objects.filter(line__booking=booking),
        "inspection": booking.inspections,
        "qualitycheck": booking.quality_checks,
        "visitmessage": booking.messages,
        "visitphoto": booking.photos,
    }
    row = booking.check_in if model == "checkin" else related[model].first()
    assert row is not None
    return int(row.pk)


def page(platform: Client, model: str, name: str, *arguments: object, **query: str) -> str:
    response = platform.get(reverse(f"admin:bookings_{model}_{name}", args=arguments), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_found_by_number_plate_and_vin(platform: Client, model: str) -> None:
    asked = disputed()
    Booking.objects.filter(pk=asked.booking.pk).update(plate="沪AD8K21", vin=VIN)
    found = f"/{row_of(model, asked.booking)}/change/"
    for query in (asked.booking.number, "AD8K21", VIN):
        assert found in page(platform, model, "changelist", q=query), query
    assert found not in page(platform, model, "changelist", q="沪B00000")


@pytest.mark.parametrize("model", MODELS)
def test_the_vin_of_the_car_finds_rows_too(platform: Client, model: str) -> None:
    """A booked car whose VIN nobody has read at check-in."""
    asked = disputed()
    car = CarFactory(variant=asked.booking.variant, vin=VIN)
    Booking.objects.filter(pk=asked.booking.pk).update(car=car)
    assert asked.booking.number in page(platform, model, "changelist", q=VIN)
    assert asked.booking.number in page(platform, "booking", "changelist", q=VIN)


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_changed_or_deleted(platform: Client, model: str) -> None:
    booking = disputed().booking
    pk = row_of(model, booking)
    assert platform.get(reverse(f"admin:bookings_{model}_add")).status_code == 403
    assert platform.post(reverse(f"admin:bookings_{model}_change", args=[pk]), {"note": "x"}).status_code == 403
    assert platform.post(reverse(f"admin:bookings_{model}_delete", args=[pk]), {"post": "yes"}).status_code == 403
    assert row_of(model, booking) == pk


def test_a_line_shows_every_version_and_who_decided_how(platform: Client) -> None:
    asked = disputed()
    shown = page(platform, "line", "change", asked.line.pk)
    for words in (
        "Front brake pads",
        "¥420.00",
        "TRW 前片一套 GDB3337 × 1",
        "Pads for the 288 mm disc",
        "Front left pad, inner 2.8",
        "The limit is 3 mm",  # the advice, as it stood
        "Lin Yue",  # whom the advisor spoke with
        "Service advisor",
    ):
        assert words in shown, words


def test_a_visit_shows_all_that_happened_in_it(platform: Client) -> None:
    asked = disputed()
    shown = page(platform, "booking", "change", asked.booking.pk)
    for words in ("Front brake pads", "Scratch on the left door", "How long, 0?"):
        assert words in shown, words
    assert "(&#x27;" not in shown  # a state shows as its word
    assert reverse("admin:bookings_line_change", args=[asked.line.pk]) in shown
    assert reverse("admin:bookings_inspection_change", args=[row_of("inspection", asked.booking)]) in shown


def test_an_inspection_names_its_points(platform: Client) -> None:
    booking = disputed().booking
    shown = page(platform, "inspection", "change", row_of("inspection", booking))
    assert "Front left pad, inner" in shown
    assert "2.8 mm" in shown


def test_a_failed_check_names_what_was_not_in_order(platform: Client) -> None:
    booking = disputed().booking
    checklist = [{"key": "torque", "ok": False}, {"key": "clean", "ok": True}]
    failed = QualityCheck.objects.create(
        booking=booking, at=NOW, by=UserFactory(), is_passed=False, note="A plug leaks", checklist=checklist
    )
    shown = page(platform, "qualitycheck", "change", failed.pk)
    assert "Wheels and plugs tightened" in shown
    assert "Car clean" not in shown


def test_messages_name_who_wrote(platform: Client) -> None:
    booking = disputed().booking
    speaker = Speaker(is_owner=False, user=UserFactory(name="Zhou Min"), role=Role.TECHNICIAN)
    messages.say(booking=booking, text="An hour", by=speaker, at=NOW)
    shown = page(platform, "visitmessage", "changelist", q=booking.number)
    for words in ("How long, 0?", "An hour", "Zhou Min", "Technician", "Owner"):
        assert words in shown, words


# --- Photos --------------------------------------------------------------------------------------------


def opened(client: Client, photo: VisitPhoto) -> Any:
    return client.get(reverse("admin:bookings_visitphoto_open", args=[photo.pk]))


def test_a_photo_is_opened_from_its_visit_and_written_down(platform: Client) -> None:
    booking = disputed().booking
    photo = booking.photos.earliest("pk")
    address = reverse("admin:bookings_visitphoto_open", args=[photo.pk])
    assert f'href="{address}"' in page(platform, "booking", "change", booking.pk)
    assert LogEntry.objects.count() == 0
    response = opened(platform, photo)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert b"".join(response.streaming_content) == photo.file.open("rb").read()
    assert "private" in response["Cache-Control"]
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    [entry] = LogEntry.objects.all()
    assert (entry.object_id, entry.user_id) == (str(photo.pk), int(platform.session["_auth_user_id"]))
    assert booking.number in entry.get_change_message()


def test_a_photo_is_opened_with_the_right_to_see_photos_only(client: Client) -> None:
    asked = disputed()
    photo = asked.booking.photos.earliest("pk")
    assert opened(client, photo).status_code == 302
    client.force_login(asked.advisor)
    assert opened(client, photo).status_code == 302
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_booking"))
    client.force_login(staff)
    assert opened(client, photo).status_code == 403
    assert LogEntry.objects.count() == 0
    staff.user_permissions.set(Permission.objects.filter(codename="view_visitphoto"))
    assert opened(client, photo).status_code == 200
    assert LogEntry.objects.get().user == staff


def test_a_photo_that_is_gone_looks_missing(platform: Client) -> None:
    assert platform.get(reverse("admin:bookings_visitphoto_open", args=[2**31 - 1])).status_code == 404
    assert platform.get(reverse("admin:bookings_visitphoto_open", args=[10**30])).status_code == 404


# --- Query counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("model", "queries"), LIST_QUERIES.items())
def test_a_list_takes_the_same_queries_however_long(
    platform: Client, model: str, queries: int, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _visit in range(rows):
        disputed()
    page(platform, model, "changelist")  # Django asks for content types once in a process
    with django_assert_num_queries(queries):
        page(platform, model, "changelist")


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("model", "queries"), PAGE_QUERIES.items())
def test_a_page_takes_the_same_queries_whatever_happened(
    platform: Client, model: str, queries: int, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    booking = disputed(lines=rows).booking
    pk = booking.pk if model == "booking" else row_of(model, booking)
    page(platform, model, "change", pk)
    with django_assert_num_queries(queries):
        page(platform, model, "change", pk)
