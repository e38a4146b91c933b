"""Secrets in addresses reach neither the web server's log nor Django's; what the log needs besides does."""

import logging
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from core.secret_addresses import MASK, keep_out_of_logs, mask, mask_however_spelled

SECRET = "k3v9m2x7-c4q8t5zb_n6w"
BASE_DIR = Path(__file__).parents[2]


def routes(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        there = before + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLPattern):
            yield there
        else:
            yield from routes(pattern, there)


def with_token() -> list[str]:
    """Every address of the site that takes a token, with SECRET for it."""
    place = re.compile(r"<\w+:token>|\(\?P<token>[^)]*\)")
    return [place.sub(SECRET, route) for route in routes(get_resolver()) if place.search(route)]


def test_every_address_with_a_token_is_known() -> None:
    addresses = with_token()
    for start in ("/v/", "/r/", "/live/", "/calendar/", "/cars/take-over/"):
        assert any(address.startswith(start + SECRET) for address in addresses)
    assert [address for address in addresses if SECRET in mask(address) or SECRET not in address] == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"GET /v/{SECRET}/news/ 200 3ms", f"GET /v/{MASK}/news/ 200 3ms"),
        (f"https://carkeeper.example/v/{SECRET}/ opens it", f"https://carkeeper.example/v/{MASK}/ opens it"),
        (f"看车：http://x/v/{SECRET}/，三天内有效", f"看车：http://x/v/{MASK}/，三天内有效"),
        (f"/calendar/{SECRET}.ics", f"/calendar/{MASK}"),
        (
            f"/me/continue/?next=%2Fcars%2Ftake-over%2F{SECRET}%2F",
            f"/me/continue/?next=%2Fcars%2Ftake-over%2F{MASK}%2F",
        ),
        ("/live/WzEsIm93:1vN2x3:a_B-c%3Ad/?seen=4", f"/live/{MASK}/?seen=4"),
        ("/me/calendar/", "/me/calendar/"),
        ("/cars/take-over/", "/cars/take-over/"),
        ("/bookings/k3v9m2x7c4q8t5zb/ 200", "/bookings/k3v9m2x7c4q8t5zb/ 200"),
        ("/shops/shenchi-xuhui/", "/shops/shenchi-xuhui/"),
    ],
)
def test_only_the_secret_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"GET /%76/{SECRET}/ 200", f"GET /v/{MASK}/ 200"),
        (f"GET /%2576/{SECRET}/", f"GET /v/{MASK}/"),
        (f"GET /%25%37%36/{SECRET}/", f"GET /v/{MASK}/"),
        (f"/cars/take%2Dover/{SECRET}/", f"/cars/take-over/{MASK}/"),
        (f"/%63%61lend%61%72/{SECRET}.ics", f"/calendar/{MASK}"),
        (f"?next=%252Fcars%252Ftake-over%252F{SECRET}%252F", f"?next=/cars/take-over/{MASK}/"),
        (f'"GET /%76/{SECRET}/?q=%22%0A%20x" 200', f'"GET /v/{MASK}/?q=%22%0A%20x" 200'),
        (f"/v/{SECRET}/ from /%72/{SECRET}/", f"/v/{MASK}/ from /r/{MASK}/"),
        (f"?next=%2Fv%2F{SECRET}%2F", f"?next=%2Fv%2F{MASK}%2F"),
        ("/search/?q=%E6%9C%BA%E6%B2%B9%20%76&at=100%", "/search/?q=%E6%9C%BA%E6%B2%B9%20%76&at=100%"),
    ],
)
def test_a_secret_is_masked_however_its_address_is_spelled(text: str, masked: str) -> None:
    assert mask_however_spelled(text) == masked


@pytest.mark.django_db
def test_django_logs_a_refused_address_without_its_secret(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    keep_out_of_logs()
    keep_out_of_logs()
    with caplog.at_level(logging.WARNING):
        client.get(f"/v/{SECRET}/")
        logging.getLogger("gunicorn.access").warning("GET /%%76/%s/", SECRET)
        Client(enforce_csrf_checks=True).post(f"/v/{SECRET}/decide/")
    assert caplog.text.count(f"/v/{MASK}/") == 3
    assert SECRET not in caplog.text


def test_the_web_server_logs_an_address_without_its_secret(tmp_path: Path) -> None:
    """gunicorn as it is started by hand, with its own format, which has the request line and where it came from."""
    log = tmp_path / "access.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    server = subprocess.Popen(
        [*command, "--access-logfile", str(log), "--log-level", "error", "o2o_platform.wsgi:application"],
        cwd=BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "o2o_platform.settings.test"},
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not _asked(port):
            time.sleep(0.2)
    finally:
        server.terminate()
        server.wait(timeout=20)
    line = log.read_text()
    assert f'"GET /live/{MASK}/?seen=1 HTTP/1.1" 404' in line
    assert f"/r/{MASK}/" in line
    assert SECRET not in line


def _asked(port: int) -> bool:
    """Ask for an address with a secret, coming from a page with another; False while the server is not there yet."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    with suppress(OSError):
        connection.request("GET", f"/live/{SECRET}/?seen=1", headers={"Referer": f"http://127.0.0.1/r/{SECRET}/"})
        return connection.getresponse().status == 404
    return False
