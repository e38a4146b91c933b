"""What an owner says about a due item: every change of its state that no computing makes.

Each locks the item's row, checks, changes it and writes a DueEvent. Saying the same again changes nothing. The caller
has made sure that the item is of a car of theirs (`DueItem.objects.visible_to`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.advice.loading import stories
from catalog.models import Service
from core import day_words
from core.errors import InvalidInput, Refusal
from reminders import stages
from reminders.choices import STANDING, DismissReason, ItemAct, ItemState, Source
from reminders.computing.by_law import opens_on
from reminders.computing.shape import PUT_OFF, mark_of, start_of
from reminders.errors import ItemClosedError, NotReopenableError
from reminders.models import DueEvent, DueItem, Reminder
from vehicles.limits import MAX_ODOMETER_KM
from vehicles.record import actions as record
from vehicles.record.known_items import KnownItem
from vehicles.record.odometer import Point, contradicted

# Further away it is no putting off (product decision): whoever does not want it says so.
LONGEST_DEFERRAL = timedelta(days=366)
MAX_NOTE = 200


@transaction.atomic
def done(*, item: DueItem, by: User, at: datetime, on: date, odometer_km: int | None = None) -> DueItem:
    """It was done on `on` (a local day), at so many kilometres if the owner knows them.

    Side effects: the owner's own entry in the car's record, which every reader sees as the owner's word and from which
    the next time is counted; event DONE. An insurance and a warranty are no work on the car: nothing is entered for
    them. Raises ItemClosedError, InvalidInput with the field named (`on`, `odometer_km`): kilometres that the car's
    believed readings contradict are refused, for nothing could be counted from them.
    """
    locked = _locked(item)
    if _was_said(locked, by, ItemAct.DONE, {"on": on.isoformat(), "km": odometer_km}):
        return _as_it_is(item, locked)
    _check_standing(locked)
    today = timezone.localdate(at)
    _check_done_on(locked, on, today=today)
    entry = None
    if locked.source not in (Source.INSURANCE, Source.WARRANTY):
        if odometer_km is not None:
            _check_fits(locked, Point(on, odometer_km), today=today)
        entry = _entered(locked, by=by, at=at, on=on, odometer_km=odometer_km)
    data = {"on": on.isoformat(), "km": odometer_km, "entry": entry}
    return _changed(item, locked, ItemAct.DONE, by=by, at=at, data=data, state=ItemState.DONE)


@transaction.atomic
def defer(*, item: DueItem, by: User, at: datetime, until: date) -> DueItem:
    """Leave the owner alone with it until a local day after today, within a year; then it comes back, and they are
    reminded anew. Event DEFERRED. Raises ItemClosedError, InvalidInput (`until`)."""
    locked, today = _locked(item), timezone.localdate(at)
    if locked.state == ItemState.DEFERRED and locked.deferred_until == until:
        return _as_it_is(item, locked)
    _check_standing(locked)
    if until <= today:
        raise InvalidInput(_("Choose a day after today."), field="until")
    if until > today + LONGEST_DEFERRAL:
        raise InvalidInput(_("Choose a day within a year."), field="until")
    locked.round += 1
    data = {"until": until.isoformat()}
    return _changed(
        item, locked, ItemAct.DEFERRED, by=by, at=at, data=data, state=ItemState.DEFERRED, deferred_until=until
    )


@transaction.atomic
def dismiss(*, item: DueItem, by: User, at: datetime, reason: str, note: str = "") -> DueItem:
    """It is not to be done, for a `DismissReason`; this time of it never comes up again by itself. Event DISMISSED.
    Raises ItemClosedError, InvalidInput (`reason`, `note`)."""
    locked = _locked(item)
    if reason not in DismissReason.values:
        raise InvalidInput(_("Choose a reason."), field="reason")
    if len(note) > MAX_NOTE:
        raise InvalidInput(_("At most %(count)d characters.") % {"count": MAX_NOTE}, field="note")
    if locked.state == ItemState.DISMISSED and locked.dismissed_for == reason:
        return _as_it_is(item, locked)
    _check_standing(locked)
    data = {"reason": reason, "note": note.strip()}
    return _changed(
        item, locked, ItemAct.DISMISSED, by=by, at=at, data=data, state=ItemState.DISMISSED, dismissed_for=reason
    )


@transaction.atomic
def reopen(*, item: DueItem, by: User, at: datetime) -> DueItem:
    """Take up again what was dismissed, or what was put off before its day; reminders count from the day it is due.
    Event REOPENED. Raises NotReopenableError."""
    locked = _locked(item)
    if locked.state == ItemState.OPEN:
        return _as_it_is(item, locked)
    if locked.state not in (ItemState.DISMISSED, ItemState.DEFERRED):
        raise NotReopenableError
    return _changed(item, locked, ItemAct.REOPENED, by=by, at=at, data={}, state=ItemState.OPEN)


# --- Parts -------------------------------------------------------------------------------------------


def _locked(item: DueItem) -> DueItem:
    rows = DueItem.objects.select_related("car__variant").select_for_update(no_key=True, of=("self",))
    return rows.get(pk=item.pk)


def _check_standing(item: DueItem) -> None:
    if item.state not in STANDING:
        raise ItemClosedError


def _was_said(item: DueItem, by: User, act: ItemAct, data: Mapping[str, Any]) -> bool:
    """Whether this very word of this person closed the item."""
    if item.state != ItemState.DONE:
        return False
    last = item.events.order_by("-pk").first()
    if last is None or (last.act, last.by_id) != (act, by.pk):
        return False
    return all(last.data.get(name) == value for name, value in data.items())


def _as_it_is(item: DueItem, locked: DueItem) -> DueItem:
    _copy(locked, item)
    return item


def _check_done_on(item: DueItem, on: date, *, today: date) -> None:
    """A day that closes this item: what was done before is not the time that is due."""
    if on > today:
        raise InvalidInput(_("This day has not come yet."), field="on")
    if item.source == Source.STATUTE and item.due_on is not None and on < opens_on(item.due_on):
        raise InvalidInput(
            _("An inspection counts for this date from %(day)s on.")
            % {"day": day_words.full_day(opens_on(item.due_on))},
            field="on",
        )
    if not item.service or item.source == Source.STATUTE:
        return
    began, mark = start_of(item.cycle), mark_of(item.cycle)
    if began is not None and on <= began:
        raise InvalidInput(
            _("It was done on %(day)s. This is about the next time.") % {"day": day_words.full_day(began)}, field="on"
        )
    if mark.startswith(PUT_OFF) and on < (decided_on := date.fromisoformat(mark[len(PUT_OFF) :])):
        raise InvalidInput(
            _("You put it off on %(day)s, after this day.") % {"day": day_words.full_day(decided_on)}, field="on"
        )


def _check_fits(item: DueItem, said: Point, *, today: date) -> None:
    """What the odometer showed then has to fit between the readings that are believed."""
    if not 0 <= said.km <= MAX_ODOMETER_KM:
        return  # no odometer shows it: the record says so
    known = contradicted(stories([item.car], today=today)[item.car_id].curve.believed, said)
    if known is None:
        return
    values = {"km": f"{known.km:,}", "day": day_words.full_day(known.on)}
    if (said.km - known.km) * (said.on - known.on).days < 0:
        text = _("It showed %(km)s km on %(day)s, and it never goes down. If that reading is wrong, correct it first.")
    else:
        text = _("It showed %(km)s km on %(day)s. Nobody drives so far in between: is a digit wrong?")
    raise InvalidInput(text % values, field="odometer_km")


def _entered(item: DueItem, *, by: User, at: datetime, on: date, odometer_km: int | None) -> str:
    """The owner's own entry; the public id of it."""
    own = record.OwnEntry(occurred_on=on, odometer_km=odometer_km, items=(_known_item(item),))
    try:
        entry = record.add_own_entry(car=item.car, own=own, by=by, at=at)
    except Refusal as refusal:
        refusal.field = {"occurred_on": "on"}.get(refusal.field or "", refusal.field)
        raise
    return entry.public_id


def _known_item(item: DueItem) -> KnownItem:
    service = Service.objects.filter(key=item.service).first() if item.service else None
    if service is not None:
        return KnownItem(service.key, service.name_zh, service.name_en)
    return KnownItem("", item.facts.get("name_zh") or item.title, item.facts.get("name_en") or item.title)


def _changed(  # noqa: PLR0913  (the parts of an event, and what changes)
    item: DueItem,
    locked: DueItem,
    act: ItemAct,
    *,
    by: User,
    at: datetime,
    data: Mapping[str, Any],
    state: ItemState,
    deferred_until: date | None = None,
    dismissed_for: str = "",
) -> DueItem:
    """Write the new state with its event, and bring the caller's row up to it."""
    locked.state, locked.deferred_until, locked.dismissed_for = state, deferred_until, dismissed_for
    locked.closed_at = None if state in STANDING else at
    locked.next_stage_on = stages.next_on(locked, _over(locked)) if state in STANDING else None
    locked.save(update_fields=_WRITTEN)
    DueEvent.objects.create(item=locked, act=act, at=at, by=by, data=data)
    return _as_it_is(item, locked)


_WRITTEN = ("state", "dismissed_for", "deferred_until", "round", "closed_at", "next_stage_on")


def _over(item: DueItem) -> set[str]:
    """The stages of the present round that are over."""
    return set(Reminder.objects.filter(item=item, round=item.round).values_list("stage", flat=True))


def _copy(source: DueItem, target: DueItem) -> None:
    for name in _WRITTEN:
        setattr(target, name, getattr(source, name))
