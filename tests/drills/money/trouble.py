"""What goes wrong in a drill, each a thread: kill -9, an emptied broker, a provider that fails, notices in disorder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import requests

from tests.drills.money.crew import Crew
from tests.drills.money.people import Background, told
from tests.drills.money.quiet import hurry
from tests.payments.sandbox_process import SignedNotice

_KILLS = {"one of web": 22, "one of worker": 45, "web": 5, "worker": 12, "beat": 8, "sandbox": 8}
_CALLS = ("start", "ask", "close", "refund", "ask_refund", "payout", "ask_payout")
_KINDS = ("fail", "lose", "lose", "hang", "garble", "refuse", "pend")
_RULES: tuple[dict[str, Any], ...] = (
    {},
    {"copies": 3},
    {"shuffle": True},
    {"shuffle": True, "copies": 2},
    {"hold": True},
    {"drop": True},
)


class Killer(Background):
    """kill -9 at random."""

    pause_seconds = 1.2

    def __init__(self, crew: Crew) -> None:
        super().__init__()
        self._crew = crew

    def once(self) -> None:
        self._crew.kill(self.dice.choices(list(_KILLS), weights=list(_KILLS.values()))[0])


class Flusher(Background):
    """FLUSHALL every ten seconds."""

    pause_seconds = 10

    def __init__(self, crew: Crew) -> None:
        super().__init__()
        self._crew, self.flushed = crew, 0

    def once(self) -> None:
        self._crew.flush_broker()
        self.flushed += 1


class BadProvider(Background):
    """Answers are lost, late or garbled, calls fail, are refused, or stay undecided."""

    pause_seconds = 0.5

    def __init__(self, crew: Crew, *, calls: Sequence[str] = _CALLS, kinds: Sequence[str] = _KINDS) -> None:
        super().__init__()
        self._psp, self._calls, self._kinds, self.faults = crew.psp, calls, kinds, 0

    def once(self) -> None:
        call, kind = self.dice.choice(self._calls), self.dice.choice(self._kinds)
        if self.dice.random() < 0.05:
            told(self._psp.clear_faults)
        told(self._psp.fault, call, kind, times=self.dice.randrange(1, 4), seconds=3)
        self.faults += 1


class Messenger(Background):
    """Notices come twice, thrice, shuffled, late, or never. What is held back it delivers itself, in any order."""

    pause_seconds = 1.5

    def __init__(self, crew: Crew) -> None:
        super().__init__()
        self._crew, self._bag, self.repeated = crew, list[SignedNotice](), 0

    def once(self) -> None:
        told(self._crew.psp.notices, **self.dice.choice(_RULES))
        self._bag += told(self._crew.psp.take, order="shuffle") or []
        self._deliver_some()

    def stop(self) -> None:
        """Bring what is left in the bag, and let notices go their usual way."""
        super().stop()
        self._crew.psp.notices()
        self._bag += self._crew.psp.take(order="shuffle")
        deadline = time.monotonic() + 60
        while self._bag and time.monotonic() < deadline:
            self._deliver_some()
        assert not self._bag, "the platform takes no notices"

    def _deliver_some(self) -> None:
        self.dice.shuffle(self._bag)
        for notice in self._bag[:30]:
            copies = self.dice.choice([1, 1, 2, 3])
            arrived = [_post(notice) for _copy in range(copies)]
            if all(arrived):
                self._bag.remove(notice)
                self.repeated += copies - 1


def _post(notice: SignedNotice) -> bool:
    try:
        answer = requests.post(notice.url, data=notice.body, headers=notice.headers, timeout=10)
    except requests.RequestException:
        return False
    return answer.status_code == 200


class Clock(Background):
    """Time runs quickly: what waits for its next try is due now, also where a worker has it in its hands."""

    pause_seconds = 1.5

    def once(self) -> None:
        hurry(part=0.5)
