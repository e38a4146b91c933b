"""The process: one thread for each request, one that sends notices. It may be killed at any moment."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from payments.sandbox import http, keys, money
from payments.sandbox.api import MerchantApi
from payments.sandbox.books import Books
from payments.sandbox.control import Control
from payments.sandbox.http import Answer
from payments.sandbox.money import Account
from payments.sandbox.notices import Sender
from payments.sandbox.page import STYLE, PayerPage
from payments.sandbox.shapes import Refused


@dataclass(frozen=True)
class Options:
    """How one process is started."""

    data: Path
    host: str
    port: int
    public_url: str
    account: Account
    # End with the process that holds the other end of the standard input, however that one ends.
    until_stdin_closes: bool


class Sandbox:
    """The WSGI application."""

    def __init__(self, books: Books, own: keys.Keys, account: Account, public_url: str) -> None:
        self.sender = Sender(books, own, lambda db: money.pay_what_is_due(db, account))
        self._api = MerchantApi(books, own, account, public_url, self.sender.wake)
        self._control = Control(books, own, account, self.sender)
        self._page = PayerPage(books, account, public_url, self.sender.wake)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        try:
            return self._answer(http.read(environ)).send(start_response)
        except Refused as refused:
            return Answer.refusal(refused).send(start_response)

    def _answer(self, asked: http.Asked) -> Answer:
        if asked.path.startswith("/v1/"):
            return self._api.answer(asked)
        if asked.path.startswith("/control/"):
            return self._control.answer(asked)
        if asked.path == "/health":
            return Answer.of({"ok": True})
        if asked.path == "/style.css":
            return Answer(200, STYLE, {"Content-Type": "text/css; charset=utf-8"})
        if asked.path == "/" or asked.path.startswith("/pay/"):
            return self._page.answer(asked)
        raise Refused(404, "not_found", "Nothing is here.")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """As the base class does, without asking a name server what this machine is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _ServerV6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 30

    def log_message(self, format: str, *arguments: Any) -> None:
        """One short line for each request; who has a page's address may pay, so it is not written down."""
        if self.path == "/health":
            return
        line = re.sub(r"/pay/[^ ?]*(\?[^ ]*)?", "/pay/***", format % arguments)
        sys.stderr.write(line.encode("ascii", "backslashreplace").decode().removesuffix(" -") + "\n")


def serve(options: Options) -> None:
    """Serve until the process is ended. Prints the address once it answers."""
    options.data.mkdir(parents=True, exist_ok=True)
    options.data.chmod(0o700)
    with (options.data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"Another sandbox keeps its books in {options.data}.") from None
        _serve(options)


def _serve(options: Options) -> None:
    own, books = keys.load_or_make(options.data), Books(options.data / "books.sqlite3")
    server = (_ServerV6 if ":" in options.host else _Server)((options.host, options.port), _Handler)
    address = options.public_url or f"http://{_in_url(options.host)}:{server.server_port}"
    sandbox = Sandbox(books, own, options.account, address)
    server.set_app(sandbox)
    sandbox.sender.start()
    if options.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    sys.stdout.write(f"ready {address}\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _in_url(host: str) -> str:
    # Who listens everywhere is reached by its own browser here.
    name = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  (compared, not bound)
    return f"[{name}]" if ":" in name else name
