"""gunicorn and Celery as `make run` starts them, on the database of the tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
from django.db import connection

from o2o_platform.services.processes import stop_child

_UP_SECONDS = 60


def environment() -> dict[str, str]:
    """That of the tests, but with the database that Django made for them."""
    server, name = os.environ["DATABASE_URL"], connection.settings_dict["NAME"]
    before, _, query = server.partition("?")
    url = f"{before.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
    settings = "tests.drills.settings"
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings, "SITE_URL": "http://127.0.0.1"}


@contextmanager
def web(workers: int = 4) -> Iterator[tuple[int, psutil.Process]]:
    """A web server: its port and its first process, which starts a new worker for each that dies."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--workers", str(workers), "--threads", "4", "--log-level", "critical", "--preload"]
    process = subprocess.Popen([*command, "o2o_platform.wsgi:application"], env=environment())
    try:
        _wait_until_up(port)
        yield port, psutil.Process(process.pid)
    finally:
        stop_child(process, (signal.SIGTERM, 10))


def _wait_until_up(port: int) -> None:
    deadline = time.monotonic() + _UP_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("the web server did not come up")


@contextmanager
def worker() -> Iterator[psutil.Process]:
    """A Celery worker with two processes in its pool."""
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "o2o_platform", "worker", "--loglevel", "CRITICAL"]
    command += ["--queues", "celery,money", "--concurrency", "2", "--without-gossip", "--without-mingle"]
    process = subprocess.Popen(command, env=environment())
    try:
        yield psutil.Process(process.pid)
    finally:
        stop_child(process, (signal.SIGTERM, 10))


@contextmanager
def killing(
    first: psutil.Process, *, every: float, progress: Callable[[], int] = lambda: 0, least: int = 0
) -> Iterator[list[int]]:
    """Kill (-9) one child of a process again and again, in the middle of whatever it does; the pids killed so far.

    The oldest first, `every` seconds, and only after `progress` has grown by `least`: on a busy machine a new one needs
    some time until it can work.
    """
    over, killed = threading.Event(), list[int]()

    def work() -> None:
        done = 0
        while not over.wait(every):
            if progress() < done + least:
                continue
            done = progress()
            with suppress(psutil.NoSuchProcess):
                children = [child for child in first.children() if child.status() != psutil.STATUS_ZOMBIE]
                if children:
                    victim = min(children, key=psutil.Process.create_time)
                    victim.kill()
                    killed.append(victim.pid)

    killer = threading.Thread(target=work)
    killer.start()
    try:
        yield killed
    finally:
        over.set()
        killer.join()
