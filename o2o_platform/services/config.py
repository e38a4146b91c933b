"""What the environment says about a run: PORT, HOST, DATABASE_URL, REDIS_URL, RELOAD, PAYMENTS_SANDBOX, EMAIL_URL."""

import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from o2o_platform.services.errors import ServiceError

_OFF = {"0", "no", "false"}


@dataclass(frozen=True)
class Config:
    """The settings of one run."""

    port: int = 8000
    host: str = "127.0.0.1"
    database_url: str = ""
    redis_url: str = ""
    reload: bool = False
    # Whether the sandbox payment provider is started; not beside one that the environment names already.
    sandbox: bool = True
    # Whether a mail server is started that keeps every letter here; not where EMAIL_URL names a real one.
    mail: bool = True

    @property
    def address(self) -> str:
        """The address to open in a browser on this machine."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104  (compared, not bound)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def read(environ: Mapping[str, str] = os.environ) -> Config:
    """Read the settings; empty counts as unset. Raises ServiceError for a value that cannot be meant."""
    port = environ.get("PORT") or "8000"
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ServiceError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    database_url = environ.get("DATABASE_URL", "")
    if database_url and not database_url.startswith(("postgres://", "postgresql://")):
        raise ServiceError("DATABASE_URL must start with postgres:// – no other database has exclusion constraints.")
    redis_url = environ.get("REDIS_URL", "")
    if redis_url and not redis_url.startswith(("redis://", "rediss://", "unix://")):
        raise ServiceError("REDIS_URL must start with redis://, rediss:// or unix://.")
    return Config(
        port=int(port),
        host=environ.get("HOST") or "127.0.0.1",
        database_url=database_url,
        redis_url=redis_url,
        reload=environ.get("RELOAD", "") not in _OFF | {""},
        sandbox=environ.get("PAYMENTS_SANDBOX", "") not in _OFF and not environ.get("PAYMENTS_SANDBOX_URL"),
        mail=not environ.get("EMAIL_URL"),
    )


def require_free_port(config: Config) -> None:
    """Raise ServiceError when the web server could not listen on the configured address."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                message = f"Port {config.port} is taken. Choose another one: PORT={_next(config.port)} make run"
            elif error.errno == errno.EACCES:
                message = f"Port {config.port} needs more rights. Choose one above 1023: PORT=8000 make run"
            else:
                message = f"Cannot listen on {config.host}:{config.port}: {error.strerror or error}."
            raise ServiceError(message) from None


def _next(port: int) -> int:
    return port + 1 if port < 65535 else 8000
