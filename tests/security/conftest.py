"""What every attack starts from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from rest_framework.throttling import SimpleRateThrottle

from accounts.models import User
from tests.security import world as worlds
from tests.security.world import World


@pytest.fixture
def world(db: None) -> World:
    return worlds.build()


@pytest.fixture
def unthrottled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test knock more often than a client may, so that it meets the code behind the throttle."""
    monkeypatch.setattr(SimpleRateThrottle, "allow_request", lambda *_args: True)


@pytest.fixture
def client_of() -> Callable[[User | None], Client]:
    """A browser, signed in as the person if one is given; exceptions become answers, as in production."""

    def make(user: User | None = None) -> Client:
        client = Client(raise_request_exception=False)
        if user is not None:
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of refusals, each with its line in the log, would bury what failed."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)
