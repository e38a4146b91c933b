"""64 clients do everything at once on few resources: nothing but refusals, and every promise kept afterwards."""

import os

import pytest

from core import outbox
from tests.races import checker, crowd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

CLIENTS = 64
STEPS = int(os.environ.get("CROWD_STEPS", "10"))
SEED = int(os.environ.get("CROWD_SEED", "1"))


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is woken: what follows from an event must not be needed for any promise."""
    monkeypatch.setattr(outbox, "_wake", lambda _event: None)


def test_everything_at_once_keeps_every_promise() -> None:
    world = crowd.build(people=40)
    crowd.let_loose(world, clients=CLIENTS, steps=STEPS, seed=SEED)
    crowd.settle(world)
    assert world.surprises == []
    assert checker.faults() == {}
    assert checker.lost_or_invented(world.reported) == {"lost": {}, "invented": {}}
    happened = {kind for kind, _visit in world.reported}
    assert happened >= {"held", "confirmed", "requested", "cancelled", "moved", "swapped", "checked_in"}
