"""What people type about a visit, as it is kept: one check for reviews, replies, answers, appeals and notes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from reviews.errors import TextNeededError


def checked(text: str, *, limit: int, field: str = "text", needed: bool = True) -> str:
    """A text without blanks around it, at most `limit` characters. Raises TextNeededError for none where one is
    `needed`, InvalidInput for one that is too long or cannot be stored; both name `field`."""
    text = text.strip()
    if needed and not text:
        raise TextNeededError(field=field)
    if "\x00" in text:
        raise InvalidInput(_("The text has a character that cannot be stored."), field=field)
    if len(text) > limit:
        raise InvalidInput(_("Write %(limit)d characters at most.") % {"limit": limit}, field=field)
    return text
