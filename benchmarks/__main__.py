"""`make bench`: slot search, search of the nearest shops and booking over HTTP, each beside pgbench on the same data.

Every figure is a ratio of medians over interleaved rounds within one run: the machine's speed drifts, ratios hold.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median

import django

from o2o_platform.services.paths import DATA_DIR
from o2o_platform.services.postgres import Postgres
from o2o_platform.services.processes import ProcessBook, stop_child
from o2o_platform.services.valkey import Valkey


def main() -> None:
    arguments = _arguments()
    # `timeout` and CI stop a run with SIGTERM: the servers must go with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = DATA_DIR / f"bench-{os.getpid()}"
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        _start_servers(directory, stack)
        os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
        django.setup()
        from benchmarks import world  # needs Django

        _say(f"building {arguments.shops} shops × {world.BAYS} bays × {world.TECHNICIANS} technicians, 60 % booked")
        _prepare(arguments.shops)
        port = _start_web(stack)
        _measure(arguments, port)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--shops", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each load in each round")
    parser.add_argument("--clients", type=int, default=8)
    return parser.parse_args()


def _say(words: str) -> None:
    print(f"· {words}", flush=True)


def _start_servers(directory: Path, stack: ExitStack) -> None:
    """Servers of our own with nothing switched off: synchronous_commit and fsync are on."""
    directory.mkdir(parents=True)
    book = ProcessBook(directory / "processes.json")
    database, cache = Postgres(directory / "postgres"), Valkey(directory / "valkey")
    for server in (database, cache):
        stack.callback(server.stop)
        server.start(book)
    database.create_database()
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = database.url(), cache.url()


def _prepare(shops: int) -> None:
    from django.core.management import call_command

    from benchmarks import world

    call_command("migrate", verbosity=0)
    call_command("load_catalogue", verbosity=0)
    world.build(shops=shops)


def _start_web(stack: ExitStack) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    command += ["--keep-alive", "30", "--log-level", "error", "o2o_platform.wsgi:application"]
    web = subprocess.Popen(command)
    stack.callback(stop_child, web, (signal.SIGTERM, 10))
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return port
    raise SystemExit("the web server did not come up")


def _measure(arguments: argparse.Namespace, port: int) -> None:
    from benchmarks import world
    from benchmarks.load import Call, Rate, Script, over_http, pgbench

    job = f"service={world.service().key}&variant={world.variant().slug}"
    tokens = _tokens()
    starts = iter(_free_starts(arguments.shops))

    def slots(_client: int) -> Script:
        while True:
            shop = random.randint(1, arguments.shops)
            yield Call("GET", f"/api/v1/shops/shop-{shop}/slots/?{job}&days=14")

    def search(_client: int) -> Script:
        while True:
            place = f"latitude={random.uniform(31.05, 31.40):.5f}&longitude={random.uniform(121.25, 121.70):.5f}"
            yield Call("GET", f"/api/v1/shops/?{job}&{place}&limit=50")

    def booking(_client: int) -> Script:
        for shop, start in starts:
            headers = (("Authorization", f"Bearer {random.choice(tokens)}"),)
            order = {
                "shop": shop,
                "service": world.service().key,
                "variant": world.variant().slug,
                "starts_at": start,
            }
            held = yield Call("POST", "/api/v1/holds/", order, headers, is_last=False)
            if held["http_status"] == 201:
                yield Call("POST", "/api/v1/bookings/", {"hold": held["id"]}, headers)

    sql = {
        "shops": arguments.shops,
        "service": world.service().pk,
        "variant": world.variant().pk,
        "owner": world.User.objects.values_list("pk", flat=True)[0],
    }
    cases = {
        "slots of one shop over 14 days": (slots, "slots.sql"),
        "next slots at the 50 nearest shops": (search, "search.sql"),
        "a booking: hold, then confirm": (booking, "booking.sql"),
    }
    rounds: dict[str, list[tuple[Rate, Rate]]] = {name: [] for name in cases}
    for number in range(arguments.rounds):
        for name, (script, rival) in cases.items():
            ours = over_http(port, arguments.clients, arguments.seconds, script)
            theirs = pgbench(rival, arguments.clients, arguments.seconds, **sql)
            rounds[name].append((ours, theirs))
            _say(
                f"round {number + 1}: {name}: {ours.per_second:.0f}/s {dict(ours.statuses)},"
                f" SQL {theirs.per_second:.0f}/s"
            )
    _report(arguments, rounds)


def _tokens() -> list[str]:
    """Sessions of the owners, as the API's tokens name them."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from accounts.models import User

    keys = []
    for user in User.objects.order_by("pk"):
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        keys.append(str(session.session_key))
    return keys


def _free_starts(shops: int) -> list[tuple[str, str]]:
    """Starts that are free now, two hours apart at each shop: what is measured is booking, not refusing."""
    from django.utils import timezone

    from benchmarks import world
    from bookings import availability
    from bookings.jobs import Job
    from shops.models import Shop

    now, starts = timezone.now(), []
    for shop in Shop.objects.for_card().order_by("pk")[: min(shops, 400)]:
        need = Job(shop, world.service(), world.variant()).quoted().need
        days = availability.day_slots(shop=shop, need=need, first=now.date() + timedelta(days=1), days=40, at=now)
        starts += [(shop.slug, slot.starts_at.isoformat()) for day in days for slot in day.slots[::4]]
    random.Random(42).shuffle(starts)
    return starts


def _report(arguments: argparse.Namespace, rounds: dict[str, list[tuple[object, object]]]) -> None:
    print(
        f"\n{arguments.shops} shops, {arguments.clients} clients, {arguments.rounds} interleaved rounds of"
        f" {arguments.seconds} s; medians\n"
    )
    print("| what | over HTTP | p50 | p95 | SQL alone | ratio |\n|---|--:|--:|--:|--:|--:|")
    for name, pairs in rounds.items():
        ours, theirs = zip(*pairs, strict=True)
        ratio = median(a.per_second / b.per_second for a, b in pairs)
        rate, p50 = median(r.per_second for r in ours), median(r.p50_ms for r in ours)
        p95, sql = median(r.p95_ms for r in ours), median(r.per_second for r in theirs)
        print(f"| {name} | {rate:.0f}/s | {p50:.1f} ms | {p95:.1f} ms | {sql:.0f}/s | {ratio:.3f} |")


if __name__ == "__main__":
    main()
