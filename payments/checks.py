"""What `check --deploy` asks of payments."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags
from django.core.checks import register as register_check
from django.core.exceptions import ImproperlyConfigured

from payments.choices import ProviderKey
from payments.providers import registry


def refuse_test_money(**_: Any) -> list[CheckMessage]:
    """An error where the sandbox provider is configured in a deployment: who pays with test money pays nothing."""
    configured = [*settings.PAYMENT_PROVIDERS, *settings.REFUSED_PAYMENT_PROVIDERS]
    if ProviderKey.SANDBOX not in configured:
        return []
    hint = "Remove every variable whose name starts with PAYMENTS_SANDBOX_."
    return [Error("The sandbox payment provider is configured.", hint=hint, id="payments.E001")]


def complete_providers(**_: Any) -> list[CheckMessage]:
    """An error for each provider that is configured by half: found here and not by the first owner who pays."""
    errors: list[CheckMessage] = []
    for key in settings.PAYMENT_PROVIDERS:
        try:
            registry.get(key)
        except (ImproperlyConfigured, registry.ProviderNotConfigured) as error:
            errors.append(Error(str(error), hint="See docs/payments-providers.md.", id="payments.E002"))
    return errors


def register() -> None:
    """Let `check --deploy` ask."""
    register_check(refuse_test_money, Tags.security, deploy=True)
    register_check(complete_providers, deploy=True)
