"""What every test can rely on: clean throttles and cache, uploads in a temporary folder, and a watched browser.

PostgreSQL and Valkey are started by the plugin o2o_platform/services/testing.py, before Django's settings are read.
"""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import translation
from playwright.sync_api import BrowserContext

# Playwright's synchronous interface keeps an event loop in the test's thread, which Django would refuse to work in.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

_CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
_OWN_HOSTS = {"127.0.0.1", "localhost"}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The ledger lets nobody empty its tables; tests that commit are cleaned up by doing just that."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table, trigger in (
            ("payments_ledgertransaction", "payments_keep_all_transactions"),
            ("payments_ledgerentry", "payments_keep_all_entries"),
            ("payments_ledgeraccount", "payments_keep_all_accounts"),
        ):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@pytest.fixture(autouse=True)
def _clean_slate(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the throttles, cache, language or uploads of another."""
    cache.clear()
    settings.MEDIA_ROOT = tmp_path_factory.getbasetemp() / "media"
    yield
    translation.deactivate()


# --- Browser ------------------------------------------------------------------------------------


def find_chromium() -> str | None:
    """The browser for journeys: $CHROMIUM, or the system's. Never a downloaded one."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


# What takes long comes first, so that no worker is left with minutes of it when the others have nothing to do any more.
# Journeys stand together: a worker that takes one loads a city for them.
_LONG = ("tests/journeys/", "tests/o2o_platform/", "tests/security/test_every_route.py", "tests/races/")


def _length_rank(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((place for place, part in enumerate(_LONG) if part in path), len(_LONG))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=_length_rank)
    journeys = [item for item in items if item.get_closest_marker("browser")]
    if journeys and find_chromium() is None:
        for item in journeys:
            item.add_marker(pytest.mark.skip(reason="no Chromium: apt install chromium, or set CHROMIUM=/path/to/it"))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not walk it again with every test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "no Chromium" in str(report.longrepr)]
    if skipped:
        terminalreporter.section("NOT TESTED", sep="!", yellow=True)
        terminalreporter.line(f"{len(skipped)} browser journeys did not run: Chromium is not installed.", yellow=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": find_chromium(), "args": _CHROMIUM_FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1280, "height": 900},
    }


@pytest.fixture
def allowed_console_errors() -> list[str]:
    """Parts of console errors that a test provokes on purpose, such as "status of 409": append to it."""
    return []


@pytest.fixture
def new_context(
    new_context: Callable[..., BrowserContext], allowed_console_errors: list[str]
) -> Iterator[Callable[..., BrowserContext]]:
    """Every browser context is watched: a request to another host, a console error or an exception fails the test."""
    faults: list[str] = []

    def note_request(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in _OWN_HOSTS:
            faults.append(f"request to another host: {url}")

    def note_console(kind: str, text: str, url: str) -> None:
        if kind == "error" and not any(part in text for part in allowed_console_errors):
            faults.append(f"console error: {text} ({url})")

    def watched(**kwargs: Any) -> BrowserContext:
        context = new_context(**kwargs)
        context.on("request", lambda request: note_request(request.url))
        context.on("console", lambda message: note_console(message.type, message.text, message.location["url"]))
        context.on("weberror", lambda error: faults.append(f"exception in a page: {error.error}"))
        return context

    yield watched
    assert not faults, "\n".join(faults)
