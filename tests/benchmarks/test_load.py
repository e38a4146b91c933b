"""The clients that measure: what they send, what they count."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from benchmarks.calls import Call
from benchmarks.load import Connection, Rate, Script, over_http
from benchmarks.measures.base import Pairs

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
REFUSED = b"HTTP/1.1 409 Conflict\r\nX-Length: 99\r\ncontent-length: 0\r\n\r\n"


@pytest.fixture
def port() -> Iterator[int]:
    """A server that says OK to GET and refuses what is posted, in pieces, and closes after three answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _serve(server: socket.socket) -> None:
    with suppress(OSError):  # closed at the end of the test
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection:
        for _ in range(3):
            asked = connection.recv(65_536)
            if not asked:
                return
            answer = OK if asked.startswith(b"GET") else REFUSED
            connection.sendall(answer[:30])
            connection.sendall(answer[30:])


def test_an_answer_in_pieces_is_read_whole(port: int) -> None:
    assert Connection(port).ask(Call("GET", "/")) == (200, b"hello")


def test_a_closed_connection_is_made_anew(port: int) -> None:
    connection = Connection(port)

    assert [connection.ask(Call("GET", "/"))[0] for _ in range(7)] == [200] * 7


def test_refusals_are_told_apart_and_do_not_count(port: int) -> None:
    def script(_client: int) -> Script:
        for method in ("GET", "POST", "GET"):
            yield Call(method, "/", b"{}" if method == "POST" else b"")

    rate = over_http(port, 2, 30, script)

    assert rate.statuses == ((200, 4), (409, 2))
    assert len(rate.seconds) == 6
    assert rate.per_second * sum(rate.seconds) > 0


def test_two_requests_of_one_booking_are_timed_as_one(port: int) -> None:
    answers = []

    def script(_client: int) -> Script:
        answers.append((yield Call("GET", "/hold", is_last=False)))
        answers.append((yield Call("GET", "/confirm")))

    rate = over_http(port, 1, 30, script)

    assert rate.statuses == ((200, 1),)
    assert answers == [(200, b"hello"), (200, b"hello")]


def test_a_client_that_fails_fails_the_load() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]

    with pytest.raises(ConnectionError):
        over_http(nobody, 1, 1, lambda _client: iter([Call("GET", "/")]))  # type: ignore[arg-type,return-value]


def test_a_request_says_how_long_it_is_and_who_asks() -> None:
    wire = Call("POST", "/api/v1/bookings/", b'{"a": 1}', "token").wire

    assert wire.endswith(b'Content-Length: 8\r\n\r\n{"a": 1}')
    assert b"Authorization: Bearer token\r\n" in wire


def test_the_ratio_is_the_median_of_the_rounds_not_of_the_rates() -> None:
    pairs = Pairs()
    for ours, theirs in ((10, 100), (40, 100), (90, 300)):
        pairs.add(Rate(ours), Rate(theirs))

    assert pairs.ratio == pytest.approx(0.3)
