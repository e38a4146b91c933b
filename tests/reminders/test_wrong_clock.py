"""A clock that was years ahead for a while silences nobody once it is right again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from notifications import delivering
from notifications.choices import Channel, MessageStatus
from notifications.models import ChannelState, Message, SenderSlot
from reminders.computing import recompute
from reminders.models import CarState, Letter, OwnerTurn
from reminders.sending.sweep import sweep
from tests.factories.reminders import AT, TODAY, due_item

pytestmark = pytest.mark.django_db
AHEAD = AT + timedelta(days=1500)


def test_a_letter_from_the_future_holds_up_no_letter() -> None:
    item = due_item()
    OwnerTurn.objects.create(owner=item.owner, last_letter_at=AHEAD)
    assert sweep(at=AT) == 1


def test_two_clocks_that_differ_a_little_write_one_letter() -> None:
    item = due_item()
    OwnerTurn.objects.create(owner=item.owner, last_letter_at=AT + timedelta(minutes=5))
    assert sweep(at=AT) == 0
    assert not Letter.objects.exists()


def test_a_car_computed_in_the_future_is_computed_again() -> None:
    item = due_item()
    CarState.objects.update(computed_on=date(2031, 1, 1))
    recompute.sweep(at=AT, limit=10)
    assert CarState.objects.get(car=item.car).computed_on == TODAY


def test_a_channel_paused_in_the_future_is_tried() -> None:
    due_item()
    ChannelState.objects.create(channel=Channel.EMAIL, paused_until=AHEAD)
    sweep(at=AT)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 1


def test_a_sender_that_died_in_the_future_keeps_neither_its_messages_nor_its_place() -> None:
    due_item()
    sweep(at=AT)
    numbers = range(1, delivering.SLOTS + 1)
    SenderSlot.objects.bulk_create(
        SenderSlot(channel=Channel.EMAIL, number=number, held_by="gone", held_until=AHEAD) for number in numbers
    )
    Message.objects.update(status=MessageStatus.CLAIMED, claimed_until=AHEAD, attempts=1)
    assert Channel.EMAIL in delivering.due_channels(at=AT)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 1


def test_a_sender_whose_clock_is_ahead_by_less_keeps_what_it_is_sending() -> None:
    due_item()
    sweep(at=AT)
    Message.objects.update(status=MessageStatus.CLAIMED, claimed_until=AT + timedelta(hours=2), attempts=1)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 0
