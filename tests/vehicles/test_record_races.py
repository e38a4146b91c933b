"""Two visits entering a record at once keep the chain; without the lock one of them is refused by the database."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet

from tests.factories.records import NOW, facts, private
from vehicles.choices import EntrySource
from vehicles.models import HealthEntry, HealthRecord
from vehicles.record import actions, chain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
CLIENTS = 6
EACH = 4


def crowd(record: HealthRecord) -> list[Exception]:
    """Several clients append at the same moment; what was refused."""
    barrier, refused = Barrier(CLIENTS), []

    def work() -> None:
        barrier.wait()
        for _round in range(EACH):
            try:
                actions.append(
                    record=record,
                    facts=facts(),
                    private=private(),
                    source=EntrySource.VISIT,
                    holder=None,
                    at=NOW,
                )
            except DatabaseError as error:
                refused.append(error)
        connection.close()

    threads = [Thread(target=work) for _client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_entries_written_at_once_keep_the_chain():
    record = HealthRecord.objects.create(vin="")
    assert crowd(record) == []
    entries = list(HealthEntry.objects.filter(record=record).in_order())
    record.refresh_from_db()
    assert len(entries) == CLIENTS * EACH
    assert chain.verify(entries, head_hash=record.head_hash) == []


def test_without_the_lock_the_database_refuses_what_breaks_the_chain(monkeypatch):
    record = HealthRecord.objects.create(vin="")
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, *_arguments, **_options: rows)
    assert crowd(record) != []
    entries = list(HealthEntry.objects.filter(record=record).in_order())
    assert chain.verify(entries) == []


def test_the_same_visit_entering_at_once_enters_once():
    record = HealthRecord.objects.create(vin="")
    barrier, found = Barrier(CLIENTS), []

    def work() -> None:
        barrier.wait()
        entry = actions.append(
            record=record,
            facts=facts(),
            private=private(),
            source=EntrySource.VISIT,
            holder=None,
            at=NOW,
            reference="visit:1",
        )
        found.append(entry.pk)
        connection.close()

    threads = [Thread(target=work) for _client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == CLIENTS
    assert len(set(found)) == 1
