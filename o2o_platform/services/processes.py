"""Which processes a run has started, and how the next run finds those that a killed one left behind."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from o2o_platform.services.errors import ServiceError

# Start times come from the kernel's clock ticks plus the boot time, which moves a little when the clock is set.
_START_TOLERANCE_SECONDS = 2.0


@dataclass(frozen=True)
class Record:
    """One started process. Its start time tells it from a stranger that got the same pid later."""

    name: str
    pid: int
    started: float


class ProcessBook:
    """The processes of one run, written to a file as they start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._records: list[Record] = []

    def add(self, name: str, pid: int) -> None:
        """Write down a process that was just started."""
        with suppress(psutil.NoSuchProcess):
            self._records.append(Record(name, pid, psutil.Process(pid).create_time()))
            self._save()

    def clear(self) -> None:
        """Forget everything: all processes of this run have ended."""
        self._records = []
        self.path.unlink(missing_ok=True)

    def end_orphans(self) -> list[str]:
        """End what an earlier, killed run left running, and nothing else; returns the names of what was ended.

        Call it only while holding the run's lock: then the run that wrote the file is dead.
        """
        alive = [(record, process) for record in self._read() if (process := find(record))]
        for record, process in reversed(alive):
            # PostgreSQL takes SIGINT as "disconnect everyone, then shut down", and is given time for it. The others may
            # be killed at any moment: a task that was cut off comes back, a request is asked again.
            if record.name == "db":
                end(process, signal.SIGINT, patience_seconds=30)
            else:
                end(process, signal.SIGTERM, patience_seconds=2)
        self.clear()
        return [record.name for record, _ in alive]

    def _read(self) -> list[Record]:
        try:
            return [Record(**entry) for entry in json.loads(self.path.read_text())]
        except (OSError, ValueError, TypeError):
            return []  # none yet, or cut off by a crash: nothing that can be ended safely

    def _save(self) -> None:
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps([asdict(record) for record in self._records]))
        partial.replace(self.path)


def find(record: Record) -> psutil.Process | None:
    """The recorded process if it still runs; None when it ended or its pid now belongs to another process."""
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.started) < _START_TOLERANCE_SECONDS
        return process if same and _is_alive(process) else None
    except psutil.NoSuchProcess:
        return None


def end(process: psutil.Process, gentle: signal.Signals, *, patience_seconds: float) -> None:
    """End a process and its children: `gentle` first, SIGKILL after `patience_seconds`."""
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.send_signal(gentle)
        for member in _wait(family, patience_seconds):
            with suppress(psutil.NoSuchProcess):
                member.kill()
        _wait(family, 5)


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until the processes have ended; returns those that have not within `seconds`."""
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if _is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive


def _is_alive(process: psutil.Process) -> bool:
    # An ended orphan stays a zombie where the init process does not collect it, as in many containers.
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop_child(child: "subprocess.Popen[bytes]", *signals_and_patience: tuple[signal.Signals, float]) -> None:
    """Stop a child of this process, one signal after the other, waiting the seconds beside each; SIGKILL at last."""
    for signal_number, patience_seconds in signals_and_patience:
        if child.poll() is not None:
            return
        child.send_signal(signal_number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=patience_seconds)
            return
    # Every child leads its own session, so its pid names the group of its own children too.
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(timeout=5)


@contextmanager
def exclusive(path: Path, *, note: str) -> Iterator[None]:
    """Hold the lock file `path`, with `note` in it for whoever finds it taken.

    The kernel lets go of the lock when this process ends, however it ends. Raises ServiceError with the holder's
    note when another process has it.
    """
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ServiceError(lock.read().strip() or f"Another process holds {path}.") from None
        lock.truncate(0)
        lock.write(note)
        lock.flush()
        yield
