"""Every kind of message: what it is about, by which ways it may go, and what happens to it when it is late or lost.

Each room registers its own in `AppConfig.ready`:

kinds.register(Kind("bookings/ready", Topic.VISITS, _("Your car is ready")))
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from notifications.choices import Channel, Topic

if TYPE_CHECKING:
    from notifications.models import Notice


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message.

    `name`: also where its templates are (`notifications.rendering`). `label`: for people who read logs and choose.
    `channels`: the ways it may go. `waits_for_morning`: not sent in quiet hours. `lives`: sent no later than that after
    it was told. `again`: handed over once more if a sender died while it did so and the channel cannot say what became
    of it (else it rather stays away than comes twice). `in_inbox`: also a line on the site. `still`: asked before it
    leaves, whether it is still true. `still_all`: instead of it, for what many are told at once: which of these notices
    are (their ids).
    """

    name: str
    topic: Topic
    label: str | Promise
    channels: frozenset[Channel] = frozenset(Channel)
    waits_for_morning: bool = False
    lives: timedelta | None = None
    again: bool = True
    in_inbox: bool = True
    still: Callable[[Notice], bool] | None = None
    still_all: Callable[[Sequence[Notice]], Collection[int]] | None = None


class UnknownKindError(LookupError):
    """Nobody has registered a kind of that name."""


_kinds: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Make kinds known; registering a name again replaces it."""
    _kinds.update({kind.name: kind for kind in kinds})


def get(name: str) -> Kind:
    """The kind of that name. Raises UnknownKindError."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKindError(name) from None


def find(name: str) -> Kind | None:
    """The kind of that name, None for one that is not told any more."""
    return _kinds.get(name)


def every() -> list[Kind]:
    """All kinds, by topic and name."""
    order = list(Topic)
    return sorted(_kinds.values(), key=lambda kind: (order.index(kind.topic), kind.name))
