"""The page of preferences as facts: which topics concern a person, by which ways they come, and what they may choose.

What is shown as on is what the person wants. Whether an address can be reached just now is told beside it and does not
change the wish: once it works again, messages go there again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import InvalidInput
from notifications import audience, preferences
from notifications.choices import Channel, Topic
from notifications.models import ChannelChoice, Preference, PushSubscription, UnreachableAddress
from notifications.preferences import ALWAYS, Reach, Wishes
from notifications.quiet import Quiet
from notifications.quiet import of as quiet_of

_CONTACTS = (Channel.EMAIL, Channel.SMS)
# Codes and word about the account are not for choosing: they go to the contact that they are about.
_NOT_CHOSEN = (Topic.ACCOUNT,)


class NothingChosenError(InvalidInput):
    """A topic somebody has to hear of was left without any way."""

    code = "nothing_chosen"
    message = _("Choose at least one way: you hear of this in any case.")


class NotYoursError(InvalidInput):
    """A topic that does not concern the person, or cannot be chosen."""

    code = "unknown_topic"
    message = _("There is nothing to choose about this.")


class EndlessQuietError(InvalidInput):
    """Quiet hours that begin when they end would last all day."""

    code = "endless_quiet"
    message = _("Quiet hours cannot begin and end at the same time. To hear nothing of a topic, switch it off.")


class UnknownZoneError(InvalidInput):
    """A time zone that is none, or no place's."""

    code = "unknown_zone"
    message = _("We do not know this time zone. Name it by its place, for example Asia/Shanghai.")


@dataclass(frozen=True, slots=True)
class Way:
    """A channel for one topic: whether the person wants it, and whether there is an address for it at all."""

    channel: Channel
    is_on: bool
    is_possible: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A topic and its ways. Without `can_be_left` one way has to stay on."""

    topic: Topic
    ways: tuple[Way, ...]

    @property
    def can_be_left(self) -> bool:
        return self.topic not in ALWAYS

    @property
    def on(self) -> frozenset[Channel]:
        return frozenset(way.channel for way in self.ways if way.is_on)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is in force for a person."""

    rows: tuple[Row, ...]
    quiet: Quiet
    unreachable: tuple[UnreachableAddress, ...]
    browsers: tuple[PushSubscription, ...]

    def is_possible(self, channel: Channel) -> bool:
        return any(way.is_possible for row in self.rows for way in row.ways if way.channel == channel)


def chosen_by(person: User) -> Chosen:
    """What the person has chosen, or what holds as they have not. Four queries and those of `audience`."""
    contacts = preferences.contacts_of(person)
    browsers = tuple(PushSubscription.objects.filter(user=person).order_by("-created_at", "-pk"))
    wishes = Wishes(
        reachable=(*contacts, *(Reach(Channel.PUSH, browser.public_id) for browser in browsers)),
        choices={(row.topic, row.channel): row.is_on for row in ChannelChoice.objects.filter(user=person)},
    )
    return Chosen(
        rows=tuple(_row(topic, wishes) for topic in audience.topics_of(person) if topic not in _NOT_CHOSEN),
        quiet=quiet_of(Preference.objects.filter(user=person).first()),
        unreachable=_unreachable(contacts),
        browsers=browsers,
    )


@transaction.atomic
def choose(*, person: User, topics: Mapping[str, Collection[str]], at: datetime, quiet: Quiet | None = None) -> Chosen:
    """Remember by which channels each of the named topics shall come, and the quiet hours if given; the rest stays.

    Raises NotYoursError, NothingChosenError (their field is the topic), EndlessQuietError (field `quiet_until`),
    UnknownZoneError (field `zone`). A topic that is left as it is in force gets no row: it goes on following the
    defaults.
    """
    if quiet is not None and quiet.start == quiet.end:
        raise EndlessQuietError(field="quiet_until")
    if quiet is not None and quiet.zone and quiet.zone not in zones():
        raise UnknownZoneError(field="zone")
    rows = {row.topic: row for row in chosen_by(person).rows}
    choices: dict[tuple[Topic, Channel], bool] = {}
    for name, channels in topics.items():
        row = rows.get(Topic(name)) if name in Topic.values else None
        if row is None:
            raise NotYoursError(field=name)
        wanted = frozenset(Channel(channel) for channel in channels)
        if not wanted and not row.can_be_left:
            raise NothingChosenError(field=name)
        choices |= _changes(row, wanted)
    preferences.choose(user=person, choices=choices, at=at)
    if quiet is not None:
        preferences.keep_quiet(user=person, quiet=quiet, at=at)
    return chosen_by(person)


@cache
def zones() -> frozenset[str]:
    """Time zones a person may name: those of places."""
    return frozenset(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
    )


def _row(topic: Topic, wishes: Wishes) -> Row:
    able = {reach.channel for reach in wishes.reachable}
    # What falls back to another way because it must arrive is shown as it is sent.
    on = {reach.channel for reach in wishes.reaches(topic)} | {way for way in Channel if wishes.is_on(topic, way)}
    return Row(topic, tuple(Way(channel, channel in on & able, channel in able) for channel in Channel))


def _changes(row: Row, wanted: frozenset[Channel]) -> dict[tuple[Topic, Channel], bool]:
    """The choices to write down. Mail and phone stand or fall together: one that is chosen leaves the other."""
    possible = {way.channel for way in row.ways if way.is_possible} | wanted
    changed = {way.channel for way in row.ways if way.channel in possible and way.is_on != (way.channel in wanted)}
    if changed & set(_CONTACTS):
        changed |= possible & set(_CONTACTS)
    return {(row.topic, channel): channel in wanted for channel in changed}


def _unreachable(contacts: Collection[Reach]) -> tuple[UnreachableAddress, ...]:
    known = {(reach.channel, reach.recipient.lower()): reach for reach in contacts}
    rows = UnreachableAddress.objects.filter(recipient__in={recipient for _channel, recipient in known})
    return tuple(row for row in rows if (row.channel, row.recipient) in known)
