"""Contact data in a text, however it is written: numbers, accounts of messengers, addresses, links. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers

from reviews.choices import HintKind
from reviews.hints.found import Found
from reviews.hints.plain import Plain, plain
from reviews.hints.words import any_of

POINTS = 22

_CHINESE = dict(zip("〇零洞一壹幺二贰两三叁四肆五伍六陆七柒拐八捌九玖", "000111222334455667778899", strict=True))
_LETTERS = {"o": "0", "l": "1", "i": "1", "|": "1"}
_DIGIT = "0-9" + "".join(_CHINESE)
# Digits written together, letters that look like digits among them; by themselves such letters are words.
_GROUP = re.compile(rf"(?<![a-z])[oli|]{{0,11}}[{_DIGIT}][{_DIGIT}oli|]*+(?![a-z])|[{_DIGIT}]++")
_BETWEEN = re.compile(r"[\s\-._·•*~()+,、/=#]{1,4}")
# How people group the digits of a mobile number; a date or a row of prices is grouped otherwise.
_MOBILE_GROUPS = {
    (11,),
    (3, 4, 4),
    (3, 8),
    (7, 4),
    (4, 4, 3),
    (4, 3, 4),
    (5, 6),
    (6, 5),
    (3, 3, 5),
    (3, 4, 2, 2),
    (3, 2, 2, 2, 2),
}
_MOBILE = re.compile(r"1[3-9]\d{9}")
_SERVICE = re.compile(r"[48]00\d{7}")
_DATE = re.compile(r"(?:19|20)\d\d(?:[-./年 ]?\d{1,2}[-./月 ]?\d{1,2}|$)")
_CALL = re.compile(
    r"(?:电话|手机|致电|来电|打给|联系|热线|座机|号码|\btel\b|\bphone\b|\bcall\b|\bring\b|\btext\b|\bmobile\b|\bhotline\b|\bwhatsapp\b)"
    r"[^0-9\n]{0,14}$"
)
_MONEY_BEFORE = re.compile(r"(?:[¥￥$]|rmb|cny|\b(?:price|cost|paid|quoted)) ?$")
_UNIT_AFTER = re.compile(r" ?(?:元|块|公里|千米|km|kilomet|yuan|rmb|rpm|转|mah|毫升|ml\b)")

_PLUS = re.compile(r"\+\d(?:[ \-.()]{0,2}\d){7,14}")
_SPELLED = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"
_SPELLED_RUN = re.compile(rf"\b{_SPELLED}(?:[ ,.\-]{{1,3}}{_SPELLED}){{6,20}}\b")

_JOIN = r"[\s:：=是为号id,，>→👉\-\"'“”【\[(（]{0,8}"
_QQ = re.compile(
    rf"(?:(?<![a-z])q ?q(?![a-z])(?: ?群| ?号)?|扣扣|球球号|企鹅号|加扣|加q(?![a-z]))"
    rf"(?:{_JOIN})(?P<id>[0-9][0-9 \-]{{3,13}}[0-9])"
)
_ADD = r"(?:加(?:我|一下|个|他|她|店长|老板)?|\badd(?: me| us)?(?: on)?(?: my| our)? |\+ ?)"
_MESSENGER = (
    r"(?:微 ?信|薇 ?信|维 ?信|徽 ?信|溦 ?信|v ?信|(?<![a-z])we ?chat(?![a-z])|(?<![a-z])wei ?xin(?![a-z])"
    r"|(?<![a-z0-9])v ?x(?![a-z])|(?<![a-z0-9])w ?x(?![a-z])|威信|卫星)"
)
_ID_JOIN = r"(?: ?(?:号码?|id|account|number|name|is|at|me at|[:：=是为,，>→👉\-\"'“”【\[(（]) ?){0,4} ?"
_ID = r"(?P<id>[a-z0-9][a-z0-9_\-]{4,19})(?![a-z0-9])"
_WECHAT = re.compile(rf"(?P<add>{_ADD})?(?P<word>{_MESSENGER}){_ID_JOIN}{_ID}")
_WECHAT_SHORT = re.compile(rf"(?:加|\+) ?v(?![a-z]){_ID_JOIN}{_ID}")
_WORDS_NOT_IDS = {
    "account", "group", "please", "payment", "payments", "official", "friend", "friends", "because", "instead",
    "number", "service", "message", "messages", "there", "where", "after", "before", "about", "which", "while",
    "today", "later", "photos", "pictures", "immediately", "mini-program", "and", "moments",
}  # fmt: skip

_EMAIL = re.compile(
    r"[a-z0-9._%+\-]{1,64} ?(?:@|\(at\)|\[at\]|#at#|艾特) ?[a-z0-9\-]{1,63}"
    r"(?: ?(?:\.|\(dot\)|\[dot\]|点) ?[a-z0-9\-]{2,63}){1,4}"
)
_REST = r"[^\s<>\"'，。！？、）)】]"
_LINK = any_of(
    rf"https?: ?//{_REST}{{2,300}}",
    rf"(?<![a-z0-9])www ?[.点] ?{_REST}{{2,300}}",
    r"(?<![a-z0-9@.\-])[a-z0-9][a-z0-9\-]{1,62}(?:\.[a-z0-9\-]{1,63}){0,3} ?[.点] ?"
    rf"(?:com|cn|net|org|cc|xyz)(?:\.cn)?(?![a-z0-9\-])(?:/{_REST}{{0,200}})?",
    rf"(?<![a-z0-9@.\-])[a-z0-9\-]{{2,63}}\.(?:me|io|top|vip|shop|site|link|app|store|info)/{_REST}{{1,200}}",
)


@dataclass(frozen=True, slots=True)
class _Group:
    start: int
    end: int
    digits: str


def find(written: str) -> list[Found]:
    """Contact data in a text, with the stretch of each. Prices, dates, times, odometer readings, number plates and
    part numbers are not contact data."""
    seen = plain(written)
    hits = [*_numbers(seen), *_accounts(seen), *_addresses(seen)]
    return [_found(seen, start, end, what, digits) for start, end, what, digits in _apart(hits)]


_Hit = tuple[int, int, str, int]


def _apart(hits: list[_Hit]) -> list[_Hit]:
    """What is inside of something else is said once."""
    kept: list[_Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit[0], -hit[1])):
        if not kept or hit[1] > kept[-1][1]:
            kept.append(hit)
    return kept


def _found(seen: Plain, start: int, end: int, what: str, digits: int) -> Found:
    first, last = seen.span(start, end)
    return Found(HintKind.CONTACT, POINTS, first, last, {"what": what, "digits": digits})


def _numbers(seen: Plain) -> Iterator[_Hit]:
    for run in _runs(seen.text):
        for first in range(len(run)):
            digits = ""
            for last in range(first, min(first + 13, len(run))):
                digits += run[last].digits
                if len(digits) > 14:
                    break
                if len(digits) < 7:
                    continue
                what = _number_kind(seen.text, run[first : last + 1], digits)
                if what:
                    yield run[first].start, run[last].end, what, len(digits)
    for match in _PLUS.finditer(seen.text):
        try:
            number = phonenumbers.parse(re.sub(r"[^\d+]", "", match.group()))
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            yield match.start(), match.end(), "phone", sum(char.isdigit() for char in match.group())
    for match in _SPELLED_RUN.finditer(seen.text):
        yield match.start(), match.end(), "phone", len(re.findall(_SPELLED, match.group()))


def _runs(text: str) -> Iterator[list[_Group]]:
    """Groups of digits with nothing but separators between them."""
    run: list[_Group] = []
    for match in _GROUP.finditer(text):
        digits = "".join(_CHINESE.get(char) or _LETTERS.get(char) or char for char in match.group())
        group = _Group(match.start(), match.end(), digits)
        if run and not _BETWEEN.fullmatch(text[run[-1].end : group.start]):
            yield run
            run = []
        run.append(group)
    if run:
        yield run


def _number_kind(text: str, groups: list[_Group], digits: str) -> str:
    """What a row of groups of digits is: "phone", "landline", or nothing."""
    before, after = text[max(0, groups[0].start - 20) : groups[0].start], text[groups[-1].end : groups[-1].end + 8]
    if _UNIT_AFTER.match(after) or _MONEY_BEFORE.search(before):
        return ""
    lengths = tuple(len(group.digits) for group in groups)
    home, shape = _without_country(digits, lengths)
    is_spaced_out = len(shape) >= 6 and max(shape) <= 2
    if _MOBILE.fullmatch(home) and (shape in _MOBILE_GROUPS or is_spaced_out):
        return "phone"
    is_asked_for = bool(_CALL.search(before))
    dashed = "-" in text[groups[0].start : groups[-1].end] or len(groups) == 1
    if _SERVICE.fullmatch(digits) and len(groups) <= 4 and (dashed or is_asked_for):
        return "landline"
    if digits[0] == "0" and 10 <= len(digits) <= 12 and len(groups) <= 3 and lengths[0] in (3, 4, 10, 11, 12):
        return "landline" if _is_landline(digits) else ""
    if is_asked_for and 7 <= len(digits) <= 13 and not _DATE.match(text[groups[0].start : groups[-1].end]):
        return "phone"
    return ""


def _without_country(digits: str, lengths: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """A number without 86 in front, and its groups without it."""
    if len(digits) == 13 and digits.startswith("86"):
        return digits[2:], lengths[1:] if lengths[0] == 2 else (lengths[0] - 2, *lengths[1:])
    return digits, lengths


def _is_landline(digits: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(digits, "CN"))


def _accounts(seen: Plain) -> Iterator[_Hit]:
    for match in _QQ.finditer(seen.text):
        count = sum(char.isdigit() for char in match["id"])
        if 5 <= count <= 11:
            yield match.start(), match.end("id"), "qq", count
    for pattern in (_WECHAT, _WECHAT_SHORT):
        for match in pattern.finditer(seen.text):
            if _is_account(match):
                yield match.start(), match.end("id"), "wechat", 0


def _is_account(match: re.Match[str]) -> bool:
    """Whether what follows the name of a messenger is an account. Without digits it has to be asked for: "paid by
    WeChat yesterday" names none."""
    name, groups = match["id"], match.groupdict()
    if name in _WORDS_NOT_IDS:
        return False
    if re.search(r"\d", name) and not re.fullmatch(r"(?:19|20)\d\d-?\d\d?-?\d\d?", name):
        return True
    is_named = re.search(r"号|\bid\b|[:：=]", match.group())
    return bool((groups.get("add") or is_named or "_" in name) and "word" in groups) or "word" not in groups


def _addresses(seen: Plain) -> Iterator[_Hit]:
    for match in _EMAIL.finditer(seen.text):
        yield match.start(), match.end(), "email", 0
    for match in _LINK.finditer(seen.text):
        yield match.start(), match.end(), "link", 0
