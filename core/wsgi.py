"""What must be refused before Django makes a request of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Utf8Only:
    """Refuses a request in another encoding than UTF-8 (415).

    Django reads the address in the encoding that the Content-Type names, before any middleware runs. Python knows
    "encodings" that are no text (`charset=zlib`): with one of them every page was a server error, and the API's JSON
    was unpacked, from a few kilobytes to gigabytes.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        _kind, parameters = parse_header_parameters(environ.get("CONTENT_TYPE", "")[:1000])
        if parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8"):
            return self.application(environ, start_response)
        start_response("415 Unsupported Media Type", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]
