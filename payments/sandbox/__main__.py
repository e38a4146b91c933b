"""`python -m payments.sandbox --port N --data DIR`: the sandbox provider's own process."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from payments.sandbox.money import Account
from payments.sandbox.server import Options, serve


def main(arguments: list[str]) -> None:
    """Read the options and serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m payments.sandbox", description="A payment provider with test money."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of its books and keys; made if missing")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free one; it is printed")
    parser.add_argument("--public-url", default="", help="address of its pages for the payer's browser")
    parser.add_argument("--merchant", default="carkeeper-test", help="the only merchant")
    parser.add_argument("--currency", default="CNY", help="the only currency")
    parser.add_argument("--notify-url", default="", help="where notices go that no request names an address for")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end together with the parent process")
    given = parser.parse_args(arguments)
    account = Account(given.merchant, given.currency, given.notify_url)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        serve(Options(given.data, given.host, given.port, given.public_url, account, given.until_stdin_closes))
    except KeyboardInterrupt:
        sys.exit(0)
    except OSError as error:
        sys.exit(f"The sandbox cannot run: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
