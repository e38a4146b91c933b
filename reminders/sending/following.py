"""What it means that somebody followed a letter's link."""

from __future__ import annotations

from datetime import datetime

from reminders.models import Letter


def follow(letter: Letter, *, at: datetime) -> None:
    """Write down when the owner first followed a link of the letter; later times change nothing."""
    Letter.objects.filter(pk=letter.pk, followed_at=None).update(followed_at=at)
