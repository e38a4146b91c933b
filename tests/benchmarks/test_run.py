"""`make bench` still runs: its city, its SQL and its requests fit the platform as it is. Speed is no matter here."""

import os
import re
import subprocess
import sys
import tempfile

import pytest

from o2o_platform.services.paths import BASE_DIR

TINY = [
    *("--shops", "4", "--days", "2", "--rounds", "1", "--seconds", "1"),
    *("--repeats", "4", "--orders", "40", "--cars", "40"),
]


@pytest.mark.skipif(not os.environ.get("DRILL"), reason="takes a minute: part of make drill")
def test_measures_are_told_in_a_table_then_a_profile_of_the_same_city() -> None:
    # Not under pytest's folder, which every run closes to others: started by root, PostgreSQL runs as another.
    with tempfile.TemporaryDirectory() as kept:
        told = _run("slots", "search", "booking", "ledger", "settling", "recompute", "--keep", kept)
        profile = _run("--profile", "booking", "--keep", kept)

    assert len([line for line in told.splitlines() if line.startswith("| ")]) >= 14
    assert not re.search(r"\b5\d\d: ", told)
    assert re.search(r"how they ended \| 201: \d+", told)
    assert "building" in told
    assert "building" not in profile
    assert re.search(r"booking: [\d.]+ ms, of that [\d.]+ ms waiting for at most \d+ queries", profile)


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments, *TINY]
    done = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
