"""What a notice is about, written so that it can be told once and found again: `kind:subject:rest…`.

The rest makes the key one for each time it is told: the event that it tells of, the person, the start of a visit.
"""

from __future__ import annotations

from notifications.models import Notice


def make(kind: str, subject: str, *rest: object) -> str:
    """The key of a notice of `kind` about a row with the public id `subject`."""
    return ":".join((kind, subject, *(str(part) for part in rest)))


def subject(notice: Notice) -> str:
    """The public id that a key of `make` names."""
    return notice.key.split(":")[1]


def rest(notice: Notice) -> list[str]:
    """What a key of `make` says after the subject."""
    return notice.key.split(":")[2:]
