"""The sandbox's books: one SQLite file, in which every movement of money is a row that stays.

A commit survives the death of the process (WAL). One connection and one lock: its transactions take microseconds.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

CHINA = timezone(timedelta(hours=8))

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
    request_no TEXT PRIMARY KEY,
    ref TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL UNIQUE,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    currency TEXT NOT NULL,
    subject TEXT NOT NULL,
    return_url TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'paid', 'declined', 'closed', 'expired')),
    state_at INTEGER NOT NULL,
    paid_fen INTEGER CHECK (paid_fen > 0),
    paid_currency TEXT,
    pay_at INTEGER,  -- the payer asked for it to be paid later; real time
    CHECK ((state = 'paid') = (paid_fen IS NOT NULL)),
    CHECK ((state = 'paid') = (paid_currency IS NOT NULL))
) STRICT;
CREATE TABLE IF NOT EXISTS outflow (
    kind TEXT NOT NULL CHECK (kind IN ('refund', 'payout')),
    request_no TEXT NOT NULL,
    ref TEXT NOT NULL UNIQUE,
    target TEXT NOT NULL,  -- the payment's number, or the account that is paid
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    currency TEXT NOT NULL,
    reason TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    state_at INTEGER NOT NULL,
    failure TEXT NOT NULL,
    is_refused INTEGER NOT NULL CHECK (is_refused IN (0, 1)),  -- said at once
    PRIMARY KEY (kind, request_no),
    CHECK ((state = 'failed') = (failure <> ''))
) STRICT;
CREATE INDEX IF NOT EXISTS outflow_target ON outflow (kind, target);
CREATE TABLE IF NOT EXISTS movement (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'refund', 'payout', 'fee', 'withdrawal')),
    request_no TEXT NOT NULL,
    ref TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK ((amount_fen > 0) = (kind = 'payment') AND amount_fen <> 0),
    currency TEXT NOT NULL,
    UNIQUE (kind, request_no)
) STRICT;
CREATE INDEX IF NOT EXISTS movement_at ON movement (at);
CREATE TRIGGER IF NOT EXISTS movement_stays BEFORE UPDATE ON movement
    BEGIN SELECT RAISE(ABORT, 'a movement stays'); END;
CREATE TRIGGER IF NOT EXISTS movement_is_kept BEFORE DELETE ON movement
    BEGIN SELECT RAISE(ABORT, 'a movement stays'); END;
CREATE TABLE IF NOT EXISTS notice (
    id INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL,
    request_no TEXT NOT NULL,
    merchant TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'dropped', 'taken', 'delivered')),
    made_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,  -- real time, whatever the books' clock says
    attempts INTEGER NOT NULL DEFAULT 0,
    last_answer TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS notice_due ON notice (due_at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY,
    call TEXT NOT NULL,
    request_no TEXT NOT NULL,
    kind TEXT NOT NULL,
    seconds REAL NOT NULL,
    code TEXT NOT NULL,
    times_left INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS notice_rule (request_no TEXT PRIMARY KEY, rule TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS bill_change (
    id INTEGER PRIMARY KEY,
    day TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('missing', 'extra', 'amount')),
    subject TEXT NOT NULL,
    request_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL,
    currency TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS seen (nonce TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
_TABLES = ("payment", "outflow", "movement", "notice", "fault", "notice_rule", "bill_change", "seen", "setting")


class Books:
    """The file, and the clock by which it is kept."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.Lock()
        self._connection.execute("PRAGMA journal_mode = WAL")
        # Safe when the process dies; only a loss of power could undo the last commits.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, one after the other. Never nested."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def empty(self) -> None:
        """Forget everything, the clock too: for tests, which share one process."""
        drops = "".join(f"DROP TABLE IF EXISTS {table};" for table in _TABLES)
        with self._lock:  # in one piece: the sender of notices must not look between
            self._connection.executescript(f"BEGIN IMMEDIATE; {drops} {_SCHEMA} COMMIT;")


def real_ms() -> int:
    """What the machine's clock says."""
    return time.time_ns() // 1_000_000


def now_ms(db: sqlite3.Connection) -> int:
    """What the books' clock says: the machine's, unless a test has set it."""
    return real_ms() + int(setting(db, "clock_offset_ms") or 0)


def setting(db: sqlite3.Connection, name: str) -> str:
    """A setting of the control interface; "" while it is not set."""
    row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return row["value"] if row else ""


def put_setting(db: sqlite3.Connection, name: str, value: str) -> None:
    """Set or replace a setting."""
    db.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))


def iso(ms: int) -> str:
    """Milliseconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """ISO 8601 with an offset as milliseconds since 1970. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return round(moment.timestamp() * 1000)
