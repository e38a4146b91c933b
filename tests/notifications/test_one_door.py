"""Nobody outside `notifications` sends: the rooms tell (`notifications.telling`), and it leaves in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROOMS = (
    "accounts",
    "bookings",
    "catalog",
    "core",
    "o2o_platform",
    "payments",
    "reminders",
    "reviews",
    "shops",
    "vehicles",
)
# Who imports one of these can send what was not told. (`delivering` sends nothing else.)
SENDERS = (
    "django.core.mail",
    "notifications.channels",
    "notifications.delivery",
    "smtplib",
    "pywebpush",
)


def imported(source: str) -> Iterator[str]:
    """The full names of all that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def senders_in(source: str) -> list[str]:
    """Which of its imports can send."""
    return [name for name in imported(source) if any(f"{name}.".startswith(f"{sender}.") for sender in SENDERS)]


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_sends_by_itself(room: str) -> None:
    modules = sorted((ROOT / room).rglob("*.py"))
    assert modules
    found = {str(path.relative_to(ROOT)): senders_in(path.read_text()) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from django.core import mail",
        "from django.core.mail import send_mail",
        "from notifications import delivery",
        "from notifications.delivery import send_template",
        "def f():\n    import smtplib",
        "import notifications.channels.sms",
        "from notifications.channels.email import EmailSender",
    ],
)
def test_what_sends_is_recognised(source: str) -> None:
    assert senders_in(source)


def test_what_tells_is_not() -> None:
    assert senders_in("from notifications import kinds, telling\nfrom notifications.preferences import Reach") == []
