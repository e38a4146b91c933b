"""What a text says about time and price, against what the visit's record says. Pure; no queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from bookings.models import Booking
from reviews.choices import HintKind
from reviews.hints.found import Found
from reviews.hints.plain import plain
from reviews.hints.words import any_of
from reviews.models import ReviewVersion

# What a record can be wrong about: a contradiction is for a moderator to weigh, not a reason by itself.
CONTRADICTS_POINTS = 8
_ON_TIME_MINUTES, _LATE_MINUTES = 15, 60

_NUMBERS = {
    "half an": 0.5, "an": 1, "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "半": 0.5, "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
    "二十": 20, "三十": 30, "四十": 40, "五十": 50,
}  # fmt: skip
_EN = (
    r"(?P<n>\d{1,3}(?:\.\d)?|half an|an?|one|two|three|four|five|six|seven|eight|ten|fifteen|twenty|thirty|forty|fifty)"
)
_ABOUT = r"(?:(?:almost|nearly|about|over|more than|around|at least|another|for|me|us|well over) ){0,3}"
_UNIT = r"(?P<unit>hours?|hrs?|minutes?|mins?)"
_ZH = r"(?P<n>\d{1,3}(?:\.\d)?|[二三四五]?十|半|[一二两三四五六七八九])"
_ZH_UNIT = r" ?个?多?半? ?(?P<unit>小时|钟头|分钟)"
_ZH_ABOUT = r"(?:了|我|将近|快|差不多|足足|整整|大概|至少|近|有){0,3} ?"

_LATE = (
    re.compile(rf"\b{_EN} {_UNIT} (?:late|past|longer than|over the|after the (?:promised|agreed)|behind)\b"),
    re.compile(rf"(?:晚|迟|超时|拖|延误|耽误|逾期){_ZH_ABOUT}{_ZH}{_ZH_UNIT}"),
)
_WAITED = (
    re.compile(rf"\b(?:wait(?:ed|ing)?|sat there|kept (?:me|us) waiting) {_ABOUT}{_EN} {_UNIT}"),
    re.compile(rf"等{_ZH_ABOUT}{_ZH}{_ZH_UNIT}"),
)
_ON_TIME = re.compile(
    r"(?<!not )(?<!n't )(?<!never )\b(?:right |exactly )?on time\b|(?<!不)(?<!没)(?<!没有)(?:准时|按时)(?!间)"
)
_DEARER = any_of(
    r"\b(?:charged|cost|paid|billed) (?:me |us )?(?:[a-z0-9¥.]{1,10} ){0,2}more than (?:was |i was |the |we )?"
    r"(?:quoted|agreed|quote|estimate)",
    r"\bmore expensive than (?:was |the )?(?:quoted|agreed|quote|estimate)\b",
    r"\b(?:i was|got|they) overcharged\b",
    r"(?<!没)(?<!没有)(?<!不)(?<!未)(?:多收(?:了)?|乱收费|比报价[^。\n]{0,4}(?:高|贵|多))",
)
_AS_QUOTED = any_of(
    r"(?<!not )(?<!n't )\b(?:price|paid|cost|charged|exactly|same|bill)(?: was| is)? (?:exactly )?"
    r"as (?:quoted|agreed)\b",
    r"(?:和|跟|与)报价(?:一样|一致|相同)|按报价|没有?多收|明码标价",
)


def find(version: ReviewVersion, _at: datetime) -> list[Found]:
    """Where the text and the visit's record say the same, and where they do not."""
    booking, seen = version.review.booking, plain(version.text)
    claims = [*_times(seen.text, booking), *_prices(seen.text, booking)]
    return [
        Found(kind, CONTRADICTS_POINTS if kind == HintKind.CONTRADICTS else 0, *seen.span(*span), data=data)
        for kind, span, data in claims
    ]


_Claim = tuple[HintKind, tuple[int, int], dict[str, object]]


def late_minutes(booking: Booking) -> int | None:
    """How many minutes after the agreed end the car was ready or handed over, whichever is later; None if not known."""
    done = max(filter(None, (booking.ready_at, booking.completed_at)), default=None)
    if done is None:
        return None
    return max(0, int((done - (booking.agreed_end_at or booking.ends_at)).total_seconds() // 60))


def stayed_minutes(booking: Booking) -> int | None:
    """How many minutes the car was at the shop; None if not known."""
    came = booking.checked_in_at or booking.started_at or booking.starts_at
    left = booking.completed_at or booking.ready_at
    return None if left is None else max(0, int((left - came).total_seconds() // 60))


def _times(text: str, booking: Booking) -> Iterator[_Claim]:
    late, stayed = late_minutes(booking), stayed_minutes(booking)
    if late is None or stayed is None:
        return
    for match, said in _said(text, _LATE):
        yield from _judge(match.span(), "late", said, late, agrees=late >= 0.6 * said, contradicts=late < 0.3 * said)
    for match, said in _said(text, _WAITED):
        agrees, contradicts = max(late, stayed) >= 0.7 * said, max(late, stayed) < 0.4 * said
        yield from _judge(match.span(), "waited", said, max(late, stayed), agrees=agrees, contradicts=contradicts)
    for match in _ON_TIME.finditer(text):
        agrees, contradicts = late <= _ON_TIME_MINUTES, late > _LATE_MINUTES
        yield from _judge(match.span(), "on_time", 0, late, agrees=agrees, contradicts=contradicts)


def _said(text: str, patterns: tuple[re.Pattern[str], ...]) -> Iterator[tuple[re.Match[str], int]]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            number = _NUMBERS.get(match["n"])
            hours = match["unit"][0] in "h小钟"
            yield match, round((float(match["n"]) if number is None else number) * (60 if hours else 1))


def _prices(text: str, booking: Booking) -> Iterator[_Claim]:
    final = booking.final_fen
    if final is None:
        return
    told: dict[str, object] = {"agreed_fen": booking.agreed_fen, "final_fen": final}
    for match in _DEARER.finditer(text):
        kind = HintKind.AGREES if final > booking.agreed_fen else HintKind.CONTRADICTS
        yield kind, match.span(), {"claim": "dearer", **told}
    for match in _AS_QUOTED.finditer(text):
        kind = HintKind.AGREES if final <= booking.agreed_fen else HintKind.CONTRADICTS
        yield kind, match.span(), {"claim": "as_quoted", **told}


def _judge(
    span: tuple[int, int], claim: str, said: int, minutes: int, *, agrees: bool, contradicts: bool
) -> Iterator[_Claim]:
    data: dict[str, object] = {"claim": claim, "said": said, "minutes": minutes}
    if agrees:
        yield HintKind.AGREES, span, data
    elif contradicts:
        yield HintKind.CONTRADICTS, span, data
