"""What a demo shop of each kind has: bays, people with skills, hours, rules, amenities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from random import Random
from typing import Any

from shops.choices import Amenity, BayCapability, Day, HolidayPolicy, ShopKind, Skill

Capabilities = list[str]
Entry = Mapping[str, Any]
Stretch = tuple[time, time]

LIFT, ALIGNMENT, TYRE, EV, WASH = (
    BayCapability.LIFT.value,
    BayCapability.ALIGNMENT.value,
    BayCapability.TYRE.value,
    BayCapability.EV.value,
    BayCapability.WASH.value,
)
_BAYS: dict[str, list[Capabilities]] = {
    "flagship": [[LIFT], [LIFT], [LIFT], [LIFT, ALIGNMENT, TYRE], [LIFT, EV], [WASH]],
    ShopKind.DEALER: [[LIFT], [LIFT], [LIFT], [LIFT, EV], [LIFT, ALIGNMENT, TYRE], [WASH]],
    "tyres": [[LIFT, TYRE], [LIFT, TYRE], [LIFT, ALIGNMENT, TYRE], [LIFT]],
    ShopKind.CHAIN: [[LIFT], [LIFT], [LIFT, ALIGNMENT, TYRE], [LIFT, EV], [WASH]],
    ShopKind.INDEPENDENT: [[LIFT], [LIFT], [LIFT, ALIGNMENT, TYRE], [EV, LIFT]],
    ShopKind.ON_SITE: [[LIFT, TYRE], [LIFT], []],
}

_MASTER = [Skill.MAINTENANCE, Skill.ENGINE, Skill.TRANSMISSION, Skill.CHASSIS, Skill.DIAGNOSIS, Skill.AC]
_FITTER = [Skill.MAINTENANCE, Skill.CHASSIS, Skill.ENGINE, Skill.AC]
_TYRES = [Skill.MAINTENANCE, Skill.TYRE, Skill.ALIGNMENT, Skill.CHASSIS]
_ELECTRICS = [Skill.MAINTENANCE, Skill.ELECTRICAL, Skill.DIAGNOSIS, Skill.AC]
_EV = [Skill.MAINTENANCE, Skill.ELECTRICAL, Skill.DIAGNOSIS, Skill.EV_HV]
_JUNIOR = [Skill.MAINTENANCE, Skill.TYRE, Skill.WASH]
_DRIVER = [Skill.DRIVER, Skill.AGENCY, Skill.WASH]
_VAN = [Skill.MAINTENANCE, Skill.CHASSIS, Skill.TYRE, Skill.ELECTRICAL, Skill.DIAGNOSIS, Skill.AC, Skill.ENGINE]

MASTER, FITTER, TYRE_MAN, ELECTRICIAN, EV_MAN, JUNIOR, DRIVER, VAN = range(8)
SKILLS: dict[int, list[Skill]] = dict(enumerate([_MASTER, _FITTER, _TYRES, _ELECTRICS, _EV, _JUNIOR, _DRIVER, _VAN]))
TITLES = {
    MASTER: ("高级技师", "Senior technician"),
    FITTER: ("技师", "Technician"),
    TYRE_MAN: ("轮胎与定位技师", "Tyre and alignment technician"),
    ELECTRICIAN: ("机电技师", "Electrical technician"),
    EV_MAN: ("新能源技师", "High-voltage technician"),
    JUNIOR: ("初级技工", "Junior technician"),
    DRIVER: ("接送专员", "Driver"),
    VAN: ("上门技师", "Mobile technician"),
}
_TEAMS: dict[str, list[int]] = {
    "flagship": [MASTER, FITTER, TYRE_MAN, EV_MAN, FITTER, JUNIOR, DRIVER],
    ShopKind.DEALER: [MASTER, MASTER, FITTER, FITTER, TYRE_MAN, EV_MAN, JUNIOR, DRIVER],
    "tyres": [FITTER, TYRE_MAN, TYRE_MAN, JUNIOR, ELECTRICIAN],
    ShopKind.CHAIN: [MASTER, FITTER, TYRE_MAN, EV_MAN, JUNIOR],
    ShopKind.INDEPENDENT: [MASTER, FITTER, TYRE_MAN, EV_MAN],
    ShopKind.ON_SITE: [VAN, VAN, DRIVER],
}


def profile(entry: Entry) -> str:
    """What sort of a shop an entry is: its kind, the flagship or a tyre chain."""
    if entry.get("flagship"):
        return "flagship"
    return "tyres" if entry.get("brand") == "青禾轮胎" else entry["kind"]


def bays(entry: Entry) -> list[Capabilities]:
    """The capabilities of each bay or mobile unit."""
    without = set(entry.get("without", ()))
    cut = [[has for has in bay if has not in without] for bay in _BAYS[profile(entry)]]
    return [bay for bay in cut if bay or entry["kind"] == ShopKind.ON_SITE]


def team(entry: Entry) -> list[int]:
    """Who works there, as indices of SKILLS and TITLES."""
    without_ev = "ev" in entry.get("without", ())
    return [ELECTRICIAN if who == EV_MAN and without_ev else who for who in _TEAMS[profile(entry)]]


def hours(entry: Entry, rng: Random) -> dict[int, list[Stretch]]:
    """Opening stretches by `Day`; a lunch break is the gap between two."""
    week, sunday, holiday = _pattern(entry, rng)
    days = dict.fromkeys(range(Day.MONDAY, Day.SUNDAY), week)
    return {**days, Day.SUNDAY: sunday, Day.HOLIDAY: holiday}


def _pattern(entry: Entry, rng: Random) -> tuple[list[Stretch], list[Stretch], list[Stretch]]:
    kind = profile(entry)
    if kind == "flagship":
        return _stretches("08:30-12:00 13:00-20:00"), _stretches("09:00-12:00 13:00-18:30"), _stretches("10:00-16:00")
    if kind == ShopKind.DEALER:
        return _stretches("08:30-17:30"), _stretches("08:30-17:30"), _stretches("09:00-16:00")
    if kind == ShopKind.ON_SITE:
        late = "only" in entry and "battery_12v" in entry["only"]
        day = _stretches("08:00-23:30" if late else "08:00-20:00")
        return day, day, _stretches("09:00-18:00")
    if kind in (ShopKind.CHAIN, "tyres"):
        day = _stretches({"小满养车": "09:00-21:00", "车友驿": "08:00-22:00"}.get(entry["brand"], "08:30-19:30"))
        return day, day, _stretches("09:00-18:00")
    week = _stretches(rng.choice(["08:00-12:00 13:00-18:00", "08:30-12:00 13:00-18:30", "09:00-20:00", "08:30-17:30"]))
    return week, rng.choice([[], week, _stretches("09:00-16:00")]), []


def _stretches(text: str) -> list[Stretch]:
    pairs = [part.split("-") for part in text.split()]
    return [(time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in pairs]


def rules(entry: Entry, rng: Random) -> dict[str, Any]:
    """Booking rules, warranty and holiday policy of a shop."""
    kind = entry["kind"]
    return {
        "holiday_policy": _holiday_policy(entry, rng),
        "works_makeup_days": kind != ShopKind.INDEPENDENT or rng.random() < 0.5,
        "lead_time_minutes": {ShopKind.DEALER: 120, ShopKind.ON_SITE: 90}.get(kind, rng.choice([30, 60])),
        "booking_window_days": 60 if kind == ShopKind.DEALER else rng.choice([14, 30, 30]),
        "slot_step_minutes": 60 if kind == ShopKind.DEALER else rng.choice([15, 30, 30]),
        "turnaround_minutes": 45 if kind == ShopKind.ON_SITE else rng.choice([0, 5, 10]),
        "free_cancel_minutes": rng.choice([60, 60, 120, 240]),
        "warranty_months": {ShopKind.DEALER: 12, ShopKind.CHAIN: 6}.get(kind, rng.choice([0, 3, 6])),
        "service_radius_km": entry.get("radius"),
    }


def _holiday_policy(entry: Entry, rng: Random) -> str:
    if entry["kind"] == ShopKind.INDEPENDENT and not entry.get("flagship"):
        return HolidayPolicy.CLOSED
    if entry.get("brand") == "车友驿":
        return HolidayPolicy.AS_USUAL
    return rng.choice([HolidayPolicy.HOLIDAY_HOURS, HolidayPolicy.HOLIDAY_HOURS, HolidayPolicy.AS_USUAL])


def amenities(entry: Entry, rng: Random) -> list[str]:
    """What makes waiting easier, in the order of `Amenity`."""
    kind = entry["kind"]
    if kind == ShopKind.ON_SITE:
        return [Amenity.OLD_PARTS]
    has = {
        ShopKind.DEALER: {
            Amenity.LOUNGE,
            Amenity.WIFI,
            Amenity.COFFEE,
            Amenity.LOANER,
            Amenity.PICKUP,
            Amenity.PARKING,
        },
        ShopKind.CHAIN: {Amenity.WIFI, Amenity.GLASS_WALL, Amenity.LOUNGE},
        ShopKind.INDEPENDENT: {Amenity.WIFI, Amenity.OLD_PARTS},
    }[kind] | set(rng.sample(list(Amenity), 2))
    has |= {Amenity.PICKUP, Amenity.LOANER} if entry.get("flagship") else set()
    has -= {Amenity.PICKUP} if DRIVER not in team(entry) else set()
    return [amenity.value for amenity in Amenity if amenity in has]


def intro(entry: Entry, makes: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """A short introduction in both languages."""
    zh, en = ("、".join(name[0] for name in makes), ", ".join(name[1] for name in makes))
    return {
        "flagship": (
            "徐汇本地老店，2009 年开业。施工全程可看，旧件当面点清，不做没有依据的项目。",
            "A neighbourhood workshop since 2009. You can watch the work, old parts are shown to you, and nothing is "
            "done without a reason.",
        ),
        ShopKind.DEALER: (
            f"{zh}品牌授权服务站，原厂配件，技师持厂家认证。",
            f"Authorised {en} service with original parts.",
        ),
        "tyres": (
            "轮胎、定位、底盘一站做完，四轮数据打印给你。",
            "Tyres, alignment and chassis in one stop, with the figures of all four wheels in print.",
        ),
        ShopKind.CHAIN: (
            "明码标价，各门店同一价目，施工区透明。",
            "Prices on the wall, the same list at every branch, and a glass wall to the workshop.",
        ),
        ShopKind.INDEPENDENT: (
            f"专修{zh}。" if makes else "街坊口碑店，小修小补当天取车。",
            f"Specialists for {en}." if makes else "Small jobs done the same day, known by word of mouth.",
        ),
        ShopKind.ON_SITE: (
            "技师带设备上门，在你的车位完成。",
            "A technician comes to your parking space with the tools.",
        ),
    }[profile(entry)]
