"""kill -9 in the middle of payments, refunds, settlements and payouts: afterwards our books are the provider's.

Real processes: PostgreSQL, Valkey, gunicorn, two Celery workers, two beats, the sandbox provider; visitors, payers and
a bank outside. Trouble: `tests.drills.money.trouble`. What counts is the end: `tests.payments.books` and
`tests.drills.money.verdict`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.drills.money import arming, city, crew, quiet, table, verdict
from tests.drills.money.crew import Crew
from tests.drills.money.people import Background, Bank, Payer, Visitor
from tests.drills.money.trouble import BadProvider, Clock, Flusher, Killer, Messenger
from tests.payments.books import check_books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

SECONDS = int(os.environ.get("DRILL_SECONDS", "120"))
VISITORS = 3
# For how long the sweeps may take to finish everything once the trouble is over; a busy machine needs most of it.
QUIET_SECONDS = 180
POINT_SECONDS = 90
BITE_SECONDS = 60


class Drill:
    """A crew with people about it."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self.visitors = [Visitor(crew.url) for _number in range(VISITORS)]

    @contextmanager
    def people(self) -> Iterator[None]:
        """Everybody does what they do."""
        with acting([*self.visitors, Payer(self.crew.psp), Bank(self.crew.psp), Clock()]):
            yield

    def end(self) -> None:
        """Let everything that was begun end, and look at the books: ours, and the provider's beside them."""
        self.end_what_was_begun()
        check_books()
        assert verdict.sent_twice(self.crew.psp.books()) == []
        assert verdict.findings(self.crew.psp.books()) == {}
        errors = [error for visitor in self.visitors for error in visitor.errors]
        assert not errors, f"{len(errors)} steps ended in an error, the first one: {errors[0]}"

    def end_what_was_begun(self) -> None:
        self.crew.wait_until_up()
        self.crew.psp.clear_faults()
        self.crew.psp.notices()
        quiet.until_quiet(self.crew.psp, seconds=QUIET_SECONDS, trouble=lambda: self.crew.logs()[-3000:])


@contextmanager
def drilling(folder: Path, *, settings: str = crew.SETTINGS) -> Iterator[Drill]:
    """All processes run, and nobody does anything yet."""
    city.found_city()
    with Crew(folder, settings=settings) as processes:
        yield Drill(processes)


@contextmanager
def acting(those: Sequence[Background]) -> Iterator[None]:
    """Let them act; those named first stop first."""
    with ExitStack() as stopping:
        for each in reversed(those):
            stopping.callback(each.stop)
        for each in those:
            each.start()
        yield


def test_killed_at_every_named_point_everything_is_finished_once(tmp_path: Path, figures: list[str]) -> None:
    points = [point for point in arming.points() if point.startswith("payments.")]
    assert len(points) > 15
    with drilling(tmp_path) as drill:
        with drill.people():
            for point in points:
                arming.arm(tmp_path, point)
                wait_for_death(tmp_path, point)
                check_books()
                assert verdict.sent_twice(drill.crew.psp.books()) == []
            arming.arm(tmp_path, "")
        drill.end()
        figures += [f"Killed at each of {len(points)} named points: {', '.join(points)}.", *table.of(drill.crew), ""]


def wait_for_death(folder: Path, point: str) -> None:
    """Until somebody has died there."""
    deadline = time.monotonic() + POINT_SECONDS
    while not arming.mark(folder, point).exists():
        assert time.monotonic() < deadline, f"nobody comes to {point} within {POINT_SECONDS} seconds"
        time.sleep(0.1)


def test_killed_at_random_every_fen_is_where_the_provider_says(tmp_path: Path, figures: list[str]) -> None:
    with drilling(tmp_path) as drill:
        killer, flusher, messenger = Killer(drill.crew), Flusher(drill.crew), Messenger(drill.crew)
        with drill.people(), acting([killer, flusher, BadProvider(drill.crew), messenger]):
            time.sleep(SECONDS)
        assert sum(drill.crew.kills.values()) > SECONDS / 10
        drill.end()
        figures += [f"Killed at random for {SECONDS} seconds:"]
        figures += [*table.of(drill.crew, flushes=flusher.flushed, repeated=messenger.repeated), ""]


def test_drill_finds_a_refund_that_gets_a_second_number(tmp_path: Path) -> None:
    """With the guard taken away in every process the same drill says that money went twice."""
    broken = "tests.drills.money.broken_settings"
    with drilling(tmp_path, settings=broken) as drill, drill.people(), acting([answers_lost(drill)]):
        deadline = time.monotonic() + BITE_SECONDS
        while not verdict.sent_twice(drill.crew.psp.books()):
            assert time.monotonic() < deadline, "the drill finds nothing"
            time.sleep(0.5)


def answers_lost(drill: Drill) -> BadProvider:
    return BadProvider(drill.crew, calls=["refund"], kinds=["lose"])
