"""The servers of a run: PostgreSQL and Valkey with nothing switched off, and gunicorn."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from o2o_platform.services.paths import DATA_DIR
from o2o_platform.services.postgres import Postgres
from o2o_platform.services.processes import ProcessBook, exclusive, stop_child
from o2o_platform.services.valkey import Valkey


@contextmanager
def started(keep: Path | None) -> Iterator[Postgres]:
    """PostgreSQL (synchronous_commit and fsync on) and Valkey, under `keep` or for this run only."""
    directory = (keep or DATA_DIR / f"bench-{os.getpid()}").resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if keep is None:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        stack.enter_context(exclusive(directory / "lock", note=f"A benchmark is running in {directory}."))
        book = ProcessBook(directory / "processes.json")
        book.end_orphans()
        database, cache = Postgres(directory / "postgres"), Valkey(directory / "valkey")
        for server in (database, cache):
            stack.callback(server.stop)
            server.start(book)
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = database.url("postgres"), cache.url()
        yield database


@contextmanager
def web(*, workers: int = 2, threads: int = 4) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """gunicorn on the present DATABASE_URL: its port and its first process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--workers", str(workers), "--threads", str(threads), "--keep-alive", "75", "--log-level", "error"]
    process = subprocess.Popen([*command, "--preload", "o2o_platform.wsgi:application"])
    try:
        _wait_until_up(port)
        yield port, process
    finally:
        stop_child(process, (signal.SIGTERM, 10))


def _wait_until_up(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the web server did not come up")
