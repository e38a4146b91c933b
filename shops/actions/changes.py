"""What the other actions share: lock the shop, compare, write down what changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models import User
from shops.choices import ChangeKind
from shops.models import Shop, ShopChange


def lock(shop: Shop) -> Shop:
    """The shop's row, locked until the transaction ends: changes at one shop come one after the other."""
    return Shop.objects.select_for_update(of=("self",)).select_related("city").get(pk=shop.pk)


def apply(row: models.Model, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set `values` on `row` without saving; what differed, before and after, by field."""
    before, after = {}, {}
    for field, value in values.items():
        old = getattr(row, field)
        if old != value:
            before[field], after[field] = plain(old), plain(value)
            setattr(row, field, value)
    return before, after


def plain(value: Any) -> Any:
    """A value as JSON can hold it: a person by their public id."""
    return value.public_id if isinstance(value, User) else value


def log(  # noqa: PLR0913  (the row's columns)
    *,
    shop: Shop,
    by: User,
    at: datetime,
    kind: ChangeKind,
    subject: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> ShopChange:
    """Write down one change."""
    return ShopChange.objects.create(
        shop=shop, by=by, at=at, kind=kind, subject=subject, before=dict(before or {}), after=dict(after or {})
    )
