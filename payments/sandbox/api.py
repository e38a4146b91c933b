"""The merchant's interface under /v1/: requests signed by the merchant, answers signed by the sandbox."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from payments.sandbox import bill, faults, money, shapes, signing
from payments.sandbox.books import Books, now_ms
from payments.sandbox.faults import Fault
from payments.sandbox.http import Answer, Asked
from payments.sandbox.keys import Keys
from payments.sandbox.money import Account, Outflow
from payments.sandbox.shapes import Refused

_ROUTES = (
    ("POST", r"/v1/payments", "start"),
    ("GET", r"/v1/payments/([^/]+)", "ask"),
    ("POST", r"/v1/payments/([^/]+)/close", "close"),
    ("POST", r"/v1/refunds", "refund"),
    ("GET", r"/v1/refunds/([^/]+)", "ask_refund"),
    ("POST", r"/v1/payouts", "payout"),
    ("GET", r"/v1/payouts/([^/]+)", "ask_payout"),
    ("GET", r"/v1/bill/([^/]+)", "bill"),
)


@dataclass(frozen=True)
class _Call:
    """One call that was understood: which, about which number, with what, and what is to go wrong."""

    name: str
    subject: str
    data: dict[str, Any]
    fault: Fault


class MerchantApi:
    """Answers the merchant."""

    def __init__(self, books: Books, keys: Keys, account: Account, public_url: str, wake: Callable[[], None]) -> None:
        self._books, self._keys, self._account = books, keys, account
        self._public_url, self._wake = public_url, wake

    def answer(self, asked: Asked) -> Answer:
        """Check who asks, do it, sign the answer; a fault may come between."""
        nonce = asked.headers.get(signing.NONCE, "")
        fault = faults.NONE
        try:
            self._check(asked, nonce)
            name, subject, data = _understand(asked)
            with self._books.transaction() as db:
                fault = faults.strike(db, name, subject)
            if fault.kind == "fail":
                return _broken()
            answer = self._carry_out(_Call(name, subject, data, fault))
        except Refused as refused:
            answer = Answer.refusal(refused)
        if fault.kind == "hang":
            time.sleep(fault.seconds)
        return _broken() if fault.kind == "lose" else self._signed(answer, nonce, is_garbled=fault.kind == "garble")

    def _check(self, asked: Asked, nonce: str) -> None:
        """Refuses what the merchant did not sign, did not sign now, or has sent before."""
        headers = asked.headers
        merchant, sent_at = headers.get(signing.MERCHANT, ""), headers.get(signing.TIME, "")
        text = signing.text("request", asked.method, asked.target, merchant, sent_at, nonce, body=asked.body)
        if not self._keys.is_from_merchant(headers.get(signing.SIGNATURE, ""), text):
            raise Refused(401, "signature", "Not signed by the merchant.")
        if merchant != self._account.merchant:
            raise Refused(403, "merchant", "No such merchant.")
        with self._books.transaction() as db:
            now = now_ms(db)
            if not re.fullmatch(r"[0-9]{1,12}", sent_at) or abs(int(sent_at) - now // 1000) > signing.WINDOW_SECONDS:
                raise Refused(401, "stale", "The signed time is too far away.")
            db.execute("DELETE FROM seen WHERE at < ?", (now - 2 * signing.WINDOW_SECONDS * 1000,))
            try:
                db.execute("INSERT INTO seen (nonce, at) VALUES (?, ?)", (nonce, now))
            except sqlite3.IntegrityError:
                raise Refused(401, "replayed", "This very request was sent before.") from None

    def _carry_out(self, call: _Call) -> Answer:
        if call.name == "bill":
            return self._bill(call.subject)
        if call.name in {"refund", "payout"}:
            return self._send_out(call)
        if call.fault.kind == "refuse":
            raise Refused(422, call.fault.code)
        with self._books.transaction() as db:
            if call.name in {"ask_refund", "ask_payout"}:
                return Answer.of(money.outflow_answer(money.find_outflow(db, call.name[4:], call.subject)))
            payment = self._payment(db, call)
        return Answer.of({**money.payment_answer(payment), "pay_url": f"{self._public_url}/pay/{payment['token']}"})

    def _payment(self, db: sqlite3.Connection, call: _Call) -> sqlite3.Row:
        if call.name == "start":
            return money.start(db, self._charge(call.data))
        payment = money.find_payment(db, call.subject)
        return money.close(db, payment) if call.name == "close" else payment

    def _charge(self, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "request_no": shapes.number(data),
            "amount_fen": shapes.fen(data),
            "currency": shapes.currency(data, self._account.currency),
            "subject": shapes.text(data, "subject", longest=120),
            "return_url": shapes.address(data, "return_url"),
            "notify_url": shapes.address(data, "notify_url", default="") or self._account.notify_url,
            "expires_at": shapes.instant(data, "expires_at"),
        }

    def _send_out(self, call: _Call) -> Answer:
        data = call.data
        target = shapes.number(data, "payment_request_no") if call.name == "refund" else shapes.text(data, "account")
        asked = Outflow(
            kind=call.name,
            request_no=shapes.number(data),
            target=target,
            amount_fen=shapes.fen(data),
            currency=shapes.currency(data, self._account.currency),
            reason=shapes.text(data, "reason", longest=500, default=""),
            notify_url=shapes.address(data, "notify_url", default="") or self._account.notify_url,
        )
        refusal = call.fault.code if call.fault.kind == "refuse" else ""
        with self._books.transaction() as db:
            row = money.send_out(db, self._account, asked, refusal=refusal, stays_pending=call.fault.kind == "pend")
        self._wake()
        if row["is_refused"]:
            raise Refused(422, row["failure"])
        return Answer.of(money.outflow_answer(row))

    def _bill(self, day_text: str) -> Answer:
        try:
            day = date.fromisoformat(day_text)
        except ValueError:
            raise shapes.bad("day", "YYYY-MM-DD") from None
        with self._books.transaction() as db:
            rows = bill.rows_of(db, day)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return Answer(200, lines.encode(), {"Content-Type": "application/jsonl"})

    def _signed(self, answer: Answer, nonce: str, *, is_garbled: bool) -> Answer:
        with self._books.transaction() as db:
            seconds = now_ms(db) // 1000
        text = signing.text("answer", answer.status, nonce, seconds, body=answer.body)
        headers = {
            signing.NONCE: nonce,
            signing.TIME: str(seconds),
            signing.KEY: self._keys.key_id,
            signing.SIGNATURE: self._keys.sign(text + "?" if is_garbled else text),
        }
        # A header that was sent to us goes back only if it cannot break the answer.
        safe = {name: value for name, value in headers.items() if value.isprintable()}
        return Answer(answer.status, answer.body, {**answer.headers, **safe})


def _understand(asked: Asked) -> tuple[str, str, dict[str, Any]]:
    """The call's name, the number or day it is about, and its data. Refuses a path or method that it does not know."""
    for method, pattern, name in _ROUTES:
        found = re.fullmatch(pattern, asked.path)
        if found and method == asked.method:
            data = asked.json() if method == "POST" else {}
            subject = found[1] if found.groups() else shapes.number(data)
            return name, subject, data
    raise Refused(404, "no_such_call", "No such path or method.")


def _broken() -> Answer:
    return Answer(500, b"Internal Server Error", {"Content-Type": "text/plain"})
