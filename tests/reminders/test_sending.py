"""Each stage is told once, in one letter to each owner, and never of what is not true any more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.core.cache import cache
from django.db import OperationalError, connections

from bookings.choices import Status
from core.strict_templates import MissingVariableError
from notifications import delivering, preferences, telling
from notifications.choices import Channel, DropReason, MessageStatus, Topic
from notifications.models import Message, Notice
from notifications.quiet import Quiet
from reminders.choices import DismissReason, ItemState, Source, Stage, StageOutcome
from reminders.models import CarState, DueItem, Letter, OwnerTurn, Reminder
from reminders.sending import content, letters, reading
from reminders.sending.facts import Facts
from reminders.sending.reading import Draft
from reminders.sending.sweep import sweep
from tests.factories.jobs import bookable_job, lavida, minor_service
from tests.factories.reminders import AT, TODAY, due_item, owned_car
from tests.factories.shops import ShopFactory
from tests.factories.visits import completed_visit, visit
from vehicles.models import Variant

pytestmark = pytest.mark.django_db


def later(days: float) -> datetime:
    """A moment `days` from now, on which all cars were computed."""
    at = AT + timedelta(days=days)
    CarState.objects.update(computed_on=at.date())
    return at


def stages_of(item: DueItem) -> list[tuple[str, str]]:
    return list(Reminder.objects.filter(item=item).order_by("pk").values_list("stage", "outcome"))


def test_what_is_due_is_told_once_in_one_letter() -> None:
    car = owned_car()
    first, second = due_item(car), due_item(car, days=20, service="", subject="owner:insurance")
    assert sweep(at=AT) == 1
    assert sweep(at=AT) == 0
    letter = Letter.objects.get()
    assert (letter.owner, letter.sent_at) == (car.owner, AT)
    assert letter.notice is not None
    assert (letter.notice.key, letter.notice.path) == (f"letter:{letter.public_id}", f"/go/{letter.public_id}/")
    assert set(letter.lines.values_list("item", flat=True)) == {first.pk, second.pk}
    assert OwnerTurn.objects.get().last_letter_at == AT
    first.refresh_from_db()
    assert first.next_stage_on == TODAY + timedelta(days=3)


def test_a_letter_reaches_the_mailbox_and_the_inbox() -> None:
    car = owned_car()
    due_item(car)
    sweep(at=AT)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 1
    assert mail.outbox[0].to == [car.owner.email]
    assert Notice.objects.get().in_inbox


def test_who_switched_reminders_off_has_them_in_the_inbox_alone() -> None:
    car = owned_car()
    due_item(car)
    preferences.choose(user=car.owner, choices={(Topic.REMINDERS, Channel.EMAIL): False}, at=AT)
    assert sweep(at=AT) == 1
    assert Notice.objects.get().in_inbox
    assert not Message.objects.exists()


def test_all_cars_of_an_owner_are_in_one_letter() -> None:
    car = owned_car()
    other = owned_car(owner=car.owner)
    due_item(car), due_item(other, days=40)
    assert sweep(at=AT) == 1
    assert Reminder.objects.filter(letter=Letter.objects.get(), stage=Stage.FIRST).count() == 2


def test_between_two_letters_lies_the_gap_and_nothing_is_lost() -> None:
    car = owned_car()
    due_item(car)
    sweep(at=AT)
    new = due_item(car, days=8, service="", subject="owner:insurance", source=Source.INSURANCE)
    assert sweep(at=later(5)) == 0
    assert sweep(at=later(6)) == 1
    assert stages_of(new) == [("first", "skipped"), ("second", "sent")]


def test_after_weeks_without_a_machine_there_is_one_letter_with_the_latest_stage() -> None:
    item = due_item(days=30)
    assert sweep(at=later(45)) == 1
    assert stages_of(item) == [("first", "skipped"), ("second", "skipped"), ("overdue", "sent")]
    assert sweep(at=later(46)) == 0


def test_after_the_last_stage_nothing_is_sent_and_the_item_stays_open() -> None:
    item = due_item(days=-30)
    assert sweep(at=AT) == 1
    item.refresh_from_db()
    assert (item.next_stage_on, item.state) == (None, ItemState.OPEN)
    assert sweep(at=later(300)) == 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda item: _close(item, ItemState.DONE), id="done"),
        pytest.param(lambda item: _close(item, ItemState.DISMISSED), id="dismissed"),
        pytest.param(lambda item: _set(item.car, removed_at=AT), id="car removed"),
        pytest.param(lambda item: _set(item.owner, is_active=False), id="account closed"),
        pytest.param(lambda item: _set(item.car.due_state, computed_on=date(2026, 11, 1)), id="not computed for weeks"),
        pytest.param(lambda item: _set(item.car.due_state, stale_since=AT), id="just being computed"),
        pytest.param(
            lambda item: preferences.keep_quiet(
                user=item.owner, quiet=Quiet("America/New_York", time(21), time(9)), at=AT
            ),
            id="night in New York",
        ),
    ],
)
def test_nobody_is_told_what_is_not_true_any_more(change: Callable[[DueItem], None]) -> None:
    change(due_item())
    assert sweep(at=AT) == 0


def _set(row: object, **fields: object) -> None:
    type(row).objects.filter(pk=row.pk).update(**fields)  # type: ignore[attr-defined]


def _close(item: DueItem, state: ItemState) -> None:
    reason = DismissReason.NOT_WANTED if state == ItemState.DISMISSED else ""
    _set(item, state=state, closed_at=AT, next_stage_on=None, dismissed_for=reason)


def test_a_car_that_cannot_be_computed_holds_up_no_other() -> None:
    car = owned_car()
    due_item(car)
    broken = owned_car(owner=car.owner)
    due_item(broken)
    CarState.objects.filter(car=broken).update(stale_since=AT, last_error="ValueError")
    assert sweep(at=AT) == 1
    assert Reminder.objects.get().item.car == car


@pytest.mark.parametrize(
    ("status", "fields", "letters_made"),
    [
        (Status.REQUESTED, {"hold_expires_at": AT, "confirmed_at": None}, 0),
        (Status.CONFIRMED, {}, 0),
        (Status.IN_SERVICE, {}, 0),
        (Status.COMPLETED, {"completed_at": AT - timedelta(hours=2)}, 0),
        (Status.COMPLETED, {"completed_at": AT - timedelta(days=1)}, 1),
        (Status.CANCELLED, {"cancelled_at": AT}, 1),
        (Status.NO_SHOW, {}, 1),
    ],
)
def test_nobody_is_reminded_of_what_is_booked_or_being_done(
    status: Status, fields: dict[str, object], letters_made: int
) -> None:
    item = due_item()
    visit(ShopFactory(), car=item.car, owner=item.owner, status=status, **fields)
    assert sweep(at=AT) == letters_made


def test_a_stage_that_waited_for_a_visit_is_told_when_the_visit_did_not_do_it() -> None:
    item = due_item(days=10)
    booked = visit(ShopFactory(), car=item.car, owner=item.owner)
    assert sweep(at=AT) == 0
    booked.status = Status.CANCELLED
    booked.save()
    assert sweep(at=later(20)) == 1
    assert stages_of(item) == [("first", "skipped"), ("second", "skipped"), ("overdue", "sent")]


def test_other_work_on_the_car_is_told_while_it_has_a_visit() -> None:
    item = due_item()
    other = due_item(item.car, service="", subject="statute:annual_inspection", source=Source.STATUTE)
    visit(ShopFactory(), car=item.car, owner=item.owner)
    assert sweep(at=AT) == 1
    assert Reminder.objects.get(outcome=StageOutcome.SENT).item == other


def test_at_night_only_those_are_written_to_who_chose_other_hours() -> None:
    night = AT + timedelta(hours=14)  # two in the morning in Shanghai
    due_item()
    awake = due_item()
    preferences.keep_quiet(user=awake.owner, quiet=Quiet("", time(9), time(17)), at=AT)
    assert sweep(at=night) == 1
    assert Letter.objects.get().owner == awake.owner


def test_a_day_is_that_of_the_owners_own_zone() -> None:
    """At noon in Shanghai it is nine in the evening of the day before in Los Angeles."""
    item = due_item(days=30)
    preferences.keep_quiet(user=item.owner, quiet=Quiet("America/Los_Angeles", time(23), time(5)), at=AT)
    assert sweep(at=AT) == 0
    assert sweep(at=AT + timedelta(hours=12)) == 1


def test_a_letter_with_a_hole_stops_no_other_and_is_tried_again_next_day(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, fine = due_item(), due_item()
    of_letter = content.of_letter

    def with_hole(draft: Draft, *more: Any) -> dict[str, Any]:
        if draft.owner == broken.owner:
            raise MissingVariableError("why")
        return of_letter(draft, *more)

    with monkeypatch.context() as patch:
        patch.setattr(content, "of_letter", with_hole)
        assert sweep(at=AT) == 1
    assert Letter.objects.get().owner == fine.owner
    assert not Reminder.objects.filter(item=broken).exists()
    assert sweep(at=AT) == 0
    cache.clear()  # a day later it has forgotten
    assert sweep(at=later(1)) == 1


@pytest.mark.parametrize("fault", [OperationalError("away"), SoftTimeLimitExceeded()])
def test_a_database_that_is_away_and_time_that_is_up_are_no_fault_of_a_letter(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def away(*_: object, **__: object) -> None:
        raise fault

    due_item()
    with monkeypatch.context() as patch:
        patch.setattr(telling, "tell_all", away)
        with pytest.raises(type(fault)):
            sweep(at=AT)
    assert sweep(at=AT) == 1


def test_a_crash_between_letter_and_message_leaves_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    item = due_item()
    with monkeypatch.context() as patch:
        patch.setattr(telling, "tell_all", lambda *_, **__: 1 / 0)
        assert sweep(at=AT) == 0
    assert not Letter.objects.exists()
    assert not Reminder.objects.exists()
    item.refresh_from_db()
    assert item.next_stage_on == TODAY - timedelta(days=20)


def test_what_was_done_before_the_letter_left_is_not_sent() -> None:
    item = due_item()
    sweep(at=AT)
    _close(item, ItemState.DONE)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 0
    assert Message.objects.get().dropped_for == DropReason.NOT_TRUE


def test_a_letter_that_lay_for_days_is_not_sent() -> None:
    due_item()
    sweep(at=AT)
    delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT + timedelta(days=4))
    assert Message.objects.get().dropped_for == DropReason.TOO_LATE


def test_a_reminder_of_which_nobody_knows_stays_away() -> None:
    due_item()
    sweep(at=AT)
    Message.objects.update(status=MessageStatus.HANDING, claimed_until=AT, attempts=1)
    delivering.recover(channel=Channel.EMAIL, at=AT + timedelta(seconds=1))
    assert Message.objects.get().status == MessageStatus.UNKNOWN


def test_an_owner_whom_another_sweep_holds_is_left_to_it() -> None:
    item = due_item()

    def write() -> int:
        return len(letters.write(offers={item.owner_id: []}, facts=Facts(at=AT)))

    assert write() == 0  # no turn: nobody prepared it
    OwnerTurn.objects.create(owner=item.owner)
    assert write() == 1
    assert write() == 0


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_write_each_letter_once() -> None:
    minor_service()
    items = [due_item() for _ in range(6)]

    def run(_number: int) -> int:
        try:
            return sweep(at=AT)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == len(items)
    assert Letter.objects.count() == Notice.objects.count() == len(items)
    assert Reminder.objects.filter(outcome=StageOutcome.SENT).count() == len(items)


def test_at_most_so_many_letters_are_written_in_one_go() -> None:
    for _ in range(3):
        due_item()
    assert sweep(at=AT, limit=2) == 2
    assert sweep(at=AT, limit=2) == 1


def test_the_number_of_queries_for_nobody_due_does_not_grow(django_assert_num_queries: object) -> None:
    for _ in range(3):
        item = due_item()
        visit(ShopFactory(), car=item.car, owner=item.owner)
    with django_assert_num_queries(12):  # type: ignore[operator]
        assert sweep(at=AT) == 0


@pytest.mark.parametrize("count", [2, 12])
def test_a_message_costs_two_queries_to_send(count: int, django_assert_num_queries: Any) -> None:
    """That it is being handed over, and what became of it."""
    for _ in range(count):
        due_item()
    sweep(at=AT)
    with django_assert_num_queries(33 + 2 * count):
        assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == count


@pytest.mark.parametrize("count", [2, 12])
def test_the_number_of_queries_for_letters_does_not_grow(count: int, django_assert_num_queries: Any) -> None:
    bookable_job()
    for _ in range(count):
        due_item()
    with django_assert_num_queries(51):
        assert sweep(at=AT) == count


@pytest.mark.parametrize("count", [1, 3])
def test_every_kind_of_car_costs_two_queries(count: int, django_assert_num_queries: Any) -> None:
    """Its usual price, and what shops ask for it; the shops near by and their time are asked of once."""
    job = bookable_job()
    for number in range(count):
        variant = Variant.objects.create(
            model=lavida().model, slug=f"lavida-{number}", code=str(number), powertrain="ice"
        )
        item = due_item()
        _set(item.car, variant=variant)
        completed_visit(job.shop, 40, owner=item.owner, starts_at=AT - timedelta(days=400))
    with django_assert_num_queries(50 + 2 * count):
        assert sweep(at=AT) == count


def test_what_is_told_already_costs_one_owner_the_letter_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can tell a stage twice, whatever was read before."""
    told, *others = [due_item() for _ in range(4)]
    Reminder.objects.create(item=told, round=1, stage=Stage.FIRST, outcome=StageOutcome.SKIPPED, at=AT)
    with monkeypatch.context() as patch:
        patch.setattr(reading, "_over", lambda _items: {})
        assert sweep(at=AT) == len(others)
    assert set(Letter.objects.values_list("owner", flat=True)) == {item.owner_id for item in others}
    assert stages_of(told) == [("first", "skipped")]
    assert Notice.objects.count() == len(others)


def test_offers_are_of_real_slots() -> None:
    job = bookable_job()
    due_item()
    sweep(at=AT)
    slots = list(Letter.objects.get().slots.all())
    assert [slot.shop for slot in slots] == [job.shop] * 2
    assert slots[0].services == [job.service.key]
