"""The points at which drills kill processes."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from core import faults


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    signals: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: signals.append(number))
    return signals


def test_point_does_nothing_unless_a_drill_names_it(killed: list[int]) -> None:
    faults.point("payments.ask.called")
    assert killed == []


def test_named_point_kills_once(settings: Any, killed: list[int], tmp_path: Path) -> None:
    settings.FAULT_POINT, settings.FAULT_MARK = "payments.ask.called", str(tmp_path / "mark")
    for name in ("payments.record.committed", "payments.ask.called", "payments.ask.called"):
        faults.point(name)
    assert killed == [signal.SIGKILL]
