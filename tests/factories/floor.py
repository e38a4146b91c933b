"""Visits that go through the workshop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from bookings import actions, workshop
from bookings.actions import Actor, Contact, Wanted
from bookings.choices import ActorRole, Decision, DecisionWay, EventKind, PhotoKind, Urgency, WarrantyScope
from bookings.engine.jobs import Job
from bookings.floor import checking_in, deciding, lines, quality, warranty
from bookings.floor import photos as visit_photos
from bookings.floor.checking_in import Sheet
from bookings.floor.drafts import Draft, Part
from bookings.floor.lines import Author
from bookings.floor.photos import Shown
from bookings.models import Booking, Inspection, InspectionItem, Line
from catalog.models import CheckPoint, Service
from core.photos import CleanPhoto, clean
from shops.choices import Role
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, bookable_job
from tests.factories.photos import corners, saved

ALL_IN_ORDER = dict.fromkeys(quality.CHECKLIST, True)


def make_ready(booking: Booking, *, by: User, at: datetime) -> Booking:
    """Finish the work of a visit in service and let somebody else check it."""
    quality.submit(booking=booking, by=by, at=at)
    return quality.check(booking=booking, checklist=ALL_IN_ORDER, by=UserFactory(), at=at)


def hand_over(booking: Booking, *, by: User, at: datetime) -> Booking:
    """Finish, check and hand over a visit in service."""
    make_ready(booking, by=by, at=at)
    return workshop.hand_over(booking=booking, by=by, at=at)


# --- A visit in the middle of approval ----------------------------------------------------------------


@dataclass
class Asked:
    """A car that waits in the shop for its owner's answer."""

    booking: Booking
    owner: User | None
    advisor: User
    lines: list[Line]

    @property
    def line(self) -> Line:
        return self.lines[0]


def brake_pads() -> Service:
    """Front brake pads, which a measured 3 mm justifies."""
    service, _ = Service.objects.get_or_create(
        key="brake_pads_front",
        defaults={
            "name_zh": "更换前刹车片",
            "name_en": "Front brake pads",
            "category": "wear",
            "trigger": "measure",
            "powertrains": ["ice", "hev", "phev", "erev", "bev"],
            "standard_minutes": 50,
            "bay": "lift",
            "skill": "brakes",
            "interval_confidence": "likely",
        },
    )
    point, _ = CheckPoint.objects.get_or_create(
        key="pad_front_left_inner",
        defaults={
            "name_zh": "左前内侧刹车片",
            "name_en": "Front left pad, inner",
            "group": "pads_front",
            "section": "brakes",
            "kind": "measure",
            "unit": "mm",
            "direction": "low_is_bad",
            "red_at": Decimal(3),
            "yellow_at": Decimal(5),
            "lowest": Decimal(0),
            "highest": Decimal(20),
            "decimals": 1,
            "new_value": Decimal(12),
            "rule_zh": "3 mm 及以下更换",
            "rule_en": "Replace at 3 mm or less",
            "confidence": "likely",
        },
    )
    point.services.add(service)
    return service


def pads_draft(**fields: Any) -> Draft:
    """New front pads for ¥420 that add 45 minutes."""
    values: dict[str, Any] = {
        "urgency": Urgency.RED,
        "warranty": warranty.Terms(WarrantyScope.MINOR, days=720, km=24_000),
        "service": brake_pads(),
        "labour_minutes": 50,
        "labour_fen": 12_000,
        "parts": (Part("TRW 前片一套", Decimal(1), 30_000, "GDB3337"),),
        "price_reason": "Pads for the 288 mm disc",
        "extra_minutes": 45,
    }
    return Draft(**{**values, **fields})


def flush_draft(**fields: Any) -> Draft:
    """Something in the shop's own words, ¥88."""
    values: dict[str, Any] = {
        "urgency": Urgency.YELLOW,
        "warranty": warranty.STATUTORY[WarrantyScope.MINOR],
        "title": "清洗节气门",
        "labour_minutes": 20,
        "labour_fen": 8_800,
        "price_reason": "By hand",
        "extra_minutes": 20,
    }
    return Draft(**{**values, **fields})


def asked(
    *,
    at: datetime,
    owner: User | None = None,
    drafts: Sequence[Draft] | None = None,
    photos: int = 0,
    job: Job | None = None,
    contact: Contact = CONTACT,
) -> Asked:
    """A visit checked in with its sheet, inspected (2.8 mm of pad), in work, with proposals sent to the owner.

    Without an owner it is a walk-in. `photos` are added to the sheet and to the measured point, that many each.
    """
    job = job or bookable_job(minutes=40)
    advisor = UserFactory(name="Chen Jianguo")
    if owner is None:
        booking = workshop.walk_in(job=job, starts_at=at, wanted=Wanted(), contact=contact, by=advisor, at=at)
    else:
        booking = actions.book(job=job, starts_at=at + timedelta(hours=1), by=owner, contact=contact, car=None, at=at)
    kept = {PhotoKind.CONDITION: [clean_photo(number) for number in range(photos)]}
    sheet = Sheet(odometer_km=58_263, fuel_percent=40, condition="Scratch on the left door", photos=kept)
    checking_in.write_sheet(booking=booking, sheet=sheet, by=advisor, at=at)
    workshop.start(booking=booking, by=advisor, at=at + timedelta(minutes=7))
    measured(booking, by=advisor, at=at + timedelta(minutes=13), photos=photos)
    author = Author(advisor, Role.ADVISOR)
    wanted = [pads_draft()] if drafts is None else drafts
    proposed = [lines.propose(booking=booking, draft=draft, by=author, at=at) for draft in wanted]
    lines.send(booking=booking, by=author, at=at + timedelta(minutes=15))
    booking.refresh_from_db()
    return Asked(booking, owner, advisor, proposed)


def answer(asked: Asked, *, at: datetime, decision: Decision = Decision.APPROVE) -> None:
    """The owner's answer to every line that was sent, told to the advisor on the phone."""
    lines_asked = Line.objects.filter(booking=asked.booking).pending()
    choices = [deciding.Choice(line.public_id, line.version, decision) for line in lines_asked]
    voice = deciding.Voice(
        DecisionWay.PHONE, recorded_by=asked.advisor, role=Role.ADVISOR, spoke_with="Lin Yue", owner=asked.owner
    )
    deciding.decide(booking=asked.booking, choices=choices, voice=voice, at=at)


def measured(booking: Booking, *, by: User, at: datetime, photos: int = 0) -> Inspection:
    """An inspection that found one worn pad, with its event."""
    brake_pads()
    inspection = Inspection.objects.create(
        booking=booking, template="sample", started_at=at, started_by=by, finished_at=at, finished_by=by
    )
    item = InspectionItem.objects.create(
        inspection=inspection, point="pad_front_left_inner", value=Decimal("2.8"), tone=Urgency.RED, at=at, by=by
    )
    shown = Shown(PhotoKind.MEASUREMENT, item=item)
    visit_photos.attach(booking=booking, cleaned=[clean_photo(n) for n in range(photos)], shown=shown, by=by, at=at)
    actions.record(booking=booking, kind=EventKind.INSPECTED, by=Actor(ActorRole.STAFF, by), at=at)
    return inspection


def clean_photo(number: int = 0) -> CleanPhoto:
    """A small photo, another one for each number."""
    return clean(SimpleUploadedFile("photo.jpg", saved(corners(400 + number, 300)), "image/jpeg"))
