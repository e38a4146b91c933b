"""Which providers this installation has. Only those that are configured are loaded, their SDKs with them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from payments.choices import ONLINE, ProviderKey
from payments.providers.base import Provider

# Each class takes `options: Mapping[str, str]`.
_CLASSES: Mapping[str, str] = {
    ProviderKey.ALIPAY: "payments.providers.alipay.AlipayProvider",
    ProviderKey.WECHAT: "payments.providers.wechat.WechatProvider",
    ProviderKey.STRIPE: "payments.providers.stripe_cards.StripeProvider",
    ProviderKey.SANDBOX: "payments.providers.sandbox.SandboxProvider",
}


class ProviderNotConfigured(KeyError):
    """This installation has no such provider."""


def online() -> list[Provider]:
    """The providers that owners can pay with here, in the order in which they are offered."""
    return [get(key) for key in ONLINE if key in settings.PAYMENT_PROVIDERS]


def get(key: str) -> Provider:
    """The provider of a key. Raises ProviderNotConfigured, or ImproperlyConfigured where an option is missing."""
    options: Mapping[str, str] | None = settings.PAYMENT_PROVIDERS.get(key)
    if options is None or key not in _CLASSES:
        raise ProviderNotConfigured(key)
    return _build(str(key), tuple(sorted(options.items())))


@lru_cache(maxsize=32)
def _build(key: str, options: tuple[tuple[str, str], ...]) -> Provider:
    """Keys are read once; other options (another test's) make another provider."""
    return cast(Provider, import_string(_CLASSES[key])(dict(options)))
