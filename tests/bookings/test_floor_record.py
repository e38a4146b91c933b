"""What a shop may read of a car's health record: the parts that the owner opened, while they are open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking
from core import photos
from shops.choices import Role
from tests.factories.accounts import UserFactory
from tests.factories.board import member
from tests.factories.handovers import in_work
from tests.factories.photos import corners, saved
from tests.factories.records import enter
from tests.factories.vehicles import CarFactory
from vehicles.choices import RecordPart
from vehicles.models import RecordDocument
from vehicles.record import actions, sharing
from vehicles.record.known_shops import KnownShop

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit() -> Booking:
    """A visit whose car was somewhere else before, with one measured pad and one code."""
    booking = in_work()
    actions.record_of(booking.car)
    enter(booking.car, fault_codes=["P0301"])
    return booking


def page(visit: Booking, role: Role = Role.ADVISOR):
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    client.force_login(member(visit.shop, role))
    return client.get(reverse("floor:record", args=[visit.shop.slug, visit.public_id]))


def open_to(visit: Booking, *parts: RecordPart) -> None:
    shop = visit.shop
    now = timezone.now()
    sharing.grant(
        record=visit.car.record,
        shop=KnownShop(shop.public_id, shop.slug, shop.name_zh, shop.name_en),
        parts=parts,
        until=now + timedelta(days=2),
        by=visit.car.owner,
        at=now,
    )


def test_without_a_grant_the_shop_reads_nothing(visit: Booking) -> None:
    text = page(visit).content.decode()
    assert "has not opened the record" in text
    assert "Shenchi Auto, Xuhui" not in text
    assert "P0301" not in text


def test_a_shop_reads_only_the_parts_that_are_open(visit: Booking) -> None:
    open_to(visit, RecordPart.VISITS)
    text = page(visit).content.decode()
    assert "Oil service" in text
    assert "P0301" not in text
    assert "2.8\N{NO-BREAK SPACE}mm" not in text
    open_to(visit, RecordPart.VISITS, RecordPart.MEASUREMENTS)
    text = page(visit).content.decode()
    assert "P0301" in text
    assert "2.8\N{NO-BREAK SPACE}mm" in text


def test_nobody_reads_prices_or_words_of_another_shop(visit: Booking) -> None:
    open_to(visit, *RecordPart)
    text = page(visit).content.decode()
    assert "The brakes squeal" not in text
    assert "record-price" not in text


def test_a_grant_that_has_ended_opens_nothing(visit: Booking) -> None:
    open_to(visit, *RecordPart)
    for grant in visit.car.record.grants.all():
        sharing.revoke(grant=grant, by=visit.car.owner, at=timezone.now())
    assert "has not opened the record" in page(visit).content.decode()


def test_papers_are_shown_while_they_are_open(visit: Booking) -> None:
    row = RecordDocument(record=visit.car.record, holder=visit.car.owner, title="Receipt", uploaded_at=timezone.now())
    paper = photos.store(row, photos.clean(ContentFile(saved(corners()))))
    address = reverse("floor:record_document", args=[visit.shop.slug, visit.public_id, paper.public_id, "full"])
    client = Client()
    client.force_login(member(visit.shop, Role.MANAGER))
    assert client.get(address).status_code == 404
    open_to(visit, RecordPart.DOCUMENTS)
    assert client.get(address)["Content-Type"] == "image/jpeg"
    assert address in page(visit).content.decode()


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.ADVISOR, 200), (Role.TECHNICIAN, 200), (Role.CASHIER, 403)],
)
def test_who_works_on_cars_may_look(visit: Booking, role: Role, status: int) -> None:
    open_to(visit, *RecordPart)
    assert page(visit, role).status_code == status


def test_strangers_and_other_shops_see_nothing(visit: Booking) -> None:
    open_to(visit, *RecordPart)
    other = in_work(car=CarFactory(variant=visit.variant))
    address = reverse("floor:record", args=[other.shop.slug, visit.public_id])
    client = Client()
    client.force_login(member(other.shop, Role.MANAGER))
    assert client.get(address).status_code == 404
    client.force_login(UserFactory())
    assert client.get(reverse("floor:record", args=[visit.shop.slug, visit.public_id])).status_code == 404
