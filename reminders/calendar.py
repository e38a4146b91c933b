"""What an owner's cars need, in their calendar: an entry without a time on the day when something is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from bookings import feeds
from bookings.calendar_files import Entry, uid_of
from reminders import words
from reminders.choices import ItemState
from reminders.models import DueItem


def connect() -> None:
    """Have owners' calendar feeds show what their cars need."""
    feeds.register_extra(entries)


def entries(user: User, _at: datetime) -> Iterator[Entry]:
    """An entry for each thing that stands and has a day, in the active language; what is settled has none. One query
    for any number of cars."""
    rows = DueItem.objects.visible_to(user).standing().select_related("car__variant__model__make")
    rows = rows.annotate(changes=Count("events"), changed_at=Max("events__at")).order_by("due_on", "pk")
    for item in rows[: feeds.MOST_ENTRIES]:
        entry = _entry(item)
        if entry is not None:
            yield entry


def _entry(item: DueItem) -> Entry | None:
    day = item.deferred_until if item.state == ItemState.DEFERRED else item.due_on
    if day is None:
        return None
    car = item.car.nickname or item.car.variant.short_name
    summary = _("Measure: %(what)s, %(car)s") if item.is_likely else _("%(what)s due, %(car)s")
    changed_at = item.changed_at or item.opened_at  # type: ignore[attr-defined]
    url = f"{settings.SITE_URL.rstrip('/')}{reverse('reminders:health', args=[item.car.public_id])}"
    return Entry(
        uid=uid_of(f"due-{item.public_id}"),
        sequence=item.changes,  # type: ignore[attr-defined]
        starts_at=changed_at,
        ends_at=changed_at,
        summary=summary % {"what": words.title(item), "car": car},
        status="CONFIRMED",
        changed_at=changed_at,
        description="\n".join(part for part in (words.why(item), words.source(item), url) if part),
        url=f"{url}#due-{item.public_id}",
        day=day,
        categories=(_("Car upkeep"),),
    )
