"""How a demo shop of each kind is booked: time round a visit, fees, off-peak prices, advisors, shifts, loaner cars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from o2o_platform.demo import equipment
from shops.calendar import Hours
from shops.choices import Amenity, Confirmation, Day, ShopKind
from shops.week_grid import Discount

Entry = Mapping[str, Any]
Stretch = tuple[time, time]

_PREMIUM = {"audi", "bmw", "mercedes-benz"}
# How many advisors write visits up. The last one has no shifts, so that somebody is there whenever the shop is open.
_ADVISORS = {"flagship": 3, ShopKind.DEALER: 3}
_WRITE_UP: dict[str, int] = {"flagship": 10, ShopKind.DEALER: 15}
_LAST_START: dict[str, int] = {ShopKind.DEALER: 60, ShopKind.CHAIN: 30}
_ONLINE_SHARE: dict[str, list[int]] = {ShopKind.DEALER: [80], "tyres": [75], ShopKind.INDEPENDENT: [100, 100, 70]}
_LONGEST_SHIFT = timedelta(hours=9)
_BREAK = timedelta(minutes=45)
# People who take turns: their work can be done by somebody else too.
_ON_SHIFTS = {equipment.FITTER, equipment.JUNIOR, equipment.DRIVER}
_DAYS_OFF = ((Day.SUNDAY, Day.MONDAY), (Day.WEDNESDAY, Day.THURSDAY), (Day.TUESDAY,), (Day.SATURDAY,))
_LOANERS = (("朗逸", "Lavida"), ("轩逸", "Sylphy"), ("海豚", "Dolphin"), ("卡罗拉", "Corolla"))

_WORKDAYS = range(Day.MONDAY, Day.SATURDAY)
# Quiet hours by sort of shop or chain: days, from, until, percent off the labour.
_OFF_PEAK: dict[str, list[tuple[Sequence[int], str, str, int]]] = {
    "flagship": [((Day.TUESDAY, Day.WEDNESDAY, Day.THURSDAY), "13:00", "15:30", 15)],
    "沪程养车": [((Day.TUESDAY, Day.WEDNESDAY, Day.THURSDAY), "14:00", "16:00", 20)],
    "小满养车": [(_WORKDAYS, "09:00", "11:00", 10), (_WORKDAYS, "19:00", "21:00", 10)],
    "青禾轮胎": [(_WORKDAYS, "08:30", "10:30", 8)],
    "车友驿": [(_WORKDAYS, "08:00", "09:30", 12), (_WORKDAYS, "20:00", "22:00", 12)],
    ShopKind.DEALER: [((Day.MONDAY, Day.TUESDAY), "13:00", "15:00", 10)],
    ShopKind.INDEPENDENT: [((Day.MONDAY,), "14:00", "17:00", 15)],
}


def terms(entry: Entry, has: Sequence[str], rng: Random) -> dict[str, Any]:
    """The columns of a shop that say what is kept free round a visit, who confirms, and what not coming costs."""
    kind = equipment.profile(entry)
    late, no_show = _fees(entry, rng)
    deposit = 20 if _PREMIUM & set(entry.get("makes", ())) and kind == ShopKind.DEALER else 0
    by_hand = entry.get("by_hand", False)
    return {
        "setup_minutes": 5 if kind in ("flagship", "tyres", ShopKind.CHAIN) else 0,
        "write_up_minutes": _WRITE_UP.get(kind, 0),
        "last_start_minutes": _LAST_START.get(kind, 0),
        "online_share_percent": rng.choice(_ONLINE_SHARE.get(kind, [100])),
        "confirmation": Confirmation.BY_HAND if by_hand else Confirmation.INSTANT,
        "answer_minutes": rng.choice([60, 120, 240]),
        "deposit_percent": entry.get("deposit", deposit),
        "late_cancel_fee_percent": late,
        "no_show_fee_percent": no_show,
        "pickup_radius_km": _pickup_km(entry, rng) if Amenity.PICKUP in has else None,
    }


def _fees(entry: Entry, rng: Random) -> tuple[int, int]:
    """Percent of the labour for a late cancellation and for not coming."""
    kind = equipment.profile(entry)
    by_brand = {"沪程养车": (10, 20), "小满养车": (0, 0), "车友驿": (20, 30)}
    if kind == ShopKind.INDEPENDENT:
        return rng.choice([(0, 0), (0, 20), (10, 20)])
    by_kind = {"flagship": (20, 30), ShopKind.DEALER: (20, 30), "tyres": (15, 25), ShopKind.ON_SITE: (20, 50)}
    return by_brand.get(entry.get("brand", ""), by_kind.get(kind, (10, 20)))


def _pickup_km(entry: Entry, rng: Random) -> int:
    return 8 if entry.get("flagship") else rng.choice([6, 10, 15])


def off_peak(entry: Entry, rng: Random) -> Iterator[Discount]:
    """A shop's quiet hours. Every second dealer and every third independent shop has some."""
    kind = equipment.profile(entry)
    rows = _OFF_PEAK.get(kind) or _OFF_PEAK.get(entry.get("brand", ""), [])
    if kind in (ShopKind.DEALER, ShopKind.INDEPENDENT):
        rows = rows if rng.random() < (0.5 if kind == ShopKind.DEALER else 0.35) else []
    for days, starts, ends, percent in rows:
        for day in days:
            yield Discount(day, time.fromisoformat(starts), time.fromisoformat(ends), percent)


def advisor_count(entry: Entry) -> int:
    """How many service advisors the shop has."""
    return _ADVISORS.get(equipment.profile(entry), 0)


def advisor_has_shifts(entry: Entry, number: int) -> bool:
    """Whether the advisor of this number (from 0) takes turns."""
    return number < advisor_count(entry) - 1


def technician_has_shifts(entry: Entry, who: int) -> bool:
    """Whether technicians of this sort take turns here: where a team is large enough for it."""
    return who in _ON_SHIFTS and equipment.profile(entry) in ("flagship", ShopKind.DEALER, ShopKind.CHAIN, "tyres")


def loaners(entry: Entry, has: Sequence[str], rng: Random) -> list[tuple[str, str]]:
    """Loaner cars as plate and model in both languages; only where the shop says that it has them."""
    if Amenity.LOANER not in has:
        return []
    count = 2 if entry.get("flagship") or entry["kind"] == ShopKind.DEALER else 1
    plates = [f"沪F·{rng.choice('ABCDEFGH')}{rng.randrange(10_000):04d}" for _ in range(count)]
    models = rng.sample(_LOANERS, count)
    return [(f"{plate} {zh}", f"{plate} {en}") for plate, (zh, en) in zip(plates, models, strict=True)]


def shifts(hours: Mapping[int, list[Stretch]], number: int) -> Iterator[Hours]:
    """The week of one of the people who take turns: early or late where the day is long, a break, days off."""
    is_late, off = number % 2 == 1, _DAYS_OFF[number % len(_DAYS_OFF)]
    for day, stretches in hours.items():
        if not stretches or day in off:
            continue
        opens, closes = stretches[0][0], stretches[-1][1]
        starts, ends = _turn(opens, closes, is_late=is_late)
        if ends - starts < timedelta(hours=6):
            yield (day, starts.time(), ends.time())
            continue
        pause = starts + timedelta(hours=4 if is_late else 3, minutes=30)
        yield (day, starts.time(), pause.time())
        yield (day, (pause + _BREAK).time(), ends.time())


def _turn(opens: time, closes: time, *, is_late: bool) -> tuple[datetime, datetime]:
    first, last = (datetime.combine(date.min, wall) for wall in (opens, closes))
    if last - first <= _LONGEST_SHIFT:
        return first, last
    return (last - _LONGEST_SHIFT, last) if is_late else (first, first + _LONGEST_SHIFT)
