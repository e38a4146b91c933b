"""Days that only owners know: the newest word counts, what cannot be is refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.errors import InvalidInput
from reminders import owner_dates
from reminders.choices import OwnerDateKind
from reminders.models import CarState, DueItem, OwnerDate
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.due_cars import TODAY, a_car, noon
from vehicles.models import Car

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def say(car: Car, on: date | None, kind: OwnerDateKind = OwnerDateKind.INSURANCE) -> OwnerDate | None:
    return owner_dates.say(car=car, kind=kind, on=on, by=car.owner, at=noon(TODAY))


def test_the_newest_word_counts_and_is_computed_at_once() -> None:
    car = a_car()
    say(car, date(2027, 3, 1))
    say(car, date(2027, 3, 1))
    assert OwnerDate.objects.count() == 1
    say(car, date(2027, 4, 1))
    assert DueItem.objects.standing().get(car=car, source="insurance").due_on == date(2027, 4, 1)
    assert CarState.objects.get(car=car).stale_since is None
    say(car, None)
    assert OwnerDate.objects.count() == 3
    assert not DueItem.objects.standing().filter(car=car, source="insurance").exists()


def test_nothing_to_take_back_writes_nothing() -> None:
    assert say(a_car(), None) is None
    assert not OwnerDate.objects.exists()


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        (OwnerDateKind.INSURANCE, TODAY + timedelta(days=457)),
        (OwnerDateKind.INSPECTION, TODAY + timedelta(days=826)),
        (OwnerDateKind.INSPECTION, date(2021, 3, 9)),  # the day before it was delivered
        (OwnerDateKind.INSURANCE, date.max),
        (OwnerDateKind.INSURANCE, date.min),
    ],
)
def test_a_day_that_cannot_be_is_refused(kind: OwnerDateKind, on: date) -> None:
    with pytest.raises(InvalidInput) as refused:
        say(a_car(), on, kind)
    assert refused.value.field == "on"
    assert not OwnerDate.objects.exists()


def test_so_long_ago_is_a_typing_error() -> None:
    with pytest.raises(InvalidInput):
        say(a_car(delivered_on=None), date(2006, 1, 1))
