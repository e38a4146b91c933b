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
from payments import late_refunds
from payments.choices import DisputeReason
from payments.disputes import actions as disputes
from payments.disputes.actions import Said
from payments.models import Dispute, Order, Payment, Refund
from payments.statements import period as periods
from shops.choices import ResourceKind, Role
from shops.models import Closure, Resource, Shop, ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job
from tests.factories.money import completed_order, money_order
from tests.factories.payments import pending_payment
from tests.factories.reminders import due_item
from tests.factories.shops import CertificateFactory, ClosureFactory, InvitationFactory, ShopMemberFactory
from tests.factories.statements import settled_order
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
    order, refund = _money(shop)
    dispute = _dispute(shop, world.owner)
    to_pay = _to_pay(shop, world.owner)
    due = due_item(world.car, service=job.service.key)
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
        "reminders: public_id": world.car.public_id,
        "reminders: item_id": due.public_id,
        "reminders_api: public_id": world.car.public_id,
        "reminders_api: item_id": due.public_id,
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
        "money: key": periods.of_instant(timezone.now(), shop.zone).key,
        "money: public_id": order.public_id,
        "money: number": 1,
        "money:counter_refund_given public_id": refund.public_id,
        "disputes: public_id": dispute.public_id,
        "disputes:new public_id": completed_order(shop=shop, payer=world.owner, at=timezone.now()).public_id,
        "shop_disputes: public_id": dispute.public_id,
        "platform_disputes: public_id": dispute.public_id,
        "paying: public_id": to_pay.order.public_id,
        "paying: payment_id": to_pay.public_id,
        "paying_api: public_id": to_pay.order.public_id,
        "paying_api: payment_id": to_pay.public_id,
        "board:feed public_id": bay.public_id,
        "board:pause pk": pause.pk,
        "board:unblock pk": pause.pk,
    }


def _money(shop: Shop) -> tuple[Order, Refund]:
    """A settled order of the shop, paid at its counter, of which the shop gives a part back."""
    order = settled_order(shop=shop, at=timezone.now() - timedelta(days=8), online=False, number="SECRET-4711")
    line = order.lines.get()
    at = timezone.now()
    return order, late_refunds.give_back(order=order, line=line, amount_fen=500, by=None, note=NOTE, at=at)[0]


def _to_pay(shop: Shop, owner: User) -> Payment:
    """A payment that the owner has started, of an order that is open."""
    at = timezone.now()
    return pending_payment(money_order(26800, payer=owner, shop=shop, at=at), 8040, at=at)


def _dispute(shop: Shop, owner: User) -> Dispute:
    """A dispute of the owner with the shop, whose answer is still to come."""
    at = timezone.now()
    order = completed_order(shop=shop, payer=owner, at=at)
    claims = {order.lines.order_by("position")[0].pk: 100}
    return disputes.open_dispute(
        order=order, claims=claims, reason=DisputeReason.OTHER, said=Said(NOTE), by=owner, at=at
    )
