"""The API's own description, tried with generated input: whatever comes in, never a 500."""

import pytest
import schemathesis
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
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
def _a_world_and_no_throttle(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    job = bookable_job()
    user = UserFactory(is_staff=True)
    ShopMemberFactory(shop=job.shop, user=user)
    monkeypatch.setattr("rest_framework.throttling.SimpleRateThrottle.allow_request", lambda *_: True)
    monkeypatch.setattr("accounts.api.authentication.TokenAuthentication.authenticate", lambda *_: (user, None))


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@pytest.mark.usefixtures("_a_world_and_no_throttle")
def test_no_input_makes_the_server_fail(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=[not_a_server_error])
