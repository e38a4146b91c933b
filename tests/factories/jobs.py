"""A job that can be booked: a shop that is open, a service, a car and a price for it."""

from datetime import UTC, datetime
from typing import Any

from bookings.actions import Actor, Contact, Holder
from bookings.choices import ActorRole
from bookings.engine.jobs import Job
from catalog.models import Offer, Service
from tests.factories.shops import open_shop
from vehicles.models import CarModel, Make, Variant

# A Monday, 10:00 in Shanghai; no holiday near.
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
STAFF = Actor(ActorRole.STAFF)
CONTACT = Contact(name="林女士", phone="+8613816420957", plate="沪AD8K21")


def lavida() -> Variant:
    make, _ = Make.objects.get_or_create(
        key="volkswagen", defaults={"name_zh": "大众", "name_en": "Volkswagen", "kind": "joint_venture"}
    )
    model, _ = CarModel.objects.get_or_create(
        make=make,
        key="lavida",
        defaults={"name_zh": "朗逸", "name_en": "Lavida", "segment": "compact_sedan", "price_class": "economy"},
    )
    variant, _ = Variant.objects.get_or_create(
        slug="volkswagen-lavida-1-4t", defaults={"model": model, "code": "1.4T", "powertrain": "ice"}
    )
    return variant


def minor_service(**fields: Any) -> Service:
    defaults = {
        "name_zh": "小保养",
        "name_en": "Minor service",
        "category": "maintenance",
        "trigger": "schedule",
        "powertrains": ["ice", "hev", "phev", "erev"],
        "standard_minutes": 40,
        "bay": "lift",
        "skill": "maintenance",
        "can_be_on_site": True,
        "interval_confidence": "likely",
    }
    service, _ = Service.objects.get_or_create(key=fields.pop("key", "minor_service"), defaults={**defaults, **fields})
    return service


def bookable_job(*, bays: int = 1, technicians: int = 1, minutes: int | None = None, **shop_fields: Any) -> Job:
    """A job at a new shop, open daily 8 to 20, that charges ¥268 for it."""
    shop = open_shop(bays=bays, technicians=technicians, **shop_fields)
    service = minor_service()
    Offer.objects.create(
        shop=shop, service=service, scope="all", labour_fen=8400, parts_fen=18400, minutes=minutes, parts_note="0W-20"
    )
    return Job(shop=shop, service=service, variant=lavida())


def browser(key: str = "a browser") -> Holder:
    return Holder(user=None, visitor_key=key)
