"""Other rooms hear of every change to a car on which a due date depends, once each, and of nothing else."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from accounts import actions as account_actions
from core.models import OutboxEvent
from tests.factories.accounts import UserFactory
from tests.factories.records import OIL_SERVICE, enter, facts, recorded_car
from tests.factories.vehicles import CarFactory, VariantFactory
from vehicles import actions
from vehicles.actions import CarDetails, OdometerDecreasedError
from vehicles.choices import OdometerSource
from vehicles.models import Car
from vehicles.record import actions as record_actions
from vehicles.record import transfers
from vehicles.record.actions import OwnEntry
from vehicles.record.known_items import KnownItem

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


def told() -> list[str]:
    """The cars that were told of since the last look, in order."""
    events = OutboxEvent.objects.filter(topic="car.changed")
    assert all(event.payload == {} for event in events)
    keys = list(events.order_by("pk").values_list("key", flat=True))
    OutboxEvent.objects.all().delete()
    return keys


def read(car: Car, km: int, at: datetime = NOW) -> None:
    actions.record_odometer(car=car, km=km, by=car.owner, source=OdometerSource.OWNER, at=at)


@pytest.mark.parametrize("km", [None, 58_240])
def test_a_car_is_told_of_when_it_is_added_edited_and_removed(km):
    owner, variant = UserFactory(), VariantFactory()
    car = actions.add_car(owner=owner, variant=variant, details=CarDetails(), odometer_km=km, at=NOW)
    assert told() == [car.public_id]
    actions.edit_car(car=car, variant=variant, details=CarDetails(delivered_on=date(2021, 3, 10)), at=NOW)
    assert told() == [car.public_id]
    actions.remove_car(car=car, at=NOW)
    actions.remove_car(car=car, at=NOW)
    assert told() == [car.public_id]


def test_a_reading_is_told_of_unless_it_is_refused_or_the_car_has_left():
    car = CarFactory()
    read(car, 58_240)
    assert told() == [car.public_id]
    with pytest.raises(OdometerDecreasedError):
        read(car, 5_824)
    assert told() == []
    actions.remove_car(car=car, at=NOW)
    told()
    read(car, 58_300)
    assert told() == []


def test_an_entry_and_its_correction_are_told_of_once():
    car = recorded_car(entries=0)
    entry = enter(car, reference="visit:1")
    assert told() == [car.public_id]
    enter(car, reference="visit:1")
    assert told() == []
    record_actions.correct(
        entry=entry, facts=facts(kind="correction", corrects=1, items=[OIL_SERVICE]), private=None, holder=None, at=NOW
    )
    assert told() == [car.public_id]


def test_an_owners_entry_and_statement_are_told_of():
    car = recorded_car(entries=0)
    own = OwnEntry(date(2026, 5, 1), 50_000, (KnownItem("minor_service", "小保养", "Oil service"),))
    record_actions.add_own_entry(car=car, own=own, by=car.owner, at=NOW)
    assert told() == [car.public_id]
    record_actions.set_complete_since_new(record=record_actions.record_of(car), is_complete=True, at=NOW)
    assert told() == [car.public_id]


def test_an_entry_of_a_record_whose_car_has_left_is_not_told_of():
    car = recorded_car(entries=1)
    actions.remove_car(car=car, at=NOW)
    told()
    enter(car)
    assert told() == []


def test_both_cars_are_told_of_when_one_is_handed_over():
    car, buyer = recorded_car(entries=1), UserFactory()
    offer = transfers.offer_transfer(car=car, by=car.owner, at=NOW)
    told()
    new = transfers.accept_transfer(transfer=offer.transfer, by=buyer, at=NOW + timedelta(hours=1))
    assert told() == [car.public_id, new.public_id]
    enter(new)
    assert told() == [new.public_id]


def test_an_erased_account_lets_go_of_its_cars():
    car = CarFactory()
    CarFactory(owner=car.owner, removed_at=NOW)
    account_actions.erase(user=car.owner, at=NOW)
    assert told() == [car.public_id]


def test_a_car_that_the_platform_corrects_is_told_of(client):
    car = CarFactory()
    client.force_login(UserFactory(admin=True))
    data = {"variant": car.variant.pk, "plate": car.plate, "model_year": 2021}
    for rows in ("readings", "engine_readings"):
        data |= {f"{rows}-TOTAL_FORMS": 0, f"{rows}-INITIAL_FORMS": 0}
    assert client.post(reverse("admin:vehicles_car_change", args=[car.pk]), data).status_code == 302
    car.refresh_from_db()
    assert car.model_year == 2021
    assert told() == [car.public_id]
