"""The database that test runs start from: the same whether the migrations were run or their dump was loaded."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from o2o_platform.services import migrated
from o2o_platform.services.errors import ServiceError
from o2o_platform.services.paths import BASE_DIR, DATA_DIR
from o2o_platform.services.postgres import Postgres, binary
from o2o_platform.services.processes import ProcessBook

# What there is, by name and kind, and every row. The text of a condition may come back with other casts.
_THINGS = re.compile(r"^-- Name: [^\n]*$|^COPY .*?^\\\.$", re.MULTILINE | re.DOTALL)

# When a migration ran, and the word that pg_dump makes up for each dump.
_WHEN = re.compile(r"\t20\d\d-\d\d-\d\d [\d:.]+\+00$|^\\(?:un)?restrict \w+$", re.MULTILINE)


def _dumped(address: str) -> str:
    found = subprocess.run([binary("pg_dump"), "--no-owner", address], capture_output=True, text=True, check=True)
    return found.stdout


@pytest.mark.skipif("TEST_DATABASE_TEMPLATE" not in os.environ, reason="DATABASE_URL was given: nothing is kept")
def test_the_dump_holds_all_that_the_migrations_made():
    kept = max((DATA_DIR / "tests").glob("migrated-*.sql"), key=lambda path: path.stat().st_mtime)
    address = re.sub(r"/\w+\?", f"/{migrated.NAME}?", os.environ["DATABASE_URL"])
    things = _THINGS.findall(kept.read_text())
    assert any("Type: TRIGGER" in thing for thing in things)
    assert any("COPY public.django_migrations" in thing for thing in things)
    assert _THINGS.findall(_dumped(address)) == things


@pytest.mark.skipif(not os.environ.get("DRILL"), reason="takes a minute: part of make drill")
def test_migrations_for_tests_make_what_migrations_make(tmp_path: Path):
    server = Postgres(tmp_path / "postgres", throw_away=True)
    dumps = []
    try:
        server.start(ProcessBook(tmp_path / "processes.json"))
        for command in ("migrate", "migrate_for_tests"):
            server.create_database(command)
            migrated._run(
                [sys.executable, BASE_DIR / "manage.py", command, "--verbosity=0"], DATABASE_URL=server.url(command)
            )
            dumps.append(_WHEN.sub("", _dumped(server.url(command))))
    finally:
        server.stop()
    assert dumps[0] == dumps[1]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("requirements.txt", "core/sql.py", "shops/migrations/0001_initial.py", migrated._COMMAND):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was\n")
    monkeypatch.setattr(migrated, "BASE_DIR", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["requirements.txt", "core/sql.py", "shops/migrations/0001_initial.py"])
def test_another_source_makes_another_dump(name: str, sources: Path):
    before = migrated._fingerprint()
    assert migrated._fingerprint() == before
    (sources / name).write_text("changed\n")
    assert migrated._fingerprint() != before


def test_a_new_migration_makes_another_dump(sources: Path):
    before = migrated._fingerprint()
    (sources / "shops" / "migrations" / "0002_more.py").write_text("as it was\n")
    assert migrated._fingerprint() != before


def test_migrations_that_fail_say_why_and_leave_nothing(sources: Path, tmp_path: Path):
    (sources / "manage.py").write_text("raise SystemExit('no such column')\n")
    kept = tmp_path / "kept"
    kept.mkdir()
    server = Postgres(tmp_path / "postgres", throw_away=True)
    try:
        server.start(ProcessBook(tmp_path / "processes.json"))
        with pytest.raises(ServiceError, match="no such column"):
            migrated.create(server, kept)
    finally:
        server.stop()
    assert list(kept.iterdir()) == []
