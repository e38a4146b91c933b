"""The requests that are measured, made once as bytes, and the same requests asked inside this process."""

from __future__ import annotations

import io
import json
import random
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.core.handlers.wsgi import WSGIHandler

from benchmarks import world


@dataclass(frozen=True)
class Call:
    """One request of a client."""

    method: str
    path: str
    body: bytes = b""
    token: str = ""
    is_last: bool = True  # of what is counted and timed as one: a booking can be a hold and its confirmation

    @cached_property
    def wire(self) -> bytes:
        """What is sent over the connection, which stays open."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1", "Accept-Language: en"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def ask(application: WSGIHandler, call: Call) -> tuple[int, bytes]:
    """Answer a call in this process as a web worker would: status and body."""
    url, status = urlsplit(call.path), [0]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "PATH_INFO": url.path,
        "QUERY_STRING": url.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_ACCEPT_LANGUAGE": "en",
        "CONTENT_TYPE": "application/json" if call.body else "",
        "CONTENT_LENGTH": str(len(call.body)) if call.body else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(call.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if call.token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {call.token}"

    def start(line: str, _headers: list[tuple[str, str]], _error: Any = None) -> None:
        status[0] = int(line.split(" ", 1)[0])

    answer = application(environ, start)
    try:
        return status[0], b"".join(answer)
    finally:
        answer.close()


# --- What is asked ------------------------------------------------------------------------------------


def slots(shops: int) -> list[Call]:
    """The next 14 days of shops at random."""
    job = _job()
    return [
        Call("GET", f"/api/v1/shops/shop-{random.randint(1, shops)}/slots/?{job}&days=14")
        for _ in range(min(shops, 500))
    ]


def nothing() -> Call:
    """A request for slots that is refused (400) before anything is asked: what the server itself can do."""
    return Call("GET", f"/api/v1/shops/shop-1/slots/?{_job()}&days=0")


def searches() -> list[Call]:
    """The 50 nearest shops around places at random."""
    job = _job()
    return [
        Call("GET", f"/api/v1/shops/?{job}&latitude={latitude:.5f}&longitude={longitude:.5f}&limit=50")
        for latitude, longitude in places(500)
    ]


def places(count: int) -> list[tuple[float, float]]:
    """Points well inside the city, in degrees."""
    return [(random.uniform(*world.LATITUDES), random.uniform(*world.LONGITUDES)) for _ in range(count)]


def booking(start: tuple[str, str], token: str) -> Call:
    """A whole booking in one request: `start` is a shop and a time."""
    contact = {"contact_name": "Li Lei", "contact_phone": "+8613800138000"}
    return Call("POST", "/api/v1/bookings/", _json(_order(start) | contact), token)


def hold(start: tuple[str, str], token: str) -> Call:
    """The first half of a booking in two requests."""
    return Call("POST", "/api/v1/holds/", _json(_order(start)), token, is_last=False)


def confirmation(held: bytes, token: str) -> Call:
    """The second half: `held` is the answer to the first."""
    contact = {"contact_name": "Li Lei", "contact_phone": "+8613800138000"}
    return Call("POST", "/api/v1/bookings/", _json({"hold": json.loads(held)["id"]} | contact), token)


def _order(start: tuple[str, str]) -> dict[str, str]:
    return {"shop": start[0], "service": world.service_key(), "variant": world.variant_slug(), "starts_at": start[1]}


def _job() -> str:
    return f"service={world.service_key()}&variant={world.variant_slug()}"


def _json(order: dict[str, str]) -> bytes:
    return json.dumps(order).encode()
