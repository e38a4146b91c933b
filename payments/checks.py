"""What `check --deploy` asks of payments."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags
from django.core.checks import register as register_check

from payments.choices import ProviderKey


def refuse_test_money(**_: Any) -> list[CheckMessage]:
    """An error where the sandbox provider is configured in a deployment: who pays with test money pays nothing."""
    configured = [*settings.PAYMENT_PROVIDERS, *settings.REFUSED_PAYMENT_PROVIDERS]
    if ProviderKey.SANDBOX not in configured:
        return []
    hint = "Remove every variable whose name starts with PAYMENTS_SANDBOX_."
    return [Error("The sandbox payment provider is configured.", hint=hint, id="payments.E001")]


def register() -> None:
    """Let `check --deploy` ask."""
    register_check(refuse_test_money, Tags.security, deploy=True)
