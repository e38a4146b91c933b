"""Writes the letters whose time has come, to some owners at a time.

Two sweeps at once write each letter once: whoever holds the row of an owner's turn writes, the other passes by, and
what is over is unique in the database. A sweep that dies has written each letter wholly or not at all. After an outage
the next one finds everything by its day: one letter for each owner, with the latest stage of each item.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.core.cache import cache
from django.db import InterfaceError, OperationalError

from core import faults
from notifications.quiet import Quiet
from reminders.models import DueItem, Letter, OwnerTurn
from reminders.sending import letters, reading
from reminders.sending.facts import Facts
from reminders.sending.reading import Draft

logger = logging.getLogger("reminders")

LIMIT = 200
# Owners whose letters are written in one transaction: a second of locks at the most.
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
    made, facts, owners = 0, Facts(at=at), _owners(at)
    for start in range(0, len(owners), TOGETHER):
        some = owners[start : start + TOGETHER]
        failed = cache.get_many([_failed(owner) for owner in some])
        drafts = reading.drafts([owner for owner in some if _failed(owner) not in failed], at=at)
        made += _written(drafts[: limit - made], facts)
        if made >= limit:
            break
    return made


def _written(drafts: Sequence[Draft], facts: Facts) -> int:
    """Write to these owners together; where something is wrong with one of the letters, to each half of them apart, and
    so on, until it stands alone."""
    try:
        return len(_write(drafts, facts)) if drafts else 0
    except (InterfaceError, OperationalError, SoftTimeLimitExceeded):  # no letter is at fault: the next sweep goes on
        raise
    except Exception:  # whatever is wrong with one letter, the others are written
        if len(drafts) == 1:
            owner = drafts[0].owner
            logger.exception("letter to %s cannot be written", owner.public_id)
            cache.set(_failed(owner.pk), facts.at.isoformat(), TRY_AGAIN.total_seconds())
            return 0
    half = len(drafts) // 2
    return _written(drafts[:half], facts) + _written(drafts[half:], facts)


def _write(drafts: Sequence[Draft], facts: Facts) -> list[Letter]:
    OwnerTurn.objects.bulk_create((OwnerTurn(owner=draft.owner) for draft in drafts), ignore_conflicts=True)
    facts.bring(drafts)
    offers = {draft.owner.pk: letters.offers_for(draft, facts) for draft in drafts}
    faults.point("reminders.slots_found")
    return letters.write(offers=offers, facts=facts)


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
