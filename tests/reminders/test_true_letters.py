"""A letter that waits is not sent of what is not its reader's to do any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from bookings.choices import Status
from notifications import delivering
from notifications.choices import Channel, DropReason
from notifications.models import Message
from reminders.sending.sweep import sweep
from tests.factories.reminders import AT, due_item
from tests.factories.shops import ShopFactory
from tests.factories.visits import visit
from vehicles.models import Car

pytestmark = pytest.mark.django_db


def sent() -> int:
    return delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT + timedelta(minutes=5))


def test_who_has_handed_the_car_over_is_not_written_to() -> None:
    item = due_item()
    assert sweep(at=AT) == 1
    Car.objects.filter(pk=item.car_id).update(removed_at=AT)
    assert sent() == 0
    assert Message.objects.get().dropped_for == DropReason.NOT_TRUE
    assert not mail.outbox


def test_who_has_booked_it_meanwhile_is_not_written_to() -> None:
    item = due_item()
    assert sweep(at=AT) == 1
    visit(ShopFactory(), car=item.car, owner=item.owner, status=Status.CONFIRMED)
    assert sent() == 0
    assert Message.objects.get().dropped_for == DropReason.NOT_TRUE
