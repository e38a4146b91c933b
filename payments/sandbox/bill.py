"""The bill of a day, and the books in sums for whoever compares them with their own."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, timedelta
from typing import Any

from payments.sandbox.books import CHINA, iso, now_ms, setting
from payments.sandbox.shapes import Refused


def rows_of(db: sqlite3.Connection, day: date) -> list[dict[str, Any]]:
    """What moved on a day of China, oldest first. Refuses a day that is not over, unless tests ask for early bills."""
    start = round(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp() * 1000)
    end = start + round(timedelta(days=1).total_seconds() * 1000)
    if end > now_ms(db) and not setting(db, "early_bills"):
        raise Refused(409, "bill_not_ready", "The bill is made when the day is over.")
    found = db.execute("SELECT * FROM movement WHERE at >= ? AND at < ? ORDER BY at, id", (start, end))
    changes = db.execute("SELECT * FROM bill_change WHERE day = ? ORDER BY id", (day.isoformat(),)).fetchall()
    return _changed([_row(movement) for movement in found], changes, start)


def _row(movement: sqlite3.Row) -> dict[str, Any]:
    return {
        "subject": movement["kind"],
        "request_no": movement["request_no"],
        "ref": movement["ref"],
        "amount_fen": movement["amount_fen"],
        "currency": movement["currency"],
        "at": iso(movement["at"]),
    }


def _changed(rows: list[dict[str, Any]], changes: list[sqlite3.Row], start: int) -> list[dict[str, Any]]:
    """The bill as a test wants it to be wrong. The books are not touched."""
    for change in changes:
        key = (change["subject"], change["request_no"])
        if change["kind"] == "extra":
            extra = {"subject": key[0], "request_no": key[1], "ref": f"SBX{change['id']}", "at": iso(start)}
            rows.append({**extra, "amount_fen": change["amount_fen"], "currency": change["currency"]})
        elif change["kind"] == "missing":
            rows = [row for row in rows if (row["subject"], row["request_no"]) != key]
        else:
            for row in rows:
                if (row["subject"], row["request_no"]) == key:
                    row["amount_fen"] = change["amount_fen"]
    return rows


def books(db: sqlite3.Connection) -> dict[str, Any]:
    """The whole of the books: sums of the movements, and every payment, refund and payout. Sums out are positive."""
    sums = {row[0]: row[1] for row in db.execute("SELECT kind, SUM(amount_fen) FROM movement GROUP BY kind")}
    return {
        "in_fen": sums.get("payment", 0),
        "refunded_fen": -sums.get("refund", 0),
        "fees_fen": -sums.get("fee", 0),
        "paid_out_fen": -sums.get("payout", 0),
        "withdrawn_fen": -sums.get("withdrawal", 0),
        "balance_fen": sum(sums.values()),
        "payments": [_payment(db, row) for row in db.execute("SELECT * FROM payment ORDER BY created_at, request_no")],
        "refunds": _outflows(db, "refund"),
        "payouts": _outflows(db, "payout"),
    }


def _payment(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    moved = db.execute(
        "SELECT COALESCE(SUM(amount_fen) FILTER (WHERE kind = 'payment'), 0) AS paid,"
        " COALESCE(-SUM(amount_fen) FILTER (WHERE kind = 'fee'), 0) AS fee"
        " FROM movement WHERE kind IN ('payment', 'fee') AND request_no = ?",
        (row["request_no"],),
    ).fetchone()
    refunded = db.execute(
        "SELECT COALESCE(-SUM(movement.amount_fen), 0) FROM outflow JOIN movement USING (kind, request_no)"
        " WHERE outflow.kind = 'refund' AND outflow.target = ?",
        (row["request_no"],),
    ).fetchone()
    return {
        "request_no": row["request_no"],
        "status": row["state"],
        "amount_fen": row["amount_fen"],
        "currency": row["paid_currency"] or row["currency"],
        "paid_fen": moved["paid"],
        "fee_fen": moved["fee"],
        "refunded_fen": refunded[0],
    }


def _outflows(db: sqlite3.Connection, kind: str) -> list[dict[str, Any]]:
    rows = db.execute("SELECT * FROM outflow WHERE kind = ? ORDER BY created_at, request_no", (kind,))
    return [
        {
            "request_no": row["request_no"],
            "status": row["state"],
            "amount_fen": row["amount_fen"],
            "currency": row["currency"],
            "target": row["target"],
            "reason": row["failure"],
        }
        for row in rows
    ]
