"""Where a person wants to read about their visits. A later machine for every kind of message asks here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from notifications.choices import Channel, MessageChannels
from notifications.models import Preference


@dataclass(frozen=True, slots=True)
class Reach:
    """An address of a person on a channel: `recipient` is an e-mail address or an E.164 number."""

    channel: Channel
    recipient: str


def channels_for(user: User) -> list[Reach]:
    """Where messages about the person's visits go: by the channels they chose, as far as they can be reached there.

    Who never chose, or cannot be reached the chosen way, gets one message: a proven number first, for such a message is
    read on the way, else the e-mail address. Empty only for somebody without any contact. One query.
    """
    reachable = _reachable(user)
    chosen = chosen_by(user)
    if chosen == MessageChannels.BOTH:
        return list(reachable.values())
    if chosen and chosen in reachable:
        return [reachable[Channel(chosen)]]
    return list(reachable.values())[:1]


def chosen_by(user: User) -> str:
    """What the person chose (`MessageChannels`), empty if nothing. One query."""
    return Preference.objects.filter(user=user).values_list("visit_channels", flat=True).first() or ""


@transaction.atomic
def choose(*, user: User, channels: str, at: datetime) -> Preference:
    """Remember where the person wants to read about their visits (`MessageChannels`)."""
    values = {"visit_channels": MessageChannels(channels), "changed_at": at}
    return Preference.objects.update_or_create(user=user, defaults=values)[0]


def _reachable(user: User) -> dict[Channel, Reach]:
    found = {}
    if user.phone and user.phone_verified_at:
        found[Channel.SMS] = Reach(Channel.SMS, user.phone)
    if user.email:
        found[Channel.EMAIL] = Reach(Channel.EMAIL, user.email)
    return found
