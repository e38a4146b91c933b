"""The pytest plugin that gives every test run its own throw-away PostgreSQL and Valkey, and built CSS.

Named in pyproject.toml's `addopts`, so that it comes before Django's settings are read; xdist's workers inherit the
addresses through the environment. Each worker's test database is a copy of one that has every migration run. With
DATABASE_URL set, Django's test database is made on that server instead, from nothing. Valkey is always our own: tests
empty it.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from o2o_platform.services import assets, migrated
from o2o_platform.services.errors import ServiceError, require_disk_space
from o2o_platform.services.paths import DATA_DIR
from o2o_platform.services.postgres import Postgres
from o2o_platform.services.processes import ProcessBook, exclusive
from o2o_platform.services.valkey import Valkey

_ASK_ONLY = {"-h", "--help", "--version", "-V", "--markers", "--fixtures"}


class ThrowAwayServers:
    """PostgreSQL and Valkey in a directory of their own, gone when the run ends, however it ends."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.directory = top / f"run-{os.getpid()}"
        self.book = ProcessBook(self.directory / "processes.json")
        self.database: Postgres | None = None
        self.cache: Valkey | None = None
        self._lock = contextlib.ExitStack()

    def start(self) -> None:
        """Start the servers and name them in the environment."""
        self.top.mkdir(parents=True, exist_ok=True)
        remove_abandoned(self.top)
        require_disk_space(self.top, needed_mb=300)
        self.directory.mkdir(exist_ok=True)
        self._lock.enter_context(exclusive(self.directory / "lock", note="A test run is using this directory."))
        if not os.environ.get("DATABASE_URL"):
            self.database = Postgres(self.directory / "postgres", throw_away=True)
            self.database.start(self.book)
            self.database.create_database()
            os.environ["TEST_DATABASE_TEMPLATE"] = migrated.create(self.database, self.top)
            os.environ["DATABASE_URL"] = self.database.url()
        self.cache = Valkey(self.directory / "valkey", throw_away=True)
        self.cache.start(self.book)
        os.environ["REDIS_URL"] = self.cache.url()

    def stop(self) -> None:
        """Stop the servers and remove their data."""
        for server in (self.cache, self.database):
            if server is not None:
                server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        self._lock.close()


def remove_abandoned(top: Path) -> None:
    """End the servers of killed test runs and remove their data. Runs that are still going hold their lock."""
    for directory in top.glob("run-*"):
        with contextlib.suppress(ServiceError, FileNotFoundError), exclusive(directory / "lock", note=""):
            ProcessBook(directory / "processes.json").end_orphans()
            shutil.rmtree(directory, ignore_errors=True)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


_servers: ThrowAwayServers | None = None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Start everything before pytest-django reads the settings."""
    global _servers  # noqa: PLW0603  (one run of pytest in a process, and pytest gives plugins no other place)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        # Each worker gets a numbered database of its own in Valkey, as Django gives it one in PostgreSQL.
        os.environ["REDIS_URL"] = os.environ["REDIS_URL"].removesuffix("/0") + "/" + worker.removeprefix("gw")
    elif not _ASK_ONLY & set(sys.argv):
        # `timeout` and CI stop a run with SIGTERM; pytest cleans up after Ctrl-C only.
        signal.signal(signal.SIGTERM, _interrupt)
        _servers = ThrowAwayServers(DATA_DIR / "tests")
        try:
            assets.build()
            _servers.start()
        except ServiceError as error:
            _servers.stop()
            raise pytest.UsageError(str(error)) from None
    return (yield)


def pytest_unconfigure() -> None:
    """Stop everything, also after Ctrl-C."""
    if _servers is not None:
        _servers.stop()
