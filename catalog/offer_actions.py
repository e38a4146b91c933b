"""Every write to a shop's price list. The database itself writes the history of each price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.choices import OfferScope, PriceSource
from catalog.models import Offer, Service
from core.errors import Conflict, InvalidInput
from shops.choices import ShopKind
from shops.models import Shop
from vehicles.models import CarModel, Make, Variant

TARGET_FIELDS = ("make", "model", "variant", "price_class")
PRICE_FIELDS = ("labour_fen", "parts_fen", "parts_note", "minutes")


class OfferExistsError(Conflict):
    """The shop has a price for exactly these cars already."""

    code = "offer_exists"
    message = _("There is a price for this service and these cars already. Change that one.")


class OfferChangedError(Conflict):
    """Somebody else changed the price since the page was opened."""

    code = "offer_changed"
    message = _("Somebody changed this price while you had it open. Look at it again; nothing was saved.")


class OnSiteImpossibleError(InvalidInput):
    code = "on_site_impossible"
    message = _("An on-site team cannot do this service.")


@dataclass(frozen=True)
class Target:
    """Which cars a price is for. Exactly the field that `scope` names is set."""

    scope: OfferScope
    make: Make | None = None
    model: CarModel | None = None
    variant: Variant | None = None
    price_class: str | None = None

    def columns(self) -> dict[str, Any]:
        """The columns of an offer that say which cars it is for."""
        return {"scope": self.scope, **{name: getattr(self, name) for name in TARGET_FIELDS}}


@dataclass(frozen=True)
class Price:
    """What a shop charges, in fen, and how long it takes (None: the standard time)."""

    labour_fen: int
    parts_fen: int
    parts_note: str = ""
    minutes: int | None = None

    @property
    def total_fen(self) -> int:
        return self.labour_fen + self.parts_fen


def check_service(*, shop: Shop, service: Service) -> None:
    """Raise OnSiteImpossibleError for a service that an on-site team cannot offer."""
    if shop.kind == ShopKind.ON_SITE and not service.can_be_on_site:
        raise OnSiteImpossibleError(field="service")


@transaction.atomic
def add(*, shop: Shop, service: Service, target: Target, price: Price, by: User, at: datetime) -> Offer:
    """Offer a service for some cars; a retired price for exactly these cars comes back with the new amounts.

    Raises OfferExistsError, OnSiteImpossibleError.
    """
    check_service(shop=shop, service=service)
    lock_price_list(shop=shop)
    retired = Offer.objects.filter(shop=shop, service=service, **target.columns()).first()
    if retired is None:
        return _insert(Offer(shop=shop, service=service, **target.columns()), price, by=by)
    if retired.is_active:
        raise OfferExistsError(field="scope")
    return _save(retired, price, by=by, is_active=True, at=at)


def _insert(offer: Offer, price: Price, *, by: User) -> Offer:
    for name in PRICE_FIELDS:
        setattr(offer, name, getattr(price, name))
    offer.updated_by, offer.source = by, PriceSource.WEB
    try:
        with transaction.atomic():
            offer.save()
    except IntegrityError as error:  # an import or an admin was a moment faster
        raise OfferExistsError(field="scope") from error
    return offer


@transaction.atomic
def change(*, offer: Offer, price: Price, by: User, at: datetime, seen_at: datetime | None = None) -> Offer:
    """Change the amounts, note or time of a price. `seen_at` is `updated_at` as the editor saw it.

    Raises OfferChangedError if the price was changed since.
    """
    offer = _locked(offer, seen_at=seen_at)
    return _save(offer, price, by=by, is_active=offer.is_active, at=at)


@transaction.atomic
def retire(*, offer: Offer, by: User, at: datetime) -> Offer:
    """Offer it no more. Visits that are booked keep their price. Idempotent."""
    offer = _locked(offer)
    return _save(offer, _price_of(offer), by=by, is_active=False, at=at) if offer.is_active else offer


@transaction.atomic
def offer_again(*, offer: Offer, by: User, at: datetime) -> Offer:
    """Bring a retired price back as it was. Idempotent."""
    offer = _locked(offer)
    return offer if offer.is_active else _save(offer, _price_of(offer), by=by, is_active=True, at=at)


def lock_price_list(*, shop: Shop) -> None:
    """Let nobody else change the shop's price list until the transaction ends."""
    Shop.objects.select_for_update(of=("self",), no_key=True).get(pk=shop.pk)


def replace(*, offers: Iterable[Offer], retired: Iterable[int], by: User, at: datetime) -> None:
    """Write many prices at once, and retire others, in two queries. Call with the price list locked.

    `offers` may be new or change ones that exist for exactly the same cars.
    """
    rows = list(offers)
    for row in rows:
        row.updated_by, row.source = by, PriceSource.CSV
    if rows:
        Offer.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["shop", "service", *TARGET_FIELDS],
            update_fields=[*PRICE_FIELDS, "is_active", "updated_at", "updated_by", "source"],
        )
    Offer.objects.filter(pk__in=list(retired)).update(
        is_active=False, updated_at=at, updated_by=by, source=PriceSource.CSV
    )


def _locked(offer: Offer, *, seen_at: datetime | None = None) -> Offer:
    row = Offer.objects.select_for_update(of=("self",)).select_related("service").get(pk=offer.pk)
    if seen_at is not None and row.updated_at != seen_at:
        raise OfferChangedError
    return row


def _price_of(offer: Offer) -> Price:
    return Price(offer.labour_fen, offer.parts_fen, offer.parts_note, offer.minutes)


def _save(offer: Offer, price: Price, *, by: User, is_active: bool, at: datetime) -> Offer:
    for name in PRICE_FIELDS:
        setattr(offer, name, getattr(price, name))
    offer.is_active, offer.updated_by, offer.source, offer.updated_at = is_active, by, PriceSource.WEB, at
    offer.save(update_fields=[*PRICE_FIELDS, "is_active", "updated_at", "updated_by", "source"])
    return offer
