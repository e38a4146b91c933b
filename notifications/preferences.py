"""Where a person wants to be told about a topic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from notifications.choices import Channel, Topic
from notifications.models import ChannelChoice, Preference, PushSubscription, UnreachableAddress
from notifications.quiet import Quiet
from notifications.quiet import of as quiet_of

# The way that is used where nobody chose, the first that reaches (product decision): what is read on the way goes to
# the phone, what can wait to the mailbox, which also costs nothing.
_PHONE_FIRST = (Channel.SMS, Channel.EMAIL)
_MAIL_FIRST = (Channel.EMAIL, Channel.SMS)
FIRST_CHOICE: Mapping[Topic, tuple[Channel, ...]] = {
    Topic.VISITS: _PHONE_FIRST,
    Topic.REMINDERS: _MAIL_FIRST,
    Topic.REVIEWS: _PHONE_FIRST,
    Topic.MONEY: _PHONE_FIRST,
    Topic.CAMPAIGNS: (),  # only who agreed
    Topic.SHOP: _PHONE_FIRST,
    Topic.SHOP_VISITS: (),  # as many as there are bookings: the inbox has them, and only who chose gets more
    Topic.PLATFORM: (Channel.EMAIL,),
    Topic.ACCOUNT: _PHONE_FIRST,
}
# What somebody has to learn even if every channel they chose is gone, and what they cannot switch off altogether.
ALWAYS = (Topic.VISITS, Topic.MONEY, Topic.ACCOUNT, Topic.PLATFORM)


@dataclass(frozen=True, slots=True)
class Reach:
    """An address of a person on a channel: an e-mail address, an E.164 number, or a push subscription's public id."""

    channel: Channel
    recipient: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is known of a person before they are told something: addresses that work, choices, quiet hours."""

    reachable: tuple[Reach, ...] = ()
    choices: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    quiet: Quiet = field(default_factory=Quiet)

    def is_on(self, topic: Topic, channel: Channel) -> bool:
        """Whether messages of the topic go by the channel: chosen, else by default where it reaches."""
        chosen = self.choices.get((topic, channel))
        if chosen is not None:
            return chosen
        if channel == Channel.PUSH:
            return bool(FIRST_CHOICE[topic])  # who lets a browser tell them wants to be told what others are told
        if any((topic, other) in self.choices for other in (Channel.EMAIL, Channel.SMS)):
            return False  # they chose between mail and phone; this one they left
        return channel == self._first(topic)

    def reaches(self, topic: Topic) -> list[Reach]:
        """Where a message of the topic goes. What somebody has to learn falls back to any address that works."""
        found = [reach for reach in self.reachable if self.is_on(topic, reach.channel)]
        if found or topic not in ALWAYS:
            return found
        first = self._first(topic)
        return [reach for reach in self.reachable if reach.channel == first] or [
            reach for reach in self.reachable if reach.channel != Channel.PUSH
        ]

    def reaches_of(self, topic: str) -> set[tuple[str, str]]:
        """The same as pairs of channel and recipient."""
        return {(reach.channel, reach.recipient) for reach in self.reaches(Topic(topic))}

    def _first(self, topic: Topic) -> Channel | None:
        able = {reach.channel for reach in self.reachable}
        return next((channel for channel in FIRST_CHOICE[topic] if channel in able), None)


def wishes_of(people: Iterable[User]) -> dict[int, Wishes]:
    """What each of these people wants, by primary key. Four queries for any number."""
    people = list(people)
    choices: dict[int, dict[tuple[str, str], bool]] = defaultdict(dict)
    for row in ChannelChoice.objects.filter(user__in=people):
        choices[row.user_id][row.topic, row.channel] = row.is_on
    quiet = {row.user_id: quiet_of(row) for row in Preference.objects.filter(user__in=people)}
    browsers: dict[int, list[Reach]] = defaultdict(list)
    for subscription in PushSubscription.objects.filter(user__in=people).order_by("pk"):
        browsers[subscription.user_id].append(Reach(Channel.PUSH, subscription.public_id))
    known = {person.pk: contacts_of(person) for person in people}
    gone = _unreachable(reach for reaches in known.values() for reach in reaches)
    return {
        person.pk: Wishes(
            reachable=(*(reach for reach in known[person.pk] if reach not in gone), *browsers[person.pk]),
            choices=choices[person.pk],
            quiet=quiet.get(person.pk, Quiet()),
        )
        for person in people
    }


def channels_for(user: User, topic: Topic = Topic.VISITS) -> list[Reach]:
    """Where messages of a topic go to one person; see `Wishes.reaches`. Four queries."""
    return wishes_of([user])[user.pk].reaches(topic)


@transaction.atomic
def choose(*, user: User, choices: Mapping[tuple[Topic, Channel], bool], at: datetime) -> None:
    """Remember what the person wants; the latest word counts. What is not named stays as it is."""
    rows = [
        ChannelChoice(user=user, topic=topic, channel=channel, is_on=is_on, changed_at=at)
        for (topic, channel), is_on in choices.items()
    ]
    ChannelChoice.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["user", "topic", "channel"],
        update_fields=["is_on", "changed_at"],
    )


@transaction.atomic
def keep_quiet(*, user: User, quiet: Quiet, at: datetime) -> Preference:
    """Remember when the person is left alone."""
    values = {"zone": quiet.zone, "quiet_from": quiet.start, "quiet_until": quiet.end, "changed_at": at}
    return Preference.objects.update_or_create(user=user, defaults=values)[0]


def contacts_of(user: User) -> list[Reach]:
    """The person's addresses for mail and text messages, whether they can be reached or not."""
    found = []
    if user.email:
        found.append(Reach(Channel.EMAIL, user.email))
    if user.phone and user.phone_verified_at:
        found.append(Reach(Channel.SMS, user.phone))
    return found


def _unreachable(reaches: Iterable[Reach]) -> set[Reach]:
    known = list(reaches)
    if not known:
        return set()
    wanted = {(reach.channel, reach.recipient.lower()): reach for reach in known}
    rows = UnreachableAddress.objects.filter(Q(recipient__in={recipient for _channel, recipient in wanted}))
    return {wanted[key] for key in rows.values_list("channel", "recipient") if key in wanted}
