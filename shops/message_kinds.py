"""What shops tell people; registered when the app is ready."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications import audience, keys, kinds
from notifications.choices import Channel, Topic
from notifications.kinds import Kind
from notifications.models import Notice
from shops.models import Invitation, ShopMember

INVITATION = "shops/invitation"


def connect() -> None:
    """Register the kinds, and whom word about shops concerns; called once when the app is ready."""
    audience.register(Topic.SHOP, _works_at_a_shop)
    audience.register(Topic.SHOP_VISITS, _works_at_a_shop)
    kinds.register(
        Kind(
            INVITATION,
            Topic.ACCOUNT,
            _("Invitation to work at a shop"),
            channels=frozenset({Channel.EMAIL, Channel.SMS}),
            in_inbox=False,
            still=_is_open,
        )
    )


def _works_at_a_shop(person: User) -> bool:
    return ShopMember.objects.filter(user=person).exists()


def _is_open(notice: Notice) -> bool:
    return Invitation.objects.filter(public_id=keys.subject(notice), accepted_at=None, revoked_at=None).exists()
