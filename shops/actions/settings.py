"""Profile, hours, booking rules and closures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict, InvalidInput
from shops import planned, staffing, working
from shops.actions import changes
from shops.actions.asking import ask
from shops.calendar import Hours
from shops.choices import ChangeKind
from shops.models import Closure, OpeningHours, Shop
from shops.opening import Opening, hours_problems
from shops.planned import PlannedVisit


class HoursError(InvalidInput):
    """Stretches of opening that overlap or end before they begin."""

    code = "invalid_hours"
    message = _("These hours overlap, or end before they begin.")


class SomebodyMissingError(InvalidInput):
    """A rule that needs somebody whom the shop does not have in use (`shops.staffing`)."""

    code = "somebody_missing"


class ClosureOverlapsError(Conflict):
    code = "closure_overlaps"
    message = _("Another closure already covers some of these days.")


@transaction.atomic
def save_profile(*, shop: Shop, by: User, at: datetime, values: Mapping[str, Any]) -> Shop:
    """Change names, address, introduction, telephone, amenities or warranty."""
    shop = changes.lock(shop)
    return _save(shop, by, at, ChangeKind.PROFILE, changes.apply(shop, values))


@transaction.atomic
def save_rules(*, shop: Shop, by: User, at: datetime, values: Mapping[str, Any], despite_visits: bool = False) -> Shop:
    """Change the rules for booking. Visits already booked keep the terms they were booked under.

    Raises SomebodyMissingError when a rule needs an advisor or a driver and none is in use, VisitsInTheWayError when
    visits are booked on public holidays or make-up days that would be closed, unless `despite_visits`: they stay.
    """
    shop = changes.lock(shop)
    now = Opening.of(copy(shop))
    changed = changes.apply(shop, values)
    if needs := staffing.missing(shop):
        raise SomebodyMissingError(needs[0].missing, field=needs[0].rule)
    if not despite_visits and not _OPENING_RULES.isdisjoint(changed[1]):
        _ask_before_shutting(now, replace(now, shop=shop), at=at)
    return _save(shop, by, at, ChangeKind.RULES, changed)


# The rules that decide on which days the shop is open.
_OPENING_RULES = frozenset({"holiday_policy", "works_makeup_days"})


def _ask_before_shutting(now: Opening, then: Opening, *, at: datetime) -> None:
    """Raise VisitsInTheWayError if visits after `at` lie in what is open `now` and would not be `then`."""
    ask(working.visits_shut_out(planned.visits(now.shop, start=at), now=now, then=then))


def _save(shop: Shop, by: User, at: datetime, kind: ChangeKind, changed: tuple[dict[str, Any], dict[str, Any]]) -> Shop:
    before, after = changed
    if after:
        shop.save(update_fields=list(after))
        changes.log(shop=shop, by=by, at=at, kind=kind, before=before, after=after)
    return shop


@transaction.atomic
def save_hours(*, shop: Shop, by: User, at: datetime, hours: Sequence[Hours], despite_visits: bool = False) -> bool:
    """Replace the weekly hours; False if they are the same as before.

    Raises HoursError if stretches of one day overlap or end before they begin, VisitsInTheWayError when visits would
    lie outside the new hours, unless `despite_visits`: they stay booked all the same, to be moved one by one.
    """
    if hours_problems(hours):
        raise HoursError
    shop = changes.lock(shop)
    rows = OpeningHours.objects.filter(shop=shop)
    old = list(rows.values_list("day", "opens_at", "closes_at").order_by("day", "opens_at"))
    new = sorted(hours)
    if old == new:
        return False
    if not despite_visits:
        now = Opening.of(shop)
        _ask_before_shutting(now, replace(now, hours=new), at=at)
    rows.delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(shop=shop, day=day, opens_at=opens, closes_at=closes) for day, opens, closes in new
    )
    changes.log(shop=shop, by=by, at=at, kind=ChangeKind.HOURS, before=_readable(old), after=_readable(new))
    return True


def _readable(hours: Sequence[Hours]) -> dict[str, Any]:
    return {"hours": [f"{day} {opens:%H:%M}-{closes:%H:%M}" for day, opens, closes in hours]}


@transaction.atomic
def add_closure(  # noqa: PLR0913  (a closure is these values)
    *,
    shop: Shop,
    by: User,
    at: datetime,
    first_date: date,
    last_date: date,
    reason: str = "",
    despite_visits: bool = False,
) -> Closure:
    """Close the shop from `first_date` to `last_date` (local dates, both included).

    Raises VisitsInTheWayError when visits are booked then, unless `despite_visits`: they stay booked all the same, to
    be moved one by one. Raises ClosureOverlapsError when another closure covers one of the days.
    """
    shop = changes.lock(shop)
    if Closure.objects.filter(shop=shop, first_date__lte=last_date, last_date__gte=first_date).exists():
        raise ClosureOverlapsError(field="first_date")
    if not despite_visits:
        ask(visits_on(shop, first_date, last_date, at=at))
    closure = Closure.objects.create(
        shop=shop, first_date=first_date, last_date=last_date, reason=reason, created_by=by
    )
    after = {"first_date": first_date, "last_date": last_date, "reason": reason}
    changes.log(shop=shop, by=by, at=at, kind=ChangeKind.CLOSURE_ADDED, subject=str(closure), after=after)
    return closure


@transaction.atomic
def remove_closure(*, closure: Closure, by: User, at: datetime) -> None:
    """Open the shop again on the days of a closure."""
    shop = changes.lock(closure.shop)
    before = {"first_date": closure.first_date, "last_date": closure.last_date, "reason": closure.reason}
    subject = str(closure)
    if closure.delete()[0]:
        changes.log(shop=shop, by=by, at=at, kind=ChangeKind.CLOSURE_REMOVED, subject=subject, before=before)


def visits_on(shop: Shop, first: date, last: date, *, at: datetime) -> list[PlannedVisit]:
    """Planned visits that begin on local dates from `first` to `last`, but not before `at`."""
    start = max(at, datetime.combine(first, time(), tzinfo=shop.zone))
    return planned.visits(shop, start=start, end=datetime.combine(last + timedelta(days=1), time(), tzinfo=shop.zone))
