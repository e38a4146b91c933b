"""The end of the work: done, looked over by somebody else, billed, handed over with the owner's word."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings import workshop
from bookings.actions import Actor
from bookings.choices import ActorRole, Decision, DecisionWay, EventKind, LineState, Stage, Status
from bookings.engine.jobs import Job
from bookings.errors import LinesOpenError, NotCheckedError
from bookings.floor import lines, progress, quality
from bookings.models import Booking, BookingEvent
from shops.choices import Role
from tests.bookings.floor_cards import NOW, approved, as_member, decided, here, sent, staff, url
from tests.factories import floor
from tests.factories.handovers import driven_car, in_work, ready
from tests.factories.jobs import bookable_job

pytestmark = pytest.mark.django_db

CHECKED = {f"point_{key}": "ok" for key in quality.CHECKLIST}


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def submitted(job: Job) -> Booking:
    """Work done by the advisor, waiting for somebody else."""
    booking = here(job)
    approved(booking)
    quality.submit(booking=booking, by=staff(job.shop), at=NOW)
    booking.refresh_from_db()
    return booking


def post(client: Client, address: str, data: dict[str, Any] | None = None) -> Any:
    with time_machine.travel(NOW, tick=False):
        return client.post(address, data or {})


def test_work_done_marks_what_was_approved_and_waits_for_the_check(job: Job) -> None:
    booking = submitted(job)
    assert (booking.status, booking.stage) == (Status.IN_SERVICE, Stage.CHECKING)
    assert set(booking.lines.values_list("state", flat=True)) == {LineState.DONE}


def test_work_is_not_done_while_the_owner_has_not_answered(job: Job) -> None:
    booking = here(job)
    sent(booking)
    with pytest.raises(LinesOpenError):
        quality.submit(booking=booking, by=staff(job.shop), at=NOW)


def test_work_is_not_done_while_parts_are_missing(job: Job) -> None:
    booking = here(job)
    line = approved(booking)
    lines.wait_for_parts(line=line, expected_on=None, waits=True, by=staff(job.shop), at=NOW)
    with pytest.raises(LinesOpenError):
        quality.submit(booking=booking, by=staff(job.shop), at=NOW)
    assert set(booking.lines.values_list("state", flat=True)) == {LineState.APPROVED}


def test_car_is_not_ready_without_a_passed_check(job: Job) -> None:
    booking = submitted(job)
    with pytest.raises(NotCheckedError):
        workshop.mark_ready(booking=booking, by=staff(job.shop), at=NOW)


def test_passed_check_makes_the_bill_of_what_was_done(client: Client, job: Job) -> None:
    booking = submitted(job)
    response = post(as_member(client, job.shop, Role.TECHNICIAN), url("quality_check", booking), CHECKED)
    booking.refresh_from_db()
    assert response.status_code == 302
    # The list price of the oil service, and labour and pads of the added line.
    assert (booking.status, booking.stage, booking.final_fen) == (Status.READY, Stage.READY, 26_800 + 42_000)


def test_failed_check_says_why_and_sends_lines_back_to_work(client: Client, job: Job) -> None:
    booking = submitted(job)
    line = booking.lines.latest("position")
    data = {**CHECKED, "point_torque": "wrong", "note": "A wheel nut is loose", "redo": [line.public_id]}
    assert post(as_member(client, job.shop, Role.TECHNICIAN), url("quality_check", booking), data).status_code == 302
    booking.refresh_from_db()
    line.refresh_from_db()
    assert (booking.stage, booking.final_fen, line.state) == (Stage.WORKING, None, LineState.APPROVED)
    assert BookingEvent.objects.get(booking=booking, kind=EventKind.CHECK_FAILED).reason == "A wheel nut is loose"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"point_drive": ""}, "point_drive"), ({"point_drive": "wrong"}, "note"), ({"redo": "nothing"}, "redo")],
)
def test_incomplete_check_is_refused_beside_its_field(
    client: Client, job: Job, change: dict[str, str], field: str
) -> None:
    booking = submitted(job)
    response = post(as_member(client, job.shop, Role.TECHNICIAN), url("quality_check", booking), {**CHECKED, **change})
    assert response.status_code == 400
    assert f'id="id_{field}_error"' in response.content.decode()
    booking.refresh_from_db()
    assert booking.stage == Stage.CHECKING


def test_shop_of_one_checks_its_own_work_and_the_owner_reads_it(client: Client, job: Job) -> None:
    booking = submitted(job)
    advisor = as_member(client, job.shop)
    assert post(advisor, url("quality_check", booking), CHECKED).status_code == 302
    assert booking.quality_checks.get().is_alone
    with time_machine.travel(NOW, tick=False):
        page = advisor.get(url("handover_show", booking)).content.decode()
    assert "who also did the work" in page


# --- Handover ---------------------------------------------------------------------------------------


def test_handover_lists_what_was_done_with_warranty_and_what_was_not(client: Client, job: Job) -> None:
    booking = here(job)
    decided(sent(booking, "Wiper blades"), Decision.DECLINE)
    floor.make_ready(booking, by=staff(job.shop), at=NOW)
    with time_machine.travel(NOW, tick=False):
        page = as_member(client, job.shop, Role.CASHIER).get(url("handover", booking)).content.decode()
    assert "¥268.00" in page
    assert "Wiper blades" in page
    assert "Not done, not charged" in page
    # Ten days and 2,000 km by law, from 23 November and 58,263 km.
    assert "60,263 km" in page


@pytest.mark.parametrize("name", ["handover", "handover_show"])
def test_bill_names_no_kilometres_while_the_reading_is_questioned(client: Client, job: Job, name: str) -> None:
    booking = ready(in_work(job, car=driven_car(80_000), km=50_000, note="New instrument"))
    advisor = as_member(client, job.shop)

    def page() -> str:
        with time_machine.travel(booking.ends_at, tick=False):
            return advisor.get(url(name, booking), {"lang": "en"}).content.decode()

    assert "52,000 km" not in page()
    assert "The kilometres are set if somebody else confirms the reading before the handover" in page()
    workshop.confirm_odometer(booking=booking, by=staff(job.shop), at=booking.ends_at)
    assert "52,000 km" in page()
    assert "questioned" not in page()


def test_bill_handed_over_with_a_questioned_reading_says_that_the_days_count(client: Client, job: Job) -> None:
    booking = ready(in_work(job, car=driven_car(80_000), km=50_000, note="New instrument"))
    booking = workshop.hand_over(booking=booking, by=staff(job.shop), at=booking.ends_at)
    with time_machine.travel(booking.ends_at, tick=False):
        page = as_member(client, job.shop).get(url("handover", booking)).content.decode()
    assert "52,000 km" not in page
    assert "only the days of the warranty count, whatever the kilometres" in page


def test_owner_confirms_on_the_shops_device_in_their_language(client: Client, job: Job) -> None:
    booking = here(job)
    floor.make_ready(booking, by=staff(job.shop), at=NOW)
    advisor = as_member(client, job.shop)
    assert post(advisor, url("handover_show", booking)).status_code == 302
    booking.refresh_from_db()
    assert booking.handover_confirmed_way == DecisionWay.DEVICE
    events = BookingEvent.objects.filter(booking=booking, kind=EventKind.HANDOVER_CONFIRMED)
    assert post(advisor, url("handover_show", booking)).status_code == 302
    assert events.count() == 1


@pytest.mark.parametrize("name", ["handover", "handover_show"])
def test_there_is_nothing_to_hand_over_before_the_bill(client: Client, job: Job, name: str) -> None:
    booking = here(job)
    with time_machine.travel(NOW, tick=False):
        assert as_member(client, job.shop).get(url(name, booking)).status_code == 404


def test_board_leads_from_work_done_to_the_check_to_the_handover(client: Client, job: Job) -> None:
    booking = here(job)
    advisor = as_member(client, job.shop)
    panel = reverse("board:visit", args=[job.shop.slug, booking.public_id])
    with time_machine.travel(NOW, tick=False):
        assert "Work done" in advisor.get(panel).content.decode()
        quality.submit(booking=booking, by=staff(job.shop), at=NOW)
        assert url("quality_check", booking) in advisor.get(panel).content.decode()
        quality.check(booking=booking, checklist=floor.ALL_IN_ORDER, by=staff(job.shop, Role.TECHNICIAN), at=NOW)
        assert url("handover", booking) in advisor.get(panel).content.decode()


def test_board_says_what_is_waited_for_instead_of_work_done(client: Client, job: Job) -> None:
    booking = here(job)
    pads = sent(booking)
    advisor = as_member(client, job.shop)
    panel = reverse("board:visit", args=[job.shop.slug, booking.public_id])

    def page() -> str:
        with time_machine.travel(NOW, tick=False):
            return advisor.get(panel).content.decode()

    assert "Work done" not in page()
    assert url("phone", booking) in page()
    # Work that goes on in the meantime does not make the answer come.
    progress.move(booking=booking, to=Stage.WORKING, by=Actor(ActorRole.STAFF, staff(job.shop)), at=NOW)
    assert "Work done" not in page()
    pads = decided(pads)
    lines.wait_for_parts(line=pads, expected_on=None, waits=True, by=staff(job.shop), at=NOW)
    assert "Work done" not in page()
    assert "Parts are missing" in page()
    lines.wait_for_parts(line=pads, expected_on=None, waits=False, by=staff(job.shop), at=NOW)
    assert "Work done" in page()


@pytest.mark.parametrize("name", ["board:day", "board:closing"])
def test_lists_of_the_board_offer_the_end_of_work_only_where_nothing_is_waited_for(
    client: Client, job: Job, name: str
) -> None:
    booking = here(job)
    pads = sent(booking)
    progress.move(booking=booking, to=Stage.WORKING, by=Actor(ActorRole.STAFF, staff(job.shop)), at=NOW)
    advisor = as_member(client, job.shop)

    def page() -> str:
        with time_machine.travel(NOW, tick=False):
            return advisor.get(reverse(name, args=[job.shop.slug])).content.decode()

    assert "Work done" not in page()
    decided(pads)
    assert "Work done" in page()
