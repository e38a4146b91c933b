"""A shop in the middle of a working day, as the board shows it: every state of a visit, breaks, and people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from accounts.models import User
from bookings import actions, workshop
from bookings.actions import Actor, Contact, Wanted
from bookings.choices import ActorRole, AllocationKind, Status
from bookings.engine.jobs import Job
from bookings.models import Booking
from catalog.models import Offer, Service
from shops.choices import BayCapability, Role, ShopKind, Skill
from shops.models import Resource, Shop
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job, lavida, minor_service
from tests.factories.shops import BayFactory, ShopMemberFactory, TechnicianResourceFactory, open_shop
from tests.factories.vehicles import CarModelFactory, MakeFactory, VariantFactory
from vehicles.actions import refresh_search_text
from vehicles.models import Variant

ANYONE = Wanted()
MS_LIN = Contact(name="林女士", phone="+8613816420957", plate="沪AD8K21")
ALL_SKILLS = [skill.value for skill in Skill]


def member(shop: Shop, role: Role = Role.ADVISOR) -> User:
    """A person who works at the shop."""
    user = UserFactory(name=f"{role.label} Ma")
    ShopMemberFactory(shop=shop, user=user, role=role)
    return user


def visit(
    job: Job,
    *,
    starts_at: datetime,
    status: str = Status.CONFIRMED,
    by: User | None = None,
    wanted: Wanted = ANYONE,
    contact: Contact = MS_LIN,
) -> Booking:
    """A visit taken through the real actions to `status`, each step a plausible time after the one before."""
    by = by or UserFactory()
    booking = workshop.walk_in(job=job, starts_at=starts_at, wanted=wanted, contact=contact, by=by, at=starts_at)
    late = starts_at + workshop.NO_SHOW_AFTER
    end = booking.ends_at
    if status == Status.CANCELLED:
        return actions.cancel(booking=booking, by=Actor(ActorRole.STAFF, by), at=starts_at, reason="No part")
    if status == Status.NO_SHOW:
        return workshop.mark_no_show(booking=booking, by=by, at=late)
    steps = [
        (Status.CHECKED_IN, lambda: workshop.check_in(booking=booking, odometer_km=58_263, by=by, at=starts_at)),
        (Status.IN_SERVICE, lambda: workshop.start(booking=booking, by=by, at=starts_at + timedelta(minutes=5))),
        (Status.READY, lambda: floor.make_ready(booking, by=by, at=end)),
        (Status.COMPLETED, lambda: workshop.hand_over(booking=booking, by=by, at=end + timedelta(minutes=10))),
    ]
    order = [step for step, _run in steps]
    for _step, run in steps[: order.index(status) + 1] if status in order else []:
        run()
    booking.refresh_from_db()
    return booking


@dataclass
class BusyDay:
    """The shop of the board's picture and a member of each role."""

    shop: Shop
    staff: dict[str, User]
    visits: list[Booking]


def _car(make: str, make_zh: str, model: str, model_zh: str, code: str, powertrain: str = "ice") -> Variant:
    key = model.lower().replace(" ", "-")
    row = CarModelFactory(
        make=MakeFactory(key=make.lower(), name_zh=make_zh, name_en=make, aliases=""),
        key=key,
        name_zh=model_zh,
        name_en=model,
    )
    return VariantFactory(slug=f"{make.lower()}-{key}-{code.lower()}", model=row, code=code, powertrain=powertrain)


def busy_day(now: datetime) -> BusyDay:
    """Six bays, six technicians and twenty visits round `now`, a moment about 14:50 on the shop's wall clock."""
    shop = open_shop(
        bays=0,
        technicians=0,
        opens=time(10),
        closes=time(19),
        kind=ShopKind.INDEPENDENT,
        slug="shenchi-xuhui",
        name_zh="申驰汽修 · 徐汇店",
        name_en="Shenchi Auto, Xuhui",
    )
    kinds = [["lift"], ["lift"], ["lift"], ["alignment", "tyre"], ["ev", "lift"], ["lift"]]
    bays = [
        BayFactory(
            shop=shop,
            name_zh=f"{n} 号",
            name_en=f"Bay {n}",
            position=n,
            capabilities=[str(BayCapability(k)) for k in kind],
        )
        for n, kind in enumerate(kinds, 1)
    ]
    people = [
        TechnicianResourceFactory(shop=shop, name_zh=zh, name_en=en, position=n, capabilities=ALL_SKILLS)
        for n, (zh, en) in enumerate(
            [
                ("王磊", "Wang Lei"),
                ("李强", "Li Qiang"),
                ("陈建国", "Chen Jianguo"),
                ("周海", "Zhou Hai"),
                ("赵敏", "Zhao Min"),
                ("孙浩", "Sun Hao"),
            ]
        )
    ]
    services = {
        key: minor_service(key=key, name_zh=zh, name_en=en, bay=bay, powertrains=["ice", "hev", "phev", "erev", "bev"])
        for key, zh, en, bay in [
            ("minor_service", "小保养", "Oil service", "lift"),
            ("major_service", "大保养", "Major service", "lift"),
            ("brake_pads", "前刹车片", "Front brake pads", "lift"),
            ("alignment", "四轮定位", "Wheel alignment", "alignment"),
            ("tyres", "轮胎更换", "Tyres", "tyre"),
            ("ac_filter", "空调滤芯", "Cabin filter", "any"),
        ]
    }
    staff = {role.value: member(shop, role) for role in Role}
    cars = [
        lavida(),
        _car("Toyota", "丰田", "Camry", "凯美瑞", "2.0"),
        _car("Volkswagen", "大众", "Tiguan L", "途观L", "330TSI"),
        _car("Honda", "本田", "Civic", "思域", "1.5T"),
        _car("Nissan", "日产", "Sylphy", "轩逸", "1.6"),
        _car("BYD", "比亚迪", "Han EV", "汉 EV", "BEV", "bev"),
        _car("Haval", "哈弗", "H6", "H6", "1.5T"),
    ]
    refresh_search_text()
    day = now.astimezone(shop.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    done, ready, work, soon = Status.COMPLETED, Status.READY, Status.IN_SERVICE, Status.CONFIRMED
    plan = [
        (0, 0, "10:00", 90, "minor_service", done, "沪AF3297", 1),
        (0, 0, "11:35", 140, "major_service", ready, "沪C9012F", 2),
        (0, 0, "14:15", 130, "brake_pads", work, "沪B55Q07", 3),
        (1, 1, "10:30", 180, "major_service", ready, "沪A6T518", 4),
        (1, 1, "14:00", 45, "minor_service", work, "沪AM2K90", 1),
        (1, 1, "15:45", 120, "tyres", soon, "沪DA1836", 2),
        (2, 2, "10:00", 75, "minor_service", done, "苏E3K0P9", 0),
        (2, 2, "11:30", 60, "minor_service", done, "沪AR7715", 3),
        (2, 2, "14:30", 95, "brake_pads", Status.CHECKED_IN, "沪AD8K21", 0),
        (2, 2, "16:30", 65, "minor_service", soon, "沪AW0463", 2),
        (3, 3, "11:00", 65, "alignment", ready, "沪B20H66", 3),
        (3, 3, "13:45", 75, "tyres", work, "沪CK8821", 6),
        (3, 3, "16:00", 65, "alignment", soon, "浙F7Q219", 5),
        (4, 4, "10:15", 90, "ac_filter", done, "沪AD12863", 5),
        (4, 4, "13:30", 115, "ac_filter", work, "沪ADK5207", 5),
        (4, 4, "15:40", 85, "minor_service", soon, "沪AD90611", 2),
        (5, 5, "14:30", 60, "minor_service", soon, "沪AP4419", 4),
        (5, 5, "10:30", 40, "minor_service", Status.NO_SHOW, "沪AT2201", 4),
        (5, 5, "13:00", 40, "minor_service", Status.CANCELLED, "沪AT2202", 4),
    ]
    visits = []
    for bay, person, clock, minutes, service, status, plate, car in plan:
        job = Job(shop, services[service], cars[car])
        _offer(job.shop, job.service, minutes)
        hours, rest = clock.split(":")
        if service in ("alignment", "tyres") and bay != 3:
            job = Job(shop, services["minor_service"], cars[car])
            _offer(shop, job.service, minutes)
        visits.append(
            visit(
                job,
                starts_at=day + timedelta(hours=int(hours), minutes=int(rest)),
                status=status,
                by=staff[Role.ADVISOR],
                wanted=Wanted(bay=bays[bay].pk, technician=people[person].pk),
                contact=Contact(name="林女士", phone="+8613816420957", plate=plate),
            )
        )
    _pause(bays[5], day + timedelta(hours=12), 60, AllocationKind.BREAK, "午休")
    _pause(bays[5], day + timedelta(hours=16, minutes=30), 150, AllocationKind.BLOCK, "设备年检")
    return BusyDay(shop, staff, visits)


def _offer(shop: Shop, service: Service, minutes: int) -> None:
    Offer.objects.update_or_create(
        shop=shop, service=service, scope="all", defaults={"labour_fen": 8400, "parts_fen": 18400, "minutes": minutes}
    )


def _pause(resource: Resource, start: datetime, minutes: int, kind: AllocationKind, reason: str) -> None:
    workshop.block(
        resource=resource,
        starts_at=start,
        ends_at=start + timedelta(minutes=minutes),
        kind=kind,
        reason=reason,
        at=start,
    )


__all__ = ["BusyDay", "bookable_job", "busy_day", "member", "visit"]
