"""The inbox on the site: what a person was told, read or not yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from core.ids import LENGTH
from notifications.models import Notice

# Longer than anybody looks back for a booking or a bill, which have pages of their own (product decision).
KEPT = timedelta(days=365)
# More is shown as "99+": nobody needs the number, and counting stays short.
COUNTED = 100
BATCH = 5000


def line_of(person: User, public_id: str) -> Notice | None:
    """One line of the person's inbox; None for anything else, whatever the text is."""
    if len(public_id) != LENGTH or not public_id.isascii() or not public_id.isalnum():
        return None
    return Notice.objects.inbox_of(person).filter(public_id=public_id).first()


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of an inbox, and whether more follow."""

    lines: list[Notice]
    has_more: bool


def page_of(person: User, *, topic: str = "", after: Notice | None = None, size: int) -> Page:
    """Lines of the inbox, newest first: of one topic if named, from the line after `after` on. One query."""
    lines = Notice.objects.inbox_of(person)
    if topic:
        lines = lines.filter(topic=topic)
    found = list((lines.older_than(after) if after is not None else lines)[: size + 1])
    return Page(found[:size], len(found) > size)


def unread_count(person: User) -> int:
    """How many lines the person has not read, up to COUNTED. One query on a partial index."""
    return Notice.objects.filter(person=person, in_inbox=True).unread()[:COUNTED].count()


def read(*, notice: Notice, at: datetime) -> None:
    """The person has opened it; the first time counts."""
    Notice.objects.filter(pk=notice.pk).unread().update(read_at=at)


@transaction.atomic
def read_all(*, person: User, at: datetime, newest: Notice | None = None) -> int:
    """Mark everything as read up to `newest`, the newest line the person has seen: what came since stays unread.

    Without it, everything. Returns how many were unread.
    """
    lines = Notice.objects.filter(person=person, in_inbox=True).unread()
    return (lines.up_to(newest) if newest is not None else lines).update(read_at=at)


def forget_old(*, at: datetime) -> int:
    """Take lines out of the inbox, and their words with them, a year after they were told. Returns how many.

    The row stays with its key, so that nothing is told a second time.
    """
    count = 0
    while True:
        old = Notice.objects.filter(in_inbox=True, created_at__lt=at - KEPT).values("pk")[:BATCH]
        done = Notice.objects.filter(pk__in=old).update(in_inbox=False, title="", text="", path="")
        count += done
        if done < BATCH:
            return count
