"""A provider's server for a test: on this machine, in a thread, saying what the test wants it to say."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)


@cache
def rsa_key(whose: str) -> rsa.RSAPrivateKey:
    """A key made on the spot, the same for the same name: "merchant", "provider", "stranger"."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(whose: str) -> str:
    form = serialization.PrivateFormat.PKCS8
    key = rsa_key(whose).private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return key.decode()


def public_pem(whose: str) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return rsa_key(whose).public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def rsa_sign(whose: str, message: str) -> str:
    signature = rsa_key(whose).sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def is_signed(whose: str, message: str, signature: str) -> bool:
    public_key = rsa_key(whose).public_key()
    try:
        public_key.verify(base64.b64decode(signature), message.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


@dataclass
class Asked:
    """A request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = tuple[int, dict[str, str], bytes]


def _unknown(_asked: Asked) -> Reply:
    return 404, {}, b""


@dataclass
class StandIn:
    """Where it listens, what it was asked, and what it answers."""

    url: str
    answer: Callable[[Asked], Reply] = _unknown
    asked: list[Asked] = field(default_factory=list)
    # Set at the end: an answer that keeps a caller waiting waits for this.
    is_over: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Forget what an earlier test asked and said."""
        self.answer, self.asked, self.is_over = _unknown, [], threading.Event()

    def never(self, _asked: Asked) -> Reply:
        """An answer that does not come while the caller waits."""
        self.is_over.wait(5)
        return 200, {}, b""


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """A server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body)
            place.asked.append(asked)
            status, answer_headers, content = place.answer(asked)
            self.send_response(status)
            for name, value in answer_headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do  # noqa: N815  (names of the standard library)

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def handle(self) -> None:
            # The caller did not wait.
            with suppress(BrokenPipeError, ConnectionResetError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    place = StandIn(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield place
    server.shutdown()
    server.server_close()
    thread.join()
