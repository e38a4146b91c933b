"""Entries of a health record: the chain, the shape, and what the database itself refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories.accounts import UserFactory
from tests.factories.records import NOW, OIL_SERVICE, enter, facts, private, recorded_car
from tests.factories.vehicles import CarFactory
from vehicles.choices import EntrySource
from vehicles.models import HealthEntry, HealthRecord
from vehicles.record import actions, chain
from vehicles.record.canonical import FIRST_HASH, digest, entry_hash
from vehicles.record.chain import Fault
from vehicles.record.shape import ShapeError

pytestmark = pytest.mark.django_db


def run(sql: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_entries_are_chained_and_verify():
    car = recorded_car(entries=3)
    record = HealthRecord.objects.get(cars=car)
    entries = list(record.entries.in_order())
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert entries[0].previous_hash == FIRST_HASH
    assert (record.entry_count, record.head_hash) == (3, entries[2].hash)
    assert chain.verify(entries, head_hash=record.head_hash) == []


def test_a_visit_enters_once():
    car = CarFactory()
    first, again = enter(car, reference="visit:1"), enter(car, reference="visit:1", odometer_km=1)
    assert first == again
    assert HealthEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"odometer_km": 58263.0}, "facts.odometer_km"),
        ({"odometer_km": True}, "facts.odometer_km"),
        ({"odometer_km": -1}, "facts.odometer_km"),
        ({"date": "2026-11-31"}, "facts.date"),
        ({"date": "20261121"}, "facts.date"),
        ({"kind": "gift"}, "facts.kind"),
        ({"v": True}, "facts.v"),
        ({"number": "a\x00b"}, "facts.number"),
        ({"number": "\ud800"}, "facts.number"),
        ({"number": "x" * 100_000}, "facts.number"),
        ({"items": [OIL_SERVICE] * 201}, "facts.items"),
        ({"items": [OIL_SERVICE | {"outcome": "perhaps"}]}, "facts.items[0].outcome"),
        ({"items": [OIL_SERVICE | {"price": 1}]}, "facts.items[0].price"),
        ({"measurements": [{"point": "pad", "value": 2.8, "unit": "mm", "tone": ""}]}, "facts.measurements[0].value"),
        ({"fault_codes": ["0300"]}, "facts.fault_codes[0]"),
        ({"photos": [{"sha256": "ABC", "kind": ""}]}, "facts.photos[0].sha256"),
        ({"surprise": 1}, "facts.surprise"),
        ({"shop": []}, "facts.shop"),
    ],
)
def test_facts_of_another_shape_are_refused(change, path):
    with pytest.raises(ShapeError, match=path.replace("[", r"\[")):
        enter(CarFactory(), **change)
    assert not HealthEntry.objects.exists()


def test_facts_without_a_field_are_refused():
    incomplete = facts()
    del incomplete["vin"]
    record = actions.record_of(CarFactory())
    with pytest.raises(ShapeError, match=r"facts\.vin"):
        actions.append(record=record, facts=incomplete, private=None, source=EntrySource.VISIT, holder=None, at=NOW)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE vehicles_healthentry SET facts = jsonb_set(facts, '{odometer_km}', '1')",
        "UPDATE vehicles_healthentry SET odometer_km = 1",
        "UPDATE vehicles_healthentry SET occurred_on = '2020-01-01'",
        "UPDATE vehicles_healthentry SET hash = previous_hash",
        "UPDATE vehicles_healthentry SET private = '{}'",
        "UPDATE vehicles_healthentry SET private = 'null'::jsonb",
        "UPDATE vehicles_healthentry SET source = 'owner'",
        "UPDATE vehicles_healthentry SET holder_id = (SELECT max(id) FROM accounts_user)",
        "DELETE FROM vehicles_healthentry",
        "UPDATE vehicles_healthrecord SET entry_count = 7",
        "UPDATE vehicles_healthrecord SET head_hash = repeat('a', 64)",
    ],
)
def test_the_database_keeps_entries_as_they_are(sql):
    enter(CarFactory())
    UserFactory()
    with pytest.raises(DatabaseError):
        run(sql)
    assert HealthEntry.objects.get().facts["odometer_km"] == 58_263


def test_a_private_part_can_be_erased_and_the_chain_still_holds():
    car = recorded_car(entries=2)
    run("UPDATE vehicles_healthentry SET private = NULL, holder_id = NULL")
    with pytest.raises(DatabaseError):
        run("UPDATE vehicles_healthentry SET private = '{}' WHERE private IS NULL")
    entries = list(HealthEntry.objects.filter(record__cars=car).in_order())
    assert [entry.private for entry in entries] == [None, None]
    assert chain.verify(entries) == []


def insert(entry: HealthEntry, **changed: Any) -> None:
    """Write an entry as plain SQL, past every action; hashes are right unless `changed` says otherwise."""
    public = facts() | changed.pop("facts", {})
    row = {"sequence": entry.sequence + 1, "previous_hash": entry.hash, "facts_hash": digest(public)}
    row |= {"private_hash": digest(private())} | changed
    parts = {name: row[name] for name in ("sequence", "previous_hash", "facts_hash", "private_hash")}
    row = {"hash": entry_hash(**parts), "occurred_on": public["date"], "odometer_km": public["odometer_km"]} | row
    row |= {"record_id": entry.record_id, "shop_slug": "shenchi-xuhui"}
    columns = ", ".join(row)
    run(
        f"INSERT INTO vehicles_healthentry ({columns}, facts, recorded_at, source, reference, public_id)"
        f" VALUES ({', '.join(['%s'] * len(row))}, %s, now(), 'visit', '', md5(random()::text)::char(16))",
        *row.values(),
        connection.ops.adapt_json_value(public, None),
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"sequence": 1},
        {"sequence": 3},
        {"previous_hash": FIRST_HASH},
        {"hash": "a" * 64},
        {"occurred_on": "2020-01-01"},
        {"odometer_km": 5},
        {"odometer_km": None},
    ],
)
def test_the_database_takes_only_the_next_link_of_the_chain(changed):
    entry = enter(CarFactory())
    with pytest.raises(DatabaseError):
        insert(entry, **changed)
    assert HealthEntry.objects.count() == 1
    insert(entry)
    assert HealthEntry.objects.count() == 2


def test_a_changed_or_missing_entry_is_found():
    car = recorded_car(entries=3)
    record = HealthRecord.objects.get(cars=car)
    entries = list(record.entries.in_order())
    entries[1].facts["odometer_km"] += 1
    assert [(p.sequence, p.fault) for p in chain.verify(entries)] == [(2, Fault.FACTS)]
    entries[1].facts["odometer_km"] -= 1
    entries[1].private["total_fen"] = 1
    assert [(p.sequence, p.fault) for p in chain.verify(entries)] == [(2, Fault.PRIVATE)]
    entries[1].private = None
    assert chain.verify(entries, head_hash=record.head_hash) == []
    assert chain.verify(entries[:2], head_hash=record.head_hash) == [chain.Problem(0, Fault.END)]
    assert [p.fault for p in chain.verify(entries[1:])] == [Fault.SEQUENCE, Fault.PREVIOUS, Fault.SEQUENCE]
