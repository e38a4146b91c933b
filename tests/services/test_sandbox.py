"""The sandbox payment provider as a child of `make run`."""

import os
import socket
from pathlib import Path

import pytest

from o2o_platform.services import launcher, sandbox
from o2o_platform.services.config import Config
from o2o_platform.services.launcher import Run
from o2o_platform.services.processes import ProcessBook
from o2o_platform.settings.payment_providers import from_environment
from payments.providers.base import Standing
from payments.providers.sandbox import SandboxProvider


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(launcher, "DATA_DIR", tmp_path)
    monkeypatch.setattr(launcher, "ENVIRONMENT_FILE", tmp_path / "services.env")
    elsewhere = {"database_url": "postgres://elsewhere", "redis_url": "redis://elsewhere"}
    settings = Config(port=_free_port(), mail=False, **elsewhere)
    named = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "SITE_URL": settings.address}
    return Run(settings, ProcessBook(tmp_path / "processes.json"), {**os.environ, **named})


def test_run_starts_it_tells_the_platform_and_stops_it(run: Run, tmp_path: Path):
    try:
        run.start_servers()

        variables = dict(line.split("=", 1) for line in (tmp_path / "services.env").read_text().splitlines())
        options = from_environment(variables)["sandbox"]
        assert options == from_environment(run.environment)["sandbox"]
        assert SandboxProvider(options).ask("P1").standing == Standing.MISSING
        [child] = run.children
        assert (child.name, child.process.poll()) == ("sandbox", None)
        assert (tmp_path / "sandbox" / "merchant-private.pem").stat().st_mode & 0o777 == 0o600
    finally:
        run.shut_down()
    assert child.process.returncode == 0
    assert not (tmp_path / "services.env").exists()


def test_its_keys_stay_for_the_next_run(run: Run, tmp_path: Path):
    kept = []
    for _ in range(2):
        try:
            run.start_servers()
            kept.append((tmp_path / "sandbox" / "sandbox-public.pem").read_bytes())
        finally:
            run.shut_down()
            run.children.clear()
    assert kept[0] == kept[1]


def test_run_without_it_tells_the_platform_nothing(tmp_path: Path, run: Run):
    run.settings = Config(sandbox=False, mail=False, database_url="postgres://elsewhere", redis_url="redis://elsewhere")
    run.start_servers()
    assert run.children == []
    assert "PAYMENTS" not in (tmp_path / "services.env").read_text()
    run.shut_down()


def test_taken_port_beside_the_web_server_is_passed_over():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert sandbox.place(Config(port=port - 1)).port > port
