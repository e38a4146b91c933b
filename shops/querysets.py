"""Reads of shops and of what belongs to them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Prefetch, Q

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User
    from shops.models import Invitation, Place, Resource, Shop  # noqa: F401  (for the type parameters)
    from vehicles.models import Make


class ShopQuerySet(models.QuerySet["Shop"]):
    def listed(self) -> Self:
        """Shops that owners can find and book."""
        return self.filter(is_listed=True)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Listed shops, and the unlisted ones at which this person works."""
        if not user.is_authenticated:
            return self.listed()
        return self.filter(Q(is_listed=True) | Q(pk__in=user.memberships.values("shop")))

    def working_on(self, make: Make) -> Self:
        """Shops that work on this make: those that list it, and those that list none."""
        return self.filter(Q(makes=make) | Q(makes__isnull=True))

    def for_card(self) -> Self:
        """With what a card shows at hand."""
        return self.select_related("city", "standing")

    def for_page(self) -> Self:
        """With what a shop's page shows at hand: hours, closures, bays, technicians. Six queries."""
        from shops.models import Resource  # the model imports this module

        people = Prefetch("resources", Resource.objects.in_use().select_related("technician"))
        return self.for_card().prefetch_related(
            "makes", "opening_hours", "closures", people, "resources__technician__certificates"
        )


class ResourceQuerySet(models.QuerySet["Resource"]):
    def in_use(self) -> Self:
        return self.filter(is_active=True)


class PlaceQuerySet(models.QuerySet["Place"]):
    def matching(self, text: str) -> Self:
        """Places whose name, in either language, contains what was typed."""
        return self.filter(Q(name_zh__icontains=text) | Q(name_en__icontains=text))


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, *, at: datetime) -> Self:
        """Invitations that can be accepted at `at`."""
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=at)
