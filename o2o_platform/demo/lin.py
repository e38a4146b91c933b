"""The owner one signs in as: two cars with a past, a visit under way that asks for answers, and one to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from accounts.models import User
from bookings import workshop
from bookings.choices import DecisionWay, PhotoKind, Urgency
from bookings.floor import checking_in, lines, messages, photos
from bookings.floor.checking_in import Sheet
from bookings.floor.inspecting import Reading
from bookings.floor.lines import Author
from bookings.floor.messages import Speaker
from bookings.floor.photos import Shown
from bookings.models import Booking
from o2o_platform.demo import data, floor, people, pictures
from o2o_platform.demo.booking import FLAGSHIP, Day, book
from shops.choices import Role
from shops.models import Shop
from vehicles.actions import record_odometer
from vehicles.choices import OdometerSource
from vehicles.models import Car
from vehicles.record import actions as records
from vehicles.record.actions import OwnEntry
from vehicles.record.known_items import known

LAVIDA, DOLPHIN = "volkswagen-lavida-1-4t", "byd-dolphin-bev"
# What she wrote down from her folder when she put the car into the garage: day, km, services, shop, yuan.
_FOLDER = (
    (date(2021, 12, 4), 4_820, ("minor_service",), "浦江大众 4S 店", 420),
    (date(2022, 12, 10), 14_960, ("minor_service", "cabin_filter"), "浦江大众 4S 店", 612),
    (date(2023, 6, 12), 24_600, ("minor_service", "engine_air_filter"), "浦江大众 4S 店", 512),
    (date(2024, 2, 6), 31_200, ("minor_service",), "老周修车", 290),
    (date(2024, 10, 22), 38_911, ("minor_service", "cabin_filter"), "启程快修", 398),
    (date(2025, 4, 19), 43_704, ("tyre_rotation",), "老周修车", 60),
    (date(2025, 12, 8), 50_312, ("minor_service", "engine_air_filter"), "启程快修", 316),
)
# Visits through the platform: days before today, shop, service, km, front pads then.
_EARLIER = (
    (-187, "pujiang-vw-longhua", "brake_fluid", 53_610, "4.6"),
    (-66, "hucheng-xujiahui", "tyre_rotation", 56_470, "3.4"),
)
_NOW_KM = 58_263
_LATEST_START = timedelta(minutes=50)  # long enough ago that the inspection is over


def load(*, shops: dict[str, Shop], at: datetime) -> list[Booking]:
    """Give her cars their past and her visits; nothing where she, her cars or the shop are missing."""
    lin = User.objects.filter(email=people.address("lin")).first()
    desk = User.objects.filter(email=people.address("wang")).first()
    cars = {car.variant.slug: car for car in Car.objects.with_names().select_related("owner").filter(owner=lin)}
    if lin is None or desk is None or FLAGSHIP not in shops or not {LAVIDA, DOLPHIN} <= set(cars):
        return []
    lavida = cars[LAVIDA]
    _folder(lavida, lin)
    made = [*_earlier(lavida, shops, desk, at)]
    record_odometer(car=cars[DOLPHIN], km=12_860, by=lin, source=OdometerSource.OWNER, at=at - timedelta(days=3))
    under_way = _under_way(lavida, shops[FLAGSHIP], desk, at)
    to_come = _booked(Day(shops[FLAGSHIP], _today(shops[FLAGSHIP], at) + timedelta(days=2), at, desk), cars[DOLPHIN])
    return [*made, *(visit for visit in (under_way, to_come) if visit)]


def _today(shop: Shop, at: datetime) -> date:
    return at.astimezone(shop.zone).date()


def _folder(car: Car, lin: User) -> None:
    items = {item.key: item for item in known()}
    for on, km, keys, shop_name, yuan in _FOLDER:
        own = OwnEntry(
            occurred_on=on,
            odometer_km=km,
            items=tuple(items[key] for key in keys if key in items),
            shop_name=shop_name,
            total_fen=yuan * 100,
        )
        records.add_own_entry(car=car, own=own, by=lin, at=car.created_at, reference=f"demo:{on.isoformat()}")


def _earlier(car: Car, shops: dict[str, Shop], desk: User, at: datetime) -> Iterator[Booking]:
    for days, slug, key, km, pads in _EARLIER:
        if slug not in shops:
            continue
        booking = book(Day(shops[slug], _today(shops[slug], at) + timedelta(days=days), at, desk), key, car)
        if booking is not None:
            rng = data.chance("lin", key)
            found = {"pad_front_left_inner": Reading(value=pads)}
            hands = floor.Hands(desk, people.second())
            yield floor.run_through(booking, car=car, km=km, hands=hands, rng=rng, found=found)


def _booked(day: Day, car: Car) -> Booking | None:
    return book(day, "tyre_rotation", car)


def _under_way(car: Car, shop: Shop, desk: User, at: datetime) -> Booking | None:
    """An oil service of today (before opening: of yesterday) whose inspection found worn pads and one thing more."""
    for back in (0, 1, 2):
        day = Day(shop, _today(shop, at) - timedelta(days=back), at, desk)
        booking = book(day, "minor_service", car, latest=at - _LATEST_START)
        if booking is not None:
            return _inspected(booking, car, desk)
    return None


def _inspected(booking: Booking, car: Car, desk: User) -> Booking:
    came_at = booking.starts_at
    technician = User.objects.filter(email=people.address("chen")).first() or desk
    views = {
        PhotoKind.CONDITION: [pictures.car(), pictures.car(scratch=True)],
        PhotoKind.DASHBOARD: [pictures.dashboard(_NOW_KM)],
    }
    sheet = Sheet(
        odometer_km=_NOW_KM,
        plate=car.plate,
        vin=car.vin,
        fuel_percent=50,
        condition="右后门有一道 8 cm 划痕",
        belongings="后备箱：儿童座椅、雨伞",
        owner_words="低速刹车时有轻微的吱吱声",
        photos=views,
    )
    checking_in.write_sheet(booking=booking, sheet=sheet, by=desk, at=came_at)
    checking_in.confirm(booking=booking, way=DecisionWay.ACCOUNT, by=car.owner, at=came_at + timedelta(minutes=3))
    workshop.start(booking=booking, by=technician, at=came_at + timedelta(minutes=8))
    drained = Shown(PhotoKind.WORK, caption="旧机滤")
    photos.attach(
        booking=booking,
        cleaned=[pictures.oil_filter()],
        shown=drained,
        by=technician,
        at=came_at + timedelta(minutes=15),
    )
    found = {
        "pad_front_left_inner": Reading(value="2.8"),
        "pad_front_left_outer": Reading(value="3.1"),
        "pad_front_right_inner": Reading(value="2.9"),
        "pad_front_right_outer": Reading(value="3.4"),
        "brake_fluid_water": Reading(value="2.1"),
        "battery_rest": Reading(value="12.5"),
    }
    inspected_at = came_at + timedelta(minutes=25)
    floor.inspect(booking, by=technician, at=inspected_at, rng=data.chance("lin", "inspection"), found=found)
    _proposed(booking, technician, inspected_at + timedelta(minutes=3))
    asked_at = inspected_at + timedelta(minutes=6)
    text = "林女士您好，前刹车片已经到更换线，后片还有余量，不用换。旧件会留给您看。"
    messages.say(booking=booking, text=text, by=Speaker(False, desk, Role.MANAGER), at=asked_at)
    return booking


def _proposed(booking: Booking, technician: User, at: datetime) -> None:
    pads = floor.draft_of(booking, "brake_pads_front", Urgency.RED)
    against = "客户反映低速抖动，建议顺带清洗"
    throttle = floor.draft_of(booking, "throttle_clean", Urgency.YELLOW, against=against, extra_minutes=30)
    for draft in (pads, throttle):
        floor.propose(booking, draft, by=technician, role=Role.TECHNICIAN, at=at)
    lines.send(booking=booking, by=Author(technician, Role.TECHNICIAN), at=at)
