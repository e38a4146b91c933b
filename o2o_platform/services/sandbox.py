"""The sandbox payment provider of a run: how it is started, and what the platform has to know of it.

It is a stranger (`payments.sandbox`) that shares nothing with the platform but these keys and addresses.
"""

import sys
from contextlib import closing, suppress
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from o2o_platform.services import config
from o2o_platform.services.config import Config
from o2o_platform.services.errors import ServiceError

_MERCHANT = "carkeeper-test"
_PORTS_TO_TRY = 50


def place(settings: Config) -> Config:
    """Where it listens: beside the web server, on the next port that is free. Raises ServiceError if none is."""
    first = settings.port + 1
    for port in range(first, min(first + _PORTS_TO_TRY, 65536)):
        with suppress(ServiceError):
            config.require_free_port(replace(settings, port=port))
            return replace(settings, port=port)
    raise ServiceError(f"No port after {settings.port} is free for test payments; PAYMENTS_SANDBOX=0 does without.")


def command(where: Config, folder: Path, *, site_url: str) -> list[str]:
    """What starts it. Keys and books are made in `folder` and stay there. Of payouts it tells the platform's page."""
    notify_url = f"{site_url.rstrip('/')}/payments/notices/sandbox/"
    address = ["--host", where.host, "--port", str(where.port), "--public-url", where.address]
    account = ["--merchant", _MERCHANT, "--notify-url", notify_url]
    return [sys.executable, "-m", "payments.sandbox", "--data", str(folder), *account, *address]


def variables(where: Config, folder: Path) -> dict[str, str]:
    """The environment of a platform that is its merchant."""
    return {
        "PAYMENTS_SANDBOX_URL": where.address,
        "PAYMENTS_SANDBOX_MERCHANT": _MERCHANT,
        "PAYMENTS_SANDBOX_MERCHANT_KEY": str(folder / "merchant-private.pem"),
        "PAYMENTS_SANDBOX_PUBLIC_KEY": str(folder / "sandbox-public.pem"),
    }


def answers(where: Config) -> bool:
    """Whether it answers by now: then its keys are there, too."""
    parts = urlsplit(where.address)
    with suppress(OSError), closing(HTTPConnection(parts.hostname or "", where.port, timeout=5)) as connection:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    return False
