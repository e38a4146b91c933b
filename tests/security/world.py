"""Two shops, their people and everything that has an address, marked with words that must not reach strangers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from bookings import actions, workshop
from bookings.actions import Contact, Holder
from bookings.choices import AllocationKind
from bookings.engine import availability
from bookings.models import Allocation, Booking
from catalog.models import Offer
from shops.choices import ResourceKind, Role
from shops.models import Closure, Resource, ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job
from tests.factories.shops import CertificateFactory, ClosureFactory, InvitationFactory, ShopMemberFactory
from vehicles.actions import CarDetails, add_car, refresh_search_text
from vehicles.models import Car

PHONE = "+8613816420957"
PLATE = "沪AD90613"
NAME = "Ms Lin Secret"
NOTE = "the alarm code is SECRET-4711"
INVITED = "secret-invitee@example.com"
SECRETS = (PHONE, PHONE[3:], "D90613", NAME, "SECRET-4711", INVITED)


@dataclass
class World:
    """What there is to attack. `ids` says what each kind of parameter can be filled with, by namespace of the route."""

    owner: User
    staff: dict[str, User]
    stranger: User
    rival: User
    car: Car
    visit: Booking
    held: Booking
    ids: dict[str, Any] = field(default_factory=dict)


def _book(job: Any, *, owner: User, index: int, car: Car | None = None, confirm: bool = True) -> Booking:
    now = timezone.now()
    day = timezone.now().astimezone(job.shop.zone).date() + timedelta(days=2 + index)
    plan = job.quoted().plan
    slot = availability.day_slots(shop=job.shop, plan=plan, first=day, days=1, at=now)[0].slots[0]
    holder = Holder(owner)
    held = actions.hold(job=job, starts_at=slot.starts_at, holder=holder, at=now)
    if not confirm:
        return held
    contact = Contact(name=NAME, phone=PHONE, plate=PLATE, note=NOTE)
    return actions.confirm(booking=held, by=owner, holder=holder, contact=contact, car=car, at=now)


def build() -> World:
    """The whole world: about 80 rows."""
    job, rival_job = bookable_job(slug="victim-shop"), bookable_job(slug="rival-shop")
    refresh_search_text()
    shop, now = job.shop, timezone.now()
    staff = {role.value: ShopMemberFactory(shop=shop, role=role).user for role in Role}
    rival = ShopMemberFactory(shop=rival_job.shop, role=Role.OWNER).user
    owner, stranger = UserFactory(name=NAME, phone=PHONE), UserFactory()
    car = add_car(owner=owner, variant=job.variant, details=CarDetails(plate=PLATE), at=now, odometer_km=1000)
    visit = _book(job, owner=owner, index=0, car=car)
    held = _book(job, owner=owner, index=1, confirm=False)
    bay = shop.resources.exclude(kind=ResourceKind.TECHNICIAN).get()
    person = shop.resources.get(kind=ResourceKind.TECHNICIAN)
    pause = workshop.block(
        resource=bay,
        starts_at=now + timedelta(days=5),
        ends_at=now + timedelta(days=5, hours=1),
        kind=AllocationKind.BLOCK,
        reason="SECRET-4711",
        at=now,
    )[0]
    world = World(owner=owner, staff=staff, stranger=stranger, rival=rival, car=car, visit=visit, held=held)
    world.ids = _ids(world, job, bay, person, pause)
    return world


def _ids(world: World, job: Any, bay: Resource, person: Resource, pause: Allocation) -> dict[str, Any]:
    shop = job.shop
    first = (timezone.now() + timedelta(days=40)).date()
    closure: Closure = ClosureFactory(
        shop=shop, first_date=first, last_date=first, reason="Stocktaking"
    )  # shown to everybody
    certificate = CertificateFactory(technician=person.technician)
    invitation = InvitationFactory(shop=shop, email=INVITED, invited_by=world.staff["owner"])
    offer = Offer.objects.get(shop=shop)
    membership = ShopMember.objects.get(shop=shop, role=Role.MANAGER)
    return {
        "slug": shop.slug,
        "shop_slug": shop.slug,
        "service_key": job.service.key,
        "key": job.service.key,
        "vin_text": "LSVAM4187C2184847",
        "public_id": world.visit.public_id,
        "pk": offer.pk,
        # Narrower than by name: the beginning of a route's view name.
        "bookings:confirm public_id": world.held.public_id,
        "bookings:release public_id": world.held.public_id,
        "bookings:finish public_id": world.held.public_id,
        "vehicles: public_id": world.car.public_id,
        "vehicles_api: public_id": world.car.public_id,
        "vehicles_api:models key": job.variant.model.make.key,
        "vehicles_api:variant slug": job.variant.slug,
        "shops:invitation public_id": invitation.public_id,
        "shops:revoke public_id": invitation.public_id,
        "shops:bay public_id": bay.public_id,
        "shops:technician public_id": person.public_id,
        "shops:add_certificate public_id": person.public_id,
        "shops:retire public_id": bay.public_id,
        "shops:restore public_id": bay.public_id,
        "shops:remove_closure pk": closure.pk,
        "shops:remove_certificate pk": certificate.pk,
        "shops:change_role pk": membership.pk,
        "shops:remove_member pk": membership.pk,
        "board:feed public_id": bay.public_id,
        "board:pause pk": pause.pk,
        "board:unblock pk": pause.pk,
    }
