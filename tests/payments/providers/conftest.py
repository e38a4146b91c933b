"""A provider's stand-in for outgoing calls, and a watch over notices: reading one never calls anybody."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.payments.providers.stand_in import StandIn, standing_in


@pytest.fixture(scope="session")
def served() -> Iterator[StandIn]:
    """One server for all tests: a provider is made once for its address, and reading keys is what takes long."""
    with standing_in() as place:
        yield place


@pytest.fixture
def stand_in(served: StandIn) -> Iterator[StandIn]:
    served.begin()
    yield served
    served.is_over.set()


@pytest.fixture
def no_calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail the test if anything looks up a name or connects, even where the error is swallowed."""
    calls: list[Any] = []

    def forbidden(*args: Any, **kwargs: Any) -> None:
        calls.append(args)
        raise AssertionError("an outbound call")

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "connect", forbidden)
        patch.setattr(socket.socket, "connect_ex", forbidden)
        patch.setattr(socket, "getaddrinfo", forbidden)
        yield
    assert not calls
