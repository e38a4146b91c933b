"""Places and shops of the demo city, with hours, closures, off-peak prices, bays, loaner cars, people and shifts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from core.ids import new_public_id
from o2o_platform.demo import data, equipment, terms
from shops.choices import ResourceKind, ShopKind, Skill
from shops.models import Certificate, City, Closure, OffPeak, OpeningHours, Place, Resource, Shift, Shop, Technician
from vehicles import fixtures
from vehicles.models import Make

Entry = Mapping[str, Any]

# Closed days from the day of loading on: slug → first day, number of days, reason shown to owners.
_CLOSURES = {
    "haoyun-auto": (4, 2, "年度盘点"),
    "hualin-putuo": (9, 1, "设备检修"),
    "zhiyuan-jingan": (1, 1, "员工培训"),
    "bieyue-buick-pudong": (16, 3, "展厅改造"),
}


@dataclass(frozen=True)
class NewShop:
    """A shop that was just made, with the entry that it was made from."""

    shop: Shop
    entry: Entry


def load_places() -> City:
    """Merge the city and its places; what an admin edited stays."""
    entries = data.read("shanghai_places")
    cities, _ = fixtures.merge(City, {(entries[0]["key"],): _place(entries[0])}, identity=["key"], where="places:")
    city = cities[(entries[0]["key"],)]
    rows = {(city.pk, entry["key"]): {"kind": entry["kind"], **_place(entry)} for entry in entries[1:]}
    fixtures.merge(Place, rows, identity=["city_id", "key"], where="places:")
    return city


def _place(entry: Entry) -> dict[str, Any]:
    latitude, longitude = entry["at"]
    return {
        "name_zh": entry["name_zh"],
        "name_en": entry["name_en"],
        "latitude": latitude,
        "longitude": longitude,
    }


def load_shops(*, city: City, at: datetime) -> list[NewShop]:
    """Make the shops that do not stand there yet, with everything that belongs to them; return these."""
    entries = data.read("shanghai_shops")
    known = set(Shop.objects.values_list("slug", flat=True))
    missing = [(number, entry) for number, entry in enumerate(entries) if entry["slug"] not in known]
    if not missing:
        return []
    makes = {make.key: make for make in Make.objects.all()}
    districts = {place["key"]: place for place in data.read("shanghai_places")}
    made = [NewShop(_shop(entry, number, city, districts, makes), entry) for number, entry in missing]
    Shop.objects.bulk_create(new.shop for new in made)
    links = Shop.makes.through
    links.objects.bulk_create(
        links(shop_id=new.shop.pk, make_id=makes[key].pk) for new in made for key in new.entry.get("makes", ())
    )
    OpeningHours.objects.bulk_create(row for new in made for row in _hours(new))
    Closure.objects.bulk_create(row for new in made for row in _closures(new, at.astimezone(city_zone(city)).date()))
    OffPeak.objects.bulk_create(row for new in made for row in _off_peak(new))
    _make_resources(made, at=at)
    return made


def city_zone(city: City) -> Any:
    """The zone of the city's wall clock."""
    return Shop(city=city).zone


def _shop(entry: Entry, number: int, city: City, districts: Mapping[str, Entry], makes: Mapping[str, Make]) -> Shop:
    rng = data.chance("shop", entry["slug"])
    district, (road_zh, road_en) = districts[entry["district"]], entry["road"]
    names = [(makes[key].name_zh, makes[key].name_en) for key in entry.get("makes", ())]
    intro_zh, intro_en = equipment.intro(entry, names)
    amenities = equipment.amenities(entry, rng)
    return Shop(
        public_id=new_public_id(),
        slug=entry["slug"],
        kind=entry["kind"],
        brand_name=entry.get("brand", ""),
        name_zh=entry["name_zh"],
        name_en=entry["name_en"],
        city=city,
        district_zh=district["name_zh"],
        district_en=district["name_en"],
        address_zh=f"{road_zh} {entry['number']} 号",
        address_en=f"{entry['number']} {road_en}",
        latitude=entry["at"][0],
        longitude=entry["at"][1],
        phone=f"+86215555{number + 101:04d}",
        intro_zh=intro_zh,
        intro_en=intro_en,
        amenities=amenities,
        **equipment.rules(entry, rng),
        **terms.terms(entry, amenities, data.chance("terms", entry["slug"])),
    )


def _week(new: NewShop) -> dict[int, list[equipment.Stretch]]:
    return equipment.hours(new.entry, data.chance("hours", new.entry["slug"]))


def _hours(new: NewShop) -> Iterator[OpeningHours]:
    for day, stretches in _week(new).items():
        for opens_at, closes_at in stretches:
            yield OpeningHours(shop=new.shop, day=day, opens_at=opens_at, closes_at=closes_at)


def _closures(new: NewShop, today: date) -> Iterator[Closure]:
    if new.entry["slug"] in _CLOSURES:
        days, length, reason = _CLOSURES[new.entry["slug"]]
        first = today + timedelta(days=days)
        yield Closure(shop=new.shop, first_date=first, last_date=first + timedelta(days=length - 1), reason=reason)


def _off_peak(new: NewShop) -> Iterator[OffPeak]:
    for row in terms.off_peak(new.entry, data.chance("off-peak", new.entry["slug"])):
        yield OffPeak(shop=new.shop, **row._asdict())


# --- Bays and people ----------------------------------------------------------------------------


def _make_resources(made: list[NewShop], *, at: datetime) -> None:
    names = data.people("technicians")["names"]
    places = [row for new in made for row in (*_bays(new), *_loaners(new))]
    people = [(new, position, who) for new in made for position, who in enumerate(equipment.team(new.entry))]
    rows = [_technician(new, position, who, names) for new, position, who in people]
    advisors = [(new, number, _advisor(new, number, names)) for new in made for number in _advisor_numbers(new)]
    Resource.objects.bulk_create([*places, *rows, *(row for _new, _number, row in advisors)])
    turns = [
        *(
            (new, row)
            for row, (new, _n, who) in zip(rows, people, strict=True)
            if terms.technician_has_shifts(new.entry, who)
        ),
        *((new, row) for new, number, row in advisors if terms.advisor_has_shifts(new.entry, number)),
    ]
    Shift.objects.bulk_create(shift for new, row in turns for shift in _shifts(new, row))
    technicians = [
        Technician(
            resource=row,
            title_zh=equipment.TITLES[who][0],
            title_en=equipment.TITLES[who][1],
            works_since_year=at.year - data.chance("since", new.entry["slug"], position).randint(2, 22),
        )
        for row, (new, position, who) in zip(rows, people, strict=True)
    ]
    Technician.objects.bulk_create(technicians)
    Certificate.objects.bulk_create(row for technician in technicians for row in _certificates(technician, at=at))


def _bays(new: NewShop) -> Iterator[Resource]:
    on_site = new.entry["kind"] == ShopKind.ON_SITE
    for number, capabilities in enumerate(equipment.bays(new.entry), start=1):
        yield Resource(
            public_id=new_public_id(),
            shop=new.shop,
            kind=ResourceKind.MOBILE_UNIT if on_site else ResourceKind.BAY,
            name_zh=f"{number} 号车" if on_site else f"{number} 号工位",
            name_en=f"Van {number}" if on_site else f"Bay {number}",
            capabilities=capabilities,
            position=number,
        )


def _loaners(new: NewShop) -> Iterator[Resource]:
    cars = terms.loaners(new.entry, new.shop.amenities, data.chance("loaners", new.entry["slug"]))
    for number, (name_zh, name_en) in enumerate(cars, start=1):
        yield Resource(
            public_id=new_public_id(),
            shop=new.shop,
            kind=ResourceKind.LOANER,
            name_zh=name_zh,
            name_en=name_en,
            position=number,
        )


def _advisor_numbers(new: NewShop) -> range:
    return range(terms.advisor_count(new.entry))


def _advisor(new: NewShop, number: int, names: list[list[str]]) -> Resource:
    """The flagship's first advisor is the one whom one can sign in as."""
    name_zh, name_en = names[(_first_name(new, names) + len(equipment.team(new.entry)) + number) % len(names)]
    if new.entry.get("flagship") and number == 0:
        name_zh, name_en = "赵倩", "Zhao Qian"
    return Resource(
        public_id=new_public_id(),
        shop=new.shop,
        kind=ResourceKind.ADVISOR,
        name_zh=name_zh,
        name_en=name_en,
        position=number + 1,
    )


def _shifts(new: NewShop, person: Resource) -> Iterator[Shift]:
    for day, starts_at, ends_at in terms.shifts(_week(new), person.position - 1):
        yield Shift(resource=person, day=day, starts_at=starts_at, ends_at=ends_at)


def _first_name(new: NewShop, names: list[list[str]]) -> int:
    return data.chance("names", new.entry["slug"]).randrange(len(names)) if not new.entry.get("flagship") else 0


def _technician(new: NewShop, position: int, who: int, names: list[list[str]]) -> Resource:
    name_zh, name_en = names[(_first_name(new, names) + position) % len(names)]
    return Resource(
        public_id=new_public_id(),
        shop=new.shop,
        kind=ResourceKind.TECHNICIAN,
        name_zh=name_zh,
        name_en=name_en,
        capabilities=[skill.value for skill in equipment.SKILLS[who]],
        position=position + 1,
    )


def _certificates(technician: Technician, *, at: datetime) -> Iterator[Certificate]:
    """A trade certificate for most, the electrician's licence for whoever works on high voltage."""
    resource = technician.resource
    rng = data.chance("certificates", resource.shop.slug, resource.position)
    checked = at - timedelta(days=rng.randint(20, 300)) if rng.random() < 0.7 else None
    level = {equipment.TITLES[equipment.MASTER][0]: ("二级", 2), equipment.TITLES[equipment.JUNIOR][0]: ("五级", 5)}
    zh, number = level.get(technician.title_zh, ("三级", 3))
    if Skill.DRIVER not in resource.capabilities and rng.random() < 0.85:
        yield Certificate(
            technician=technician,
            name_zh=f"汽车维修工 {zh}",
            name_en=f"Car mechanic, level {number}",
            number=f"31{rng.randrange(10**10):010d}",
            verified_at=checked,
        )
    if Skill.EV_HV in resource.capabilities:
        yield Certificate(
            technician=technician,
            name_zh="特种作业操作证（低压电工）",
            name_en="Special operations licence, low-voltage electrician",
            number=f"T31{rng.randrange(10**9):09d}",
            valid_until=at.date() + timedelta(days=rng.randint(120, 1500)),
            verified_at=checked,
        )
