"""Who may act for the platform between a shop and an owner: nobody who is one of the two."""

from __future__ import annotations

from accounts.models import User
from payments.errors import OwnInterestError
from shops.models import Shop, ShopMember


def ask(person: User, *, shop: Shop, payer_id: int | None = None) -> None:
    """Raise OwnInterestError for who works at the shop or pays for the visit. One query."""
    if person.pk == payer_id or ShopMember.objects.filter(shop=shop, user=person).exists():
        raise OwnInterestError
