"""Drills kill processes and take minutes: `make drill` runs them, `make test` and CI do not."""

import os

import pytest

collect_ignore_glob = [] if os.environ.get("DRILL") else ["test_*.py"]

_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Lines that are shown at the end of the run."""
    return pytestconfig.stash.setdefault(_FIGURES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(_FIGURES, [])
    if lines:
        terminalreporter.section("what the drills moved")
        for line in lines:
            terminalreporter.write_line(line)
