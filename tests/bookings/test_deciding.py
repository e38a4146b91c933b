"""The owner's word on lines: once, on the version they saw, whoever is faster; and the guards in plain SQL."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from bookings.choices import Decision, DecisionWay, EventKind, LineState, Stage, Status
from bookings.engine.jobs import Job
from bookings.errors import LineChangedError, LineSettledError, NoSuchLineError
from bookings.floor import deciding, lines
from bookings.floor.deciding import Choice, Voice
from bookings.models import Booking, BookingEvent, Line, LineDecision
from core.errors import InvalidInput, NotAllowed, Refusal
from shops.choices import Role
from tests.bookings.floor_cards import NOW, approved, author, here, on_the_phone, own_words, proposed, sent, staff
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def decide(line: Line, decision: Decision = Decision.APPROVE, *, version: int | None = None, **more: Any) -> Line:
    choice = Choice(line.public_id, version or line.version, decision, **more)
    booking = Booking.objects.get(pk=line.booking_id)
    return deciding.decide(booking=booking, choices=[choice], voice=on_the_phone(booking), at=NOW)[0]


# --- What an answer does ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (Decision.APPROVE, LineState.APPROVED),
        (Decision.DECLINE, LineState.DECLINED),
        (Decision.DEFER, LineState.DEFERRED),
    ],
)
def test_answer_moves_the_line_and_is_kept_with_who_heard_it(job: Job, decision: Decision, state: LineState) -> None:
    booking = here(job)
    line = decide(sent(booking), decision)
    said = LineDecision.objects.get(line=line)
    assert line.state == state
    assert (said.decision, said.way, said.spoke_with) == (decision, DecisionWay.PHONE, "Ms Lin")
    assert (said.recorded_by, said.recorder_role) == (staff(booking.shop), Role.ADVISOR)


def test_approving_moves_the_promise_by_the_line_and_declining_moves_it_back(job: Job) -> None:
    booking = here(job)
    before = booking.ends_at
    line = decide(sent(booking))
    booking.refresh_from_db()
    assert (booking.ends_at - before).total_seconds() == 30 * 60
    assert booking.agreed_end_at == booking.ends_at
    decide(line, Decision.DECLINE)
    booking.refresh_from_db()
    assert booking.ends_at == before


def test_stage_waits_for_the_owner_and_goes_on_with_the_last_answer(job: Job) -> None:
    booking = here(job)
    first, second = sent(booking, "Pads"), sent(booking, "Discs")
    booking.refresh_from_db()
    assert booking.stage == Stage.WAITING_OWNER
    decide(first)
    booking.refresh_from_db()
    assert booking.stage == Stage.WAITING_OWNER
    decide(second, Decision.DECLINE)
    booking.refresh_from_db()
    assert booking.stage == Stage.WORKING


def test_same_word_again_changes_nothing(job: Job) -> None:
    booking = here(job)
    line = decide(sent(booking))
    events = BookingEvent.objects.filter(booking=booking).count()
    decide(line)
    assert LineDecision.objects.filter(line=line).count() == 1
    assert BookingEvent.objects.filter(booking=booking).count() == events


def test_approval_of_an_old_version_decides_nothing(job: Job) -> None:
    booking = here(job)
    line = sent(booking)
    lines.change(line=line, draft=own_words(fen=99_000), version=1, by=author(booking), at=NOW)
    with pytest.raises(LineChangedError):
        decide(line, version=1)
    line.refresh_from_db()
    assert (line.state, line.version) == (LineState.PROPOSED, 2)
    assert not LineDecision.objects.filter(line=line).exists()


def test_change_after_approval_asks_again(job: Job) -> None:
    booking = here(job)
    line = approved(booking)
    changed = lines.change(line=line, draft=own_words(fen=99_000), version=1, by=author(booking), at=NOW)
    booking.refresh_from_db()
    assert (changed.state, changed.version, booking.stage) == (LineState.PROPOSED, 2, Stage.WAITING_OWNER)


def test_one_wrong_line_of_several_decides_none(job: Job) -> None:
    booking = here(job)
    first, second = sent(booking, "Pads"), sent(booking, "Discs")
    choices = [Choice(first.public_id, 1, Decision.APPROVE), Choice(second.public_id, 7, Decision.APPROVE)]
    with pytest.raises(LineChangedError):
        deciding.decide(booking=booking, choices=choices, voice=on_the_phone(booking), at=NOW)
    assert not LineDecision.objects.filter(line__in=[first, second]).exists()


@pytest.mark.parametrize("whose", ["foreign", "unsent"])
def test_line_of_another_visit_or_not_sent_looks_missing(job: Job, whose: str) -> None:
    booking = here(job)
    other = sent(here(bookable_job())) if whose == "foreign" else proposed(booking)
    choice = Choice(other.public_id, 1, Decision.APPROVE)
    with pytest.raises(NoSuchLineError) as refusal:
        deciding.decide(booking=booking, choices=[choice], voice=on_the_phone(booking), at=NOW)
    assert refusal.value.status == 404


def test_done_line_is_not_decided_any_more(job: Job) -> None:
    booking = here(job)
    line = approved(booking)
    lines.mark_done(line=line, by=staff(booking.shop), at=NOW)
    with pytest.raises(LineSettledError):
        decide(line, Decision.DECLINE)


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.CASHIER, ""])
def test_call_is_written_down_by_the_counter_only(job: Job, role: str) -> None:
    booking = here(job)
    line = sent(booking)
    voice = Voice(DecisionWay.PHONE, recorded_by=UserFactory(), role=role, spoke_with="Ms Lin")
    with pytest.raises(NotAllowed):
        deciding.decide(booking=booking, choices=[Choice(line.public_id, 1, Decision.APPROVE)], voice=voice, at=NOW)
    assert not LineDecision.objects.filter(line=line).exists()


def test_call_without_who_was_spoken_with_is_refused(job: Job) -> None:
    booking = here(job)
    line = sent(booking)
    voice = Voice(DecisionWay.PHONE, recorded_by=staff(booking.shop), role=Role.ADVISOR, spoke_with=" ")
    with pytest.raises(InvalidInput) as refusal:
        deciding.decide(booking=booking, choices=[Choice(line.public_id, 1, Decision.APPROVE)], voice=voice, at=NOW)
    assert refusal.value.field == "spoke_with"


# --- The database keeps it, whatever program writes ---------------------------------------------------


def _approve_undecided(booking: Booking) -> str:
    return f"UPDATE bookings_line SET state = 'approved' WHERE id = {sent(booking).pk}"


def _approve_declined(booking: Booking) -> str:
    return f"UPDATE bookings_line SET state = 'approved' WHERE id = {decide(sent(booking), Decision.DECLINE).pk}"


def _do_undecided(booking: Booking) -> str:
    return (
        "UPDATE bookings_line SET state = 'done', done_at = now(), "
        f"done_by_id = {staff(booking.shop).pk} WHERE id = {sent(booking).pk}"
    )


def _change_approved(booking: Booking) -> str:
    return f"UPDATE bookings_line SET version = 2 WHERE id = {approved(booking).pk}"


def _insert_approved(booking: Booking) -> str:
    return (
        "INSERT INTO bookings_line (public_id, booking_id, position, origin, state, version, waits_for_parts, "
        f"not_needed_reason) VALUES ('aaaaaaaaaaaaaaaa', {booking.pk}, 40, 'added', 'approved', 1, false, '')"
    )


def _move_to_another_visit(booking: Booking) -> str:
    other = here(bookable_job())
    return f"UPDATE bookings_line SET booking_id = {other.pk}, position = 50 WHERE id = {sent(booking).pk}"


def _bill_too_much(booking: Booking) -> str:
    floor.make_ready(booking, by=staff(booking.shop), at=NOW)
    return f"UPDATE bookings_booking SET final_fen = final_fen + 1 WHERE id = {booking.pk}"


def _do_more_after_the_bill(booking: Booking) -> str:
    line = decide(sent(booking), Decision.DECLINE)
    floor.make_ready(booking, by=staff(booking.shop), at=NOW)
    return f"UPDATE bookings_line SET state = 'proposed' WHERE id = {line.pk}"


def _decision_by_a_technician(booking: Booking) -> str:
    return (
        "INSERT INTO bookings_linedecision (line_id, version, decision, way, at, recorded_by_id, recorder_role, "
        f"spoke_with, note) VALUES ({sent(booking).pk}, 1, 'approve', 'phone', now(), {staff(booking.shop).pk}, "
        "'technician', 'Ms Lin', '')"
    )


def _decision_without_a_name(booking: Booking) -> str:
    return (
        "INSERT INTO bookings_linedecision (line_id, version, decision, way, at, recorded_by_id, recorder_role, "
        f"spoke_with, note) VALUES ({sent(booking).pk}, 1, 'approve', 'phone', now(), {staff(booking.shop).pk}, "
        "'advisor', '', '')"
    )


def _change_a_version(booking: Booking) -> str:
    return f"UPDATE bookings_lineversion SET labour_fen = 1 WHERE line_id = {sent(booking).pk}"


def _delete_a_version(booking: Booking) -> str:
    return f"DELETE FROM bookings_lineversion WHERE line_id = {sent(booking).pk}"


def _change_a_decision(booking: Booking) -> str:
    return f"UPDATE bookings_linedecision SET decision = 'decline' WHERE line_id = {approved(booking).pk}"


def _delete_a_decision(booking: Booking) -> str:
    return f"DELETE FROM bookings_linedecision WHERE line_id = {approved(booking).pk}"


GUARDS: list[tuple[Callable[[Booking], str], str]] = [
    (_approve_undecided, "the owner has not approved this version"),
    (_approve_declined, "the owner has not approved this version"),
    (_do_undecided, "the owner has not approved this version"),
    (_change_approved, "a changed line is a proposal again"),
    (_insert_approved, "a line begins as a proposal"),
    (_move_to_another_visit, "a line stays in its visit"),
    (_bill_too_much, "the bill is not the sum of what was done"),
    (_do_more_after_the_bill, "the visit is billed"),
    (_decision_by_a_technician, "decision_is_the_owners"),
    (_decision_without_a_name, "decision_is_the_owners"),
    (_change_a_version, "append-only"),
    (_delete_a_version, "append-only"),
    (_change_a_decision, "append-only"),
    (_delete_a_decision, "append-only"),
]


@pytest.mark.parametrize(("statement", "message"), GUARDS, ids=[guard[0].__name__ for guard in GUARDS])
def test_database_refuses(job: Job, statement: Callable[[Booking], str], message: str) -> None:
    sql = statement(here(job))
    with pytest.raises(DatabaseError, match=message), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


# --- At once ----------------------------------------------------------------------------------------


def at_once(*works: Callable[[], object]) -> Counter[str]:
    """Run each work in a thread with a connection of its own, starting together; count what they answered."""
    start = threading.Barrier(len(works))

    def one(work: Callable[[], object]) -> str:
        try:
            start.wait(timeout=30)
            work()
        except Refusal as refusal:
            return refusal.code
        except DatabaseError:
            return "database"
        finally:
            connections.close_all()
        return "ok"

    with ThreadPoolExecutor(len(works)) as pool:
        return Counter(pool.map(one, works))


@pytest.fixture
def everybody_has_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst moment: nobody writes a decision before both have read the line as it was."""
    seen = threading.Barrier(2)
    read = deciding._is_said

    def wait_for_the_other(line: Line, choice: Choice) -> bool:
        said = read(line, choice)
        seen.wait(timeout=30)
        return said

    monkeypatch.setattr(deciding, "_is_said", wait_for_the_other)


@pytest.fixture
def without_the_row_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deciding as if nobody else could: the visit is read, not locked."""
    monkeypatch.setattr(deciding, "locked", lambda booking: Booking.objects.get(pk=booking.pk))


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_approvals_at_once_are_one(job: Job) -> None:
    booking = here(job)
    before = booking.ends_at
    line = sent(booking)
    assert at_once(lambda: decide(line), lambda: decide(line)) == {"ok": 2}
    booking.refresh_from_db()
    assert LineDecision.objects.filter(line=line).count() == 1
    assert BookingEvent.objects.filter(booking=booking, kind=EventKind.DECIDED).count() == 1
    assert (booking.ends_at - before).total_seconds() == 30 * 60


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
@pytest.mark.usefixtures("everybody_has_read", "without_the_row_lock")
def test_without_the_row_lock_two_approvals_at_once_are_two(job: Job) -> None:
    line = sent(here(job))
    at_once(lambda: decide(line), lambda: decide(line))
    assert LineDecision.objects.filter(line=line).count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
@pytest.mark.parametrize("attempt", range(3))
def test_change_racing_an_approval_never_approves_what_was_not_read(job: Job, attempt: int) -> None:
    booking = here(job)
    line = sent(booking)
    by = author(booking)
    staff(booking.shop)

    def dearer() -> object:
        return lines.change(line=line, draft=own_words(fen=99_000), version=1, by=by, at=NOW)

    outcome = at_once(lambda: decide(line), dearer)
    line = Line.objects.get(pk=line.pk)
    # Whoever was first: the new price waits for the owner. The approval stands for the old version, or was refused.
    assert (line.version, line.state) == (2, LineState.PROPOSED)
    decisions = list(LineDecision.objects.filter(line=line).values_list("version", flat=True))
    assert (outcome, decisions) in [
        ({"ok": 2}, [1]),
        ({"ok": 1, "line_changed": 1}, []),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_approval_racing_its_withdrawal_has_one_outcome(job: Job) -> None:
    booking = here(job)
    line = sent(booking)
    by = author(booking)
    outcome = at_once(lambda: decide(line), lambda: lines.withdraw(line=line, by=by, at=NOW))
    line.refresh_from_db()
    assert outcome == {"ok": 1, "line_settled": 1}
    assert line.state in (LineState.APPROVED, LineState.WITHDRAWN)
    assert LineDecision.objects.filter(line=line).exists() == (line.state == LineState.APPROVED)


def test_visit_that_left_the_workshop_takes_no_answer(job: Job) -> None:
    booking = here(job, Status.COMPLETED)
    choice = Choice(booking.lines.get().public_id, 1, Decision.DECLINE)
    with pytest.raises(Refusal) as refusal:
        deciding.decide(booking=booking, choices=[choice], voice=on_the_phone(booking), at=NOW)
    assert refusal.value.code == "wrong_status"
