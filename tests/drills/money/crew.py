"""The processes of a drill, each started again whenever it dies: web, workers, two beats, the provider."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil
import redis
import requests

from tests.drills import servers
from tests.payments.sandbox_process import MERCHANT, SandboxProcess

SETTINGS = "tests.drills.money.settings"
_UP_SECONDS = 90


class Nursery:
    """The process that makes the others; see `tests.drills.money.nursery`."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.drills.money.nursery"]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._read() == "ready", "the drill's processes cannot be loaded"

    def make(self, arguments: list[str], log: Path) -> int:
        """Start a program; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "log": str(log)}) + "\n")
        self._process.stdin.flush()
        return int(self._read())

    def close(self) -> None:
        """End it, and with it all that it made."""
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class Supervised:
    """A process that the crew starts again when it has ended."""

    def __init__(self, name: str, nursery: Nursery, arguments: list[str], log: Path) -> None:
        self.name, self._nursery, self._arguments, self._log = name, nursery, arguments, log
        self._process: psutil.Process | None = None

    def ensure(self) -> None:
        """Start it if it does not run."""
        if self._process is None or not self._process.is_running():
            pid = self._nursery.make(self._arguments, self._log)
            with suppress(psutil.NoSuchProcess):
                self._process = psutil.Process(pid)

    def children(self) -> list[psutil.Process]:
        """The processes of its pool that live."""
        if self._process is None:
            return []
        with suppress(psutil.NoSuchProcess):
            return [child for child in self._process.children() if child.status() != psutil.STATUS_ZOMBIE]
        return []

    def kill(self) -> None:
        """kill -9 of it and its pool, as if the machine had gone."""
        if self._process is not None and self._process.is_running():
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            with suppress(psutil.TimeoutExpired):
                self._process.wait(timeout=5)

    def kill_child(self) -> bool:
        """kill -9 of one process of its pool, in the middle of whatever it does; the first process makes a new one."""
        children = self.children()
        if not children:
            return False
        with suppress(psutil.NoSuchProcess):
            random.choice(children).kill()
        return True


class Crew:
    """Everything that runs in a drill. Use it as a context manager: all of it is gone afterwards."""

    def __init__(self, folder: Path, *, settings: str = SETTINGS) -> None:
        self.folder, self._settings = folder, settings
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.notify_url = f"{self.url}/payments/notices/sandbox/"
        self.psp = SandboxProcess(folder / "sandbox", notify_url=self.notify_url)
        self.kills: Counter[str] = Counter()
        self._processes: list[Supervised] = []
        self._over, self._lock = threading.Event(), threading.Lock()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Crew:
        self.psp.start()
        self._nursery = Nursery(self._environment())
        self._processes = [self._web(), self._worker(1), self._worker(2), self._beat(1), self._beat(2)]
        self._watcher.start()
        try:
            self.wait_until_up()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything."""
        self._over.set()
        self._watcher.join()
        self._nursery.close()
        self.psp.kill()

    def wait_until_up(self) -> None:
        """Wait until a page comes from the web server and every worker has its pool."""
        deadline = time.monotonic() + _UP_SECONDS
        while time.monotonic() < deadline:
            workers = [process for process in self._processes if process.name == "worker"]
            if all(worker.children() for worker in workers) and self._answers():
                return
            time.sleep(0.2)
        raise AssertionError(f"web server or workers did not come up: {self.logs()[-2000:]}")

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/robots.txt", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def logs(self) -> str:
        """What the processes had to say."""
        return "\n".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("*.log")))

    # --- Harm -----------------------------------------------------------------------------------

    def kill(self, kind: str) -> None:
        """kill -9 of a random process of a kind: web, worker, a process of their pools, beat, sandbox."""
        with self._lock:
            if kind == "sandbox":
                self.psp.kill()
                self.psp.start()
                self.kills[kind] += 1
                return
            process = random.choice([each for each in self._processes if each.name == kind.removeprefix("one of ")])
            if not kind.startswith("one of "):
                process.kill()
                self.kills[kind] += 1
            elif process.kill_child():
                self.kills[kind] += 1

    def flush_broker(self) -> None:
        """FLUSHALL: every message that wakes a worker is gone."""
        with redis.Redis.from_url(servers.environment()["REDIS_URL"]) as client:
            client.flushall()

    # --- The processes --------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._over.is_set():
            with self._lock:
                for process in self._processes:
                    process.ensure()
            self._over.wait(0.2)

    def _environment(self) -> dict[str, str]:
        options = {f"PAYMENTS_SANDBOX_{name.upper()}": value for name, value in self.psp.options().items()}
        return {
            **servers.environment(),
            "DJANGO_SETTINGS_MODULE": self._settings,
            "SITE_URL": self.url,
            "DRILL_FOLDER": str(self.folder),
            "PAYMENTS_SANDBOX_MERCHANT": MERCHANT,
            **options,
        }

    def _supervised(self, name: str, number: int, *arguments: str) -> Supervised:
        return Supervised(name, self._nursery, list(arguments), self.folder / f"{name}-{number}.log")

    def _web(self) -> Supervised:
        options = ["--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--workers", "2", "--threads", "4"]
        options += ["--log-level", "critical", "--preload", "--graceful-timeout", "2"]
        return self._supervised("web", 1, "gunicorn", *options, "o2o_platform.wsgi:application")

    def _worker(self, number: int) -> Supervised:
        options = ["--loglevel", "ERROR", "--queues", "celery,money", "--concurrency", "2", "--hostname", f"w{number}"]
        options += ["--without-gossip", "--without-mingle"]
        return self._supervised("worker", number, "celery", "--quiet", "--app", "o2o_platform", "worker", *options)

    def _beat(self, number: int) -> Supervised:
        options = ["--loglevel", "ERROR", "--schedule", str(self.folder / f"schedule-{number}"), "--pidfile", ""]
        return self._supervised("beat", number, "celery", "--quiet", "--app", "o2o_platform", "beat", *options)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
