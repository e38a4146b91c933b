"""The job card, through HTTP: what it shows, to whom, with how many queries; stage, promise, messages, photos."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings.board import reading as board
from bookings.board.looks import STAGE_LOOKS
from bookings.choices import Decision, EventKind, PhotoKind, Stage, Status
from bookings.engine.jobs import Job
from bookings.floor import lines, messages, photos
from bookings.floor.messages import Speaker
from bookings.floor.photos import Shown
from bookings.models import Booking, BookingEvent, Line, LineDecision
from core.models import OutboxEvent
from core.photos import clean
from shops.choices import Role
from tests.bookings.floor_cards import NOW, approved, as_member, decided, here, own_words, proposed, sent, staff, url
from tests.factories.jobs import bookable_job
from tests.factories.photos import corners, saved

pytestmark = pytest.mark.django_db

OWNER = Speaker(is_owner=True)


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def get(client: Client, address: str) -> Any:
    with time_machine.travel(NOW, tick=False):
        return client.get(address)


def post(client: Client, address: str, data: dict[str, Any] | None = None) -> Any:
    with time_machine.travel(NOW, tick=False):
        return client.post(address, data or {})


def upload() -> SimpleUploadedFile:
    return SimpleUploadedFile("work.jpg", saved(corners()), "image/jpeg")


# --- What it shows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("status", [Status.CHECKED_IN, Status.READY, Status.COMPLETED])
def test_card_is_shown_to_every_role_while_the_car_is_here_and_after(
    client: Client, job: Job, status: Status, role: Role
) -> None:
    response = get(as_member(client, job.shop, role), url("card", here(job, status)))
    assert response.status_code == 200
    assert "Minor service" in response.content.decode()


def test_there_is_no_card_before_the_car_came(client: Client, job: Job) -> None:
    assert get(as_member(client, job.shop), url("card", here(job, Status.CONFIRMED))).status_code == 404


def test_card_sums_what_is_approved_what_is_open_and_both(client: Client, job: Job) -> None:
    booking = here(job)
    approved(booking, "Pads", fen=12_000)
    sent(booking, "Discs", fen=20_000)
    proposed(booking, "Wipers", fen=1_000)
    page = get(as_member(client, job.shop), url("card", booking)).content.decode()
    # ¥268 agreed, ¥420 added; ¥500 open; ¥310 not sent yet.
    for sum_of in ("¥688.00", "+¥500.00", "¥1,188.00", "¥310.00"):
        assert sum_of in page


def test_send_shows_what_the_owner_will_see_and_sends_nothing_yet(client: Client, job: Job) -> None:
    booking = here(job)
    line = proposed(booking, "Wiper blades")
    page = get(as_member(client, job.shop), url("send", booking)).content.decode()
    assert "This is what the owner will see" in page
    assert "Wiper blades" in page
    line.refresh_from_db()
    assert line.sent_at is None


CARD_QUERIES = 16


@pytest.mark.parametrize("count", [1, 3, 12])
def test_number_of_queries_does_not_depend_on_lines_photos_answers_or_messages(
    client: Client, job: Job, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    booking = here(job)
    for number in range(count):
        line = decided(sent(booking, f"Line {number}"), Decision.DEFER)
        photos.attach(
            booking=booking, cleaned=[clean(upload())], shown=Shown(PhotoKind.FINDING, line=line), by=None, at=NOW
        )
        messages.say(booking=booking, text=f"Message {number}", by=OWNER, at=NOW)
    advisor = as_member(client, job.shop)
    get(advisor, url("card", booking))
    with django_assert_num_queries(CARD_QUERIES):
        get(advisor, url("card", booking))


# --- The bar at the foot ----------------------------------------------------------------------------


def bar(client: Client, booking: Booking) -> str:
    """What stands at the foot of the card, where it stays in sight."""
    page: str = get(client, url("card", booking)).content.decode()
    return page.partition('<div class="stickybar">')[2]


def lacking(booking: Booking, title: str, expected_on: date | None = None) -> Line:
    line = approved(booking, title)
    return lines.wait_for_parts(line=line, expected_on=expected_on, waits=True, by=staff(booking.shop), at=NOW)


def test_bar_says_which_part_is_awaited_and_takes_it_in_with_one_tap(client: Client, job: Job) -> None:
    booking = here(job)
    line = lacking(booking, "Front pads", date(2026, 11, 25))
    advisor = as_member(client, job.shop)
    foot = bar(advisor, booking)
    assert "Front pads" in foot
    assert "parts expected on" in foot
    assert url("line_parts", booking, line.public_id) in foot
    post(advisor, url("line_parts", booking, line.public_id), {"arrived": "1"})
    foot = bar(advisor, booking)
    assert "Work done" in foot
    assert "Front pads" not in foot


def test_bar_leads_to_the_parts_where_several_lines_wait(client: Client, job: Job) -> None:
    booking = here(job)
    first, _second = lacking(booking, "Front pads"), lacking(booking, "Rear pads")
    foot = bar(as_member(client, job.shop), booking)
    assert "2 lines wait for parts" in foot
    assert f"{reverse('floor_lists:parts', args=[job.shop.slug])}#line-{first.public_id}" in foot


def test_bar_shows_a_cashier_the_parts_without_taking_them_in(client: Client, job: Job) -> None:
    booking = here(job)
    line = lacking(booking, "Front pads")
    foot = bar(as_member(client, job.shop, Role.CASHIER), booking)
    assert f"#line-{line.public_id}" in foot
    assert url("line_parts", booking, line.public_id) not in foot


def test_bar_lets_work_go_on_where_the_car_was_only_said_to_wait_for_parts(client: Client, job: Job) -> None:
    booking = here(job)
    advisor = as_member(client, job.shop)
    post(advisor, url("stage", booking), {"stage": "waiting_parts"})
    foot = bar(advisor, booking)
    assert "Parts have arrived" in foot
    assert 'name="stage" value="working"' in foot
    post(advisor, url("stage", booking), {"stage": "working"})
    assert "Work done" in bar(advisor, booking)


# --- Stage and promise ------------------------------------------------------------------------------


def test_stage_is_shown_on_the_board_in_words_and_colour(job: Job) -> None:
    booking = here(job)
    sent(booking)
    card = board.load(shop=job.shop, day=NOW.date(), at=NOW).cards[0]
    assert card.look == STAGE_LOOKS[Stage.WAITING_OWNER]
    assert (card.look.tone, card.groups) == ("warn", {"waiting_owner"})
    assert [STAGE_LOOKS[stage].tone for stage in (Stage.WAITING_PARTS, Stage.CHECKING)] == ["part", "qc"]


def test_stage_that_does_not_follow_is_refused_on_the_card(client: Client, job: Job) -> None:
    booking = here(job, Status.CHECKED_IN)
    response = post(as_member(client, job.shop), url("stage", booking), {"stage": "working"})
    assert response.status_code == 409
    assert "The car is at another stage by now" in response.content.decode()


@pytest.mark.parametrize("stage", ["", "nothing", "ready\x00", "x" * 5_000])
def test_stage_that_does_not_exist_is_a_400(client: Client, job: Job, stage: str) -> None:
    assert post(as_member(client, job.shop), url("stage", here(job)), {"stage": stage}).status_code == 400


def test_promise_needs_a_reason_and_a_time_to_come(client: Client, job: Job) -> None:
    booking = here(job)
    advisor = as_member(client, job.shop)
    page = post(advisor, url("promise", booking), {"date": "2026-11-23", "time": "18:00", "reason": ""})
    assert page.status_code == 400
    assert 'id="id_reason_error"' in page.content.decode()
    past = {"date": "2026-11-22", "time": "18:00", "reason": "Late parts"}
    assert post(advisor, url("promise", booking), past).status_code == 400
    later = {"date": "2026-11-23", "time": "18:00", "reason": "Late parts"}
    assert post(advisor, url("promise", booking), later).status_code == 302
    event = BookingEvent.objects.get(booking=booking, kind=EventKind.PROMISE)
    assert event.reason == "Late parts"
    before = booking.agreed_end_at
    booking.refresh_from_db()
    assert f"{booking.local_end:%H:%M}" == "18:00"
    assert booking.agreed_end_at == before


# --- Phone answers ----------------------------------------------------------------------------------


def test_several_answers_of_one_call_are_written_down_together(client: Client, job: Job) -> None:
    booking = here(job)
    first, second = sent(booking, "Pads"), sent(booking, "Discs")
    data = {
        f"answer_{first.public_id}": "approve",
        f"version_{first.public_id}": "1",
        f"answer_{second.public_id}": "defer",
        f"version_{second.public_id}": "1",
        f"until_{second.public_id}": "2027-02-01",
        f"km_{second.public_id}": "65000",
        "spoke_with": "Ms Lin",
    }
    assert post(as_member(client, job.shop), url("phone", booking), data).status_code == 302
    said = LineDecision.objects.get(line=second)
    assert (str(said.defer_until), said.defer_km, said.spoke_with) == ("2027-02-01", 65_000, "Ms Lin")
    assert lines.find(booking, first.public_id).state == "approved"


def test_answer_to_a_line_that_changed_meanwhile_writes_nothing_down(client: Client, job: Job) -> None:
    booking = here(job)
    line = sent(booking)
    lines.change(line=line, draft=own_words(fen=99_000), version=1, by=_by(booking), at=NOW)
    data = {f"answer_{line.public_id}": "approve", f"version_{line.public_id}": "1", "spoke_with": "Ms Lin"}
    response = post(as_member(client, job.shop), url("phone", booking), data)
    assert response.status_code == 409
    assert "Nothing was decided: look at it again" in response.content.decode()
    assert not LineDecision.objects.filter(line=line).exists()


def _by(booking: Booking) -> lines.Author:
    return lines.Author(staff(booking.shop), Role.ADVISOR)


def test_call_without_a_name_is_refused_beside_the_field(client: Client, job: Job) -> None:
    booking = here(job)
    line = sent(booking)
    data = {f"answer_{line.public_id}": "approve", f"version_{line.public_id}": "1", "spoke_with": ""}
    response = post(as_member(client, job.shop), url("phone", booking), data)
    assert response.status_code == 400
    assert 'id="id_spoke_with_error"' in response.content.decode()


# --- Messages and photos ----------------------------------------------------------------------------


def test_message_of_the_owner_marks_card_and_board_until_somebody_who_answers_has_looked(
    client: Client, job: Job
) -> None:
    booking = here(job)
    messages.say(booking=booking, text="When will it be ready?", by=OWNER, at=NOW - timedelta(minutes=1))

    def unread() -> int:
        return board.load(shop=job.shop, day=NOW.date(), at=NOW).cards[0].unread

    before = board.marker(shop=job.shop, day=NOW.date(), at=NOW)
    assert unread() == 1
    get(as_member(client, job.shop, Role.CASHIER), url("card", booking))
    assert unread() == 1
    page = get(as_member(client, job.shop), url("card", booking)).content.decode()
    assert "When will it be ready?" in page
    assert "talk-new" in page
    assert unread() == 0
    assert board.marker(shop=job.shop, day=NOW.date(), at=NOW) != before
    assert "talk-new" not in get(client, url("card", booking)).content.decode()


def test_message_goes_out_with_its_photo(client: Client, job: Job) -> None:
    booking = here(job)
    response = post(as_member(client, job.shop), url("say", booking), {"text": "The old pads", "photos": upload()})
    said = booking.messages.get()
    assert response.status_code == 302
    assert (said.text, said.is_from_owner, said.author_role) == ("The old pads", False, Role.ADVISOR)
    assert said.photos.get().kind == PhotoKind.MESSAGE


@pytest.mark.parametrize("text", ["", "   ", "x" * 1_001, "a\x00b"])
def test_message_that_cannot_be_sent_is_said_beside_the_field(client: Client, job: Job, text: str) -> None:
    booking = here(job)
    response = post(as_member(client, job.shop), url("say", booking), {"text": text})
    assert response.status_code == 400
    assert 'id="id_text_error"' in response.content.decode()
    assert not booking.messages.exists()


def test_photos_of_the_work_are_kept_with_caption_and_told(client: Client, job: Job) -> None:
    booking = here(job)
    data = {"photos": upload(), "kind": "work", "caption": "Old pads"}
    assert post(as_member(client, job.shop), url("add_photos", booking), data).status_code == 302
    photo = booking.photos.get()
    assert (photo.kind, photo.caption) == (PhotoKind.WORK, "Old pads")
    assert BookingEvent.objects.get(booking=booking, kind=EventKind.PHOTOS).data["count"] == 1
    address = reverse("floor:photo", args=[job.shop.slug, booking.public_id, photo.public_id, "full"])
    assert get(client, address)["Content-Type"] == "image/jpeg"


def test_form_without_a_photo_is_refused_beside_the_field(client: Client, job: Job) -> None:
    response = post(as_member(client, job.shop), url("add_photos", here(job)), {"kind": "work"})
    assert response.status_code == 400
    assert "Take or choose a photo." in response.content.decode()


# --- A link again -----------------------------------------------------------------------------------


def test_link_is_sent_again_from_the_card(client: Client, job: Job) -> None:
    booking = here(job)
    Booking.objects.filter(pk=booking.pk).update(contact_phone="+8613816420957")
    page = get(as_member(client, job.shop), url("card", booking)).content.decode()
    assert url("send_link", booking) in page
    assert post(client, url("send_link", booking)).status_code == 302
    assert OutboxEvent.objects.filter(topic="visit.link", key=booking.public_id).count() == 1
    again = post(client, url("send_link", booking))
    assert again.status_code == 409
    assert "A link went out less than a minute ago" in again.content.decode()
    assert get(client, url("send_link", booking)).status_code == 405


def test_link_for_nobody_is_refused_in_words(client: Client, job: Job) -> None:
    booking = here(job)
    Booking.objects.filter(pk=booking.pk).update(contact_phone="", owner=None)
    response = post(as_member(client, job.shop), url("send_link", booking))
    assert response.status_code == 409
    assert "There is no number and no e-mail address" in response.content.decode()
    assert not OutboxEvent.objects.filter(topic="visit.link").exists()
