"""Requests and answers: the little of HTTP that a sandbox needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from payments.sandbox.shapes import Refused, bad

_MAX_BODY_BYTES = 64 * 1024
_MOST_TO_SKIP_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Asked:
    """A request, read to its end."""

    method: str
    path: str
    query_text: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def target(self) -> str:
        """The path with its query, as it was signed."""
        return f"{self.path}?{self.query_text}" if self.query_text else self.path

    def query(self, name: str) -> str:
        """A parameter of the query; "" without it."""
        return parse_qs(self.query_text, keep_blank_values=True).get(name, [""])[0]

    def form(self, name: str) -> str:
        """A field of a form that was sent; "" without it."""
        return parse_qs(self.body.decode("ascii", "replace"), keep_blank_values=True).get(name, [""])[0]

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty one. Refuses anything else."""
        try:
            data = json.loads(self.body or b"{}", parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise bad("body", "JSON") from None
        if not isinstance(data, dict):
            raise bad("body", "a JSON object")
        return data


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Any, status: int = 200) -> Answer:
        """An answer in JSON."""
        return cls(status, json.dumps(data, ensure_ascii=False).encode(), {"Content-Type": "application/json"})

    @classmethod
    def refusal(cls, refused: Refused) -> Answer:
        """A refusal in JSON."""
        return cls.of({"code": refused.code, "message": refused.message}, refused.status)

    def send(self, start_response: StartResponse) -> list[bytes]:
        """Give it to the WSGI server."""
        fixed = {
            "Content-Length": str(len(self.body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", list({**fixed, **self.headers}.items()))
        return [self.body]


def read(environ: WSGIEnvironment) -> Asked:
    """Read a request. Refuses a body that is too long."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise bad("Content-Length", "a number") from None
    if not 0 <= length <= _MAX_BODY_BYTES:
        # What is not read when the connection is closed could take the answer along.
        environ["wsgi.input"].read(max(0, min(length, _MOST_TO_SKIP_BYTES)))
        raise Refused(413, "too_long", f"At most {_MAX_BODY_BYTES} bytes.")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    path = environ.get("PATH_INFO", "/").encode("latin-1").decode(errors="replace")
    body = environ["wsgi.input"].read(length) if length else b""
    return Asked(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), headers, body)


def _no_constant(name: str) -> None:
    raise ValueError(name)
