"""The control interface under /control/, for tests and drills: who has the token acts as payer, bank and bad luck."""

from __future__ import annotations

import json
import random
import secrets
import sqlite3
from collections.abc import Callable
from datetime import date
from typing import Any

from payments.sandbox import bill, faults, money, notices, shapes
from payments.sandbox.books import Books, from_iso, now_ms, put_setting, real_ms
from payments.sandbox.http import Answer, Asked
from payments.sandbox.keys import Keys
from payments.sandbox.money import Account
from payments.sandbox.notices import Sender
from payments.sandbox.shapes import Refused

_RULES: dict[str, type] = {
    "hold": bool,
    "drop": bool,
    "shuffle": bool,
    "copies": int,
    "amount_fen": int,
    "currency": str,
    "merchant": str,
}
_ORDERS = ("fifo", "reverse", "shuffle")
_Step = Callable[[sqlite3.Connection, dict[str, Any]], Any]


class Control:
    """Answers whoever has the token."""

    def __init__(self, books: Books, keys: Keys, account: Account, sender: Sender) -> None:
        self._books, self._keys, self._account, self._sender = books, keys, account, sender
        self._steps: dict[str, _Step] = {
            "pay": self._pay,
            "decline": self._decline,
            "settle": self._settle,
            "withdraw": self._withdraw,
            "faults": _add_fault,
            "faults/clear": _clear_faults,
            "notices/rule": _set_rule,
            "notices/list": _list_notices,
            "notices/take": self._take,
            "bill/change": _change_bill,
            "bill/early": _allow_early_bills,
            "clock": _set_clock,
            "books": lambda db, _: bill.books(db),
        }

    def answer(self, asked: Asked) -> Answer:
        """Check the token and do it. Everything is a POST with a JSON object."""
        given = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode(), self._keys.control_token.encode()):
            return Answer.refusal(Refused(401, "token", "The control interface needs its token."))
        try:
            return Answer.of(self._do(asked))
        except Refused as refused:
            return Answer.refusal(refused)

    def _do(self, asked: Asked) -> Any:
        name, data = asked.path.removeprefix("/control/"), asked.json()
        if asked.method != "POST":
            raise Refused(405, "method", "POST only.")
        if name == "empty":
            return self._books.empty()
        if name == "notices/release":
            return self._release(data)
        if name not in self._steps:
            raise Refused(404, "no_such_call", f"One of {', '.join([*self._steps, 'notices/release', 'empty'])}.")
        with self._books.transaction() as db:
            done = self._steps[name](db, data)
        self._sender.wake()
        return done

    # --- As the payer and the bank --------------------------------------------------------------

    def _pay(self, db: sqlite3.Connection, data: dict[str, Any]) -> dict[str, Any]:
        paid = money.pay(
            db,
            self._account,
            money.find_payment(db, shapes.number(data)),
            amount_fen=shapes.fen(data) if "amount_fen" in data else None,
            currency=shapes.text(data, "currency", longest=3, default=""),
            after_close=data.get("after_close") is True,
            how=_one_of(data, "how", ("once", "twice", "unordered")),
        )
        return money.payment_answer(paid)

    def _decline(self, db: sqlite3.Connection, data: dict[str, Any]) -> dict[str, Any]:
        payment = money.find_payment(db, shapes.number(data))
        return money.payment_answer(money.decline(db, self._account, payment))

    def _settle(self, db: sqlite3.Connection, data: dict[str, Any]) -> dict[str, Any]:
        row = money.find_outflow(db, shapes.text(data, "kind"), shapes.number(data))
        failure = shapes.text(data, "failure", default="")
        return money.outflow_answer(money.settle(db, self._account, row, failure=failure))

    def _withdraw(self, db: sqlite3.Connection, data: dict[str, Any]) -> dict[str, str]:
        return {"request_no": money.withdraw(db, shapes.fen(data), self._account.currency)}

    # --- Notices --------------------------------------------------------------------------------

    def _release(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """Send held notices now, one after the other; returns what each receiver answered."""
        with self._books.transaction() as db:
            held = _held(db, data)
            db.executemany(
                # Out of the sender's reach while they are on their way from here.
                "UPDATE notice SET state = 'waiting', due_at = ? WHERE id = ?",
                [(real_ms() + 60_000, notice["id"]) for notice in held],
            )
        return [{"event_id": notice["event_id"], "answer": self._sender.deliver(notice)} for notice in held]

    def _take(self, db: sqlite3.Connection, data: dict[str, Any]) -> list[dict[str, Any]]:
        """Hand held notices over, signed now, as if they had been sent: whoever asks delivers them."""
        held = _held(db, data)
        if data.get("keep") is not True:
            db.executemany("UPDATE notice SET state = 'taken' WHERE id = ?", [(notice["id"],) for notice in held])
        signed = [notices.signed(self._keys, notice, at_seconds=now_ms(db) // 1000) for notice in held]
        return [
            {"url": notice["url"], "headers": headers, "body": body.decode()}
            for notice, (headers, body) in zip(held, signed, strict=True)
        ]


def _one_of(data: dict[str, Any], field: str, choices: tuple[str, ...]) -> str:
    """One of the choices; the first where nothing is said."""
    value = shapes.text(data, field, default=choices[0])
    if value not in choices:
        raise shapes.bad(field, f"one of {', '.join(choices)}")
    return value


def _held(db: sqlite3.Connection, data: dict[str, Any]) -> list[sqlite3.Row]:
    order, request_no = _one_of(data, "order", _ORDERS), shapes.text(data, "request_no", default="*")
    held = db.execute(
        "SELECT * FROM notice WHERE state = 'held' AND ? IN ('*', request_no) ORDER BY id", (request_no,)
    ).fetchall()
    if order == "shuffle":
        random.shuffle(held)
    return held[::-1] if order == "reverse" else held


def _list_notices(db: sqlite3.Connection, data: dict[str, Any]) -> list[dict[str, Any]]:
    request_no = shapes.text(data, "request_no", default="*")
    rows = db.execute("SELECT * FROM notice WHERE ? IN ('*', request_no) ORDER BY id", (request_no,))
    names = ("event_id", "request_no", "url", "state", "attempts", "last_answer")
    return [{**{name: row[name] for name in names}, "body": json.loads(row["body"])} for row in rows]


def _set_rule(db: sqlite3.Connection, data: dict[str, Any]) -> None:
    """How notices are treated from now on, all ("*") or those of one number. An empty rule is none."""
    request_no, rule = shapes.text(data, "request_no", default="*"), data.get("rule")
    if not isinstance(rule, dict) or any(type(value) is not _RULES.get(name) for name, value in rule.items()):
        raise shapes.bad(
            "rule", f"an object of {', '.join(f'{name} ({kind.__name__})' for name, kind in _RULES.items())}"
        )
    if not 0 < rule.get("copies", 1) <= 100:
        raise shapes.bad("copies", "from 1 to 100")
    db.execute("INSERT OR REPLACE INTO notice_rule (request_no, rule) VALUES (?, ?)", (request_no, json.dumps(rule)))


# --- Bad luck -----------------------------------------------------------------------------------


def _add_fault(db: sqlite3.Connection, data: dict[str, Any]) -> None:
    faults.add(db, data)


def _clear_faults(db: sqlite3.Connection, _: dict[str, Any]) -> None:
    db.execute("DELETE FROM fault")


def _change_bill(db: sqlite3.Connection, data: dict[str, Any]) -> None:
    """Make a day's bill wrong: a row missing, one too many, or another amount (with its sign)."""
    kind, day = shapes.text(data, "kind"), shapes.text(data, "day")
    amount_fen = data.get("amount_fen", 0)
    if kind not in {"missing", "extra", "amount"} or type(amount_fen) is not int or abs(amount_fen) > shapes.MAX_FEN:
        raise shapes.bad("kind", "missing, extra or amount, with a whole number of fen")
    try:
        date.fromisoformat(day)
    except ValueError:
        raise shapes.bad("day", "YYYY-MM-DD") from None
    currency = shapes.text(data, "currency", longest=3, default="CNY")
    db.execute(
        "INSERT INTO bill_change (day, kind, subject, request_no, amount_fen, currency) VALUES (?, ?, ?, ?, ?, ?)",
        (day, kind, shapes.text(data, "subject", default="payment"), shapes.number(data), amount_fen, currency),
    )


def _allow_early_bills(db: sqlite3.Connection, data: dict[str, Any]) -> None:
    """Whether a day's bill can be had before the day is over."""
    put_setting(db, "early_bills", "1" if data.get("allowed", True) is True else "")


def _set_clock(db: sqlite3.Connection, data: dict[str, Any]) -> None:
    """Let the sandbox believe that it is another time, which goes on from there; null: the real one again."""
    at = data.get("at")
    try:
        offset = from_iso(at) - real_ms() if isinstance(at, str) else 0
    except (ValueError, OverflowError):
        raise shapes.bad("at", "ISO 8601 with an offset") from None
    put_setting(db, "clock_offset_ms", str(offset))
