"""Writes the letters whose time has come, one owner at a time.

Two sweeps at once write each letter once: whoever holds the row of an owner's turn writes, the other passes by, and
what is over is unique in the database. A sweep that dies has written each letter wholly or not at all. After an outage
the next one finds everything by its day: one letter for each owner, with the latest stage of each item.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import InterfaceError, OperationalError

from core import faults
from notifications.quiet import Quiet
from reminders.models import DueItem, OwnerTurn
from reminders.sending import letters, reading
from reminders.sending.reading import Draft

logger = logging.getLogger("reminders")

LIMIT = 200
# Owners whose facts are brought at once.
TOGETHER = 50
# It may be tomorrow already in the owner's zone.
_FURTHEST_EAST = timedelta(hours=14)
# A letter that cannot be written is tried again on the next day; if the cache forgets it, earlier.
TRY_AGAIN = timedelta(hours=20)


def sweep(*, at: datetime, limit: int = LIMIT) -> int:
    """Write at most `limit` letters that are due at `at` (UTC). Returns how many.

    One that cannot be written (a hole in a template, a fault of ours) is logged and left for a day; the others are
    written. Side effects: those of `letters.write`.
    """
    made = 0
    owners = _owners(at)
    for start in range(0, len(owners), TOGETHER):
        some = owners[start : start + TOGETHER]
        failed = cache.get_many([_failed(owner) for owner in some])
        for draft in reading.drafts([owner for owner in some if _failed(owner) not in failed], at=at):
            made += _written(draft, at)
            if made >= limit:
                return made
    return made


def _written(draft: Draft, at: datetime) -> bool:
    owner = draft.owner.pk
    try:
        OwnerTurn.objects.get_or_create(owner=draft.owner)
        offers = letters.offers_for(draft, at=at)
        faults.point("reminders.slots_found")
        return letters.write(owner=owner, offers=offers, at=at) is not None
    except (InterfaceError, OperationalError):  # the database is at fault, not the letter: the next sweep goes on
        raise
    except Exception:  # whatever is wrong with one letter, the others are written
        logger.exception("letter to %s cannot be written", draft.owner.public_id)
        cache.set(_failed(owner), at.isoformat(), TRY_AGAIN.total_seconds())
        return False


def _failed(owner: int) -> str:
    return f"reminders:failed:{owner}"


def _owners(at: datetime) -> list[int]:
    """Owners (ids) of whom something may be due, in order."""
    latest = (at + _FURTHEST_EAST).date()
    due = DueItem.objects.to_remind(latest).filter(owner__is_active=True)
    due = due.exclude(owner__reminder_turn__last_letter_at__range=reading.just_written(at))
    if Quiet().holds(at):  # nobody but those who chose other hours
        due = due.filter(owner__message_preference__isnull=False)
    return list(due.order_by("owner").values_list("owner", flat=True).distinct())
