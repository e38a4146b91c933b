"""What goes wrong on purpose: a fault waits in the books for a call (and a number), and strikes so many times."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from payments.sandbox import shapes

CALLS = ("start", "ask", "close", "refund", "ask_refund", "payout", "ask_payout", "bill")
KINDS = {
    "fail": "500 before anything is done",
    "lose": "500 after it is done: the answer is lost",
    "hang": "the answer comes `seconds` later, after it is done",
    "garble": "the answer's signature is wrong",
    "refuse": "refused with `code`",
    "pend": "a refund or payout stays pending until it is settled",
}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong now."""

    kind: str
    seconds: float
    code: str


NONE = Fault("", 0, "")


def add(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    """Let something go wrong from now on. Refuses what it does not know."""
    call, kind = shapes.text(data, "call"), shapes.text(data, "kind")
    if call != "*" and call not in CALLS:
        raise shapes.bad("call", f"* or one of {', '.join(CALLS)}")
    if kind not in KINDS:
        raise shapes.bad("kind", f"one of {', '.join(KINDS)}")
    seconds, times = data.get("seconds", 30), data.get("times", 1)
    if type(seconds) not in {int, float} or not 0 <= seconds <= 600:
        raise shapes.bad("seconds", "from 0 to 600")
    if type(times) is not int or not 0 < times <= 1_000_000:
        raise shapes.bad("times", "a whole number from 1")
    request_no, code = shapes.text(data, "request_no", default="*"), shapes.text(data, "code", default="declined")
    db.execute(
        "INSERT INTO fault (call, request_no, kind, seconds, code, times_left) VALUES (?, ?, ?, ?, ?, ?)",
        (call, request_no, kind, float(seconds), code or "declined", times),
    )


def strike(db: sqlite3.Connection, call: str, request_no: str) -> Fault:
    """The oldest fault that waits for this call, once less; NONE where all goes well."""
    row = db.execute(
        "SELECT * FROM fault WHERE times_left > 0 AND call IN ('*', ?) AND request_no IN ('*', ?) ORDER BY id LIMIT 1",
        (call, request_no),
    ).fetchone()
    if row is None:
        return NONE
    db.execute("UPDATE fault SET times_left = times_left - 1 WHERE id = ?", (row["id"],))
    return Fault(row["kind"], row["seconds"], row["code"])
