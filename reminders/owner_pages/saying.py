"""The days that only an owner knows, entered together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from core.errors import Refusal
from reminders import owner_dates
from reminders.choices import OwnerDateKind
from reminders.owner_pages import picture
from vehicles.models import Car


@transaction.atomic
def say_dates(*, car: Car, said: Mapping[str, date | None], by: User, at: datetime) -> None:
    """Write down the days that have changed, by kind, all or none. Raises what `owner_dates.say` raises, with the kind
    as its field."""
    known = picture.owner_dates(car)
    for kind, on in said.items():
        if on != known[kind]:
            try:
                owner_dates.say(car=car, kind=OwnerDateKind(kind), on=on, by=by, at=at)
            except Refusal as refusal:
                refusal.field = kind
                raise
