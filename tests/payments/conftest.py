"""What tests about money share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.payments.sandbox_process import SandboxProcess

# Of payouts, which name no address of their own.
NOTIFY_URL = "http://testserver/payments/notices/sandbox/"


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The sandbox provider, one process for each worker of the tests."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox-psp"), notify_url=NOTIFY_URL) as process:
        yield process


@pytest.fixture
def sandbox_psp(sandbox_process: SandboxProcess, settings: Any) -> SandboxProcess:
    """The sandbox provider with empty books, known to the platform. It keeps its notices until a test takes them."""
    sandbox_process.start()
    sandbox_process.empty()
    sandbox_process.hold_notices()
    settings.PAYMENT_PROVIDERS = {"sandbox": sandbox_process.options()}
    return sandbox_process
