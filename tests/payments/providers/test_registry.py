"""Which providers an installation has."""

import subprocess
import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from o2o_platform.settings.payment_providers import from_environment
from payments import checks
from payments.choices import ONLINE
from payments.providers import registry
from payments.providers.registry import ProviderNotConfigured

STRIPE = {"api_key": "sk_test_1", "webhook_secret": "whsec_1"}


def test_nothing_is_configured_by_nothing(settings: Any) -> None:
    settings.PAYMENT_PROVIDERS = from_environment(
        {"PATH": "/bin", "PAYMENTS_STRIPE_API_KEY": " ", "STRIPE_API_KEY": "x"}
    )
    assert settings.PAYMENT_PROVIDERS == {}
    assert registry.online() == []


def test_the_environment_names_options_by_provider() -> None:
    found = from_environment(
        {"PAYMENTS_ALIPAY_APP_ID": "1", "PAYMENTS_WECHAT_MCHID": "2", "PAYMENTS_ALIPAY_SELLER_ID": "3"}
    )
    assert found == {"alipay": {"app_id": "1", "seller_id": "3"}, "wechat": {"mchid": "2"}}


def test_a_configured_provider_is_made_once(settings: Any) -> None:
    settings.PAYMENT_PROVIDERS = {"stripe": STRIPE}
    assert registry.get("stripe") is registry.get("stripe")
    assert [provider.key for provider in registry.online()] == ["stripe"]


def test_other_options_make_another_provider(settings: Any) -> None:
    settings.PAYMENT_PROVIDERS = {"stripe": STRIPE}
    first = registry.get("stripe")
    settings.PAYMENT_PROVIDERS = {"stripe": {**STRIPE, "api_key": "sk_test_2"}}
    assert registry.get("stripe") is not first


@pytest.mark.parametrize("key", ["alipay", "shop", "bank", "", "paypal"])
def test_a_provider_that_is_not_configured_is_not_there(settings: Any, key: str) -> None:
    settings.PAYMENT_PROVIDERS = {"stripe": STRIPE, "shop": {}, "paypal": {}}
    with pytest.raises(ProviderNotConfigured):
        registry.get(key)
    with pytest.raises(KeyError):
        registry.get(key)


def test_half_a_configuration_is_named(settings: Any) -> None:
    settings.PAYMENT_PROVIDERS = {"stripe": {"api_key": "sk_test_1"}}
    with pytest.raises(ImproperlyConfigured, match="PAYMENTS_STRIPE_WEBHOOK_SECRET"):
        registry.get("stripe")


@pytest.mark.parametrize("key", ONLINE)
def test_every_provider_for_owners_has_a_class_that_calls_itself_so(key: str) -> None:
    provider = import_string(registry._CLASSES[key])
    assert provider.key == key
    assert provider.acknowledgement[0] == 200


def test_a_deployment_check_finds_half_a_configuration(settings: Any) -> None:
    settings.PAYMENT_PROVIDERS = {"stripe": STRIPE}
    assert checks.complete_providers() == []
    settings.PAYMENT_PROVIDERS = {"stripe": STRIPE, "alipay": {"app_id": "1"}}
    (error,) = checks.complete_providers()
    assert (error.id, error.msg) == ("payments.E002", "PAYMENTS_ALIPAY_SELLER_ID is missing.")


def test_an_sdk_that_is_not_used_is_not_loaded() -> None:
    program = (
        "import sys; from django.conf import settings; settings.configure(PAYMENT_PROVIDERS={});"
        "from payments.providers import registry; registry.online();"
        "sys.exit(bool({'stripe', 'alipay', 'wechatpayv3', 'requests'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
