"""Impatient clients on loopback, and pgbench beside them. Every load is bounded by a number of seconds.

The clients share the machine with what they measure, so they do little: sent bytes are made once, and of an answer they
read its status and its length.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import parse_qs, urlsplit

from benchmarks.calls import Call
from o2o_platform.services.postgres import binary

SQL = Path(__file__).parent / "sql"

# Yields calls and is handed the status and body of each answer.
Script = Generator[Call, tuple[int, bytes], None]


@dataclass(frozen=True, slots=True)
class Rate:
    """What one load reached: good answers a second; for ours, the seconds each took and how all of them ended."""

    per_second: float
    seconds: tuple[float, ...] = ()
    statuses: tuple[tuple[int, int], ...] = ()

    @property
    def p50_ms(self) -> float:
        return median(self.seconds) * 1000

    @property
    def p95_ms(self) -> float:
        return p95(self.seconds) * 1000


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


class Connection:
    """A keep-alive connection of a client."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connect()

    def ask(self, call: Call) -> tuple[int, bytes]:
        """Send a call, read the whole answer: status and body. A connection that was closed is made anew, once."""
        try:
            return self._ask(call)
        except ConnectionError:
            self._connect()
            return self._ask(call)

    def close(self) -> None:
        self._socket.close()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _ask(self, call: Call) -> tuple[int, bytes]:
        self._socket.sendall(call.wire)
        answer = bytearray()
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        found = re.search(rb"content-length: (\d+)", answer[:end], re.IGNORECASE)
        if not found:
            raise ValueError(f"an answer without a length: {bytes(answer[:end])!r}")
        length = end + 4 + int(found[1])
        while len(answer) < length:
            answer += self._more()
        return int(answer[9:12]), bytes(answer[end + 4 :])

    def _more(self) -> bytes:
        data = self._socket.recv(262_144)
        if not data:
            raise ConnectionResetError
        return data


def over_http(port: int, clients: int, seconds: float, script: Callable[[int], Script]) -> Rate:
    """Let each client send the calls of `script(number)` over one connection, handing it each answer."""
    done: list[tuple[float, int]] = []
    failures: list[BaseException] = []
    end = time.perf_counter() + seconds

    def client(number: int) -> None:
        try:
            done.extend(_sent(Connection(port), script(number), end))
        except Exception as failure:  # told by the main thread: a thread's own failure is easily overlooked
            failures.append(failure)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    if failures:
        raise failures[0]
    statuses = Counter(status for _, status in done)
    good = sum(count for status, count in statuses.items() if status < 400)
    return Rate(good / elapsed, tuple(spent for spent, _ in done), tuple(sorted(statuses.items())))


def _sent(connection: Connection, calls: Script, end: float) -> list[tuple[float, int]]:
    """Seconds and status of everything that one client got done before `end`."""
    done: list[tuple[float, int]] = []
    call, spent = next(calls, None), 0.0
    while call is not None and time.perf_counter() < end:
        start = time.perf_counter()
        status, body = connection.ask(call)
        spent += time.perf_counter() - start
        if call.is_last or status >= 400:
            done.append((spent, status))
            spent = 0.0
        call = None
        with suppress(StopIteration):
            call = calls.send((status, body))
    connection.close()
    return done


def pgbench(script: str, clients: int, seconds: float, **variables: float) -> Rate:
    """Run one of `benchmarks/sql` in pgbench with prepared statements on the same database."""
    target = urlsplit(os.environ["DATABASE_URL"])
    host = parse_qs(target.query).get("host", [target.hostname or ""])[0]
    command = [str(binary("pgbench")), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2))]
    command += ["-T", str(max(round(seconds), 1)), "-f", str(SQL / script), "-h", host]
    command += ["-U", target.username or "postgres"]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    done = subprocess.run([*command, target.path.lstrip("/")], capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if done.returncode or not found or (failed and int(failed[1])):
        raise RuntimeError(f"pgbench {script}: {done.stderr.strip()[-800:] or done.stdout}")
    return Rate(float(found[1]))
