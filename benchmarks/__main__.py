"""`make bench`: slots, search and booking beside pgbench on the same data; growth and memory; profiles.

Every figure beside SQL is a ratio of medians over interleaved rounds within one run: the machine's speed drifts, ratios
hold. With --keep the worlds stay and are taken again until the day, a migration, the catalogue or their making changes.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import django

from benchmarks import servers
from o2o_platform.services.paths import DATA_DIR
from o2o_platform.services.postgres import Postgres

if TYPE_CHECKING:
    from benchmarks.measures.base import Bench, Measure

# Measure → its class under `benchmarks.measures`; in the order in which they are taken and told.
NAMES = (
    "slots",
    "search",
    "window",
    "booking",
    "advice",
    "ledger",
    "settling",
    "statement",
    "reviews",
    "recompute",
    "letters",
    "growth",
    "memory",
)
MEASURES = {name: name.capitalize() for name in NAMES}
# One that takes rounds over four worlds, two that take minutes: only when asked for.
BY_DEFAULT = ("slots", "search", "window", "booking", "advice", "ledger", "statement")
PROFILES = ("slots", "search", "booking")


def main() -> None:
    arguments = _arguments()
    # `timeout` and CI stop a run with SIGTERM: the servers must go with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with servers.started(arguments.keep) as server:
        os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
        django.setup()
        if arguments.profile:
            _profile(arguments, server)
        else:
            _measure(arguments, server)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", help=f"of {', '.join(MEASURES)}, or all; {' '.join(BY_DEFAULT)}")
    parser.add_argument("--shops", type=int, help="1000; 100 for a profile")
    parser.add_argument("--booked", type=int, default=60, metavar="PERCENT", help="of opening time that is taken")
    parser.add_argument("--days", type=int, default=90, help="that are booked ahead")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each load in each round")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=200, help="of a call in this process")
    parser.add_argument("--searches", type=int, default=50_000, help="of the memory's measure")
    parser.add_argument("--orders", type=int, default=100_000, help="of the settling's measure")
    parser.add_argument("--cars", type=int, default=100_000, help="of the recompute's measure")
    parser.add_argument("--letters", type=int, default=100_000, help="of the letters' measure")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where worlds stay for the next run")
    parser.add_argument("--profile", choices=PROFILES, help="show what one request does, and measure nothing")
    arguments = parser.parse_args()
    if unknown := {*arguments.measures} - {*MEASURES, "all"}:
        parser.error(f"no measure is called {', '.join(sorted(unknown))}")
    return arguments


def _measure(arguments: argparse.Namespace, server: Postgres) -> None:
    from benchmarks import worlds
    from benchmarks.measures.base import Bench
    from benchmarks.world import Size

    size = Size(arguments.shops or 1000, arguments.booked, arguments.days)
    with worlds.copied(server, size), servers.web() as (port, _):
        bench = Bench(
            server=server,
            size=size,
            clients=arguments.clients,
            seconds=arguments.seconds,
            repeats=arguments.repeats,
            searches=arguments.searches,
            orders=arguments.orders,
            letters=arguments.letters,
            cars=arguments.cars,
            port=port,
        )
        _warm_up(bench)
        measures = _made(_chosen(arguments.measures), bench)
        for number in range(arguments.rounds):
            for name, measure in measures.items():
                if said := measure.take_round():
                    print(f"· round {number + 1}: {name}: {said}", flush=True)
        _report(arguments, size, measures)


def _warm_up(bench: Bench) -> None:
    """Let every worker answer, so that no figure holds the making of its routes and connections."""
    from benchmarks.measures.slots import Slots

    Slots(bench).warm_up()


def _chosen(names: list[str]) -> list[str]:
    if "all" in names:
        return list(MEASURES)
    return [name for name in MEASURES if name in (names or BY_DEFAULT)]


def _made(names: list[str], bench: Bench) -> dict[str, Measure]:
    """The measures, made ready on the world."""
    return {name: getattr(import_module(f"benchmarks.measures.{name}"), MEASURES[name])(bench) for name in names}


def _report(arguments: argparse.Namespace, size: object, measures: dict[str, Measure]) -> None:
    lines = [line for measure in measures.values() for line in measure.lines()]
    how = f"{arguments.clients} clients, {arguments.rounds} interleaved rounds of {arguments.seconds:g} s"
    print(f"\n{size}; {how}; medians\n")
    print("| what | measured | beside | wanted |\n|---|---|---|---|")
    for line in lines:
        print(f"| {line.what} | {line.measured} | {line.beside} | {line.wanted} |")


def _profile(arguments: argparse.Namespace, server: Postgres) -> None:
    from benchmarks import profiling, worlds
    from benchmarks.world import Size

    size = Size(arguments.shops or 100, arguments.booked, arguments.days)
    DATA_DIR.mkdir(exist_ok=True)
    with worlds.copied(server, size):
        profiling.profile(arguments.profile, shops=size.shops, repeats=arguments.repeats, directory=DATA_DIR)


if __name__ == "__main__":
    main()
