"""What owners say about due items: done, put off, dismissed, after all; each once, with an event."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import translation

from core.errors import InvalidInput
from reminders import actions, owner_dates, words
from reminders.choices import DismissReason, ItemState, OwnerDateKind
from reminders.computing.shape import INSPECTION, INSURANCE
from reminders.errors import ItemClosedError, NotReopenableError
from reminders.models import DueEvent, DueItem
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.due_cars import TODAY, compute, driven, due, noon, standing, visit
from vehicles.models import HealthEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

NOW = noon(TODAY)


@pytest.fixture
def oil() -> DueItem:
    """An oil service that is due on 2 December 2026, last done on 3 March."""
    return due(driven(), "minor_service")


def said(item: DueItem) -> list[str]:
    return list(DueEvent.objects.filter(item=item).order_by("pk").values_list("act", flat=True))


def mark_done(item: DueItem, **fields: Any) -> DueItem:
    return actions.done(item=item, by=item.owner, at=NOW, **{"on": date(2026, 11, 20), **fields})


# --- Done -----------------------------------------------------------------------------------------


def test_done_enters_the_record_as_the_owners_word_and_the_next_time_is_counted_from_it(oil: DueItem) -> None:
    mark_done(oil, odometer_km=61_400)
    entry = HealthEntry.objects.get(holder=oil.owner)
    assert (entry.source, entry.odometer_km, entry.facts["items"][0]["service"]) == ("owner", 61_400, "minor_service")
    event = DueEvent.objects.get(item=oil, act="done")
    assert event.data == {"on": "2026-11-20", "km": 61_400, "entry": entry.public_id}
    assert (oil.state, oil.closed_at, oil.next_stage_on, event.by) == ("done", NOW, None, oil.owner)
    compute(oil.car)
    oil.refresh_from_db()
    assert (oil.state, said(oil)) == ("done", ["opened", "done"])
    assert standing(oil.car, "minor_service").due_km == 71_400


def test_done_twice_is_done_once(oil: DueItem) -> None:
    mark_done(oil)
    mark_done(DueItem.objects.get(pk=oil.pk))
    assert said(oil) == ["opened", "done"]
    assert HealthEntry.objects.filter(holder=oil.owner).count() == 1


def test_done_on_another_day_after_it_was_done_is_refused(oil: DueItem) -> None:
    mark_done(oil)
    with pytest.raises(ItemClosedError):
        mark_done(oil, on=date(2026, 11, 19))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"on": date(2026, 11, 23)}, "on"),  # tomorrow
        ({"on": date(2026, 3, 3)}, "on"),  # the last time
        ({"on": date(2020, 1, 1)}, "on"),  # before delivery
        ({"odometer_km": 2_000_001}, "odometer_km"),
        ({"odometer_km": -1}, "odometer_km"),
    ],
)
def test_done_with_a_day_or_kilometres_that_cannot_be_changes_nothing(
    oil: DueItem, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        mark_done(oil, **fields)
    assert refused.value.field == field
    oil.refresh_from_db()
    assert (oil.state, said(oil)) == ("open", ["opened"])
    assert not HealthEntry.objects.filter(holder=oil.owner).exists()


@pytest.mark.parametrize(
    ("on", "km", "words"),
    [
        (date(2026, 11, 20), 20_000, "It showed 58,700 km on 3 Sep 2026, and it never goes down."),
        (date(2026, 8, 1), 58_701, "It showed 58,700 km on 3 Sep 2026, and it never goes down."),
        (date(2026, 11, 20), 614_000, "It showed 58,700 km on 3 Sep 2026. Nobody drives so far in between"),
        (date(2026, 3, 4), 55_000, "It showed 52,000 km on 3 Mar 2026. Nobody drives so far in between"),
    ],
)
def test_kilometres_that_the_readings_contradict_are_refused_and_say_which(
    oil: DueItem, on: date, km: int, words: str
) -> None:
    with translation.override("en"), pytest.raises(InvalidInput, match=words) as refused:
        mark_done(oil, on=on, odometer_km=km)
    assert refused.value.field == "odometer_km"
    oil.refresh_from_db()
    assert (oil.state, said(oil)) == ("open", ["opened"])
    assert not HealthEntry.objects.filter(holder=oil.owner).exists()


def test_by_kilometres_alone_the_next_time_is_counted_from_what_the_readings_say_of_that_day() -> None:
    car = driven()
    visit(car, "2025-09-03", 45_300, "tyre_rotation")
    rotation = due(car, "tyre_rotation")
    assert rotation.due_km == 55_300
    mark_done(rotation, on=date(2026, 6, 3))  # half-way between 52,000 and 58,700 km
    following = due(car, "tyre_rotation")
    assert following.pk != rotation.pk
    assert following.due_km == 65_350
    with translation.override("en"):
        why = words.why(following)
    assert "Last done on 3 Jun 2026, by your other readings at about 55,350 km." in why


def test_an_inspection_before_its_time_is_the_one_before() -> None:
    inspection = due(driven(delivered_on=date(2023, 1, 10), created_at=NOW), INSPECTION)
    assert inspection.due_on == date(2027, 1, 31)
    with pytest.raises(InvalidInput) as refused:
        mark_done(inspection, on=date(2026, 10, 30))
    assert refused.value.field == "on"
    mark_done(inspection, on=date(2026, 10, 31))
    assert due(inspection.car, INSPECTION, today=date(2027, 2, 1)).due_on == date(2029, 1, 31)


def test_an_insurance_that_is_renewed_enters_nothing() -> None:
    car = driven()
    owner_dates.say(car=car, kind=OwnerDateKind.INSURANCE, on=date(2026, 12, 1), by=car.owner, at=NOW)
    insurance = standing(car, INSURANCE)
    mark_done(insurance)
    assert not HealthEntry.objects.filter(holder=car.owner).exists()
    compute(car)
    insurance.refresh_from_db()
    assert insurance.state == "done"


# --- Put off --------------------------------------------------------------------------------------


def test_put_off_reminds_anew_on_its_day(oil: DueItem) -> None:
    until = TODAY + timedelta(days=30)
    actions.defer(item=oil, by=oil.owner, at=NOW, until=until)
    actions.defer(item=oil, by=oil.owner, at=NOW, until=until)
    oil.refresh_from_db()
    assert (oil.state, oil.deferred_until, oil.round, oil.next_stage_on) == ("deferred", until, 2, until)
    assert said(oil) == ["opened", "deferred"]
    actions.defer(item=oil, by=oil.owner, at=NOW, until=until + timedelta(days=1))
    assert (oil.round, said(oil)) == (3, ["opened", "deferred", "deferred"])


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_putting_off_until_a_day_that_is_over_or_far_is_refused(oil: DueItem, days: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.defer(item=oil, by=oil.owner, at=NOW, until=TODAY + timedelta(days=days))
    assert refused.value.field == "until"


# --- Dismissed, and after all ---------------------------------------------------------------------


def test_dismissed_keeps_the_reason_and_comes_back_when_asked_for(oil: DueItem) -> None:
    next_stage_on = oil.next_stage_on
    for _ in range(2):
        actions.dismiss(item=oil, by=oil.owner, at=NOW, reason=DismissReason.NOT_WANTED, note=" Too dear ")
    assert (oil.state, oil.dismissed_for, oil.next_stage_on) == ("dismissed", "not_wanted", None)
    event = DueEvent.objects.get(item=oil, act="dismissed")
    assert event.data == {"reason": "not_wanted", "note": "Too dear"}
    for _ in range(2):
        actions.reopen(item=oil, by=oil.owner, at=NOW)
    oil.refresh_from_db()
    assert (oil.state, oil.dismissed_for, oil.closed_at, oil.next_stage_on) == ("open", "", None, next_stage_on)
    assert said(oil) == ["opened", "dismissed", "reopened"]


@pytest.mark.parametrize(("fields", "field"), [({"reason": "because"}, "reason"), ({"note": "x" * 201}, "note")])
def test_dismissing_without_a_reason_or_with_a_long_note_is_refused(
    oil: DueItem, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.dismiss(item=oil, by=oil.owner, at=NOW, **{"reason": DismissReason.SELLING, **fields})
    assert refused.value.field == field


def test_what_was_put_off_can_be_taken_up_before_its_day(oil: DueItem) -> None:
    actions.defer(item=oil, by=oil.owner, at=NOW, until=TODAY + timedelta(days=90))
    actions.reopen(item=oil, by=oil.owner, at=NOW)
    assert (oil.state, oil.deferred_until, oil.next_stage_on) == ("open", None, oil.due_on)


def test_what_the_record_closed_is_closed_to_its_owner_too(oil: DueItem) -> None:
    visit(oil.car, "2026-11-21", 61_500, "minor_service")
    compute(oil.car)
    for act, more in (
        (actions.defer, {"until": TODAY + timedelta(days=9)}),
        (actions.dismiss, {"reason": DismissReason.WRONG}),
        (actions.done, {"on": TODAY}),
    ):
        with pytest.raises(ItemClosedError):
            act(item=oil, by=oil.owner, at=NOW, **more)
    with pytest.raises(NotReopenableError):
        actions.reopen(item=oil, by=oil.owner, at=NOW)
    oil.refresh_from_db()
    assert oil.state == ItemState.DONE
