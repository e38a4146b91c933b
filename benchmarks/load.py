"""Eight impatient clients on loopback, and pgbench beside them. Every load is bounded by a number of seconds."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

from o2o_platform.services.postgres import binary

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one load reached: answers a second and, for HTTP, seconds an answer took and how they ended."""

    per_second: float
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    statuses: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a client."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    is_last: bool = True  # of what is counted and timed as one: a booking is a hold and its confirmation


Script = Generator[Call, dict[str, Any], None]


def over_http(port: int, clients: int, seconds: float, script: Callable[[int], Script]) -> Rate:
    """Let each client send the calls of `script(client)` over one connection, handing it each answer."""
    took: list[float] = []
    statuses: dict[int, int] = {}
    lock, end = threading.Lock(), time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        mine: list[tuple[float, int]] = []
        calls = script(number)
        call, spent = next(calls, None), 0.0
        while call is not None and time.perf_counter() < end:
            start = time.perf_counter()
            body = json.dumps(call.body) if call.body is not None else None
            headers = {"Accept-Language": "en", "Content-Type": "application/json", **dict(call.headers)}
            connection.request(call.method, call.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            spent += time.perf_counter() - start
            if call.is_last or answer.status >= 400:
                mine.append((spent, answer.status))
                spent = 0.0
            found = json.loads(content) if not call.is_last else {}
            with suppress(StopIteration):
                call = calls.send({**found, "http_status": answer.status} if isinstance(found, dict) else {})
        connection.close()
        with lock:
            took.extend(duration for duration, _ in mine)
            for _, status in mine:
                statuses[status] = statuses.get(status, 0) + 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    p95 = quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    return Rate(len(took) / elapsed, median(took) * 1000, p95 * 1000, tuple(sorted(statuses.items())))


def pgbench(script: str, clients: int, seconds: int, **variables: int | float) -> Rate:
    """Run one of `benchmarks/sql` in pgbench with prepared statements on the same database."""
    target = urlsplit(os.environ["DATABASE_URL"])
    host = dict(part.split("=", 1) for part in target.query.split("&") if part).get("host", target.hostname or "")
    command = [str(binary("pgbench")), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds)]
    command += ["-f", str(SQL / script), "-h", host, "-U", target.username or "postgres"]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    done = subprocess.run([*command, target.path.lstrip("/")], capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or not found:
        raise RuntimeError(f"pgbench {script}: {done.stderr.strip()[-800:]}")
    latency = re.search(r"latency average = ([\d.]+) ms", done.stdout)
    return Rate(float(found[1]), float(latency[1]) if latency else 0.0)
