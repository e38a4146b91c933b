"""Production settings stop a half-configured deployment with one clear line."""

import os
import subprocess
import sys

import pytest

from o2o_platform.services.checks import PRODUCTION_ENVIRONMENT


def _load(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), **PRODUCTION_ENVIRONMENT, **changes}
    command = [sys.executable, "-c", "from django.conf import settings; print('DEBUG', settings.DEBUG)"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_complete_configuration_starts_without_debug():
    assert _load().stdout == "DEBUG False\n"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"DEBUG": "1"}, "DEBUG must be off in production."),
        ({"SECRET_KEY": ""}, "Set SECRET_KEY to a random string"),
        ({"SECRET_KEY": "short"}, "Set SECRET_KEY to a random string"),
        ({"SECRET_KEY": "local-only-not-a-secret" * 5}, "Set SECRET_KEY to a random string"),
        ({"DATABASE_URL": ""}, "Set DATABASE_URL"),
        ({"REDIS_URL": ""}, "Set REDIS_URL"),
        ({"EMAIL_URL": ""}, "Set EMAIL_URL or SMS_GATEWAY"),
        ({"ALLOWED_HOSTS": ""}, "Set ALLOWED_HOSTS"),
    ],
)
def test_half_configured_deployment_does_not_start(changes, line):
    result = _load(**changes)

    assert result.returncode != 0
    assert line in result.stderr.strip().splitlines()[-1]


_SANDBOX = {"PAYMENTS_SANDBOX_URL": "http://127.0.0.1:8001", "PAYMENTS_SANDBOX_MERCHANT": "carkeeper-test"}


def test_deployment_with_test_money_is_refused_by_the_check_and_offers_none():
    environment = {"PATH": os.environ["PATH"], **PRODUCTION_ENVIRONMENT, **_SANDBOX}
    program = "from django.conf import settings; print(settings.PAYMENT_PROVIDERS)"
    offered = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert offered.stdout == "{}\n"

    command = [sys.executable, "manage.py", "check", "--deploy", "--tag", "security"]
    checked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "payments.E001" in checked.stderr


def test_static_files_of_a_deployment_can_be_collected(tmp_path):
    program = (
        "import django; django.setup(); from django.conf import settings; from django.core import management;"
        "from django.contrib.staticfiles.storage import staticfiles_storage;"
        f"settings.STATIC_ROOT = {str(tmp_path)!r};"
        # What is asked is whether every name resolves; compressing takes a minute and answers nothing.
        "staticfiles_storage.compress_files = lambda names: ();"
        "management.call_command('collectstatic', '--noinput', verbosity=0)"
    )

    result = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), **PRODUCTION_ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert (tmp_path / "staticfiles.json").exists()
    assert not (tmp_path / "src").exists()
