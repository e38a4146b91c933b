"""Two years of a few cars: nothing twice, nothing lost, nothing at night, nothing after it was done. `make drill` lives
the same with more cars and machines that fail (tests/drills/test_reminders_time.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reminders.sending.choosing import GAP
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.shops import ShopFactory
from tests.reminders.simulated import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with monkeypatch.context() as patch:
        yield World(count=4, seed=7, steps=1, stride=3, patch=patch, shop=ShopFactory(), patience=GAP.days + 7)


def test_two_years_keep_every_promise(world: World) -> None:
    world.run(days=730)
    world.judge()
    assert world.seen["letters"] > 30, world.seen
    assert min(world.seen[what] for what in ("done", "booked", "put off", "dismissed", "mistyped")) > 0, world.seen
