"""The API's own description, tried with generated input: whatever comes in, never a 500."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation

from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job
from tests.factories.shops import ShopMemberFactory

pytestmark = pytest.mark.django_db

DRILL = bool(os.environ.get("DRILL"))
# The paths of the API are dealt to so many tests, which workers share; the input is generated where it is tried.
PARTS = 12
# Of each kind of input, so many for each operation. `make drill` tries every one.
OF_A_KIND = 6


def test_the_schema_is_valid_and_without_warnings() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


@functools.cache
def _api() -> Any:
    return schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application())


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """The application runs in the test's transaction: it must not close the connection after a request."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def _a_signed_in_member(monkeypatch: pytest.MonkeyPatch) -> None:
    job = bookable_job(slug="shenchi")
    user = UserFactory(is_staff=True)
    ShopMemberFactory(shop=job.shop, user=user)
    monkeypatch.setattr("rest_framework.throttling.SimpleRateThrottle.allow_request", lambda *_: True)
    monkeypatch.setattr("accounts.api.authentication.TokenAuthentication.authenticate", lambda *_: (user, None))


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.usefixtures("_one_connection", "_a_signed_in_member")
def test_no_input_makes_the_server_fail(part: int, subtests: pytest.Subtests) -> None:
    api = _api()
    for place, path in enumerate(sorted(api)):
        if place % PARTS == part:
            for operation in api[path].values():
                with subtests.test(operation.label), transaction.atomic():
                    cache.clear()
                    for case in _chosen(operation, place):
                        _try(case)
                    _try_any(operation)
                    transaction.set_rollback(True)


def _try(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=[not_a_server_error])


def _try_any(operation: Any) -> None:
    """A few random requests, the same in every run, of those that the description allows and forbids."""
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode])
    few = settings(
        max_examples=40 if DRILL else 4, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    few(given(case=cases)(_try))()


def _chosen(operation: Any, turn: int) -> list[schemathesis.Case]:
    """Of every kind of input up to `OF_A_KIND` places that can have it, each with one value; paths take turns at which.

    An undeclared method, and what is odd among the headers, is one kind with one place.
    """
    generation = operation.schema.config.generation_for(operation=operation, phase="coverage")
    cases = list(
        operation.schema.iter_coverage_cases(operation, generation_modes=generation.modes, generation_config=generation)
    )
    if DRILL:
        return cases
    kinds: dict[Any, dict[Any, list[schemathesis.Case]]] = {}
    for case in cases:
        about = case.meta.phase.data
        is_one = about.parameter is None and about.parameter_location in (None, ParameterLocation.HEADER)
        place = None if is_one else (about.parameter, about.description, about.location)
        kinds.setdefault((about.scenario, about.parameter_location), {}).setdefault(place, []).append(case)
    chosen = []
    for places in kinds.values():
        step = -(-len(places) // OF_A_KIND)
        taken = list(places.values())[turn % step :: step]
        chosen += [values[(turn + nth) % len(values)] for nth, values in enumerate(taken)]
    return chosen
