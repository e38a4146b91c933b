"""Lines of a visit: priced by the list or by hand, judged by the platform, typed in a form, summed to the fen."""

import os
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from bookings.actions import Actor
from bookings.board import stages
from bookings.choices import ActorRole, Decision, EventKind, LineState, PhotoKind, PriceBasis, Stage, Status, Urgency
from bookings.engine.jobs import Job
from bookings.errors import LineSettledError, NotOfferedError, WrongStatusError
from bookings.floor import advising, agreed, bills, lines, progress, warranty
from bookings.floor.drafts import Draft
from bookings.floor_lists.jobs import with_jobs
from bookings.floor_lists.looks import Place
from bookings.models import Booking, BookingEvent, Inspection, InspectionItem, Line
from bookings.owner_views import live_page
from catalog.choices import AdviceRule, AdviceVerdict
from catalog.models import CheckPoint, Offer
from core.errors import InvalidInput
from shops.choices import Role
from tests.bookings.floor_cards import (
    NOW,
    approved,
    as_member,
    author,
    decided,
    here,
    own_words,
    proposed,
    sent,
    staff,
    typed_line,
    url,
)
from tests.factories.catalog import OverMaintenanceRuleFactory
from tests.factories.jobs import bookable_job, lavida, minor_service
from tests.factories.photos import corners, saved
from tests.factories.records import SHOP, enter
from tests.factories.vehicles import CarFactory

pytestmark = pytest.mark.django_db

MINOR = warranty.STATUTORY[warranty.WarrantyScope.MINOR]


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def post(client: Client, address: str, data: dict[str, Any]) -> Any:
    with time_machine.travel(NOW, tick=False):
        return client.post(address, data)


def get(client: Client, address: str) -> str:
    with time_machine.travel(NOW, tick=False):
        return client.get(address).content.decode()


# --- Advice: measured today, the car's record, done elsewhere ----------------------------------------


def pads(job: Job) -> Any:
    """Front brake pads, which go by a measurement of at most 3 mm."""
    service = minor_service(
        key="front_brake_pads", name_en="Front brake pads", name_zh="前刹车片", category="wear", trigger="measure"
    )
    Offer.objects.create(shop=job.shop, service=service, scope="all", labour_fen=12_000, parts_fen=30_000)
    point = CheckPoint.objects.create(
        key="pad_front_left_inner",
        name_zh="左前内侧",
        name_en="Front left, inner",
        section="brakes",
        kind="measure",
        unit="mm",
        direction="low_is_bad",
        red_at=Decimal(3),
        yellow_at=Decimal(5),
        highest=Decimal(20),
        decimals=1,
        rule_zh="3 mm 以下更换",
        rule_en="Replace at 3 mm",
        source="test",
        confidence="likely",
    )
    point.services.add(service)
    return service


def measured(booking: Booking, value: str, tone: str = Urgency.RED) -> InspectionItem:
    inspection = Inspection.objects.create(booking=booking, template="daily", started_at=NOW)
    return InspectionItem.objects.create(
        inspection=inspection, point="pad_front_left_inner", value=Decimal(value), tone=tone, at=NOW, note="Seen"
    )


def test_what_was_measured_today_justifies_a_line(job: Job) -> None:
    service = pads(job)
    booking = here(job)
    draft = Draft(Urgency.RED, MINOR, service=service)
    assert advising.advise(booking=booking, draft=draft, at=NOW).rule == AdviceRule.NOT_MEASURED
    measured(booking, "2.8")
    given_now = advising.advise(booking=booking, draft=draft, at=NOW)
    assert (given_now.verdict, given_now.rule) == (AdviceVerdict.JUSTIFIED, AdviceRule.MEASURED_LIMIT)
    line = lines.propose(booking=booking, draft=draft, by=author(booking), at=NOW)
    assert line.current.evidence == [{"point": "pad_front_left_inner", "value": "2.8", "tone": "red", "codes": []}]
    assert line.current.advice_verdict == AdviceVerdict.JUSTIFIED


def owned_car(job: Job, booking: Booking) -> Any:
    car = CarFactory(variant=lavida())
    booking.car, booking.owner = car, car.owner
    booking.save(update_fields=["car", "owner"])
    return car


def oil(**interval: Any) -> Any:
    service = minor_service()
    service.interval_km, service.interval_months = 10_000, 12
    service.save()
    return service


def test_record_of_the_car_says_that_the_work_can_wait(job: Job) -> None:
    service = oil()
    booking = here(job)
    car = owned_car(job, booking)
    enter(car, date="2026-08-01", settled_on="2026-08-01", checked_in_on="2026-08-01", odometer_km=56_000)
    booking.refresh_from_db()
    advice = advising.advise(booking=booking, draft=Draft(Urgency.YELLOW, MINOR, service=service), at=NOW)
    assert advice.verdict in (AdviceVerdict.CAN_WAIT, AdviceVerdict.NOT_NEEDED)
    assert str(advice.numbers.last_on) == "2026-08-01"


def test_work_done_elsewhere_counts_as_much(job: Job) -> None:
    service = oil()
    booking = here(job)
    car = owned_car(job, booking)
    elsewhere = {**SHOP, "slug": "another-shop"}
    day = {"date": "2026-08-01", "settled_on": "2026-08-01", "checked_in_on": "2026-08-01"}
    enter(car, shop=elsewhere, odometer_km=56_000, **day)
    booking.refresh_from_db()
    advice = advising.advise(booking=booking, draft=Draft(Urgency.YELLOW, MINOR, service=service), at=NOW)
    assert str(advice.numbers.last_on) == "2026-08-01"
    assert advice.verdict in (AdviceVerdict.CAN_WAIT, AdviceVerdict.NOT_NEEDED)


def test_walk_in_without_a_car_is_judged_by_what_is_known(job: Job) -> None:
    booking = here(job)
    advice = advising.advise(booking=booking, draft=Draft(Urgency.YELLOW, MINOR, service=oil()), at=NOW)
    assert (advice.verdict, advice.rule) == (AdviceVerdict.UNKNOWN, AdviceRule.NO_ENTRY)


def test_proposal_against_the_advice_needs_a_reason_that_is_kept(job: Job) -> None:
    booking = here(job)
    measure = OverMaintenanceRuleFactory()
    draft = Draft(Urgency.GREEN, MINOR, measure=measure, labour_fen=19_800, price_reason="Offer")
    with pytest.raises(InvalidInput) as refusal:
        lines.propose(booking=booking, draft=draft, by=author(booking), at=NOW)
    assert refusal.value.field == "against_reason"
    assert refusal.value.extra["advice"]["verdict"] == AdviceVerdict.MOSTLY_UNNECESSARY


# --- The form ---------------------------------------------------------------------------------------


def test_line_in_own_words_is_put_on_the_card_with_its_parts_and_photo(client: Client, job: Job) -> None:
    booking = here(job)
    photo = SimpleUploadedFile("blade.jpg", saved(corners()), "image/jpeg")
    response = post(as_member(client, job.shop), url("add_line", booking), {**typed_line(), "photos": photo})
    line = lines.find(booking, Line.objects.latest("pk").public_id)
    assert response.status_code == 302
    assert (line.current.name, line.current.total_fen) == ("Wiper blades", 2_000 + 2 * 6_800)
    assert line.current.parts == [{"name": "Blade", "code": "", "quantity": "2", "unit_fen": 6_800}]
    assert (line.state, line.sent_at, line.photos.get().kind) == (LineState.PROPOSED, None, PhotoKind.FINDING)
    assert (line.current.warranty_days, line.current.warranty_km) == (MINOR.days, MINOR.km)


def test_service_comes_with_its_list_price(client: Client, job: Job) -> None:
    booking = here(job)
    data = typed_line(what="service:minor_service", price_basis="offer", labour="1", against_reason="Asked for")
    assert post(as_member(client, job.shop), url("add_line", booking), data).status_code == 302
    version = booking.lines.with_versions().latest("pk").current
    assert (version.labour_fen, version.parts_fen, version.price_basis) == (8_400, 18_400, PriceBasis.OFFER)


def test_advice_against_is_shown_in_words_and_asks_for_a_reason_beside_the_field(client: Client, job: Job) -> None:
    OverMaintenanceRuleFactory()
    booking = here(job)
    advisor = as_member(client, job.shop)
    data = typed_line(what="measure:engine_flush", title="")
    response = post(advisor, url("add_line", booking), data)
    page = response.content.decode()
    assert response.status_code == 400
    assert "Mostly unnecessary" in page
    assert 'id="id_against_reason_error"' in page
    assert 'value="Maker&#x27;s part"' in page
    assert booking.lines.count() == 1
    assert post(advisor, url("add_line", booking), {**data, "against_reason": "The owner asks"}).status_code == 302
    assert booking.lines.with_versions().latest("pk").current.against_reason == "The owner asks"


def test_preview_says_the_advice_before_anything_is_saved(client: Client, job: Job) -> None:
    OverMaintenanceRuleFactory()
    booking = here(job)
    data = typed_line(what="measure:engine_flush", extra_minutes="45")
    page = post(as_member(client, job.shop), url("line_advice", booking), data).content.decode()
    assert "Mostly unnecessary" in page
    assert "¥156" in page
    assert f"{booking.local_end + timedelta(minutes=45):%H:%M}" in page
    assert "Why you still propose it" in page
    assert booking.lines.count() == 1


def test_red_point_suggests_the_service_it_justifies(client: Client, job: Job) -> None:
    pads(job)
    booking = here(job)
    measured(booking, "2.8")
    page = get(as_member(client, job.shop), url("add_line", booking) + "?point=pad_front_left_inner")
    assert '<option value="service:front_brake_pads" selected data-listed>' in page
    assert "Justified by evidence" in page
    assert "¥420" in page


@pytest.mark.parametrize("point", ["nothing", "", "a" * 5_000])
def test_unknown_point_suggests_nothing(client: Client, job: Job, point: str) -> None:
    booking = here(job)
    assert "Add a line" in get(as_member(client, job.shop), url("add_line", booking) + f"?point={point}")


def test_rows_of_parts_come_and_go_by_buttons_and_save_nothing(client: Client, job: Job) -> None:
    booking = here(job)
    advisor = as_member(client, job.shop)
    page = post(advisor, url("add_line", booking), typed_line(more="1")).content.decode()
    assert 'name="parts-1-name"' in page
    assert 'value="Blade"' in page
    page = post(advisor, url("add_line", booking), typed_line(fewer="0")).content.decode()
    assert 'value="Blade"' not in page
    assert booking.lines.count() == 1


BAD = [
    ({"what": ""}, "what"),
    ({"what": "service:nothing"}, "what"),
    ({"what": "own", "title": ""}, "title"),
    ({"title": "x" * 121}, "title"),
    ({"title": "a\x00b"}, "title"),
    ({"labour": "-1"}, "labour"),
    ({"labour": "many"}, "labour"),
    ({"labour": "9" * 100_000}, "labour"),
    ({"price_reason": ""}, "price_reason"),
    ({"fault_codes": "P03"}, "fault_codes"),
    ({"symptoms": "feelings"}, "symptoms"),
    ({"extra_minutes": "1e9"}, "extra_minutes"),
    ({"warranty_days": "1"}, "warranty_days"),
    ({"warranty_km": "10"}, "warranty_km"),
    ({"parts-0-unit": ""}, "parts-0-unit"),
    ({"parts-0-quantity": "0"}, "parts-0-quantity"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
def test_bad_input_is_said_beside_its_field_and_what_was_typed_is_kept(
    client: Client, job: Job, change: dict[str, str], field: str
) -> None:
    booking = here(job)
    response = post(as_member(client, job.shop), url("add_line", booking), typed_line(note="Streaks", **change))
    page = response.content.decode()
    assert response.status_code == 400
    assert f'id="id_{field}_error"' in page
    assert "Streaks" in page
    assert booking.lines.count() == 1


@pytest.mark.parametrize("forms", ["", "-1", "many", "99999999999", "13"])
def test_broken_count_of_parts_is_no_server_error(client: Client, job: Job, forms: str) -> None:
    response = post(as_member(client, job.shop), url("add_line", here(job)), typed_line(**{"parts-TOTAL_FORMS": forms}))
    assert response.status_code in (302, 400)


def test_changed_line_is_a_new_version_that_the_owner_has_to_approve(client: Client, job: Job) -> None:
    booking = here(job)
    line = approved(booking)
    advisor = as_member(client, job.shop)
    assert "they have to approve it again" in get(advisor, url("change_line", booking, line.public_id))
    data = typed_line(version="1", labour="99")
    assert post(advisor, url("change_line", booking, line.public_id), data).status_code == 302
    line = lines.find(booking, line.public_id)
    assert (line.version, line.state, line.current.labour_fen) == (2, LineState.PROPOSED, 9_900)


@pytest.mark.parametrize("version", ["1", "", "99"])
def test_change_of_a_version_that_is_old_or_unknown_is_a_409(client: Client, job: Job, version: str) -> None:
    booking = here(job)
    line = sent(booking)
    lines.change(line=line, draft=own_words(fen=1), version=1, by=author(booking), at=NOW)
    response = post(
        as_member(client, job.shop), url("change_line", booking, line.public_id), typed_line(version=version)
    )
    assert response.status_code == 409
    assert lines.find(booking, line.public_id).version == 2


# --- What becomes of a line -------------------------------------------------------------------------


def test_list_price_that_the_shop_does_not_have_is_refused(job: Job) -> None:
    booking = here(job)
    service = minor_service(key="clutch", name_en="Clutch", category="repair", trigger="symptom")
    draft = Draft(Urgency.RED, MINOR, service=service, against_reason="Slips")
    with pytest.raises(NotOfferedError):
        lines.propose(booking=booking, draft=draft, by=author(booking), at=NOW)


def test_sending_twice_sends_once(job: Job) -> None:
    booking = here(job)
    proposed(booking)
    assert len(lines.send(booking=booking, by=author(booking), at=NOW)) == 1
    assert lines.send(booking=booking, by=author(booking), at=NOW) == []
    assert BookingEvent.objects.filter(booking=booking, kind=EventKind.PROPOSED).count() == 1


@pytest.mark.parametrize("decision", [Decision.DECLINE, Decision.DEFER])
def test_line_that_is_not_approved_cannot_be_done(job: Job, decision: Decision) -> None:
    booking = here(job)
    line = decided(sent(booking), decision)
    with pytest.raises(LineSettledError):
        lines.mark_done(line=line, by=staff(job.shop), at=NOW)


def test_line_is_not_done_before_the_work_began(job: Job) -> None:
    booking = here(job, Status.CHECKED_IN)
    with pytest.raises(WrongStatusError):
        lines.mark_done(line=booking.lines.get(), by=staff(job.shop), at=NOW)


def test_parts_expected_in_the_past_are_refused_beside_the_field(client: Client, job: Job) -> None:
    booking = here(job)
    line = approved(booking)
    data = {"parts_expected_on": "2026-11-22"}
    response = post(as_member(client, job.shop, Role.TECHNICIAN), url("line_parts", booking, line.public_id), data)
    page = response.content.decode()
    assert response.status_code == 400
    assert f'id="id_parts_{line.public_id}_parts_expected_on_error"' in page
    assert "2026-11-22" in page


def test_not_needed_without_a_reason_is_refused_beside_the_field(client: Client, job: Job) -> None:
    booking = here(job)
    line = approved(booking)
    response = post(as_member(client, job.shop), url("line_not_needed", booking, line.public_id), {"reason": " "})
    assert response.status_code == 400
    assert f'id="id_not_needed_{line.public_id}_reason_error"' in response.content.decode()


# --- Sums -------------------------------------------------------------------------------------------


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 5_000_000), max_size=12), st.integers(0, 100))
def test_discount_is_spread_to_the_fen_and_no_share_exceeds_its_labour(labour: list[int], percent: int) -> None:
    discount = sum(labour) * percent // 100
    shares = agreed.discount_shares(labour, discount)
    assert sum(shares) == discount
    assert all(0 <= share <= fen for share, fen in zip(shares, labour, strict=True))


class TestSums(TestCase):
    """The bill is the sum of what was done, and what was done had been approved, whatever happens before.

    Each example is a visit with up to five lines; `make drill` tries many more of them.
    """

    @settings(
        max_examples=int(os.environ.get("SUMS_EXAMPLES", "10")),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 80_000),
                st.sampled_from(["approve", "decline", "defer", "withdraw"]),
                st.sampled_from(["do", "not_needed", "change_and_approve"]),
            ),
            max_size=5,
        )
    )
    def test_bill_is_the_sum_of_done_lines_for_any_sequence_of_actions(self, steps: list[tuple[int, str, str]]) -> None:
        booking = here(bookable_job(bays=2, technicians=2))
        for fen, answer, then in steps:
            line = sent(booking, fen=fen)
            if answer == "withdraw":
                lines.withdraw(line=line, by=author(booking), at=NOW)
                continue
            line = decided(line, Decision(answer))
            if answer == "approve":
                _go_on(booking, line, then)
        rows = list(Line.objects.with_versions().filter(booking=booking))
        assert lines.totals(rows).approved_fen == sum(
            one.current.total_fen for one in rows if one.state in (LineState.APPROVED, LineState.DONE)
        )
        for one in booking.lines.filter(state=LineState.APPROVED):
            lines.mark_done(line=one, by=staff(booking.shop), at=NOW)
        done = list(Line.objects.with_versions().filter(booking=booking, state=LineState.DONE))
        said = [max(one.decisions.all(), key=lambda word: word.pk) for one in done]
        assert bills.final_fen(booking) == sum(one.current.total_fen for one in done)
        assert all(word.decision == Decision.APPROVE for word in said)
        assert [word.version for word in said] == [one.version for one in done]


def _go_on(booking: Booking, line: Line, then: str) -> None:
    """What happens to an approved line."""
    if then == "do":
        lines.mark_done(line=line, by=staff(booking.shop), at=NOW)
    elif then == "not_needed":
        lines.mark_not_needed(line=line, reason="Still good", by=staff(booking.shop), at=NOW)
    else:
        changed = lines.change(line=line, draft=own_words(fen=77), version=1, by=author(booking), at=NOW)
        decided(changed)


# --- Waiting for parts ------------------------------------------------------------------------------


def waits(line: Line, *, waits: bool = True, at: Any = NOW) -> Stage:
    """Where the car is after the shop says that the line's parts are missing, or have come."""
    by = staff(line.booking.shop)
    lines.wait_for_parts(line=line, expected_on=None, waits=waits, by=by, at=at)
    return Stage(Booking.objects.get(pk=line.booking_id).stage)


def test_car_waits_for_parts_until_the_last_line_has_them(job: Job) -> None:
    booking = here(job)
    pads, discs = approved(booking), approved(booking, "Discs")
    assert waits(pads) == Stage.WAITING_PARTS
    assert waits(discs) == Stage.WAITING_PARTS
    assert waits(pads, waits=False) == Stage.WAITING_PARTS
    assert waits(discs, waits=False) == Stage.WORKING
    assert booking.events.filter(kind=EventKind.STAGE).last().data == {"before": "waiting_parts", "after": "working"}


def test_car_that_is_worked_on_in_the_meantime_stays_in_work(job: Job) -> None:
    booking = here(job)
    pads = approved(booking)
    waits(pads)
    actor = Actor(ActorRole.STAFF, staff(job.shop))
    progress.move(booking=booking, to=Stage.WORKING, by=actor, at=NOW)
    assert waits(pads) == Stage.WORKING  # only the day was changed
    assert waits(pads, waits=False) == Stage.WORKING


def test_owner_is_waited_for_before_the_parts(job: Job) -> None:
    booking = here(job)
    pads = approved(booking)
    wipers = sent(booking, "Wiper blades")
    assert waits(pads) == Stage.WAITING_OWNER
    decided(wipers)
    booking.refresh_from_db()
    assert booking.stage == Stage.WAITING_PARTS


def test_inspection_that_is_under_way_goes_before_the_parts(job: Job) -> None:
    booking = here(job, Status.CHECKED_IN)
    inspection = Inspection.objects.create(booking=booking, template="daily", started_at=NOW)
    pads = approved(booking)
    assert waits(pads) == Stage.INSPECTING
    inspection.finished_at, inspection.finished_by = NOW, staff(job.shop)
    inspection.save(update_fields=["finished_at", "finished_by"])
    waits(pads, waits=False)
    assert waits(pads) == Stage.WAITING_PARTS
    assert waits(pads, waits=False) == Stage.INSPECTING


def test_car_that_nobody_inspected_is_not_said_to_be_inspected_after_its_parts(job: Job) -> None:
    booking = here(job, Status.CHECKED_IN)
    pads = approved(booking)
    assert waits(pads) == Stage.WAITING_PARTS
    assert waits(pads, waits=False) == Stage.RECEIVED


def test_waiting_that_was_chosen_by_hand_stays_whatever_is_written_down(job: Job) -> None:
    booking = here(job)
    pads, discs = approved(booking), approved(booking, "Brake discs")
    progress.move(booking=booking, to=Stage.WAITING_PARTS, by=author(booking).actor, at=NOW)
    lines.withdraw(line=proposed(booking, "Wiper blades"), by=author(booking), at=NOW)
    lines.mark_not_needed(line=pads, reason="A stone", by=staff(job.shop), at=NOW)
    decided(discs, Decision.DECLINE)
    booking.refresh_from_db()
    assert booking.stage == Stage.WAITING_PARTS


def test_stage_chosen_by_hand_does_not_hold_up_the_end_of_the_work(job: Job) -> None:
    booking = here(job)
    progress.move(booking=booking, to=Stage.WAITING_PARTS, by=author(booking).actor, at=NOW)
    booking = Booking.objects.get(pk=booking.pk)
    offered = stages.options(booking, role=Role.ADVISOR, at=NOW)
    assert (offered.next, offered.awaits) == (stages.SUBMIT, None)
    assert stages.take(stage=stages.SUBMIT, booking=booking, by=staff(job.shop), at=NOW).stage == Stage.CHECKING


@pytest.mark.parametrize("end", ["done", "not_needed", "declined", "changed"])
def test_line_that_waits_no_more_lets_the_car_go_on(job: Job, end: str) -> None:
    booking = here(job)
    pads = approved(booking)
    waits(pads)
    if end == "done":
        lines.mark_done(line=pads, by=staff(job.shop), at=NOW)
    elif end == "not_needed":
        lines.mark_not_needed(line=pads, reason="A stone", by=staff(job.shop), at=NOW)
    elif end == "declined":
        decided(pads, Decision.DECLINE)
    else:
        lines.change(line=pads, draft=own_words(fen=15_000), version=pads.version, by=author(booking), at=NOW)
        decided(lines.find(booking, pads.public_id))
    booking.refresh_from_db()
    assert booking.stage == Stage.WORKING


def test_owner_and_the_lists_of_the_staff_see_the_same_wait(job: Job) -> None:
    booking = here(job)
    waits(approved(booking))
    booking.refresh_from_db()
    [listed] = with_jobs(Booking.objects.filter(pk=booking.pk), at=NOW)  # my day and the pipeline
    assert (listed.place, listed.waiting_count) == (Place.WAITING_PARTS, 1)
    with translation.override("en"):
        assert [step["label"] for step in live_page.steps(booking) if step["is_now"]] == ["Parts"]
