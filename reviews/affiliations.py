"""Who belongs to a shop without working there: declared by the shop or the platform, or known because they left.

Whoever belongs to a shop neither reviews it nor votes on what is said about it (`reviews.rules.belongs_to`). A tie that
was declared after a visit was booked takes nobody's word on that visit away: a shop would name whoever was not happy.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.contacts import Contact, find_person
from accounts.models import User
from core import outbox
from core.errors import InvalidInput
from core.models import OutboxEvent
from reviews.choices import AffiliationKind
from reviews.models import Affiliation
from shops.actions.members import LEFT
from shops.models import Shop, ShopMember, Technician

# Somebody who left still has friends, or scores to settle, at the shop (product decision).
FORMER_STAFF_FOR = timedelta(days=365)
MAX_NOTE = 200


def connect() -> None:
    """Subscribe; called once when the app is ready."""
    outbox.subscribe(LEFT)(remember_who_left)


@transaction.atomic
def declare(
    *, shop: Shop, contact: Contact, kind: AffiliationKind, by: User, at: datetime, note: str = ""
) -> Affiliation:
    """Say that whoever is reached by `contact` belongs to a shop. `by` is somebody of the shop or of the platform (the
    caller has checked). Declared twice is declared once.

    Raises InvalidInput with the field. The account is linked where there is one; an account made later with the contact
    is found by the contact.
    """
    if kind == AffiliationKind.FORMER_STAFF:
        raise InvalidInput(_("Who worked here is known when they leave."), field="kind")
    if len(note) > MAX_NOTE:
        raise InvalidInput(_("Write 200 characters at most."), field="note")
    shop = Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    user = find_person(contact)
    who = Q(contact__iexact=contact.value) | (Q(user=user) if user is not None else Q())
    known = Affiliation.objects.filter(who, shop=shop, kind=kind, until=None).order_by("pk").first()
    if known is not None:
        return known
    return Affiliation.objects.create(
        shop=shop, user=user, contact=contact.value, kind=kind, note=note, since=at, declared_by=by
    )


@transaction.atomic
def end(*, affiliation: Affiliation, at: datetime) -> Affiliation:
    """Say that somebody belongs to a shop no more. One that has ended stays as it is; a former colleague's ends by
    itself and not sooner, so it is left as it is too."""
    row = Affiliation.objects.select_for_update(no_key=True).get(pk=affiliation.pk)
    if row.kind == AffiliationKind.FORMER_STAFF or (row.until is not None and row.until <= at):
        return row
    row.until = at
    row.save(update_fields=["until"])
    return row


def remember_who_left(event: OutboxEvent) -> None:
    """Handler of `shop.member_left`: who worked there belongs to it for a year from the day they left. Runs at least
    once for each event; an erased account is not remembered."""
    shop = Shop.objects.filter(public_id=event.key).first()
    user = User.objects.filter(pk=event.payload["user"], is_active=True).first()
    if shop is None or user is None:
        return
    left_at = datetime.fromisoformat(event.payload["left_at"])
    Affiliation.objects.get_or_create(
        shop=shop,
        user=user,
        kind=AffiliationKind.FORMER_STAFF,
        since=left_at,
        defaults={"until": left_at + FORMER_STAFF_FOR},
    )


def ties_of(user: User) -> Q:
    """Which affiliations are a person's: those of the account, and those known by one of its contacts."""
    mine = Q(user=user)
    for contact in (user.email, user.phone if user.phone_verified_at else None):
        if contact:
            mine |= Q(contact__iexact=contact)
    return mine


def works_or_just_left(user: User, shop: Shop) -> bool:
    """Whether a person is a member of a shop, is linked to one of its technicians, or left so lately that the event is
    still under way. One query."""
    member = ShopMember.objects.filter(shop=shop, user=user).order_by().values("pk")
    technician = Technician.objects.filter(resource__shop=shop, user=user).order_by().values("pk")
    leaving = OutboxEvent.objects.filter(
        topic=LEFT, key=shop.public_id, payload__user=user.pk, handled_at=None, parked_at=None
    )
    return bool(member.union(technician, leaving.order_by().values("pk"), all=True).exists())
