"""What owners are written to about: what is due, and what a shop they know offers for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from notifications import kinds
from notifications.choices import Topic
from notifications.kinds import Kind
from notifications.models import Notice
from reminders.choices import CampaignStatus, ItemState
from reminders.models import DueItem, Letter, Reminder
from reminders.sending import underway

DUE, CAMPAIGN = "reminders/due", "reminders/campaign"
# What was said of days and free times is worth nothing later (product decision); the inbox keeps it.
LIVES = timedelta(days=3)


def register() -> None:
    """Make the kinds known; called once when the app is ready. A reminder rather stays away than comes twice."""
    kinds.register(
        Kind(
            DUE,
            Topic.REMINDERS,
            _("What is due on your cars"),
            waits_for_morning=True,
            lives=LIVES,
            again=False,
            still_all=due_still,
        ),
        Kind(
            CAMPAIGN,
            Topic.CAMPAIGNS,
            _("An offer for what is due"),
            waits_for_morning=True,
            lives=LIVES,
            again=False,
            still=is_offered_still,
        ),
    )


def due_still(notices: Sequence[Notice]) -> set[int]:
    """Of these letters (ids of their notices) those of which everything that they name is open still, on a car that the
    reader has, and none of it is booked. Where something has been done or said meanwhile it would be wrong; it stays in
    the inbox, and the rest is told again at its next stage. Four queries or so for any number."""
    letters = dict(Letter.objects.filter(notice__in=notices).order_by().values_list("pk", "notice_id"))
    named = list(Reminder.objects.filter(letter__in=letters).order_by().values_list("letter_id", "item_id"))
    to_do = _to_do(DueItem.objects.filter(pk__in={item for _letter, item in named}))
    wrong = {letters[letter] for letter, item in named if letter is not None and not to_do[item]}
    return {notice for notice in letters.values() if notice is not None and notice not in wrong}


def is_offered_still(notice: Notice) -> bool:
    """Whether the shop has not stopped its campaign, and the car, still in the garage, needs what it offers and has no
    visit for it."""
    letter = Letter.objects.filter(notice=notice).select_related("campaign__service").first()
    if letter is None or letter.campaign is None or letter.campaign.status == CampaignStatus.STOPPED:
        return False
    cars = letter.slots.values("car")
    items = DueItem.objects.filter(car__in=cars, service=letter.campaign.service.key)
    return any(_to_do(items).values())


def _to_do(items: QuerySet[DueItem]) -> dict[int, bool]:
    """Of each item (by id), whether it is open, its car in the garage, and no visit does it. Two queries or so."""
    rows = list(items.select_related("car__due_state"))
    busy = underway.services({row.car_id: row.car.due_state.computed_on or row.opened_at.date() for row in rows})
    return {
        row.pk: row.state == ItemState.OPEN
        and row.car.removed_at is None
        and row.service not in busy.get(row.car_id, ())
        for row in rows
    }
