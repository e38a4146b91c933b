"""What shops keep about the people who work there, given out and let go of (`accounts.privacy`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts import privacy
from accounts.models import User
from shops.actions import members
from shops.models import Invitation, ShopMember, Technician


def connect() -> None:
    """Register with `accounts.privacy`; called once when the app is ready."""
    privacy.register("shops", export=export, erase=erase)


def export(user: User) -> dict[str, Any]:
    """Where the person works, and the technician that is linked to them."""
    rows = ShopMember.objects.filter(user=user).select_related("shop")
    profiles = Technician.objects.filter(user=user).select_related("resource__shop")
    return {
        "memberships": [
            {"shop": row.shop.slug, "role": row.role, "joined_at": row.joined_at.isoformat()} for row in rows
        ],
        "technician_profiles": [
            {"shop": row.resource.shop.slug, "name": row.resource.name, "title": row.title} for row in profiles
        ],
    }


def erase(user: User, at: datetime) -> None:
    """End every membership and unlink the account; open invitations to the person's contacts lapse.

    Raises LastOwnerError while a shop has no other owner. The technician stays: visits name who did the work.
    """
    for row in ShopMember.objects.filter(user=user).select_related("shop__city"):
        members.remove(member=row, by=user, at=at)
    Technician.objects.filter(user=user).update(user=None)
    for field, contact in (("email__iexact", user.email), ("phone", user.phone)):
        if contact:
            Invitation.objects.filter(**{field: contact}).open(at=at).update(revoked_at=at)
