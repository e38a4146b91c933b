"""The one door through which people are told things.

telling.tell(kind="bookings/ready", key=f"booking.ready:{event.pk}", to=owner, context={…}, path="/bookings/…/", at=now)

What is told stands in the inbox in the same transaction and waits for each channel in a queue of its own; it leaves
when the transaction has committed (`notifications.delivering`). Telling the same key again tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation

from accounts.models import User
from notifications import kinds, preferences, rendering, unsubscribing
from notifications.choices import Channel, MessageStatus
from notifications.kinds import Kind
from notifications.models import Message, Notice
from notifications.preferences import Reach, Wishes

Context = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Something to tell: to a person, or to a bare address of somebody without an account (`Reach`).

    `key` is told once. `context` are the facts of its templates, in the reader's language: a function is called with
    that language active. `path` is the address on the site where it goes on ("/bookings/…/"). `due_at`: not sent
    before; `until`: not sent after.
    """

    kind: str
    key: str
    to: User | Reach
    context: Context = field(default_factory=dict)
    path: str = ""
    language: str = ""
    due_at: datetime | None = None
    until: datetime | None = None


def tell(  # noqa: PLR0913  (the parts of a word, all named)
    *,
    kind: str,
    key: str,
    to: User | Reach,
    context: Context,
    at: datetime,
    path: str = "",
    language: str = "",
    due_at: datetime | None = None,
    until: datetime | None = None,
) -> Notice | None:
    """Tell one thing once (see `Word`); None if it was told already, or to an account that is closed.

    `at` is UTC. Raises kinds.UnknownKindError, rendering.MissingVariableError. Side effects: a notice, a message for
    each channel, senders are woken after the commit.
    """
    word = Word(kind=kind, key=key, to=to, context=context, path=path, language=language, due_at=due_at, until=until)
    told = tell_all([word], at=at)
    return told[0] if told else None


@transaction.atomic
def tell_all(words: Iterable[Word], *, at: datetime) -> list[Notice]:
    """Tell many things in a number of queries that does not grow with them; returns the notices that are new, in order.

    Raises what `tell` raises; then nothing is told.
    """
    words = _new(list(words))
    people = {word.to.pk: word.to for word in words if isinstance(word.to, User)}
    wishes = preferences.wishes_of(people.values()) if people else {}
    written = [_write(word, _wishes(word, wishes), at) for word in words]
    # Two that tell the same at once: the second waits here for the first and finds it told.
    Notice.objects.bulk_create((one.notice for one in written), ignore_conflicts=True)
    ids = dict(
        Notice.objects.filter(public_id__in=[one.notice.public_id for one in written]).values_list("public_id", "pk")
    )
    messages: list[Message] = []
    told: list[Notice] = []
    for one in written:
        if (pk := ids.get(one.notice.public_id)) is not None:
            one.notice.pk, one.notice._state.adding = pk, False
            messages += one.messages
            told.append(one.notice)
    for message in messages:
        message.notice_id = message.notice.pk  # type: ignore[union-attr]  # each has one
    Message.objects.bulk_create(messages)
    _wake({message.channel for message in messages if message.due_at is not None and message.due_at <= at})
    return told


@dataclass(slots=True)
class _Written:
    notice: Notice
    messages: list[Message]


def _new(words: Sequence[Word]) -> list[Word]:
    """Each key once, without those told before and without people whose account is closed."""
    known = set(Notice.objects.filter(key__in=[word.key for word in words]).values_list("key", flat=True))
    found: dict[str, Word] = {}
    for word in words:
        if word.key not in known and not (isinstance(word.to, User) and not word.to.is_active):
            found.setdefault(word.key, word)
    return list(found.values())


def _wishes(word: Word, wishes: Mapping[int, Wishes]) -> Wishes:
    if isinstance(word.to, User):
        return wishes[word.to.pk]
    topic = kinds.get(word.kind).topic
    return Wishes(reachable=(word.to,), choices={(topic, word.to.channel): True})


def _write(word: Word, wishes: Wishes, at: datetime) -> _Written:
    kind = kinds.get(word.kind)
    person = word.to if isinstance(word.to, User) else None
    language = word.language or (person.language if person else "") or settings.LANGUAGE_CODE
    with translation.override(language):
        context = dict(word.context() if callable(word.context) else word.context)
    if word.path:
        context.setdefault("action_url", settings.SITE_URL.rstrip("/") + word.path)
    reaches = [reach for reach in wishes.reaches(kind.topic) if reach.channel in kind.channels]
    notice = _notice(word, kind, person, language, context, at)
    due_at = max(word.due_at or at, at)
    if kind.waits_for_morning:
        due_at = wishes.quiet.over(due_at)
    return _Written(notice, [_message(reach, kind, notice, context, due_at) for reach in reaches])


def _notice(
    word: Word, kind: Kind, person: User | None, language: str, context: Mapping[str, Any], at: datetime
) -> Notice:
    is_shown = person is not None and kind.in_inbox
    needs_words = is_shown or Channel.PUSH in kind.channels
    said = rendering.inbox(kind.name, context, language) if needs_words else rendering.Words(str(kind.label), "")
    return Notice(
        key=word.key,
        kind=kind.name,
        topic=kind.topic,
        person=person,
        language=language,
        title=said.subject[:200],
        text=said.body,
        path=word.path,
        in_inbox=is_shown,
        created_at=at,
        expires_at=_expires_at(word, kind, at),
    )


def _expires_at(word: Word, kind: Kind, at: datetime) -> datetime | None:
    """Whichever comes first: what the kind lives, and the moment that the word names."""
    ends = [max(word.due_at or at, at) + kind.lives] if kind.lives else []
    return min([*ends, *([word.until] if word.until else [])], default=None)


def _message(reach: Reach, kind: Kind, notice: Notice, context: Mapping[str, Any], due_at: datetime) -> Message:
    words = _words(reach, kind, notice, context)
    return Message(
        notice=notice,
        channel=reach.channel,
        kind=kind.name,
        recipient=reach.recipient,
        subject=words.subject[:200],
        body=words.body,
        html=words.html,
        status=MessageStatus.QUEUED,
        due_at=due_at,
    )


def _words(reach: Reach, kind: Kind, notice: Notice, context: Mapping[str, Any]) -> rendering.Words:
    if reach.channel == Channel.SMS:
        return rendering.sms(kind.name, context, notice.language)
    if reach.channel == Channel.PUSH:
        return rendering.Words(notice.title, notice.text)
    leave = unsubscribing.address(notice.person, kind.topic, Channel.EMAIL) if notice.person else ""
    return rendering.email(kind.name, context, notice.language, unsubscribe=leave)


def _wake(channels: Iterable[str]) -> None:
    from notifications.tasks import wake

    for channel in sorted(channels):
        transaction.on_commit(partial(wake, channel), robust=True)
