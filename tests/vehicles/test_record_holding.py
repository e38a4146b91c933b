"""Whose record it is: the VIN decides, a plate never."""

from __future__ import annotations

import importlib
from datetime import date

import pytest
from django.apps import apps
from django.utils import translation

from core.errors import InvalidInput
from tests.factories.accounts import UserFactory
from tests.factories.records import NOW, enter, facts, private
from tests.factories.vehicles import CarFactory, VariantFactory
from vehicles import actions as garage
from vehicles import privacy
from vehicles.actions import CarDetails
from vehicles.choices import EntrySource
from vehicles.models import Car, HealthEntry, HealthRecord
from vehicles.record import actions, chain, sharing
from vehicles.record.holding import VinFixedError, VinTakenError
from vehicles.vin import check_digit

pytestmark = pytest.mark.django_db


def good_vin(text: str) -> str:
    return text[:8] + check_digit(text) + text[9:]


VIN = good_vin("LSVAM4180C2184847")
OTHER_VIN = good_vin("LSVAM4180C2184848")


def add(*, vin: str = "", owner=None, **details) -> Car:
    return garage.add_car(
        owner=owner or UserFactory(),
        variant=VariantFactory(),
        details=CarDetails(vin=vin, **details),
        at=NOW,
    )


def edit(car: Car, **details) -> Car:
    return garage.edit_car(car=car, variant=car.variant, details=CarDetails(**details), at=NOW)


def walk_in(vin: str) -> HealthEntry:
    record = actions.record_for_vin(vin)
    return actions.append(
        record=record, facts=facts(vin=vin), private=private(), source=EntrySource.VISIT, holder=None, at=NOW
    )


def test_a_new_car_holds_the_record_of_its_vin():
    car = add(vin=VIN)
    assert car.record.vin == VIN
    assert car.record.owner == car.owner
    assert HealthRecord.objects.visible_to(car.owner).get() == car.record
    assert not HealthRecord.objects.visible_to(UserFactory()).exists()


def test_a_vin_in_another_garage_is_refused_and_nothing_changes():
    first = add(vin=VIN)
    second = add(plate="沪AD8K21")
    with pytest.raises(VinTakenError) as caught:
        edit(second, vin=VIN, plate="沪AD8K22")
    assert caught.value.field == "vin"
    second.refresh_from_db()
    assert (second.vin, second.plate) == ("", "沪AD8K21")
    with pytest.raises(VinTakenError):
        add(vin=VIN)
    with translation.override("en"), pytest.raises(VinTakenError, match="already"):
        add(vin=VIN, owner=first.owner)
    assert Car.objects.count() == 2


def test_a_plate_moves_and_the_record_stays_with_the_vin():
    seller = add(vin=VIN, plate="沪AD8K21")
    enter(seller, vin=VIN)
    buyer = add(vin=OTHER_VIN, plate="沪AD8K21")
    assert buyer.record != seller.record
    assert buyer.record.entry_count == 0


def test_a_waiting_record_is_taken_up_without_the_private_parts_of_others():
    walk_in(VIN)
    car = add(vin=VIN)
    entry = car.record.entries.get()
    assert entry.holder is None
    assert car.record.owner == car.owner


def test_a_removed_car_lets_go_of_its_record():
    car = add(vin=VIN)
    actions.set_complete_since_new(record=car.record, is_complete=True, at=NOW)
    link = sharing.share(record=car.record, by=car.owner, until=NOW + sharing.MAX_LINK, at=NOW).link
    garage.remove_car(car=car, at=NOW)
    link.refresh_from_db()
    assert link.revoked_at == NOW
    assert HealthRecord.objects.get(vin=VIN).owner is None
    again = add(vin=VIN)
    assert again.record == car.record
    assert again.record.complete_since_new is False


def test_a_vin_added_later_names_the_record_of_the_car():
    car = add()
    enter(car)
    car = edit(car, vin=VIN)
    assert (car.record.vin, car.record.entry_count) == (VIN, 1)


def test_a_vin_added_later_joins_the_record_that_waits_for_it():
    first = walk_in(VIN)
    car = add()
    own = enter(car, reference="visit:7")
    actions.correct(
        entry=own,
        facts=facts(kind="correction", corrects=own.sequence, odometer_km=58_300),
        private=private(),
        holder=car.owner,
        at=NOW,
    )
    old = car.record
    car = edit(car, vin=VIN)
    assert car.record == first.record
    entries = list(car.record.entries.in_order())
    assert [entry.facts["corrects"] for entry in entries] == [None, None, 2]
    assert entries[1].private["total_fen"] == 26_800
    assert entries[1].holder == car.owner
    assert chain.verify(entries, head_hash=car.record.head_hash) == []
    left = list(old.entries.in_order())
    assert [(entry.private, entry.holder) for entry in left] == [(None, None)] * 2
    assert chain.verify(left) == []
    # What comes late for the old entry finds its way.
    late = actions.correct(
        entry=actions.present_form(own),
        facts=facts(kind="correction", corrects=2, odometer_km=58_310),
        private=None,
        holder=car.owner,
        at=NOW,
    )
    assert late.record == car.record


def test_a_vin_with_verified_visits_cannot_be_changed():
    car = add(vin=VIN)
    assert edit(car, vin=OTHER_VIN).record.vin == OTHER_VIN
    car = edit(car, vin=VIN)
    enter(car, vin=VIN)
    for vin in (OTHER_VIN, ""):
        with pytest.raises(VinFixedError):
            edit(car, vin=vin)
    assert edit(car, vin=VIN, plate="沪AD8K21").record.vin == VIN


def test_an_erased_person_leaves_the_facts_and_nothing_else():
    car = add(vin=VIN)
    enter(car, vin=VIN)
    exported = privacy.export_records(car.owner)
    assert exported[0]["private"]["plate"] == "沪AD8K21"
    assert exported[1]["vin"] == VIN
    privacy.erase_records(car.owner, NOW)
    privacy.erase(car.owner, NOW)
    record = HealthRecord.objects.get(vin=VIN)
    entry = record.entries.get()
    assert (record.owner, entry.private, entry.holder) == (None, None, None)
    assert chain.verify([entry], head_hash=record.head_hash) == []
    assert privacy.export_records(car.owner) == []


def test_an_erased_record_without_entries_forgets_its_vin():
    car = add(vin=VIN)
    privacy.erase_records(car.owner, NOW)
    car.record.refresh_from_db()
    assert (car.record.vin, car.record.owner) == ("", None)


@pytest.mark.parametrize(
    ("delivered_on", "model_year"),
    [(date(2026, 11, 22), 2026), (date(2019, 12, 31), 2021), (date(1970, 1, 1), None)],
)
def test_a_first_registration_that_cannot_be_is_refused(delivered_on, model_year):
    with pytest.raises(InvalidInput) as caught:
        add(delivered_on=delivered_on, model_year=model_year)
    assert caught.value.field == "delivered_on"


def test_a_first_registration_in_the_year_before_the_model_year_is_kept():
    assert add(delivered_on=date(2020, 9, 1), model_year=2021).delivered_on == date(2020, 9, 1)


def test_cars_from_before_get_records_and_the_oldest_in_a_garage_keeps_the_vin():
    removed = CarFactory(vin=VIN, removed_at=NOW)
    oldest, newer, without = CarFactory(vin=VIN), CarFactory(vin=VIN), CarFactory()
    migration = importlib.import_module("vehicles.migrations.0005_records_of_cars")
    migration.give_records(apps, None)
    for car, vin, owner in (
        (removed, "", None),
        (oldest, VIN, oldest.owner),
        (newer, "", newer.owner),
        (without, "", without.owner),
    ):
        car.refresh_from_db()
        assert (car.record.vin, car.record.owner) == (vin, owner)
