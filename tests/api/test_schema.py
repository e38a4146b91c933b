"""The API's own description, tried with generated input: whatever comes in, never a 500."""

from collections.abc import Iterator

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job
from tests.factories.shops import ShopMemberFactory

pytestmark = pytest.mark.django_db

schema = schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application())


def test_the_schema_is_valid_and_without_warnings() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


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


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@pytest.mark.usefixtures("_one_connection", "_a_signed_in_member")
def test_no_input_makes_the_server_fail(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=[not_a_server_error])
