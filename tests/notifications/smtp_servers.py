"""Mail servers on the loopback interface that answer as they are told to."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

SILENCE, HANG_UP = "silence", "hang up"
_ANSWERS = {"greeting": "220 mail.example", "ehlo": "250 mail.example", "mail": "250 ok", "rcpt": "250 ok"}
_ANSWERS |= {"data": "354 go ahead", "text": "250 queued", "rset": "250 ok", "quit": "221 bye", "noop": "250 ok"}


@dataclass
class Script:
    """What the server says to each command ("text": the end of the letter); a function decides by what it was sent.

    `letters`: envelope sender, recipient and text of what it took. `connections`: how many there were.
    """

    answers: Mapping[str, object] = field(default_factory=dict)
    letters: list[tuple[str, str, str]] = field(default_factory=list)
    connections: int = 0

    def to(self, command: str, argument: str) -> str:
        answer = self.answers.get(command, _ANSWERS.get(command, "502 what?"))
        return str(answer(argument) if callable(answer) else answer)


class _Hangs(Exception):
    pass


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]
        script.connections += 1
        try:
            self._talk(script)
        except (_Hangs, OSError):
            return

    def _talk(self, script: Script) -> None:
        sender = recipient = ""
        self._say(script, "greeting", "")
        while line := self.rfile.readline().decode():
            command, _, argument = line.strip().partition(" ")
            command = command.lower()
            if command == "mail":
                sender = argument[6:].partition(">")[0]
            if command == "rcpt":
                recipient = argument[4:].partition(">")[0]
            answer = self._say(script, command, argument)
            if command == "data" and answer.startswith("354"):
                text = self._read_text()
                if self._say(script, "text", text).startswith("250"):
                    script.letters.append((sender, recipient, text))
            if command == "quit":
                return

    def _read_text(self) -> str:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(lines).decode()

    def _say(self, script: Script, command: str, argument: str) -> str:
        answer = script.to(command, argument)
        if answer == HANG_UP:
            raise _Hangs
        if answer == SILENCE:
            self.server.stopping.wait(10)  # type: ignore[attr-defined]
            raise _Hangs
        self.wfile.write(f"{answer}\r\n".encode())
        return answer


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def mail_server(**answers: object) -> Iterator[tuple[int, Script]]:
    """A server's port and its script."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.script, server.stopping = Script(answers), threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server.server_address[1], server.script  # type: ignore[attr-defined]
        finally:
            server.stopping.set()  # type: ignore[attr-defined]
            server.shutdown()
