"""What happens to money: payments come in, refunds and payouts go out, a fee is kept. Every change is one transaction
of the caller's; `db` is inside of it."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from payments.sandbox import notices
from payments.sandbox.books import iso, now_ms, real_ms
from payments.sandbox.shapes import Refused

# 0.6 % of what comes in, as Alipay and WeChat Pay ask of most trades.
_FEE_PER_MILLE = 6
_LATER_MS = 30_000


@dataclass(frozen=True)
class Account:
    """The only merchant, its currency, and where notices go that no request names an address for."""

    merchant: str
    currency: str
    notify_url: str = ""


@dataclass(frozen=True)
class Outflow:
    """A refund or a payout as it was asked for."""

    kind: str
    request_no: str
    target: str
    amount_fen: int
    currency: str
    reason: str
    notify_url: str


def fee_of(amount_fen: int) -> int:
    """The fee of a payment in fen, rounded half up."""
    return (amount_fen * _FEE_PER_MILLE + 500) // 1000


# --- Payments -----------------------------------------------------------------------------------


def find_payment(db: sqlite3.Connection, value: str, *, by: str = "request_no") -> sqlite3.Row:
    """A payment by its number or its page's token, expired if its time is over. Refuses with 404."""
    query = "SELECT * FROM payment WHERE token = ?" if by == "token" else "SELECT * FROM payment WHERE request_no = ?"
    row: sqlite3.Row | None = db.execute(query, (value,)).fetchone()
    if row is None:
        raise Refused(404, "not_found", "No such payment.")
    if row["state"] == "pending" and row["expires_at"] <= now_ms(db):
        return _set_state(db, row, "expired", at=row["expires_at"])
    return row


def start(db: sqlite3.Connection, asked: dict[str, Any]) -> sqlite3.Row:
    """Write down a payment; the same number with the same amount is the same payment, with another amount refused."""
    known = db.execute("SELECT * FROM payment WHERE request_no = ?", (asked["request_no"],)).fetchone()
    if known is None:
        now = now_ms(db)
        row = {**asked, "ref": _ref("P"), "token": secrets.token_urlsafe(24), "created_at": now, "state_at": now}
        db.execute(
            "INSERT INTO payment (request_no, ref, token, amount_fen, currency, subject, return_url, notify_url,"
            " created_at, expires_at, state, state_at) VALUES (:request_no, :ref, :token, :amount_fen, :currency,"
            " :subject, :return_url, :notify_url, :created_at, :expires_at, 'pending', :state_at)",
            row,
        )
    elif (known["amount_fen"], known["currency"]) != (asked["amount_fen"], asked["currency"]):
        raise _number_used()
    payment = find_payment(db, asked["request_no"])
    if payment["state"] not in {"pending", "paid"}:
        raise Refused(422, "payment_over", f"This payment is {payment['state']}.")
    return payment


def pay(  # noqa: PLR0913  (what a test may change about a payment)
    db: sqlite3.Connection,
    account: Account,
    payment: sqlite3.Row,
    *,
    amount_fen: int | None = None,
    currency: str = "",
    after_close: bool = False,
    how: str = "once",
) -> sqlite3.Row:
    """The payer pays. Refuses a payment that is over, unless it is to be paid all the same (`after_close`).

    `how` its notice is sent: "once", "twice", or "unordered", an older notice after it.
    """
    if payment["state"] == "paid":
        raise Refused(409, "already_paid", "This payment is paid.")
    if payment["state"] != "pending" and not after_close:
        raise Refused(409, "payment_over", f"This payment is {payment['state']}.")
    paid_fen, now = amount_fen or payment["amount_fen"], now_ms(db)
    db.execute(
        "UPDATE payment SET paid_fen = ?, paid_currency = ?, state = 'paid', state_at = ?, pay_at = NULL"
        " WHERE request_no = ?",
        (paid_fen, currency or payment["currency"], now, payment["request_no"]),
    )
    paid = find_payment(db, payment["request_no"])
    _move(db, paid, "payment", paid_fen, paid["paid_currency"])
    if fee := fee_of(paid_fen):
        _move(db, paid, "fee", -fee, paid["paid_currency"])
    if how == "unordered":
        notices.queue(
            db, account.merchant, "payment", {**payment_answer(paid), "status": "processing"}, paid, late=True
        )
    notices.queue(db, account.merchant, "payment", payment_answer(paid), paid, copies=2 if how == "twice" else 1)
    return paid


def decline(db: sqlite3.Connection, account: Account, payment: sqlite3.Row) -> sqlite3.Row:
    """The payer, or their bank, says no."""
    _require_pending(payment)
    declined = _set_state(db, payment, "declined", at=now_ms(db))
    notices.queue(db, account.merchant, "payment", payment_answer(declined), declined)
    return declined


def pay_later(db: sqlite3.Connection, payment: sqlite3.Row) -> None:
    """It will be paid in half a minute, also if the process is started anew meanwhile."""
    _require_pending(payment)
    at = payment["pay_at"] or real_ms() + _LATER_MS
    db.execute("UPDATE payment SET pay_at = ? WHERE request_no = ?", (at, payment["request_no"]))


def pay_what_is_due(db: sqlite3.Connection, account: Account) -> None:
    """Pay what was to be paid later and is still open."""
    due = db.execute(
        "SELECT request_no FROM payment WHERE pay_at <= ? AND state = 'pending' LIMIT 100", (real_ms(),)
    ).fetchall()
    for row in due:
        payment = find_payment(db, row["request_no"])
        if payment["state"] == "pending":
            pay(db, account, payment)


def close(db: sqlite3.Connection, payment: sqlite3.Row) -> sqlite3.Row:
    """It can no longer be paid. One that is paid or over stays as it is."""
    return _set_state(db, payment, "closed", at=now_ms(db)) if payment["state"] == "pending" else payment


def payment_answer(row: sqlite3.Row) -> dict[str, Any]:
    """What the merchant is told of a payment."""
    return {
        "request_no": row["request_no"],
        "ref": row["ref"],
        "status": row["state"],
        "amount_fen": row["paid_fen"] or row["amount_fen"],
        "currency": row["paid_currency"] or row["currency"],
        "at": iso(row["state_at"]),
        "reason": "" if row["state"] in {"pending", "paid"} else row["state"],
    }


# --- Refunds and payouts ------------------------------------------------------------------------


def find_outflow(db: sqlite3.Connection, kind: str, request_no: str) -> sqlite3.Row:
    """A refund or a payout by its number. Refuses with 404."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM outflow WHERE kind = ? AND request_no = ?", (kind, request_no)
    ).fetchone()
    if row is None:
        raise Refused(404, "not_found", f"No such {kind}.")
    return row


def send_out(
    db: sqlite3.Connection, account: Account, asked: Outflow, *, refusal: str = "", stays_pending: bool = False
) -> sqlite3.Row:
    """Give money back or pay it out. The same number with the same content is the same request; a refusal stays one.

    `refusal` and `stays_pending` come from the control interface. The row is returned also when it was refused:
    `outflow_answer` says so after the row is written.
    """
    known = db.execute(
        "SELECT * FROM outflow WHERE kind = ? AND request_no = ?", (asked.kind, asked.request_no)
    ).fetchone()
    if known is None:
        refusal = refusal or (_why_no_refund(db, asked) if asked.kind == "refund" else "")
        _insert_outflow(db, asked, refusal)
        if refusal or stays_pending:
            return find_outflow(db, asked.kind, asked.request_no)
        return settle(db, account, find_outflow(db, asked.kind, asked.request_no))
    content = (known["target"], known["amount_fen"], known["currency"])
    if content != (asked.target, asked.amount_fen, asked.currency):
        raise _number_used()
    return find_outflow(db, asked.kind, asked.request_no)


def settle(db: sqlite3.Connection, account: Account, row: sqlite3.Row, *, failure: str = "") -> sqlite3.Row:
    """Decide a pending refund or payout: the money moves, or it fails for good. Its notice is queued."""
    if row["state"] != "pending":
        raise Refused(409, "already_decided", f"This {row['kind']} is {row['state']}.")
    db.execute(
        "UPDATE outflow SET state = ?, state_at = ?, failure = ? WHERE kind = ? AND request_no = ?",
        ("failed" if failure else "done", now_ms(db), failure, row["kind"], row["request_no"]),
    )
    settled = find_outflow(db, row["kind"], row["request_no"])
    if not failure:
        _move(db, settled, row["kind"], -row["amount_fen"], row["currency"])
    notices.queue(db, account.merchant, row["kind"], outflow_answer(settled), settled)
    return settled


def withdraw(db: sqlite3.Connection, amount_fen: int, currency: str) -> str:
    """The merchant's money goes to its bank account; returns the withdrawal's number."""
    ref = _ref("W")
    db.execute(
        "INSERT INTO movement (at, kind, request_no, ref, amount_fen, currency) VALUES (?, 'withdrawal', ?, ?, ?, ?)",
        (now_ms(db), ref, ref, -amount_fen, currency),
    )
    return ref


def outflow_answer(row: sqlite3.Row) -> dict[str, Any]:
    """What the merchant is told of a refund or a payout."""
    return {
        "request_no": row["request_no"],
        "ref": row["ref"],
        "status": row["state"],
        "amount_fen": row["amount_fen"],
        "currency": row["currency"],
        "at": iso(row["state_at"]),
        "reason": row["failure"],
    }


def _why_no_refund(db: sqlite3.Connection, asked: Outflow) -> str:
    payment = db.execute("SELECT * FROM payment WHERE request_no = ?", (asked.target,)).fetchone()
    if payment is None or payment["state"] != "paid":
        return "payment_not_paid"
    if payment["paid_currency"] != asked.currency:
        return "currency_differs"
    given = db.execute(
        "SELECT COALESCE(SUM(amount_fen), 0) FROM outflow WHERE kind = 'refund' AND target = ? AND state <> 'failed'",
        (asked.target,),
    ).fetchone()[0]
    return "more_than_paid" if given + asked.amount_fen > payment["paid_fen"] else ""


def _insert_outflow(db: sqlite3.Connection, asked: Outflow, refusal: str) -> None:
    now = now_ms(db)
    db.execute(
        "INSERT INTO outflow (kind, request_no, ref, target, amount_fen, currency, reason, notify_url, created_at,"
        " state, state_at, failure, is_refused) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(asked.kind, asked.request_no, _ref(asked.kind[0].upper()), asked.target, asked.amount_fen),
            *(asked.currency, asked.reason, asked.notify_url, now),
            *("failed" if refusal else "pending", now, refusal, int(bool(refusal))),
        ),
    )


# --- Shared -------------------------------------------------------------------------------------


def _set_state(db: sqlite3.Connection, payment: sqlite3.Row, state: str, *, at: int) -> sqlite3.Row:
    db.execute(
        "UPDATE payment SET state = ?, state_at = ?, pay_at = NULL WHERE request_no = ?",
        (state, at, payment["request_no"]),
    )
    return find_payment(db, payment["request_no"])


def _move(db: sqlite3.Connection, row: sqlite3.Row, kind: str, amount_fen: int, currency: str) -> None:
    db.execute(
        "INSERT INTO movement (at, kind, request_no, ref, amount_fen, currency) VALUES (?, ?, ?, ?, ?, ?)",
        (row["state_at"], kind, row["request_no"], row["ref"], amount_fen, currency),
    )


def _require_pending(payment: sqlite3.Row) -> None:
    if payment["state"] != "pending":
        raise Refused(409, "payment_over", f"This payment is {payment['state']}.")


def _number_used() -> Refused:
    return Refused(409, "number_used", "This number was used for something else.")


def _ref(letter: str) -> str:
    return f"SB{letter}{secrets.token_hex(10)}"
