"""What repeats every week: people's shifts and off-peak prices. (Opening hours: `shops.actions.settings`.)"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import InvalidInput
from shops import planned, working
from shops.actions import changes
from shops.actions.asking import ask
from shops.actions.settings import HoursError
from shops.calendar import Hours
from shops.choices import PEOPLE, ChangeKind
from shops.models import MAX_OFF_PEAK_PERCENT, OffPeak, Resource, Shift, Shop
from shops.opening import hours_problems
from shops.week_grid import Discount


class ShiftsOfPeopleOnlyError(InvalidInput):
    code = "shifts_of_people_only"
    message = _("Only people have shifts.")


class DiscountError(InvalidInput):
    """A discount that nobody may give."""

    code = "invalid_discount"
    message = _("A discount is 1 to 50 percent.")


@transaction.atomic
def save_shifts(
    *, person: Resource, by: User, at: datetime, shifts: Sequence[Hours], despite_visits: bool = False
) -> bool:
    """Replace a person's weekly shifts (local wall time; none: whenever the shop is open); False if nothing changes.

    Raises HoursError if shifts of one day overlap or end before they begin, ShiftsOfPeopleOnlyError for a bay or car,
    VisitsInTheWayError when visits of theirs would lie outside the shifts, unless `despite_visits`: they stay theirs.
    """
    if person.kind not in PEOPLE:
        raise ShiftsOfPeopleOnlyError
    if hours_problems(shifts):
        raise HoursError
    shop = changes.lock(person.shop)
    rows = Shift.objects.filter(resource=person)
    old = list(rows.values_list("day", "starts_at", "ends_at").order_by("day", "starts_at"))
    new = sorted(shifts)
    if old == new:
        return False
    if not despite_visits:
        booked = planned.visits(shop, start=at, resource=person)
        ask(working.visits_outside(booked, shifts=new, shop=shop))
    rows.delete()
    Shift.objects.bulk_create(
        Shift(resource=person, day=day, starts_at=starts, ends_at=ends) for day, starts, ends in new
    )
    before, after = ({"shifts": [_stretch(row) for row in kept]} for kept in (old, new))
    changes.log(shop=shop, by=by, at=at, kind=ChangeKind.SHIFTS, subject=person.name, before=before, after=after)
    return True


@transaction.atomic
def save_off_peak(*, shop: Shop, by: User, at: datetime, discounts: Sequence[Discount]) -> bool:
    """Replace the off-peak prices; False if nothing changes. Visits already booked keep their price.

    Raises HoursError if stretches of one day overlap or end before they begin, DiscountError beyond 1 to 50 percent.
    """
    if hours_problems([(row.day, row.starts_at, row.ends_at) for row in discounts]):
        raise HoursError
    if any(not 1 <= row.percent <= MAX_OFF_PEAK_PERCENT for row in discounts):
        raise DiscountError
    shop = changes.lock(shop)
    rows = OffPeak.objects.filter(shop=shop)
    columns = ("day", "starts_at", "ends_at", "percent")
    old = [Discount(*row) for row in rows.values_list(*columns).order_by("day", "starts_at")]
    new = sorted(discounts)
    if old == new:
        return False
    rows.delete()
    OffPeak.objects.bulk_create(OffPeak(shop=shop, **row._asdict()) for row in new)
    before, after = ({"off_peak": [_discount(row) for row in kept]} for kept in (old, new))
    changes.log(shop=shop, by=by, at=at, kind=ChangeKind.OFF_PEAK, before=before, after=after)
    return True


def _stretch(row: Hours | tuple[Any, ...]) -> str:
    day, starts, ends = row
    return f"{day} {starts:%H:%M}-{ends:%H:%M}"


def _discount(row: Discount) -> str:
    return f"{_stretch(row[:3])} -{row.percent}%"
