"""Waiting until somebody waits."""

from __future__ import annotations

import pytest
from django.db import connection


def until_somebody_waits() -> None:
    """Until another connection waits for a lock of this one (`pg_stat_activity` stands still in a transaction)."""
    with connection.cursor() as sql:
        for _ in range(3000):
            sql.execute("SELECT pg_backend_pid() = ANY(pg_blocking_pids(pid)) FROM pg_locks WHERE NOT granted")
            if any(waits for (waits,) in sql.fetchall()):
                return
    pytest.fail("nobody waited")
