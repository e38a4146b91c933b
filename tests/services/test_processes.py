import errno
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from o2o_platform.services.errors import ServiceError, explain, require_disk_space
from o2o_platform.services.processes import ProcessBook, exclusive, stop_child

_STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()


def test_orphan_of_a_killed_run_is_ended(tmp_path: Path, sleeper):
    ProcessBook(tmp_path / "processes.json").add("web", sleeper.pid)

    ended = ProcessBook(tmp_path / "processes.json").end_orphans()

    assert ended == ["web"]
    assert sleeper.wait(timeout=5) == -signal.SIGTERM
    assert not (tmp_path / "processes.json").exists()


def test_stranger_with_a_recorded_pid_is_left_alone(tmp_path: Path, sleeper):
    book = tmp_path / "processes.json"
    book.write_text(json.dumps([{"name": "web", "pid": sleeper.pid, "started": time.time() - 3600}]))

    assert ProcessBook(book).end_orphans() == []
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "[{", "[1]", '{"name": "web"}', '[{"pid": 1}]'])
def test_record_cut_off_by_a_crash_ends_nothing(tmp_path: Path, text):
    book = tmp_path / "processes.json"
    book.write_text(text)

    assert ProcessBook(book).end_orphans() == []


def test_ended_process_is_no_orphan(tmp_path: Path, sleeper):
    ProcessBook(tmp_path / "processes.json").add("web", sleeper.pid)
    sleeper.kill()
    sleeper.wait()

    assert ProcessBook(tmp_path / "processes.json").end_orphans() == []


def test_child_that_ignores_the_gentle_signal_is_killed():
    child = subprocess.Popen([sys.executable, "-c", _STUBBORN], stdout=subprocess.PIPE, start_new_session=True)
    child.stdout.readline()

    stop_child(child, (signal.SIGTERM, 0.3))

    assert child.returncode == -signal.SIGKILL
    child.stdout.close()


def test_second_instance_is_told_who_is_first(tmp_path: Path):
    lock = tmp_path / "run.lock"
    refused = pytest.raises(ServiceError, match=r"^CarKeeper runs here already\.$")
    with exclusive(lock, note="CarKeeper runs here already."), refused, exclusive(lock, note="second"):
        pass

    with exclusive(lock, note="third"):
        assert lock.read_text() == "third"


def test_full_disk_is_named_in_one_line(tmp_path: Path):
    with pytest.raises(ServiceError, match=r"^The disk is full: .* MB free, CarKeeper needs 999999999 MB\.$"):
        require_disk_space(tmp_path, needed_mb=999_999_999)


def test_running_out_of_disk_while_writing_is_named_in_one_line():
    error = OSError(errno.ENOSPC, "No space left on device", "/data/x")

    assert explain(error) == "The disk is full: could not write /data/x."
