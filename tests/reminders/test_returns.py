"""Who came back: a visit counts for the newest letter that spoke of its work on its car."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bookings import actions
from bookings.actions import Actor
from bookings.choices import ActorRole, Status
from bookings.models import Booking
from core import outbox
from core.models import OutboxEvent
from reminders.choices import LetterKind
from reminders.models import DueItem, Letter, LetterReturn
from reminders.sending import following
from reminders.sending.sweep import sweep
from tests.factories.jobs import bookable_job, minor_service
from tests.factories.reminders import AT, due_item, owned_car
from tests.factories.shops import ShopFactory
from tests.factories.visits import visit

pytestmark = pytest.mark.django_db


def hear(booking: Booking, what: str, at: datetime) -> None:
    """An event of a visit is handled, twice."""
    event = outbox.emit(topic=f"booking.{what}", key=booking.public_id, at=at)
    for handler in outbox._handlers[event.topic]:
        if handler.__module__ == "reminders.sending.returns":
            handler(event), handler(event)


def booked(item: DueItem, *, after: timedelta = timedelta(hours=2), **fields: Any) -> Booking:
    """The owner books what the item is about, some time after the letters of now."""
    at = AT + after
    row = visit(
        fields.pop("shop", None) or ShopFactory(),
        **{"car": item.car, "owner": item.owner, "starts_at": at + timedelta(days=2), **fields},
    )
    Booking.objects.filter(pk=row.pk).update(created_at=at)
    row.refresh_from_db()
    hear(row, "confirmed", at)
    return row


@pytest.fixture
def item() -> DueItem:
    row = due_item()
    sweep(at=AT)
    return row


def test_a_visit_for_the_work_counts_for_the_letter(item: DueItem) -> None:
    row = booked(item)
    found = LetterReturn.objects.get()
    assert (found.booking, found.letter, found.booked_at) == (row, Letter.objects.get(), row.created_at)
    assert not found.is_tapped


def test_who_followed_the_link_within_a_day_came_by_it(item: DueItem) -> None:
    following.follow(Letter.objects.get(), at=AT + timedelta(hours=1))
    booked(item)
    assert LetterReturn.objects.get().is_tapped


def test_a_link_that_was_followed_days_ago_did_not_lead_there(item: DueItem) -> None:
    following.follow(Letter.objects.get(), at=AT + timedelta(hours=1))
    booked(item, after=timedelta(days=3))
    assert not LetterReturn.objects.get().is_tapped


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"after": timedelta(days=61)}, id="too late"),
        pytest.param({"after": timedelta(hours=-1)}, id="before the letter"),
        pytest.param({"other_car": True}, id="another car"),
        pytest.param({"other_work": True}, id="other work"),
    ],
)
def test_a_visit_that_has_nothing_to_do_with_it_does_not_count(item: DueItem, fields: dict[str, Any]) -> None:
    if fields.pop("other_car", False):
        fields["car"] = owned_car(owner=item.owner)
    if fields.pop("other_work", False):
        fields["services"] = (minor_service(key="tyres", name_en="Tyres"),)
    booked(item, **fields)
    assert not LetterReturn.objects.exists()


def test_the_newest_letter_counts(item: DueItem) -> None:
    newer = Letter.objects.create(owner=item.owner, kind=LetterKind.REMINDER, sent_at=AT + timedelta(hours=1))
    item.reminders.create(round=1, stage="overdue", outcome="sent", letter=newer, at=AT)
    booked(item)
    assert LetterReturn.objects.get().letter == newer


def test_a_stage_that_was_skipped_spoke_of_nothing() -> None:
    row = due_item(days=-31)
    sweep(at=AT)
    row.reminders.filter(outcome="sent").delete()
    booked(row)
    assert not LetterReturn.objects.exists()


def test_how_the_visit_ended_is_written_beside_it(item: DueItem) -> None:
    row = booked(item)
    hear(row, "completed", AT + timedelta(days=3))
    found = LetterReturn.objects.get()
    assert (found.visited_at, found.cancelled_at) == (AT + timedelta(days=3), None)


@pytest.mark.parametrize("what", ["cancelled", "no_show"])
def test_a_visit_that_did_not_come_about_is_marked(item: DueItem, what: str) -> None:
    row = booked(item)
    hear(row, what, AT + timedelta(days=1))
    found = LetterReturn.objects.get()
    assert (found.visited_at, found.cancelled_at) == (None, AT + timedelta(days=1))


def test_the_real_events_of_a_visit_are_heard(item: DueItem) -> None:
    job = bookable_job()
    owner = Actor(ActorRole.OWNER, item.owner)
    start = AT + timedelta(days=1)
    held = actions.hold(job=job, starts_at=start, holder=actions.Holder(item.owner), at=AT + timedelta(minutes=1))
    Booking.objects.filter(pk=held.pk).update(created_at=AT + timedelta(minutes=1))
    actions.confirm(
        booking=held,
        by=item.owner,
        holder=actions.Holder(item.owner),
        contact=actions.Contact(name="Lin", phone="+8613816420957", plate="", note=""),
        car=item.car,
        at=AT + timedelta(minutes=2),
    )
    handled(AT + timedelta(minutes=3))
    assert LetterReturn.objects.get().booking == held
    held.refresh_from_db()
    assert held.status == Status.CONFIRMED
    actions.cancel(booking=held, by=owner, at=AT + timedelta(minutes=4))
    handled(AT + timedelta(minutes=5))
    assert LetterReturn.objects.get().cancelled_at == AT + timedelta(minutes=4)


def handled(at: datetime) -> None:
    for pk in outbox.due_ids(at=at):
        outbox.handle(event_id=pk, at=at)
    assert not OutboxEvent.objects.filter(handled_at=None, last_error__gt="").exists()
