"""A database with every migration run, kept as a dump: a test run loads it instead of running them all again."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from o2o_platform.services.errors import ServiceError
from o2o_platform.services.paths import BASE_DIR
from o2o_platform.services.postgres import Postgres, binary

NAME = "migrated"
# For the branches that somebody goes back and forth between.
_KEPT = 3
_COMMAND = "o2o_platform/management/commands/migrate_for_tests.py"


def create(server: Postgres, keep_in: Path) -> str:
    """Create the database on the server, from the dump that fits today's migrations or by running them, and return its
    name. Leaves a new dump behind, whole or not at all. Raises ServiceError with the program's last words."""
    server.create_database(NAME)
    address = server.url(NAME)
    dump = keep_in / f"migrated-{_fingerprint()}.sql"
    if dump.exists():
        _run([binary("psql"), "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", dump, address])
        dump.touch()
        return NAME
    _run([sys.executable, BASE_DIR / "manage.py", "migrate_for_tests", "--verbosity=0"], DATABASE_URL=address)
    partial = dump.with_suffix(f".{os.getpid()}.partial")
    _run([binary("pg_dump"), "--no-owner", "-f", partial, address])
    partial.replace(dump)
    for old in sorted(keep_in.glob("migrated-*.sql"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        old.unlink(missing_ok=True)
    return NAME


def _fingerprint() -> str:
    """Of everything that migrations are made of: our own, the SQL they share, and the packages' by their versions."""
    digest = hashlib.sha256()
    for source in _sources():
        digest.update(f"{source.relative_to(BASE_DIR)}\0".encode() + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _sources() -> Iterable[Path]:
    yield from (BASE_DIR / "requirements.txt", BASE_DIR / "core" / "sql.py", BASE_DIR / _COMMAND)
    yield from sorted(BASE_DIR.glob("*/migrations/*.py"))


def _run(command: list[str | Path], **environment: str) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "o2o_platform.settings.test"}
    done = subprocess.run(
        command,
        cwd=BASE_DIR,
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise ServiceError(f"{Path(command[0]).name} could not make the database of a test run: {words[-1]}")
