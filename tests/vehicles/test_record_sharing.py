"""Who may read a record, and handing it over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError

from core.errors import InvalidInput
from tests.factories.accounts import UserFactory
from tests.factories.records import NOW, enter, recorded_car
from tests.factories.vehicles import CarFactory
from vehicles import actions as cars
from vehicles import garage
from vehicles.choices import RecordPart
from vehicles.models import Car, RecordGrant, RecordLink, RecordTransfer
from vehicles.record import actions, sharing, tokens, transfers
from vehicles.record.known_shops import KnownShop

pytestmark = pytest.mark.django_db
SHOP = KnownShop(key="k3v9m2x7c4q8t5zb", slug="shenchi-xuhui", name_zh="申驰汽修", name_en="Shenchi Auto")
MONTH = timedelta(days=30)


def let_read(car: Car, *parts: RecordPart, until=NOW + MONTH) -> RecordGrant:
    return sharing.grant(record=car.record, shop=SHOP, parts=parts, until=until, by=car.owner, at=NOW)


def test_a_grant_opens_its_parts_until_it_ends():
    car = recorded_car()
    assert not sharing.may_read(car.record, SHOP.key, RecordPart.VISITS, NOW)
    let_read(car, RecordPart.VISITS)
    assert sharing.may_read(car.record, SHOP.key, RecordPart.VISITS, NOW)
    assert not sharing.may_read(car.record, SHOP.key, RecordPart.DOCUMENTS, NOW)
    assert not sharing.may_read(car.record, "another", RecordPart.VISITS, NOW)
    assert not sharing.may_read(car.record, SHOP.key, RecordPart.VISITS, NOW + MONTH)
    assert sharing.readable_parts(car.record, SHOP.key, NOW) == {RecordPart.VISITS}


def test_a_new_grant_replaces_the_one_before_and_can_be_ended():
    car = recorded_car()
    let_read(car, RecordPart.VISITS)
    grant = let_read(car, RecordPart.DOCUMENTS)
    assert sharing.readable_parts(car.record, SHOP.key, NOW) == {RecordPart.DOCUMENTS}
    sharing.revoke(grant=grant, by=car.owner, at=NOW)
    assert sharing.readable_parts(car.record, SHOP.key, NOW) == frozenset()


@pytest.mark.parametrize(
    ("parts", "until", "field"),
    [((), NOW + MONTH, "parts"), (RecordPart, NOW, "until"), (RecordPart, NOW + timedelta(days=400), "until")],
)
def test_a_grant_without_sense_is_refused(parts, until, field):
    car = recorded_car()
    with pytest.raises(InvalidInput) as caught:
        let_read(car, *parts, until=until)
    assert caught.value.field == field


def test_only_the_owner_shares():
    car, stranger = recorded_car(), UserFactory()
    with pytest.raises(sharing.NotTheOwnerError):
        sharing.grant(record=car.record, shop=SHOP, parts=[RecordPart.VISITS], until=NOW + MONTH, by=stranger, at=NOW)
    with pytest.raises(sharing.NotTheOwnerError):
        sharing.share(record=car.record, by=stranger, until=NOW + MONTH, at=NOW)
    with pytest.raises(sharing.NotTheOwnerError):
        transfers.offer_transfer(car=car, by=stranger, at=NOW)


def test_a_link_keeps_only_the_hash_of_its_token():
    car = recorded_car()
    new = sharing.share(record=car.record, by=car.owner, until=NOW + MONTH, at=NOW)
    assert new.token not in str(RecordLink.objects.values_list())
    assert sharing.link_by_token(new.token) == new.link
    assert sharing.link_by_token("0" * 26) is None
    assert new.link.is_active(NOW)
    assert not new.link.is_active(NOW + MONTH)


def test_links_are_limited_in_time_and_number(monkeypatch):
    car = recorded_car()
    with pytest.raises(InvalidInput):
        sharing.share(record=car.record, by=car.owner, until=NOW + timedelta(days=91), at=NOW)
    monkeypatch.setattr(sharing, "MAX_ACTIVE_LINKS", 1)
    sharing.share(record=car.record, by=car.owner, until=NOW + MONTH, at=NOW)
    with pytest.raises(sharing.TooManyLinksError):
        sharing.share(record=car.record, by=car.owner, until=NOW + MONTH, at=NOW)


def test_tokens_have_130_bits_and_forgive_reading_errors():
    token = tokens.new_token()
    assert len(token) == 26
    assert set(token) <= set("0123456789abcdefghjkmnpqrstvwxyz")
    typed = tokens.grouped(token).upper().replace("0", "O").replace("1", "l")
    assert tokens.token_hash(typed) == tokens.token_hash(token)


def hand_over(car: Car, to, *, at=NOW) -> Car:
    new = transfers.offer_transfer(car=car, by=car.owner, at=NOW)
    transfer = transfers.transfer_by_token(new.token)
    return transfers.accept_transfer(transfer=transfer, by=to, at=at)


def test_a_record_goes_to_the_new_owner_with_a_car_without_plate():
    buyer = UserFactory()
    car = recorded_car(entries=2, vin="", plate="沪AD8K21", model_year=2021)
    let_read(car, RecordPart.VISITS)
    link = sharing.share(record=car.record, by=car.owner, until=NOW + MONTH, at=NOW).link
    got = hand_over(car, buyer)
    car.refresh_from_db()
    link.refresh_from_db()
    assert (got.owner, got.plate, got.model_year, got.record) == (buyer, "", 2021, car.record)
    assert car.removed_at == link.revoked_at == NOW
    assert got.record.owner == buyer
    assert not sharing.may_read(got.record, SHOP.key, RecordPart.VISITS, NOW)
    assert {entry.holder for entry in got.record.entries.all()} == {car.owner}
    enter(got, date="2026-11-21")
    assert got.record.entry_count == 3


def test_a_transfer_works_once_and_not_when_late_cancelled_or_replaced():
    buyer, car = UserFactory(), recorded_car()
    with pytest.raises(transfers.TransferGoneError):
        hand_over(car, buyer, at=NOW + transfers.TRANSFER_LASTS)
    old = transfers.offer_transfer(car=car, by=car.owner, at=NOW).transfer
    new = transfers.offer_transfer(car=car, by=car.owner, at=NOW).transfer
    with pytest.raises(transfers.TransferGoneError):
        transfers.accept_transfer(transfer=old, by=buyer, at=NOW)
    transfers.cancel_transfer(transfer=new, by=car.owner, at=NOW)
    with pytest.raises(transfers.TransferGoneError):
        transfers.accept_transfer(transfer=new, by=buyer, at=NOW)
    last = transfers.offer_transfer(car=car, by=car.owner, at=NOW).transfer
    transfers.accept_transfer(transfer=last, by=buyer, at=NOW)
    with pytest.raises(transfers.TransferGoneError):
        transfers.accept_transfer(transfer=last, by=UserFactory(), at=NOW)
    with pytest.raises(transfers.TransferGoneError):
        transfers.cancel_transfer(transfer=last, by=car.owner, at=NOW)
    assert Car.objects.filter(removed_at=None).get().owner == buyer


def test_a_transfer_to_oneself_or_into_a_full_garage_is_refused(monkeypatch):
    car = recorded_car()
    with pytest.raises(transfers.OwnTransferError):
        hand_over(car, car.owner)
    monkeypatch.setattr(garage, "MAX_CARS", 1)
    with pytest.raises(garage.GarageFullError):
        hand_over(car, CarFactory().owner)
    car.refresh_from_db()
    assert car.removed_at is None
    assert RecordTransfer.objects.open(NOW).count() == 1


def test_a_removed_car_cannot_be_taken_over():
    car = recorded_car()
    transfer = transfers.offer_transfer(car=car, by=car.owner, at=NOW).transfer
    cars.remove_car(car=car, at=NOW)
    with pytest.raises(transfers.TransferGoneError):
        transfers.accept_transfer(transfer=transfer, by=UserFactory(), at=NOW)


def test_a_record_is_in_one_garage_only():
    car = recorded_car()
    with pytest.raises(IntegrityError):
        CarFactory(record=actions.record_of(car))
