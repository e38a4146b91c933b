"""Days that only an owner knows: when the insurance ends, until when the inspection is valid."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core import day_words
from core.errors import InvalidInput
from reminders.choices import OwnerDateKind
from reminders.computing import recompute, staleness
from reminders.models import OwnerDate
from vehicles.models import Car

# An insurance runs a year and is renewed weeks before; the label of an inspection runs two years at most. What lies
# further off, or so long ago, is a typing error (product decisions).
FURTHEST = {OwnerDateKind.INSURANCE: timedelta(days=366 + 90), OwnerDateKind.INSPECTION: timedelta(days=2 * 366 + 93)}
LONGEST_AGO = timedelta(days=10 * 366)


@transaction.atomic
def say(*, car: Car, kind: OwnerDateKind, on: date | None, by: User, at: datetime) -> OwnerDate | None:
    """Keep the day (local, that day included) that the owner says, None to take it back; the newest word counts.

    Side effects: the car's items are computed anew, at once. Saying the same again changes nothing. Returns the word
    that counts now, None where there is none. Raises InvalidInput (`on`) for a day that cannot be.
    """
    staleness.mark(car.pk, at=at)  # holds the car: of two words at once the later one is the newer
    newest = OwnerDate.objects.filter(car=car, kind=kind).order_by("-at", "-pk").first()
    if on == (newest.on if newest else None):
        return newest
    if on is not None:
        _check(on, kind, car, today=timezone.localdate(at))
    said = OwnerDate.objects.create(car=car, kind=kind, on=on, by=by, at=at)
    recompute.recompute_cars([car], today=timezone.localdate(at), at=at)
    return said


def _check(on: date, kind: OwnerDateKind, car: Car, *, today: date) -> None:
    furthest = today + FURTHEST[kind]
    if on > furthest:
        raise InvalidInput(
            _("This is too far away: no later than %(day)s.") % {"day": day_words.full_day(furthest)}, field="on"
        )
    if car.delivered_on is not None and on < car.delivered_on:
        raise InvalidInput(
            _("The car was first registered on %(day)s, after this day.")
            % {"day": day_words.full_day(car.delivered_on)},
            field="on",
        )
    if on < today - LONGEST_AGO:
        raise InvalidInput(_("This is too long ago."), field="on")
