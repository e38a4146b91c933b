"""Two years of a hundred cars, on a machine that fails: processes die at every seam, tasks come twice, two beats run at
once, the broker is wiped weekly, nothing runs for hours and once for a fortnight, the mail server has its bad days."""

from __future__ import annotations

import os

import pytest

from reminders.sending.choosing import GAP
from shops.choices import HolidayPolicy
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.shops import ShopFactory, open_shop
from tests.reminders.simulated import Trouble, World

CARS = int(os.environ.get("DRILL_CARS", "100"))
DAYS = int(os.environ.get("DRILL_DAYS", "730"))
STEPS = int(os.environ.get("DRILL_STEPS", "3"))


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_a_hundred_cars_for_two_years(monkeypatch: pytest.MonkeyPatch, figures: list[str]) -> None:
    shop = ShopFactory()
    world = World(count=CARS, seed=1, steps=STEPS, stride=1, patch=monkeypatch, shop=shop, patience=GAP.days + 3)
    world.run(days=DAYS)
    world.judge()
    figures.append(f"reminders, {CARS} cars, {DAYS} days: {dict(world.seen)}")


@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.django_db(transaction=True)
@pytest.mark.race
@pytest.mark.usefixtures("catalogue")
def test_a_machine_that_fails_tells_each_thing_once_and_loses_none(
    seed: int, monkeypatch: pytest.MonkeyPatch, figures: list[str]
) -> None:
    trouble = Trouble(
        crashes=0.02, doubled=0.3, outages=0.1, threads=2, bad_days=0.15, wipes=True, long_outage=(200, 214)
    )
    shop = open_shop(bays=4, technicians=4, holiday_policy=HolidayPolicy.AS_USUAL)
    patience = GAP.days + 20
    world = World(
        count=CARS,
        seed=seed,
        steps=STEPS,
        stride=1,
        patch=monkeypatch,
        shop=shop,
        trouble=trouble,
        patience=patience,
    )
    world.run(days=DAYS)
    world.judge()
    assert world.seen["crashes"] > 0
    figures.append(f"reminders on a failing machine, seed {seed}: {dict(world.seen)}")
