"""A clock that was years ahead for a while silences nobody once it is right again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from notifications import delivering
from notifications.choices import Channel
from notifications.models import ChannelState
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
