"""Rules of a shop that need somebody: a write-up needs a service advisor, picking cars up needs a driver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shops.choices import ResourceKind, Skill
from shops.models import Resource, Shop


@dataclass(frozen=True)
class Need:
    """While `rule` (a column of the shop) is set, somebody of this kind, with this skill if one is named, is needed.

    `missing` is said beside the rule, `lost` when the last such person is about to go.
    """

    rule: str
    kind: ResourceKind
    skill: str
    missing: str | Promise
    lost: str | Promise

    def is_met_by(self, kind: str, capabilities: Sequence[str]) -> bool:
        """Whether somebody of `kind` with `capabilities` does."""
        return kind == self.kind and (not self.skill or self.skill in capabilities)

    @property
    def people(self) -> Q:
        """The resources that do."""
        return Q(kind=self.kind, capabilities__contains=[self.skill]) if self.skill else Q(kind=self.kind)


NEEDS = (
    Need(
        "write_up_minutes",
        ResourceKind.ADVISOR,
        "",
        _("A write-up needs a service advisor in use. Add one under Team, or enter 0."),
        _(
            "No service advisor would be left, but your rules begin each visit with a write-up: owners could not book. "
            "Add another advisor first, or set the write-up to 0 in the booking rules."
        ),
    ),
    Need(
        "pickup_radius_km",
        ResourceKind.TECHNICIAN,
        Skill.DRIVER.value,
        _("Pick-up needs a technician in use who is a driver. Add one under Team, or leave this empty."),
        _(
            "No driver would be left, but your rules offer pick-up: owners could not choose it. Add another driver "
            "first, or leave the pick-up radius empty in the booking rules."
        ),
    ),
)


def missing(shop: Shop) -> list[Need]:
    """The needs that the shop's rules, as they stand on `shop`, have and nobody in use meets."""
    in_use = Resource.objects.in_use().filter(shop_id=shop.pk)
    return [need for need in NEEDS if getattr(shop, need.rule) and not in_use.filter(need.people).exists()]


def lost_without(shop: Shop, person: Resource, *, capabilities: Sequence[str] | None = None) -> list[str | Promise]:
    """What would no longer work at the shop if `person` went out of use, or kept only `capabilities`."""
    others = Resource.objects.in_use().filter(shop=shop).exclude(pk=person.pk)
    return [
        need.lost
        for need in NEEDS
        if getattr(shop, need.rule)
        and person.is_active
        and need.is_met_by(person.kind, person.capabilities)
        and not (capabilities is not None and need.is_met_by(person.kind, capabilities))
        and not others.filter(need.people).exists()
    ]
