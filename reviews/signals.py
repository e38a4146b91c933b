"""Patterns over many reviews and votes: searched for every hour, shown to a person, closed with a note.

The same pattern found again is the same row (`key`). A search reads a window of time along indexes and takes a limited
number of patterns of each kind; while another one is at it, nothing is done.

Votes of a ring do not count while its pattern is open, and afterwards unless it was closed as harmless. Whoever voted
keeps their mark on the page: only the count and the order of lists leave their votes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from reviews import rules, voting
from reviews.choices import SignalKind
from reviews.errors import AlreadyDecidedError, OwnInterestError
from reviews.models import HelpfulVote, Review, Signal

# Product decisions: how far back, how many make a pattern, and how many patterns of a kind one search takes.
_WITHIN = timedelta(days=180)
_DEVICES_WITHIN = timedelta(days=90)
_BURST_WEEK, _TIMES_USUAL, _USUAL_WEEKS = 20, 5, 8
_FEW_REVIEWERS = 3
_MUTUAL_VOTES = 2
_LOYAL_VOTES, _LOYAL_PERCENT = 5, 90
_MOST = 200


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a search found, before it is kept."""

    kind: SignalKind
    key: str
    points: int
    shop_id: int | None
    data: dict[str, Any]


def search(*, at: datetime) -> int:
    """Look for patterns in what came in before `at`; returns how many there are now, 0 where another search is at it.

    Side effects: a row for each pattern, new or seen again; the votes of rings are left out, each review in a
    transaction of its own under its lock.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('reviews.signals', 0))")
            if not cursor.fetchone()[0]:
                return 0
        found = [*_bursts(at), *_reciprocal(at), *_rings(at), *_shared_devices(at)]
        _keep(found, at=at)
    for ring in Signal.objects.filter(kind=SignalKind.VOTE_RING, last_seen_at__gt=at - _WITHIN).order_by("pk"):
        if ring.is_harmless:
            _count_again(ring)
        else:
            _leave_out(ring)
    return len(found)


def close(*, signal: Signal, by: User, note: str, at: datetime, is_harmless: bool = False) -> Signal:
    """Say that somebody has looked at a pattern. Raises AlreadyDecidedError, and OwnInterestError for who is part of it
    or belongs to its shop.

    Side effects, where it is harmless: the votes that were left out for it count again, but for those that another
    ring leaves out. Each review in a transaction of its own; what a crash leaves, the next search does.
    """
    with transaction.atomic():
        row = Signal.objects.select_for_update(no_key=True).get(pk=signal.pk)
        if row.closed_at is not None:
            raise AlreadyDecidedError
        if by.pk in _people(row.data) or (row.shop is not None and rules.belongs_to(by, row.shop, at=at)):
            raise OwnInterestError
        row.closed_at, row.closed_by, row.note, row.is_harmless = at, by, note, is_harmless
        row.save(update_fields=["closed_at", "closed_by", "note", "is_harmless"])
    if is_harmless and row.kind == SignalKind.VOTE_RING:
        _count_again(row)
    return row


# --- Keeping -------------------------------------------------------------------------------------------------


def _keep(found: list[Pattern], *, at: datetime) -> None:
    """Write patterns down. One that was closed is opened again when somebody new takes part."""
    # Locked: what somebody closes in this moment stays closed.
    rows_there = Signal.objects.filter(key__in=[pattern.key for pattern in found]).order_by("pk")
    known = {row.key: row for row in rows_there.select_for_update(no_key=True)}
    rows = []
    for pattern in sorted(found, key=lambda pattern: pattern.key):
        row = known.get(pattern.key) or Signal(key=pattern.key, kind=pattern.kind, first_seen_at=at, data=pattern.data)
        if row.closed_at is not None and not _people(pattern.data) <= _people(row.data):
            row.data = {} if row.is_harmless else row.data
            row.closed_at, row.is_harmless = None, False
        row.points, row.shop_id, row.last_seen_at = pattern.points, pattern.shop_id, at
        row.data = _together(pattern, row.data) if row.closed_at is None else row.data
        rows.append(row)
    moved = ["points", "data", "last_seen_at", "closed_at", "is_harmless"]
    Signal.objects.bulk_update([row for row in rows if row.pk is not None], moved)
    Signal.objects.bulk_create([row for row in rows if row.pk is None])


def _together(pattern: Pattern, earlier: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a pattern seen again. Who was in a ring stays in it: taking votes back is no way out, or the same
    votes given anew would count."""
    if pattern.kind != SignalKind.VOTE_RING:
        return pattern.data
    return {name: sorted({*ids, *earlier.get(name, [])}) for name, ids in pattern.data.items()}


def _people(data: dict[str, Any]) -> set[int]:
    return {*data.get("users", []), *data.get("authors", [])}


def _votes_of(ring: Signal) -> QuerySet[HelpfulVote]:
    """The votes of a ring's people for its authors."""
    return HelpfulVote.objects.filter(user__in=ring.data["users"], review__author__in=ring.data["authors"])


def _leave_out(ring: Signal) -> None:
    """Let the votes of a ring count no more."""
    left = _votes_of(ring).filter(counts=True).order_by("review")
    for review_id in left.values_list("review", flat=True).distinct():
        voting.discount(review=Review(pk=review_id), by=_users(ring.data["users"]))


def _count_again(ring: Signal) -> None:
    """Let the votes of a harmless ring count, but those that another ring leaves out."""
    others = list(Signal.objects.filter(kind=SignalKind.VOTE_RING, is_harmless=False).exclude(pk=ring.pk))
    left_out = _votes_of(ring).filter(counts=False).order_by("review")
    for review_id, author_id in left_out.values_list("review", "review__author").distinct():
        kept_out = {pk for other in others if author_id in other.data["authors"] for pk in other.data["users"]}
        voting.count_again(
            review=Review(pk=review_id), by=_users(pk for pk in ring.data["users"] if pk not in kept_out)
        )


def _users(ids: Iterable[int]) -> list[User]:
    return [User(pk=pk) for pk in ids]


# --- Searching -----------------------------------------------------------------------------------------------

_BURSTS = """
SELECT shop_id, count(*) FILTER (WHERE created_at > %(week)s) AS week, count(*) AS everything
FROM reviews_review WHERE created_at > %(since)s AND created_at <= %(at)s
GROUP BY shop_id
HAVING count(*) FILTER (WHERE created_at > %(week)s) >= %(few)s
    AND count(*) FILTER (WHERE created_at > %(week)s) * %(weeks)s
        >= %(times)s * count(*) FILTER (WHERE created_at <= %(week)s)
ORDER BY shop_id LIMIT %(most)s
"""

_RECIPROCAL = """
SELECT works.shop_id, mine.shop_id, array_agg(DISTINCT mine.author_id), array_agg(DISTINCT theirs.author_id)
FROM reviews_review AS mine
JOIN shops_shopmember AS works ON works.user_id = mine.author_id
JOIN shops_shopmember AS work_there ON work_there.shop_id = mine.shop_id
JOIN reviews_review AS theirs ON theirs.author_id = work_there.user_id AND theirs.shop_id = works.shop_id
WHERE mine.created_at > %(since)s AND mine.created_at <= %(at)s AND theirs.created_at > %(since)s
    AND works.shop_id < mine.shop_id AND theirs.author_id <> mine.author_id
GROUP BY 1, 2 ORDER BY 1, 2 LIMIT %(most)s
"""

_GIVEN = """
WITH given AS (
    SELECT vote.user_id AS voter, review.author_id AS author, count(*) AS n,
        sum(count(*)) OVER (PARTITION BY vote.user_id) AS everything
    FROM reviews_helpfulvote AS vote JOIN reviews_review AS review ON review.id = vote.review_id
    WHERE vote.at > %(since)s AND vote.at <= %(at)s
    GROUP BY 1, 2
)
"""
_MUTUAL = (
    _GIVEN
    + """
SELECT one.voter, one.author FROM given AS one
JOIN given AS other ON other.voter = one.author AND other.author = one.voter
WHERE one.voter < one.author AND one.n >= %(few)s AND other.n >= %(few)s
ORDER BY 1, 2 LIMIT %(most)s
"""
)
_LOYAL = (
    _GIVEN
    + """
SELECT author, array_agg(voter ORDER BY voter) FROM given
WHERE n >= %(few)s AND 100 * n >= %(percent)s * everything
GROUP BY author HAVING count(*) >= %(people)s
ORDER BY author LIMIT %(most)s
"""
)

_SHARED = """
SELECT review.shop_id, device.key_hash, array_agg(DISTINCT review.author_id ORDER BY review.author_id)
FROM reviews_review AS review
JOIN accounts_knowndevice AS device ON device.user_id = review.author_id AND device.last_seen_at > %(since)s
WHERE review.created_at > %(since)s AND review.created_at <= %(at)s
GROUP BY 1, 2 HAVING count(DISTINCT review.author_id) >= %(people)s
ORDER BY 1, 2 LIMIT %(most)s
"""


def _bursts(at: datetime) -> list[Pattern]:
    week = timedelta(weeks=1)
    since = at - week * (_USUAL_WEEKS + 1)
    limits = {"week": at - week, "few": _BURST_WEEK, "weeks": _USUAL_WEEKS, "times": _TIMES_USUAL}
    year, number, _day = at.isocalendar()
    return [
        Pattern(
            SignalKind.BURST,
            f"burst:{shop_id}:{year}-{number:02}",
            30,
            shop_id,
            {"count": count, "usual": round((everything - count) / _USUAL_WEEKS, 1)},
        )
        for shop_id, count, everything in _rows(_BURSTS, at, since=since, **limits)
    ]


def _reciprocal(at: datetime) -> list[Pattern]:
    return [
        Pattern(SignalKind.RECIPROCAL, f"reciprocal:{one}:{other}", 40, other, {"shops": [one, other], "users": people})
        for one, other, mine, theirs in _rows(_RECIPROCAL, at, since=at - _WITHIN)
        for people in [sorted({*mine, *theirs})]
    ]


def _rings(at: datetime) -> list[Pattern]:
    since = at - _WITHIN
    groups = _groups(_rows(_MUTUAL, at, since=since, few=_MUTUAL_VOTES))
    mutual = [
        Pattern(SignalKind.VOTE_RING, f"ring:{people[0]}", 50, None, {"users": people, "authors": people})
        for people in groups
    ]
    limits = {"few": _LOYAL_VOTES, "percent": _LOYAL_PERCENT, "people": _FEW_REVIEWERS}
    loyal = [
        Pattern(SignalKind.VOTE_RING, f"loyal:{author}", 40, None, {"users": voters, "authors": [author]})
        for author, voters in _rows(_LOYAL, at, since=since, **limits)
    ]
    return [*mutual, *loyal]


def _shared_devices(at: datetime) -> list[Pattern]:
    rows = _rows(_SHARED, at, since=at - _DEVICES_WITHIN, people=_FEW_REVIEWERS)
    return [
        Pattern(SignalKind.SHARED_DEVICE, f"device:{shop_id}:{key_hash[:16]}", 40, shop_id, {"users": users})
        for shop_id, key_hash, users in rows
    ]


def _rows(sql: str, at: datetime, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"at": at, "most": _MOST, **parameters})
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _groups(pairs: list[tuple[Any, ...]]) -> list[list[int]]:
    """People who are connected by pairs, each group in ascending order."""
    group_of: dict[int, set[int]] = {}
    for one, other in pairs:
        merged = group_of.get(one, {one}) | group_of.get(other, {other})
        group_of.update(dict.fromkeys(merged, merged))
    return sorted(sorted(group) for group in {id(group): group for group in group_of.values()}.values())
