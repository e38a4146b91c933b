"""`--profile`: what a request does inside a web worker, by cProfile, with its queries counted. No server in between."""

from __future__ import annotations

import cProfile
import io
import pstats
import random
from collections.abc import Callable
from pathlib import Path

from django.core.wsgi import get_wsgi_application

from benchmarks import calls, engine, world
from benchmarks.calls import Call
from benchmarks.measures.base import ms

TOP = 30


def profile(name: str, *, shops: int, repeats: int, directory: Path) -> None:
    """Print the costliest functions of a request and write the whole profile beside (for `python -m pstats`)."""
    ask = {"slots": _slots, "search": _search, "booking": _booking}[name](shops)
    taken = engine.timed(ask, repeats)
    queries, waiting = zip(*(engine.asked(ask) for _ in range(repeats // 2)), strict=True)
    profiler = cProfile.Profile()
    for _ in range(repeats):
        profiler.runcall(ask)
    target = directory / f"profile-{name}.pstats"
    profiler.dump_stats(target)
    for order in ("cumulative", "tottime"):
        text = io.StringIO()
        pstats.Stats(profiler, stream=text).strip_dirs().sort_stats(order).print_stats(TOP)
        print(text.getvalue())
    print(f"{name}: {ms(taken)}, of that {ms(waiting)} waiting for at most {max(queries)} queries (medians); {target}")


def _slots(shops: int) -> Callable[[], object]:
    asked = calls.slots(shops)
    answer = _Worker()
    return lambda: answer(random.choice(asked))


def _search(_shops: int) -> Callable[[], object]:
    asked = calls.searches()
    answer = _Worker()
    return lambda: answer(random.choice(asked))


def _booking(shops: int) -> Callable[[], object]:
    """One booking after the other: in one request, or in two where the API knows no other way."""
    answer, tokens = _Worker(), world.tokens()
    starts = engine.free_starts(list(range(1, min(shops, 100) + 1)), days=world.DAYS_ELSEWHERE - 2)
    is_one_request = answer.status(calls.booking(starts.pop(), tokens[0])) == 201

    def book() -> None:
        start, token = starts.pop(), random.choice(tokens)
        if is_one_request:
            answer(calls.booking(start, token))
        else:
            answer(calls.confirmation(answer(calls.hold(start, token)), token))

    return book


class _Worker:
    """The platform as one web worker has it."""

    def __init__(self) -> None:
        self.application = get_wsgi_application()

    def __call__(self, call: Call) -> bytes:
        status, body = calls.ask(self.application, call)
        if status >= 400:
            raise SystemExit(f"{call.method} {call.path} was answered with {status}: {body[:500]!r}")
        return body

    def status(self, call: Call) -> int:
        return calls.ask(self.application, call)[0]
