"""Shops for owners who let one read a car's health record (`vehicles.record.known_shops`)."""

from __future__ import annotations

from django.db.models import Q

from shops.models import Shop
from vehicles.record import known_shops
from vehicles.record.known_shops import KnownShop, Query


def connect() -> None:
    """Register with `vehicles.record`; called once when the app is ready."""
    known_shops.register(find)


def find(query: Query) -> list[KnownShop]:
    """Shops by a part of their name (listed ones), or by public ids and addresses (those too that are not listed)."""
    shops = Shop.objects.order_by("name_en", "pk")
    if query.text:
        named = Q(name_zh__icontains=query.text) | Q(name_en__icontains=query.text)
        found = shops.listed().filter(named)[: query.limit]
    else:
        found = shops.filter(Q(public_id__in=query.keys) | Q(slug__in=query.slugs))[: query.limit]
    return [KnownShop(shop.public_id, shop.slug, shop.name_zh, shop.name_en) for shop in found]
