"""The one way out to a provider: time-outs, no redirects, an end to every answer, and errors without secrets."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from payments.providers.base import ProviderUnavailableError
from payments.providers.options import Options

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
# The whole of an answer, however slowly it drips.
TOTAL_SECONDS = 60.0
MAX_ANSWER_BYTES = 1024 * 1024
MAX_BILL_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests of one provider. Options: `connect_timeout`, `read_timeout` (seconds), `proxy` (address)."""

    def __init__(self, options: Options) -> None:
        self.timeouts = (
            options.seconds("connect_timeout", CONNECT_SECONDS),
            options.seconds("read_timeout", READ_SECONDS),
        )
        self._proxy = options.text("proxy", "")

    def session(self) -> requests.Session:
        """A session that follows no redirect and takes nothing from the environment (proxies, .netrc passwords)."""
        session = requests.Session()
        session.trust_env = False
        session.max_redirects = 0
        if self._proxy:
            session.proxies = {"http": self._proxy, "https": self._proxy}
        return session

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = MAX_ANSWER_BYTES,
    ) -> Reply:
        """Send and read the answer, of any status but a redirect.

        Raises ProviderUnavailableError: no connection, time-out, redirect, more than `limit` bytes. The error names the
        host and never the address, which may carry signatures.
        """
        host = urlsplit(url).hostname
        try:
            with (
                self.session() as session,
                session.request(
                    method,
                    url,
                    headers=dict(headers or {}),
                    data=body,
                    timeout=self.timeouts,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                if response.is_redirect:
                    raise ProviderUnavailableError(f"{host} redirects")
                return Reply(
                    status=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=_read(response, limit),
                )
        except requests.RequestException as error:
            raise ProviderUnavailableError(f"{host}: {type(error).__name__}") from None


def _read(response: requests.Response, limit: int) -> bytes:
    deadline = time.monotonic() + TOTAL_SECONDS
    content = bytearray()
    for piece in response.iter_content(_PIECE_BYTES):
        content += piece
        if len(content) > limit:
            raise ProviderUnavailableError("the answer is too long")
        if time.monotonic() > deadline:
            raise ProviderUnavailableError("the answer takes too long")
    return bytes(content)
