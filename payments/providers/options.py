"""What a provider is configured with, read strictly. A mistake names the variable and never shows its value."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from payments.providers import keys

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Options:
    """The options of one provider: `PAYMENTS_<PROVIDER>_<NAME>` in the environment."""

    def __init__(self, provider: str, values: Mapping[str, str]) -> None:
        self._provider, self._values = provider, values

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it is required."""
        value = self._values.get(name, "").strip() or default
        if value is None:
            raise self._wrong(name, "is missing")
        return value

    def is_set(self, name: str) -> bool:
        """Whether the option is there at all."""
        return bool(self._values.get(name, "").strip())

    def flag(self, name: str) -> bool:
        """Whether the option is switched on: 1, true, yes."""
        return self.text(name, "").lower() in {"1", "true", "yes", "on"}

    def seconds(self, name: str, default: float) -> float:
        """A time-out between 50 ms and a minute."""
        try:
            value = float(self.text(name, str(default)))
        except ValueError:
            raise self._wrong(name, "is not a number of seconds") from None
        if not 0.05 <= value <= 60:
            raise self._wrong(name, "is not between 0.05 and 60 seconds")
        return value

    def address(self, name: str, default: str) -> str:
        """An https address without a slash at the end. Plain http only for this machine."""
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if not parts.hostname or (parts.scheme != "https" and not is_local(value)):
            raise self._wrong(name, "is not an https address")
        return value

    def private_key(self, name: str) -> str:
        """An RSA private key (PEM), from text or file."""
        return self._key(name, keys.private_pem)

    def public_key(self, name: str) -> str:
        """An RSA public key (PEM), from text or file."""
        return self._key(name, keys.public_pem)

    def certificate(self, name: str) -> str:
        """A certificate or a chain (PEM), from text or file."""
        return self._key(name, keys.text_of)

    def _key(self, name: str, read: Callable[[str], str]) -> str:
        value = self.text(name)
        try:
            return read(value)
        except keys.KeyUnreadableError as error:
            raise self._wrong(name, f"is {error}") from None

    def _wrong(self, name: str, what: str) -> ImproperlyConfigured:
        return ImproperlyConfigured(f"PAYMENTS_{self._provider.upper()}_{name.upper()} {what}.")


def is_local(address: str) -> bool:
    """Whether an http address is one of this machine: a stand-in for a provider, never a real one."""
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK
