"""What is known of owners before they are written to, brought for many of them at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from accounts.models import User
from notifications import preferences
from notifications.preferences import Wishes
from reminders.models import CarState, DueItem, OwnerTurn, Reminder
from reminders.sending import choosing, underway
from reminders.sending.choosing import GAP, Pick

# Cars are computed when something changes, when something is to be told of them, and every week. Of one that was not
# for longer nothing is said: after an outage the computing comes first.
STALE_AFTER = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Draft:
    """An owner who is to be written to now, with what to say, the most urgent first."""

    owner: User
    wishes: Wishes
    today: date
    picks: list[Pick] = field(default_factory=list)


def drafts(owners: Iterable[int], *, at: datetime, lock: bool = False) -> list[Draft]:
    """The letters that are due at `at` (UTC) to these owners (ids): open items of cars in their garage whose stage has
    come on the calendar of the owner's own zone, without what is under way. Nobody in quiet hours, nobody who was
    written to within the gap, nobody whose account is closed.

    With `lock` the items stay as they are until the transaction ends. Eleven queries for any number of owners.
    """
    people = User.objects.filter(pk__in=list(owners), is_active=True).in_bulk()
    wishes = preferences.wishes_of(people.values()) if people else {}
    awake = {pk: person for pk, person in people.items() if not wishes[pk].quiet.holds(at)}
    waiting = _written_to(awake, at)
    items = _items({pk for pk in awake if pk not in waiting}, at, lock=lock)
    over = _over(item for of_owner in items.values() for item in of_owner)
    found = []
    for pk, of_owner in sorted(items.items()):
        today = at.astimezone(wishes[pk].quiet.zone_info).date()
        if chosen := choosing.picks(of_owner, over, today):
            found.append(Draft(people[pk], wishes[pk], today, chosen))
    return found


def just_written(at: datetime) -> tuple[datetime, datetime]:
    """When the last letter was written to who gets none now. What seems to be written far ahead was written under a
    clock that was wrong, and silences nobody."""
    return at - GAP + timedelta(microseconds=1), at + GAP


def _written_to(owners: Iterable[int], at: datetime) -> set[int]:
    rows = OwnerTurn.objects.filter(owner__in=list(owners), last_letter_at__range=just_written(at))
    return set(rows.values_list("owner_id", flat=True))


def _items(owners: Collection[int], at: datetime, *, lock: bool) -> dict[int, list[DueItem]]:
    """Open items that may be spoken of, by owner. An owner of a car that is just being computed comes back later."""
    rows = DueItem.objects.open().filter(owner__in=owners, next_stage_on__isnull=False, car__removed_at=None)
    rows = rows.select_related("car__variant__model__make").order_by("pk")
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    items = list(rows)
    states = CarState.objects.in_bulk({item.car_id for item in items})
    since = at.date() - STALE_AFTER
    computed_on = {
        pk: state.computed_on
        for pk, state in states.items()
        if state.computed_on and state.computed_on >= since and state.stale_since is None
    }
    changing = {item.owner_id for item in items if _is_changing(states.get(item.car_id))}
    busy = underway.services(computed_on)
    found: dict[int, list[DueItem]] = defaultdict(list)
    for item in items:
        is_busy = bool(item.service) and item.service in busy.get(item.car_id, ())
        if item.owner_id not in changing and item.car_id in computed_on and not is_busy:
            found[item.owner_id].append(item)
    return found


def _is_changing(state: CarState | None) -> bool:
    """Whether something about the car has changed and will be computed in a moment. A car that cannot be computed holds
    up nobody's other cars."""
    return state is not None and state.stale_since is not None and not state.last_error


def _over(items: Iterable[DueItem]) -> dict[int, set[str]]:
    """The stages that are over, by item, of its present round."""
    rounds = {item.pk: item.round for item in items}
    found: dict[int, set[str]] = defaultdict(set)
    for item, number, stage in Reminder.objects.filter(item__in=rounds).values_list("item", "round", "stage"):
        if rounds[item] == number:
            found[item].add(stage)
    return found
