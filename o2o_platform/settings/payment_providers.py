"""Payment providers of this installation, from the environment: `PAYMENTS_<PROVIDER>_<OPTION>`."""

from collections.abc import Mapping

# Their options are listed in docs/payments-providers.md and at the top of each module of payments.providers.
_PREFIXES = {
    "alipay": "PAYMENTS_ALIPAY_",
    "wechat": "PAYMENTS_WECHAT_",
    "stripe": "PAYMENTS_STRIPE_",
    "sandbox": "PAYMENTS_SANDBOX_",
}


def from_environment(environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Options by provider. One that no variable names is not there at all; an empty variable names nothing."""
    found = {
        key: {
            name.removeprefix(prefix).lower(): value for name, value in environ.items() if _is_of(name, prefix, value)
        }
        for key, prefix in _PREFIXES.items()
    }
    return {key: options for key, options in found.items() if options}


def _is_of(name: str, prefix: str, value: str) -> bool:
    return name.startswith(prefix) and bool(value.strip())
