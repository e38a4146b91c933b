"""Hands queued messages over: a batch at a time, each channel on its own.

A row says how far it is. QUEUED → CLAIMED (for a time; if the sender dies, it is queued again) → HANDING (from here on
the other side may have it) → SENT, FAILED, BOUNCED or DROPPED. A sender that dies in HANDING leaves a message of which
nobody knows: the channel is asked, and where it cannot say, the kind decides whether it goes again (`Kind.again`), with
the same number, or stays away (UNKNOWN).

A channel that does not answer is paused, for longer each time; what waits for it waits, and the others go on. Nothing
is sent with a transaction open or a lock held.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from accounts.models import User
from core import faults, secret_addresses
from notifications import addresses, keeping, kinds, preferences, telling_again
from notifications.channels.base import (
    AddressRefusedError,
    ChannelDownError,
    OutcomeUnknownError,
    Receipt,
    RefusedError,
    Sender,
)
from notifications.channels.opening import open_sender
from notifications.choices import AddressFault, Channel, DropReason, MessageStatus
from notifications.models import ChannelState, Message, SenderSlot
from notifications.preferences import Wishes
from notifications.truth import Truth

logger = logging.getLogger("notifications")

Clock = Callable[[], datetime]

BATCH = 50
# Senders of one channel at a time, on all machines together (product decision: a gateway's usual limit is higher).
SLOTS = 2
# One run of a sender; then it gives its place to another, well within Celery's limit of 100 s for a task.
RUN = timedelta(seconds=60)
# Longer than a run with its last message at the slowest, which runs into every time-out there is.
LEASE = timedelta(minutes=3)
# A claim that reaches further ahead was made under a clock that was wrong; clocks that differ by less are no reason to
# take up what somebody else is sending.
FURTHEST = timedelta(days=1)
# A message is tried so often; with doubling pauses from a minute that is about four hours.
MAX_ATTEMPTS = 8
FIRST_PAUSE = timedelta(minutes=1)
# A channel that is down is tried again after so long, doubling up to the longest.
CHANNEL_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=10)


def deliver(*, channel: str, clock: Clock) -> int:
    """Send what is due on a channel until nothing is left, the channel is down, or others hold all its places.

    Returns how many were handed over. Side effects: rows as above; talks to the outside.
    """
    with _slot(channel, clock()) as is_ours:
        if not is_ours or _is_paused(channel, clock()):
            return 0
        recover(channel=channel, at=clock())
        sent, until = 0, clock() + RUN
        while clock() < until and (batch := _claim(channel, clock())):
            faults.point("notifications.claimed")
            done, is_up = _send_batch(channel, batch, clock, until)
            sent += done
            if not is_up:
                break
        return sent


def recover(*, channel: str, at: datetime) -> int:
    """Take up messages whose sender died, after their lease. Returns how many."""
    lapsed = Message.objects.filter(_is_over("claimed_until", at), channel=channel)
    queued = lapsed.filter(status=MessageStatus.CLAIMED).update(
        status=MessageStatus.QUEUED, claimed_until=None, due_at=at
    )
    unknown = list(lapsed.filter(status=MessageStatus.HANDING).select_related("notice")[:BATCH])
    if unknown:
        with open_sender(channel) as sender:
            for message in unknown:
                _settle_unknown(sender, message, at)
    return queued + len(unknown)


def _claim(channel: str, at: datetime) -> list[Message]:
    """The next messages that are due, claimed for us alone."""
    with transaction.atomic():
        rows = Message.objects.filter(channel=channel, status=MessageStatus.QUEUED, due_at__lte=at)
        ids = list(
            rows.order_by("due_at", "pk").select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH]
        )
        Message.objects.filter(pk__in=ids).update(
            status=MessageStatus.CLAIMED, claimed_until=at + LEASE, attempts=F("attempts") + 1
        )
    return list(Message.objects.filter(pk__in=ids).select_related("notice__person").order_by("due_at", "pk"))


def _send_batch(channel: str, batch: Sequence[Message], clock: Clock, until: datetime) -> tuple[int, bool]:
    """Send a batch over one connection until the run is over. How many were handed over, and whether the channel
    answers; what was not tried is queued again."""
    wishes, truth = _wishes(batch), Truth(message.notice for message in batch if message.notice is not None)
    sent = 0
    try:
        with open_sender(channel) as sender:
            for message in batch:
                if clock() >= until:
                    break
                sent += _send(sender, message, wishes, truth, clock)
    except ChannelDownError as error:
        _pause(channel, str(error), clock())
        _give_back(batch)
        return sent, False
    _give_back(batch)
    _answers(channel, clock())
    return sent, True


def _give_back(batch: Sequence[Message]) -> None:
    """What was claimed and not tried waits again, without having lost a try."""
    ours = Message.objects.filter(pk__in=[message.pk for message in batch], status=MessageStatus.CLAIMED)
    ours.update(status=MessageStatus.QUEUED, claimed_until=None, attempts=F("attempts") - 1)


def _wishes(batch: Sequence[Message]) -> dict[int, Wishes]:
    people = {message.notice.person_id: message.notice.person for message in batch if message.notice is not None}
    return preferences.wishes_of(person for person in people.values() if person is not None)


def _send(sender: Sender, message: Message, wishes: dict[int, Wishes], truth: Truth, clock: Clock) -> bool:
    """Send one of a batch; whether it was handed over. Raises ChannelDownError with the message queued again."""
    at = clock()
    try:
        reason = _why_not(message, wishes, truth, at)
    except Exception as error:  # a fault of one message holds up no other
        _failed(message, error, at)
        return False
    if reason == DropReason.NO_ACCOUNT:  # told while the account was being closed: nothing of it is kept
        keeping.empty(Message.objects.filter(pk=message.pk))
        return False
    if reason is not None:
        _drop(message, reason, at)
        return False
    if (morning := _not_before(message, wishes, at)) > at:
        message.due_at = morning
        _queue_again(message, at, counts=False)
        return False
    handing = Message.objects.filter(pk=message.pk, status=MessageStatus.CLAIMED)
    if not handing.update(status=MessageStatus.HANDING, claimed_until=at + LEASE):
        return False  # our lease was over and somebody else has it
    message.status, message.claimed_until = MessageStatus.HANDING, at + LEASE
    faults.point("notifications.handing")
    try:
        receipt = sender.send(message)
    except ChannelDownError:
        _queue_again(message, at, counts=False)
        raise
    except Exception as error:
        _failed(message, error, clock())
        return False
    faults.point("notifications.handed")
    _sent(message, receipt, clock())
    return True


def _why_not(message: Message, wishes: dict[int, Wishes], truth: Truth, at: datetime) -> DropReason | None:
    """Why a message that was written is not sent after all."""
    notice = message.notice
    if notice is None:
        return DropReason.NO_ACCOUNT  # it went with whoever it was for
    if notice.expires_at is not None and at > notice.expires_at:
        return DropReason.TOO_LATE
    if not truth.holds(notice, at=at):
        return DropReason.NOT_TRUE
    person: User | None = notice.person
    if person is None:
        is_gone = addresses.is_gone(channel=message.channel, recipient=message.recipient)
        return DropReason.UNREACHABLE if is_gone else None
    if not person.is_active:
        return DropReason.NO_ACCOUNT
    if (message.channel, message.recipient) not in wishes[person.pk].reaches_of(notice.topic):
        is_gone = message.recipient not in {reach.recipient for reach in wishes[person.pk].reachable}
        return DropReason.UNREACHABLE if is_gone else DropReason.SWITCHED_OFF
    return None


@transaction.atomic
def _drop(message: Message, reason: DropReason, at: datetime) -> None:
    """It is not sent. What waited for an address that is gone goes another way, as what came back does."""
    is_ours = _end(message, MessageStatus.DROPPED, at, dropped_for=reason)
    if is_ours and reason == DropReason.UNREACHABLE:
        telling_again.by_another_way(message, at=at)


def _not_before(message: Message, wishes: dict[int, Wishes], at: datetime) -> datetime:
    """When a message may leave: one that was due by day and is late (an outage, a try that failed) keeps the quiet
    hours into which that falls."""
    notice = message.notice
    kind = kinds.find(message.kind)
    if notice is None or kind is None or not kind.waits_for_morning:
        return at
    quiet = wishes[notice.person_id].quiet if notice.person_id is not None else Wishes().quiet
    return quiet.over(at)


def _failed(message: Message, error: Exception, at: datetime) -> None:
    # Its words may repeat the message with its codes and links: the row has them masked, the log has the type alone.
    logger.error("message %s failed: %s", message.kind, type(error).__name__)
    said = f"{type(error).__name__}: {error}"[:2000]
    match error:
        case AddressRefusedError():
            bounced(message=message, fault=error.fault, said=str(error), at=at)
        case OutcomeUnknownError():
            # After its lease the channel is asked what became of it (`recover`); now it may not know yet.
            message.error = secret_addresses.mask(said)
            _write(message, _held(message), ["error"])
        case RefusedError():
            _end(message, MessageStatus.FAILED, at, error=said)
        case _ if message.attempts >= MAX_ATTEMPTS:
            _end(message, MessageStatus.FAILED, at, error=said)
        case _:
            _queue_again(message, at, counts=True, error=said)


@transaction.atomic
def bounced(*, message: Message, fault: AddressFault, said: str, at: datetime) -> None:
    """An address cannot be reached: nothing more is sent to it, and what the message said goes another way.

    `message` as it was sent, whether the other side said so at once or by a report later.
    """
    if _end(message, MessageStatus.BOUNCED, at, error=said):
        addresses.mark(channel=message.channel, recipient=message.recipient, fault=fault, said=said, at=at)
        telling_again.by_another_way(message, at=at)


@transaction.atomic
def came_back(*, message: Message, said: str, at: datetime) -> None:
    """A message was taken and could not be delivered later, though the address is good: it goes another way."""
    if _end(message, MessageStatus.FAILED, at, error=said):
        telling_again.by_another_way(message, at=at)


def arrived(*, message: Message, at: datetime) -> None:
    """The other side says that it delivered a message of which nobody knew."""
    _end(message, MessageStatus.SENT, at, sent_at=message.sent_at or at, error="")


def _settle_unknown(sender: Sender, message: Message, at: datetime) -> None:
    try:
        receipt = sender.ask(message)
    except OutcomeUnknownError as error:
        _unknown(message, message.error or f"{type(error).__name__}: {error}", at)
    except Exception as error:  # asked again when it answers
        logger.error("channel %s cannot be asked: %s", message.channel, type(error).__name__)
    else:
        if receipt is not None:
            _sent(message, receipt, at)
        else:
            _queue_again(message, at, counts=True)


def _unknown(message: Message, said: str, at: datetime) -> None:
    kind = kinds.find(message.kind)
    if kind is not None and kind.again and message.attempts < MAX_ATTEMPTS:
        _queue_again(message, at, counts=True, error=said)
    else:
        _end(message, MessageStatus.UNKNOWN, at, error=said)


def _sent(message: Message, receipt: Receipt, at: datetime) -> None:
    _end(
        message,
        MessageStatus.SENT,
        at,
        sent_at=at,
        reference=receipt.reference[:120],
        cost_li=receipt.cost_li,
        error="",
    )


def _end(message: Message, status: MessageStatus, at: datetime, **changes: object) -> bool:  # noqa: ARG001
    """Nothing more will be done with it: what only the queue needed goes, and secrets are masked.

    False if it has ended otherwise meanwhile (its person was erased).
    """
    was = _held(message)
    for name, value in changes.items():
        setattr(message, name, value)
    message.status, message.claimed_until, message.html = status, None, ""
    if not settings.DEBUG:
        message.subject = secret_addresses.mask(message.subject)[:200]
        message.body, message.error = secret_addresses.mask(message.body), secret_addresses.mask(message.error)
    fields = ["status", "claimed_until", "html", "subject", "body", "error", *changes]
    return _write(message, was, fields)


def _queue_again(message: Message, at: datetime, *, counts: bool, error: str = "") -> None:
    """Wait for another try: a moment longer each time, or, where the channel is at fault, only for the channel."""
    was = _held(message)
    message.status, message.claimed_until = MessageStatus.QUEUED, None
    message.due_at = at + FIRST_PAUSE * 2 ** (message.attempts - 1) if counts else message.due_at
    message.attempts -= 0 if counts else 1
    message.error = secret_addresses.mask(error)
    _write(message, was, ["status", "claimed_until", "due_at", "attempts", "error"])


_Held = tuple[str, datetime | None]


def _held(message: Message) -> _Held:
    """By what a row is known to be ours still: its status, and until when it is claimed."""
    return message.status, message.claimed_until


def _write(message: Message, was: _Held, fields: Sequence[str]) -> bool:
    """Write what became of a message, unless it is not as we held it: then its words were erased while the other side
    had it and must not come back, or our lease was over and another has taken it up."""
    values = {field: getattr(message, field) for field in fields}
    ours = Message.objects.filter(pk=message.pk, status=was[0], claimed_until=was[1])
    return bool(ours.update(**values))


# --- Channels ---------------------------------------------------------------------------------------


def _is_paused(channel: str, at: datetime) -> bool:
    # A longer pause was made under a clock that was wrong.
    paused = ChannelState.objects.filter(channel=channel, paused_until__gt=at)
    return paused.filter(paused_until__lte=at + LONGEST_PAUSE).exists()


@transaction.atomic
def _pause(channel: str, said: str, at: datetime) -> None:
    """Leave the channel alone for a while, longer each time."""
    logger.error("channel %s is down", channel)
    ChannelState.objects.get_or_create(channel=channel)
    state = ChannelState.objects.select_for_update().get(channel=channel)
    state.failures = min(state.failures + 1, 99)
    state.paused_until = at + min(CHANNEL_PAUSE * 2 ** min(state.failures - 1, 20), LONGEST_PAUSE)
    state.last_error = secret_addresses.mask(said)[:300]
    state.save(update_fields=["failures", "paused_until", "last_error"])


def resume(*, channel: str) -> None:
    """Try a paused channel again at once: a person has seen to it."""
    ChannelState.objects.filter(channel=channel).update(failures=0, paused_until=None)


def _answers(channel: str, at: datetime) -> None:
    state = {"failures": 0, "paused_until": None, "last_error": "", "last_sent_at": at}
    ChannelState.objects.update_or_create(channel=channel, defaults=state)


@contextmanager
def _slot(channel: str, at: datetime) -> Iterator[bool]:
    """Hold one of the channel's places while inside; False if all are taken. A dead holder's is free after a lease."""
    holder = secrets.token_hex(8)
    pk = _take_slot(channel, holder, at)
    try:
        yield pk is not None
    finally:
        SenderSlot.objects.filter(channel=channel, held_by=holder).update(held_by="", held_until=None)


@transaction.atomic
def _take_slot(channel: str, holder: str, at: datetime) -> int | None:
    places = [SenderSlot(channel=channel, number=number) for number in range(1, SLOTS + 1)]
    if SenderSlot.objects.filter(channel=channel).count() < SLOTS:
        SenderSlot.objects.bulk_create(places, ignore_conflicts=True)
    free = SenderSlot.objects.filter(
        Q(held_until=None) | _is_over("held_until", at), channel=channel, number__lte=SLOTS
    )
    slot = free.select_for_update(skip_locked=True).order_by("number").first()
    if slot is None:
        return None
    slot.held_by, slot.held_until = holder, at + LEASE
    slot.save(update_fields=["held_by", "held_until"])
    return slot.pk


def due_channels(*, at: datetime) -> list[str]:
    """Channels with something to send or to take up, for the sweep."""
    return [
        channel
        for channel in Channel.values
        if Message.objects.filter(channel=channel, status=MessageStatus.QUEUED, due_at__lte=at).exists()
        or Message.objects.filter(_is_over("claimed_until", at), channel=channel).exists()
    ]


def _is_over(name: str, at: datetime) -> Q:
    return Q(**{f"{name}__lt": at}) | Q(**{f"{name}__gt": at + FURTHEST})
