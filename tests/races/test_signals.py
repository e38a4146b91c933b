"""Closing a pattern while a search finds it again."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from django.db import connections, transaction

from accounts.models import User
from reviews import signals
from reviews.choices import SignalKind
from reviews.models import Signal
from reviews.signals import Pattern
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def _close(signal: Signal, by: User) -> None:
    try:
        signals.close(signal=signal, by=by, note="A club", at=WRITTEN)
    finally:
        connections.close_all()


def test_what_somebody_closes_while_it_is_found_again_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    by, seen = UserFactory(), {"first_seen_at": WRITTEN, "last_seen_at": WRITTEN}
    row = Signal.objects.create(kind=SignalKind.BURST, key="burst:1", points=30, data={"count": 20, "usual": 1}, **seen)
    closing = Thread(target=_close, args=(row, by))
    update = Signal.objects.bulk_update

    def slow_update(*args: Any) -> int:
        closing.start()
        closing.join(1)
        return update(*args)

    monkeypatch.setattr(Signal.objects, "bulk_update", slow_update)
    with transaction.atomic():
        signals._keep([Pattern(SignalKind.BURST, row.key, 30, None, row.data)], at=WRITTEN)
    closing.join()
    row.refresh_from_db()
    assert (row.closed_at, row.note) == (WRITTEN, "A club")
