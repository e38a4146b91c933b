"""The mail server of `make run`: takes every letter and writes it to a folder; nothing leaves the machine.

`python -m o2o_platform.services.mail_sink --folder .data/mail --port 2525`
"""

import argparse
import re
import secrets
import signal
import socket
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
# So many letters stay, the newest.
KEPT = 200
_MAX_BYTES = 10_000_000
_NUMBER = re.compile(r"<([0-9a-z]{16})@")


class Folder:
    """Where letters are: `<time>-<number>.eml`, the number being that of the platform's message, if it has one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Take a letter (aiosmtpd's hook)."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        name = self.keep(content, sender=envelope.mail_from or "", recipients=envelope.rcpt_tos)
        print(f"{name} to {', '.join(envelope.rcpt_tos)}", flush=True)
        return "250 taken"

    def keep(self, letter: bytes, *, sender: str, recipients: list[str]) -> str:
        """Write a letter down under its envelope, and remove the oldest ones; returns its file's name."""
        found = _NUMBER.match(str(message_from_bytes(letter).get("Message-ID", "")))
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{found[1] if found else secrets.token_hex(8)}.eml"
        envelope = "".join(f"X-Envelope-To: {recipient}\r\n" for recipient in recipients)
        partial = self.path / f"{name}.partial"
        partial.write_bytes(f"X-Envelope-From: {sender}\r\n{envelope}".encode() + letter)
        partial.rename(self.path / name)
        for old in sorted(self.path.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)
        return name


def command(port: int, folder: Path) -> list[str]:
    """What starts it."""
    return [sys.executable, "-m", "o2o_platform.services.mail_sink", "--port", str(port), "--folder", str(folder)]


def variables(port: int, folder: Path) -> dict[str, str]:
    """The environment of a platform that sends its letters there."""
    return {"EMAIL_URL": f"smtp://{HOST}:{port}", "MAIL_FOLDER": str(folder)}


def answers(port: int) -> bool:
    """Whether it greets by now."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=2) as connection:
        connection.settimeout(2)
        return connection.recv(3) == b"220"
    return False


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    controller = Controller(Folder(options.folder), hostname=HOST, port=options.port, data_size_limit=_MAX_BYTES)
    controller.start()
    stop.wait()
    controller.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
