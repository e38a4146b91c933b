"""What is written down when cars are computed again: what has changed, and nothing because time goes by."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.choices import Decision, DecisionWay
from bookings.floor import deciding, lines
from bookings.floor.lines import Author
from catalog.advice.dates import add_months
from core import outbox
from reminders import actions
from reminders.choices import DismissReason, LetterKind, Stage, StageOutcome
from reminders.computing import recompute
from reminders.computing.shape import INSPECTION, Computed, Known
from reminders.models import CarState, DueEvent, DueItem, Letter, Reminder
from shops.choices import Role
from tests.catalogue import catalogue  # noqa: F401
from tests.factories import floor, handovers
from tests.factories.accounts import UserFactory
from tests.factories.due_cars import (
    TODAY,
    a_car,
    compute,
    driven,
    due,
    noon,
    read,
    standing,
    value,
    visit,
    work,
)
from vehicles import actions as vehicle_actions
from vehicles.actions import CarDetails
from vehicles.choices import OdometerSource
from vehicles.models import Car, Variant
from vehicles.record import actions as record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

Patch = pytest.MonkeyPatch
_NOT_COMPARED = {"id", "public_id", "opened_at"}


def rows(car: Car) -> list[dict[str, Any]]:
    return list(DueItem.objects.filter(car=car).order_by("pk").values())


def acts(item: DueItem) -> list[str]:
    return list(DueEvent.objects.filter(item=item).order_by("pk").values_list("act", flat=True))


def hear(at: date) -> None:
    """Handle every event that waits."""
    for event in outbox.due_ids(at=noon(at)):
        assert outbox.handle(event_id=event, at=noon(at))


def sweep(today: date = TODAY, limit: int = 100) -> int:
    return recompute.sweep(at=noon(today), limit=limit)


# --- Nothing changes by itself --------------------------------------------------------------------


def test_computing_again_changes_nothing() -> None:
    car = _with_everything()
    compute(car)
    before, events = rows(car), DueEvent.objects.count()
    assert {row["source"] for row in before} >= {"schedule", "measured", "test", "statute", "warranty"}
    compute(car)
    compute(car, today=TODAY + timedelta(days=3))
    assert rows(car) == before
    assert DueEvent.objects.count() == events == len(before)


def test_what_is_overdue_stays_so_for_two_years() -> None:
    car = driven()
    compute(car)
    oil, inspection = standing(car, "minor_service"), standing(car, INSPECTION)
    for months in range(3, 25, 3):
        compute(car, today=add_months(TODAY, months))
    for item in (oil, inspection):
        again = standing(car, item.subject)
        assert (again.pk, again.state, again.due_on, acts(again)) == (item.pk, "open", item.due_on, ["opened"])
    assert DueItem.objects.filter(car=car, subject=oil.subject).count() == 1


def test_what_was_counted_from_new_stays_when_nothing_can_be_said_any_more() -> None:
    car = read(a_car(delivered_on=date(2026, 1, 10)), ("2026-06-01", 3_000))
    first = due(car, "minor_service")
    assert first.cycle == "new"
    read(car, ("2027-06-01", 12_000))
    compute(car, today=date(2027, 6, 2))
    again = standing(car, "minor_service")
    assert (again.pk, again.due_on, again.state) == (first.pk, first.due_on, "open")


@pytest.mark.parametrize("seed", range(3))
def test_step_by_step_comes_to_the_same_as_from_scratch(seed: int) -> None:
    """What stands besides is what nobody can say anything of any more."""
    random, car, day = Random(seed), a_car(delivered_on=date(2024, 3, 10)), date(2025, 1, 5)
    km = 12_000
    for _ in range(10):
        days = random.randrange(10, 60)
        day, km = day + timedelta(days=days), km + days * random.randrange(10, 60)
        _happens(random, car, day, km)
        compute(car, today=day)
    step_by_step = _by_key(car)
    DueItem.objects.filter(car=car).delete()
    compute(car, today=day)
    from_scratch = _by_key(car)
    assert len(from_scratch) > 3
    assert {key: step_by_step[key] for key in from_scratch} == from_scratch
    left = [item for key, item in step_by_step.items() if key not in from_scratch]
    assert all(item["cycle"].startswith("new") for item in left)


def _happens(random: Random, car: Car, day: date, km: int) -> None:
    match random.randrange(4):
        case 0:
            read(car, (day.isoformat(), km))
        case 1:
            visit(car, day.isoformat(), km, random.choice(["minor_service", "brake_fluid", "cabin_filter"]))
        case 2:
            tread = value("tread_front_left", str(7 - km // 15_000))
            visit(car, day.isoformat(), km, measured=(tread, value("brake_fluid_water", "1.4", "%")))
        case 3:
            read(car, (day.isoformat(), km * 10))


def _by_key(car: Car) -> dict[tuple[str, str], dict[str, Any]]:
    standing = DueItem.objects.standing().filter(car=car).values()
    return {
        (row["subject"], row["cycle"]): {name: one for name, one in row.items() if name not in _NOT_COMPARED}
        for row in standing
    }


def _with_everything() -> Car:
    car = driven()
    warranty = {"days": 720, "km": 24_000}
    visit(car, "2024-06-01", 28_000, "brake_fluid", work("battery_12v", warranty=warranty))
    visit(car, "2025-10-01", 46_400, measured=(value("pad_front_left_inner", "8"),))
    visit(car, "2026-09-05", 58_800, work("shock_absorber", warranty=warranty))
    visit(car, "2026-09-06", 58_900, measured=(value("pad_front_left_inner", "5"), value("tread_front_left", "1.5")))
    return car


# --- What happened --------------------------------------------------------------------------------


def test_a_visit_closes_what_it_has_done_and_opens_the_next_time() -> None:
    car = driven()
    oil = due(car, "minor_service")
    visit(car, "2026-11-25", 61_700, "minor_service")
    following = due(car, "minor_service", today=date(2026, 11, 26))
    oil.refresh_from_db()
    assert (oil.state, oil.next_stage_on, acts(oil)) == ("done", None, ["opened", "done"])
    assert DueEvent.objects.get(item=oil, act="done").data == {"on": "2026-11-25", "km": 61_700}
    assert (following.cycle, following.due_km, following.state) == ("2026-11-25", 71_700, "open")


def test_an_entry_that_was_wrong_opens_what_it_had_closed() -> None:
    car = driven()
    oil = due(car, "minor_service")
    own = record.OwnEntry(date(2026, 11, 20), None, (_known("minor_service"),))
    entry = record.add_own_entry(car=_fresh(car), own=own, by=car.owner, at=noon(TODAY))
    compute(car)
    right = record.OwnEntry(date(2026, 11, 20), None, (_known("wipers"),))
    record.correct_own_entry(entry=entry, car=_fresh(car), own=right, by=car.owner, at=noon(TODAY))
    again = due(car, "minor_service")
    assert (again.pk, again.state, again.closed_at) == (oil.pk, "open", None)
    assert acts(again) == ["opened", "done", "reopened"]
    assert again.next_stage_on == oil.next_stage_on
    wrong = DueItem.objects.get(car=car, subject=oil.subject, cycle="2026-11-20")
    assert wrong.state == "ended"


def test_a_day_that_moves_a_little_is_changed_without_a_word() -> None:
    car = driven()
    oil = due(car, "minor_service")
    read(car, ("2026-11-20", 61_500))
    moved = due(car, "minor_service")
    assert moved.due_on is not None
    assert oil.due_on is not None
    assert 0 < abs((moved.due_on - oil.due_on).days) <= 3
    assert acts(moved) == ["opened"]


def test_a_day_that_moves_is_told_and_its_stages_move_with_it() -> None:
    car = driven()
    oil = due(car, "minor_service")
    _told(oil, Stage.FIRST)
    read(car, ("2026-11-20", 60_000))
    moved = due(car, "minor_service")
    assert acts(moved) == ["opened", "moved"]
    assert moved.due_on is not None
    event = DueEvent.objects.get(item=moved, act="moved")
    assert (event.data["from_on"], event.data["to_on"]) == ("2026-12-02", moved.due_on.isoformat())
    assert moved.next_stage_on == moved.due_on - timedelta(days=7)  # the second notice


def _told(item: DueItem, stage: Stage) -> None:
    letter = Letter.objects.create(owner=item.owner, kind=LetterKind.REMINDER, sent_at=noon(TODAY))
    Reminder.objects.create(
        item=item, round=item.round, stage=stage, outcome=StageOutcome.SENT, letter=letter, at=noon(TODAY)
    )


def test_a_car_that_turns_out_to_be_a_battery_car_owes_no_oil() -> None:
    car = driven()
    oil = due(car, "minor_service")
    details = CarDetails(delivered_on=car.delivered_on)
    battery = Variant.objects.get(slug="tesla-model-3-bev")
    vehicle_actions.edit_car(car=car, variant=battery, details=details, at=noon(TODAY))
    compute(car)
    oil.refresh_from_db()
    assert (oil.state, acts(oil)) == ("ended", ["opened", "ended"])


def test_a_car_that_was_removed_owes_nothing() -> None:
    car = driven()
    compute(car)
    vehicle_actions.remove_car(car=car, at=noon(TODAY))
    compute(car)
    assert not DueItem.objects.standing().filter(car=car).exists()


# --- What owners said stays -----------------------------------------------------------------------


def test_what_was_put_off_comes_back_on_its_day() -> None:
    car = driven()
    oil = due(car, "minor_service")
    actions.defer(item=oil, by=car.owner, at=noon(TODAY), until=date(2026, 12, 20))
    compute(car, today=date(2026, 12, 19))
    assert standing(car, "minor_service").state == "deferred"
    assert sweep(date(2026, 12, 20)) == 1
    back = standing(car, "minor_service")
    assert (back.pk, back.state, back.next_stage_on) == (oil.pk, "open", date(2026, 12, 20))
    assert acts(back) == ["opened", "deferred", "came_back"]


def test_what_was_dismissed_stays_so_until_the_next_time() -> None:
    car = driven()
    oil = due(car, "minor_service")
    actions.dismiss(item=oil, by=car.owner, at=noon(TODAY), reason=DismissReason.NOT_WANTED)
    read(car, ("2026-11-20", 61_000))
    compute(car)
    assert not DueItem.objects.standing().filter(car=car, subject=oil.subject).exists()
    visit(car, "2026-11-25", 61_700, "minor_service")
    assert due(car, "minor_service", today=date(2026, 11, 26)).pk != oil.pk


def test_an_owner_who_speaks_while_the_car_is_computed_is_heard(monkeypatch: Patch) -> None:
    """The visit that would close the item was read; the owner has dismissed it before it was written."""
    car = driven()
    oil = due(car, "minor_service")
    visit(car, "2026-11-21", 61_500, "minor_service")
    write = recompute._write

    def late(*args: Any, **kwargs: Any) -> Any:
        actions.dismiss(item=oil, by=car.owner, at=noon(TODAY), reason=DismissReason.WRONG)
        return write(*args, **kwargs)

    monkeypatch.setattr(recompute, "_write", late)
    compute(car)
    oil.refresh_from_db()
    assert (oil.state, acts(oil)) == ("dismissed", ["opened", "dismissed"])
    assert CarState.objects.get(car=car).stale_since == noon(TODAY)


# --- Whose turn it is -----------------------------------------------------------------------------


def test_a_change_of_a_car_is_computed_by_the_next_sweep() -> None:
    car = driven()
    hear(TODAY)
    assert sweep() == 1
    assert sweep() == 0
    oil = standing(car, "minor_service")
    source = OdometerSource.OWNER
    vehicle_actions.record_odometer(car=_fresh(car), km=61_990, by=car.owner, source=source, at=noon(TODAY))
    hear(TODAY)
    assert sweep() == 1
    oil.refresh_from_db()
    assert oil.due_on == TODAY
    state = CarState.objects.get(car=car)
    assert (state.stale_since, state.computed_on, state.last_error) == (None, TODAY, "")


def test_the_owners_word_at_a_visit_is_computed_by_the_next_sweep() -> None:
    car = handovers.driven_car(49_000)
    booking, at = handovers.in_work(car=car), handovers.START + timedelta(minutes=20)
    author = Author(UserFactory(), Role.ADVISOR)
    draft = floor.pads_draft(service=None, title="Rocker cover gasket")
    line = lines.propose(booking=booking, draft=draft, by=author, at=at)
    lines.send(booking=booking, by=author, at=at)
    line.refresh_from_db()
    choice = deciding.Choice(line.public_id, line.version, Decision.DEFER, defer_until=date(2027, 3, 1))
    voice = deciding.Voice(DecisionWay.ACCOUNT, owner=car.owner)
    deciding.decide(booking=booking, choices=[choice], voice=voice, at=at)
    today = at.date()
    hear(today + timedelta(days=1))
    sweep(today)
    item = DueItem.objects.get(car=car, subject=f"own:{line.current.pk}")
    assert (item.title, item.due_on, item.state) == ("Rocker cover gasket", date(2027, 3, 1), "open")


def test_a_car_is_looked_at_once_a_week_and_when_there_is_something_to_say() -> None:
    car, quiet = driven(), a_car(delivered_on=date(2026, 3, 10))
    compute(car, quiet)
    Car.objects.filter(pk=quiet.pk).update(delivered_on=None)
    assert standing(car, "minor_service").next_stage_on == date(2026, 11, 2)
    assert sweep(TODAY) == 0
    assert sweep(TODAY + timedelta(days=1)) == 1  # somebody is to be reminded today
    assert sweep(TODAY + timedelta(days=7)) == 2


def test_stale_cars_come_first_and_a_sweep_keeps_its_limit() -> None:
    cars = [driven() for _ in range(3)]
    call_command("recompute_due")
    CarState.objects.update(computed_on=TODAY - timedelta(days=8))
    CarState.objects.filter(car=cars[2]).update(stale_since=noon(TODAY))
    assert sweep(limit=1) == 1
    assert list(CarState.objects.filter(computed_on=TODAY).values_list("car_id", flat=True)) == [cars[2].pk]
    assert sweep(limit=2) == 2


def test_after_a_change_of_the_catalogue_all_cars_are_computed(capsys: Any) -> None:
    car = driven()
    call_command("recompute_due")
    call_command("recompute_due")
    call_command("recompute_due", "--all")
    assert capsys.readouterr().out.split("\n")[:3] == ["1 cars computed", "0 cars computed", "1 cars computed"]
    assert DueItem.objects.standing().filter(car=car).exists()


def test_a_car_that_cannot_be_computed_says_so_and_holds_up_no_other(monkeypatch: Patch) -> None:
    broken, other = driven(), driven()
    items = recompute.items

    def failing(known: Known) -> list[Computed]:
        if known.firsts.car.pk == broken.pk:
            raise ValueError("no such month")
        return items(known)

    monkeypatch.setattr(recompute, "items", failing)
    compute(broken, other)
    assert DueItem.objects.filter(car=other).exists()
    state = CarState.objects.get(car=broken)
    assert (state.last_error, state.stale_since, state.computed_on) == ("ValueError: no such month", None, TODAY)
    monkeypatch.undo()
    compute(broken)
    assert CarState.objects.get(car=broken).last_error == ""


def test_time_that_is_up_is_no_fault_of_a_car(monkeypatch: Patch) -> None:
    def late(_known: Known) -> list[Computed]:
        raise SoftTimeLimitExceeded

    car = driven()
    with monkeypatch.context() as patch:
        patch.setattr(recompute, "items", late)
        with pytest.raises(SoftTimeLimitExceeded):
            compute(car)
    assert not CarState.objects.filter(car=car).exclude(last_error="").exists()
    compute(car)
    assert DueItem.objects.filter(car=car).exists()


@pytest.mark.parametrize("count", [1, 5])
def test_any_number_of_cars_takes_the_same_queries(count: int) -> None:
    """The first time, again, and when every one of them has moved. Six are the catalogue's, once for each sweep."""
    cars = [driven() for _ in range(count)]
    CarState.objects.bulk_create([CarState(car=car) for car in cars])
    first, again = _queries(count), _queries(count)
    for car in cars:
        read(car, ("2026-11-20", 60_000))
    assert (first, again, _queries(count)) == (23, 20, 24)


def _queries(count: int) -> int:
    CarState.objects.update(stale_since=noon(TODAY))
    with CaptureQueriesContext(connection) as asked:
        assert sweep(limit=count) == count
    return len(asked)


def _fresh(car: Car) -> Car:
    return Car.objects.get(pk=car.pk)


def _known(key: str) -> Any:
    return record.KnownItem(key, key, key)
