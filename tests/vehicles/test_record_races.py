"""Two visits entering a record at once keep the chain; without the lock one of them is refused by the database. And
whatever happens to a car and its record at once, nobody waits for each other in a circle."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet

from accounts import privacy
from accounts.actions import erase
from core.errors import Refusal
from tests.factories.accounts import UserFactory
from tests.factories.records import NOW, enter, facts, private, recorded_car
from vehicles import actions as cars
from vehicles import garage
from vehicles.choices import EntrySource
from vehicles.models import Car, HealthEntry, HealthRecord
from vehicles.record import actions, chain, holding, shape, transfers

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


# --- Locks in one order -----------------------------------------------------------------------------


def at_once(*works: Callable[[], object]) -> list[DatabaseError]:
    """Each of `works` in a thread of its own; what the database refused. What is refused in words is no matter here."""
    refused: list[DatabaseError] = []

    def run(work: Callable[[], object]) -> None:
        try:
            with suppress(Refusal):
                work()
        except DatabaseError as error:
            refused.append(error)
        connection.close()

    threads = [Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


@pytest.fixture
def offered() -> transfers.NewTransfer:
    car = recorded_car()
    return transfers.offer_transfer(car=car, by=car.owner, at=NOW)


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[object, str], None]:
    """Both rivals wait for each other where `meet(place, name)` says, unless a lock keeps one of them away."""
    barrier = Barrier(2)

    def at(place: object, name: str) -> None:
        known = getattr(place, name)

        def waiting(*arguments: object, **options: object) -> object:
            with suppress(BrokenBarrierError):
                barrier.wait(timeout=1)
            return known(*arguments, **options)

        monkeypatch.setattr(place, name, waiting)

    return at


def test_a_car_taken_over_while_it_is_removed_stops_nobody(offered, meet):
    buyer, car = UserFactory(), Car.objects.get()
    meet(garage, "check_room")
    meet(holding, "release")
    refused = at_once(
        lambda: transfers.accept_transfer(transfer=offered.transfer, by=buyer, at=NOW),
        lambda: cars.remove_car(car=car, at=NOW),
    )
    assert refused == []
    record = HealthRecord.objects.get()
    kept = Car.objects.filter(removed_at=None).values_list("owner", flat=True)
    assert list(kept) == ([record.owner_id] if record.owner_id else [])


def test_a_car_taken_over_while_its_owner_is_erased_stops_nobody(offered, meet):
    buyer, car = UserFactory(), Car.objects.get()
    meet(transfers, "_offered")
    meet(holding, "release_record")
    refused = at_once(
        lambda: transfers.accept_transfer(transfer=offered.transfer, by=buyer, at=NOW),
        lambda: erase(user=car.owner, at=NOW),
    )
    assert refused == []


def test_an_entry_written_while_its_car_is_edited_stops_nobody(offered, meet):
    car = Car.objects.select_related("owner").get()
    meet(shape, "check_private")
    meet(cars, "_check_delivery")
    details = cars.CarDetails(nickname="Blue")
    refused = at_once(
        lambda: cars.edit_car(car=car, variant=car.variant, details=details, at=NOW),
        lambda: enter(car, date="2026-11-21"),
    )
    assert refused == []
    assert Car.objects.get().nickname == "Blue"
    assert HealthEntry.objects.filter(record=car.record_id).count() == 2


def test_an_entry_written_while_its_owner_is_erased_stops_nobody(meet):
    car = recorded_car()
    meet(privacy, "keepers")
    meet(shape, "check_private")
    refused = at_once(lambda: erase(user=car.owner, at=NOW), lambda: enter(car, date="2026-11-21"))
    assert refused == []


def test_a_car_offered_while_its_owner_is_erased_stops_nobody(meet):
    car = recorded_car()
    meet(privacy, "keepers")
    meet(transfers, "new_token")
    refused = at_once(
        lambda: erase(user=car.owner, at=NOW),
        lambda: transfers.offer_transfer(car=car, by=car.owner, at=NOW),
    )
    assert refused == []
