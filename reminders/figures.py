"""What reminders lead to, from the letter to the booking to the visit, and how each channel is doing, in counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncWeek

from notifications.choices import Channel, MessageStatus
from notifications.models import ChannelState, Message, UnreachableAddress
from reminders.choices import LetterKind, Source
from reminders.models import Campaign, DueItem, Letter, LetterReturn


@dataclass(frozen=True, slots=True)
class Funnel:
    """Letters, and how many of them were followed, led to a booking, and to a visit that was handed over."""

    sent: int
    followed: int
    booked: int
    visited: int

    def share(self, count: int) -> int:
        """Percent of the letters, whole; 0 without letters."""
        return round(100 * count / self.sent) if self.sent else 0

    @property
    def followed_share(self) -> int:
        return self.share(self.followed)

    @property
    def booked_share(self) -> int:
        return self.share(self.booked)

    @property
    def visited_share(self) -> int:
        return self.share(self.visited)


def funnel(letters: QuerySet[Letter]) -> Funnel:
    """Of some letters. Two queries."""
    sent = letters.aggregate(sent=Count("pk"), followed=Count("pk", filter=Q(followed_at__isnull=False)))
    came = LetterReturn.objects.filter(letter__in=letters).aggregate(
        booked=Count("letter", distinct=True),
        visited=Count("letter", distinct=True, filter=Q(visited_at__isnull=False)),
    )
    return Funnel(sent["sent"], sent["followed"], came["booked"], came["visited"])


def reminders(*, since: datetime) -> QuerySet[Letter]:
    return Letter.objects.filter(kind=LetterKind.REMINDER, sent_at__gte=since)


def campaigns(*, since: datetime) -> QuerySet[Letter]:
    return Letter.objects.filter(kind=LetterKind.CAMPAIGN, sent_at__gte=since)


def of_campaigns(rows: list[Campaign]) -> dict[int, Funnel]:
    """The funnel of each campaign, by primary key. Two queries for any number."""
    sent = {
        row["campaign"]: row
        for row in Letter.objects.filter(campaign__in=rows)
        .order_by()
        .values("campaign")
        .annotate(sent=Count("pk"), followed=Count("pk", filter=Q(followed_at__isnull=False)))
    }
    came = {
        row["letter__campaign"]: row
        for row in LetterReturn.objects.filter(letter__campaign__in=rows)
        .order_by()
        .values("letter__campaign")
        .annotate(
            booked=Count("letter", distinct=True),
            visited=Count("letter", distinct=True, filter=Q(visited_at__isnull=False)),
        )
    }
    nothing = {"sent": 0, "followed": 0, "booked": 0, "visited": 0}
    counted = {row.pk: {**nothing, **sent.get(row.pk, {}), **came.get(row.pk, {})} for row in rows}
    return {pk: Funnel(**{name: int(row[name]) for name in nothing}) for pk, row in counted.items()}


@dataclass(frozen=True, slots=True)
class DueWeek:
    """Items due in the week from Monday `start`, by how sure they are."""

    start: date
    sure: int
    likely: int

    @property
    def total(self) -> int:
        return self.sure + self.likely


def due_weeks(*, today: date, weeks: int = 8) -> list[DueWeek]:
    """What is due on the whole platform from this week's Monday on. One query."""
    monday = today - timedelta(days=today.weekday())
    rows = (
        DueItem.objects.open()
        .filter(due_on__gte=monday, due_on__lt=monday + timedelta(weeks=weeks))
        .exclude(source=Source.WARRANTY)
        .order_by()
        .annotate(week=TruncWeek("due_on"))
        .values("week")
        .annotate(sure=Count("pk", filter=Q(is_likely=False)), likely=Count("pk", filter=Q(is_likely=True)))
    )
    found = {row["week"]: row for row in rows}
    starts = [monday + timedelta(weeks=n) for n in range(weeks)]
    return [
        DueWeek(start, found.get(start, {}).get("sure", 0), found.get(start, {}).get("likely", 0)) for start in starts
    ]


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """Messages of one channel that were written since a day, by what became of them, and what they cost (fen)."""

    channel: Channel
    state: ChannelState | None
    sent: int
    waiting: int
    failed: int
    bounced: int
    unknown: int
    dropped: int
    cost_fen: int
    unreachable: int
    is_paused: bool


_WAITING = (MessageStatus.QUEUED, MessageStatus.CLAIMED, MessageStatus.HANDING)


def channels(*, since: datetime, at: datetime) -> list[ChannelFigures]:
    """How each channel is doing. Three queries."""
    counted = {
        row["channel"]: row
        for row in Message.objects.filter(created_at__gte=since)
        .order_by()
        .values("channel")
        .annotate(
            sent=_count(MessageStatus.SENT),
            waiting=Count("pk", filter=Q(status__in=_WAITING)),
            failed=_count(MessageStatus.FAILED),
            bounced=_count(MessageStatus.BOUNCED),
            unknown=_count(MessageStatus.UNKNOWN),
            dropped=_count(MessageStatus.DROPPED),
            cost=Sum("cost_li", default=0),
        )
    }
    states = {state.channel: state for state in ChannelState.objects.all()}
    gone = dict(UnreachableAddress.objects.order_by().values_list("channel").annotate(Count("pk")))
    return [
        _figures(channel, counted.get(channel, {}), states.get(channel), gone.get(channel, 0), at)
        for channel in Channel
    ]


def _count(status: MessageStatus) -> Count:
    return Count("pk", filter=Q(status=status))


def _figures(
    channel: Channel, row: dict[str, int], state: ChannelState | None, unreachable: int, at: datetime
) -> ChannelFigures:
    paused_until = state.paused_until if state else None
    return ChannelFigures(
        channel=channel,
        state=state,
        sent=row.get("sent", 0),
        waiting=row.get("waiting", 0),
        failed=row.get("failed", 0),
        bounced=row.get("bounced", 0),
        unknown=row.get("unknown", 0),
        dropped=row.get("dropped", 0),
        cost_fen=round(row.get("cost", 0) / 10),
        unreachable=unreachable,
        is_paused=paused_until is not None and paused_until > at,
    )
