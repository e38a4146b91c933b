"""Calls to addresses that a stranger gave us: only over TLS, only to public addresses, and never elsewhere.

The name is looked up once and the connection goes to the very address that was judged, so that a name that answers
differently the second time gains nothing; redirects are not followed.
"""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

import certifi
from django.conf import settings
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Retry, Timeout
from urllib3.exceptions import HTTPError

TIMEOUT = Timeout(connect=3, read=5)
# The address of an IPv4 host as an IPv6 network's translator writes it (RFC 6052).
_TRANSLATED = IPv6Network("64:ff9b::/96")


class ForbiddenAddressError(Exception):
    """Nobody of ours calls there."""


class UnansweredError(Exception):
    """No such host, no connection, no certificate, or no answer in time."""


class Strangers:
    """Connections to strangers, one for each origin, kept open until `close`."""

    def __init__(self) -> None:
        self._pools: dict[str, HTTPConnectionPool] = {}

    def post(self, url: str, *, body: bytes, headers: dict[str, str]) -> BaseHTTPResponse:
        """POST; the answer's body is not read beyond 64 KB. Raises ForbiddenAddressError, UnansweredError."""
        parts = _parts(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._pools:
            self._pools[origin] = _pool(parts)
        target = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        try:
            answer = self._pools[origin].urlopen(
                "POST",
                target,
                body=body,
                headers=headers | {"Host": parts.netloc},
                redirect=False,
                retries=Retry(False),
                timeout=TIMEOUT,
                preload_content=False,
            )
            answer.read(65536)
            answer.release_conn()
        except (HTTPError, OSError) as error:
            raise UnansweredError(type(error).__name__) from error
        return answer

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        raise ForbiddenAddressError("not an address") from None
    if not is_address or parts.scheme not in ("https", "http"):
        raise ForbiddenAddressError("not an address")
    return parts


def _pool(parts: SplitResult) -> HTTPConnectionPool:
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_secure else 80)
    address = _public_address(host, port, is_secure=is_secure)
    if not is_secure:
        return HTTPConnectionPool(address, port)
    return HTTPSConnectionPool(
        address,
        port,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
        server_hostname=host,
        assert_hostname=host,
    )


def _public_address(host: str, port: int, *, is_secure: bool) -> str:
    try:
        found = {str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise UnansweredError(f"{host}: {error}") from error
    if settings.STRANGERS_MAY_BE_LOCAL and all(ip_address(address).is_loopback for address in found):
        return min(found)
    if not is_secure or not all(_is_public(address) for address in found):
        raise ForbiddenAddressError(host)
    return min(found, key=lambda address: (":" in address, address))


def _is_public(address: str) -> bool:
    judged = ip_address(address.partition("%")[0])
    if isinstance(judged, IPv6Address):
        if judged in _TRANSLATED or judged.sixtofour or judged.teredo:
            return False
        judged = judged.ipv4_mapped or judged
    return judged.is_global and not judged.is_multicast
