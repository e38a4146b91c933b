"""Notices (webhooks): queued in the books with what they are about, sent until the receiver acknowledges them."""

from __future__ import annotations

import json
import logging
import random
import secrets
import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPResponse
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from payments.sandbox import signing
from payments.sandbox.books import Books, now_ms, real_ms
from payments.sandbox.keys import Keys

logger = logging.getLogger("sandbox")

# What a receiver answers, with status 200, so that a notice is not sent again.
ACKNOWLEDGEMENT = b"success"
_PAUSES_SECONDS = (1, 2, 5, 15, 30, 60, 300, 900, 3600)
_ANSWER_SECONDS = 5
_SHUFFLE_MS = 2000
_LATE_MS = 3000
_SENDERS = 8


def queue(  # noqa: PLR0913  (what it is about, and the two wishes a payer may have)
    db: sqlite3.Connection,
    merchant: str,
    subject: str,
    answer: Mapping[str, Any],
    row: sqlite3.Row,
    *,
    copies: int = 1,
    late: bool = False,
) -> None:
    """Write down that the merchant has to hear of something, as the rules for its number say.

    Nothing is written where no address is known. A `late` one is sent some seconds after those that follow it.
    """
    if not row["notify_url"]:
        return
    rule = rule_for(db, row["request_no"])
    event_id = f"evt_{secrets.token_hex(12)}"
    body: dict[str, Any] = {"event_id": event_id, "subject": subject, "merchant": merchant, **answer}
    body |= {name: value for name, value in rule.items() if name in {"amount_fen", "currency", "merchant"}}
    state = "dropped" if rule.get("drop") else "held" if rule.get("hold") else "waiting"
    for copy in range(max(copies, rule.get("copies", 1))):
        pause_ms = random.randrange(_SHUFFLE_MS) if rule.get("shuffle") else _LATE_MS if late else 0  # noqa: S311
        db.execute(
            "INSERT INTO notice (event_id, request_no, merchant, url, body, state, made_at, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(event_id, row["request_no"], body["merchant"], row["notify_url"], json.dumps(body), state),
                *(now_ms(db), real_ms() + pause_ms + copy * 200),
            ),
        )


def rule_for(db: sqlite3.Connection, request_no: str) -> dict[str, Any]:
    """How notices about a number are treated: what was said for all, then what was said for this one."""
    rows = db.execute(
        "SELECT rule FROM notice_rule WHERE request_no IN ('*', ?) ORDER BY request_no <> '*'", (request_no,)
    )
    return {name: value for row in rows for name, value in json.loads(row["rule"]).items()}


def signed(keys: Keys, notice: sqlite3.Row, *, at_seconds: int) -> tuple[dict[str, str], bytes]:
    """Headers and body of a notice, signed at that moment."""
    body = notice["body"].encode()
    lines = ("notice", notice["merchant"], at_seconds, notice["event_id"])
    headers = {
        "Content-Type": "application/json",
        signing.MERCHANT: notice["merchant"],
        signing.TIME: str(at_seconds),
        signing.NONCE: notice["event_id"],
        signing.KEY: keys.key_id,
        signing.SIGNATURE: keys.sign(signing.text(*lines, body=body)),
    }
    return headers, body


class Sender(threading.Thread):
    """Sends what is due, a few at a time; all it knows is in the books. `before_each` is called each round."""

    def __init__(self, books: Books, keys: Keys, before_each: Callable[[sqlite3.Connection], None]) -> None:
        super().__init__(daemon=True, name="notices")
        self._books, self._keys, self._before_each = books, keys, before_each
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="notice")
        self._on_the_way: set[int] = set()
        self._wake = threading.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def run(self) -> None:
        while True:
            self._wake.wait(timeout=0.5)
            self._wake.clear()
            try:
                with self._books.transaction() as db:
                    self._before_each(db)
                    due = self._due(db)
                for notice in due:
                    self._on_the_way.add(notice["id"])
                    self._pool.submit(self._send, notice)
            except Exception:
                logger.exception("notices")

    def deliver(self, notice: sqlite3.Row) -> str:
        """Send one notice now and write down how it went; returns the receiver's answer, "200 success"."""
        with self._books.transaction() as db:
            at_seconds = now_ms(db) // 1000
        headers, body = signed(self._keys, notice, at_seconds=at_seconds)
        answer = _post(notice["url"], headers, body)
        is_done = answer == f"200 {ACKNOWLEDGEMENT.decode()}"
        pause = _PAUSES_SECONDS[min(notice["attempts"], len(_PAUSES_SECONDS) - 1)]
        with self._books.transaction() as db:
            db.execute(
                "UPDATE notice SET state = ?, attempts = attempts + 1, last_answer = ?, due_at = ? WHERE id = ?",
                ("delivered" if is_done else "waiting", answer, real_ms() + pause * 1000, notice["id"]),
            )
        return answer

    def _due(self, db: sqlite3.Connection) -> list[sqlite3.Row]:
        rows = db.execute(
            "SELECT * FROM notice WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT 100", (real_ms(),)
        )
        return [row for row in rows if row["id"] not in self._on_the_way][:_SENDERS]

    def _send(self, notice: sqlite3.Row) -> None:
        try:
            self.deliver(notice)
        except Exception:
            logger.exception("notice %s", notice["event_id"])
        finally:
            self._on_the_way.discard(notice["id"])
            self.wake()


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(url: str, headers: dict[str, str], body: bytes) -> str:
    """The receiver's answer in a few words; never raises for what a receiver does."""
    request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310  (http and https only, see `shapes`)
    try:
        with _opener().open(request, timeout=_ANSWER_SECONDS) as response:
            return _in_words(response.status, response)
    except HTTPError as error:
        with error:
            return _in_words(error.code, error)
    except (OSError, HTTPException, ValueError) as error:
        return f"no answer: {type(error).__name__}"


def _opener() -> OpenerDirector:
    # No proxy of the environment: the receiver is near.
    return build_opener(ProxyHandler({}), _NoRedirects())


def _in_words(status: int, response: HTTPResponse | IO[bytes]) -> str:
    return f"{status} {response.read(60).decode(errors='replace').strip()}"
