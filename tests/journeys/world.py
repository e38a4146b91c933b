"""The part of the demo city that the journeys are made in: the real catalogue, some shops, and people without visits.

The city's clock is set so that it is mid-morning there whenever the tests run, and its shops know neither holidays nor
closures: every journey finds them open and with times to come.
"""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection

from bookings.models import Booking
from catalog.catalogue_loading import load_all
from core.models import OutboxEvent
from notifications.models import Message
from o2o_platform.demo import data, people, prices, shops
from shops.choices import Day, HolidayPolicy
from shops.models import City, Closure, OpeningHours, Shop

FLAGSHIP = "shenchi-xuhui"
ON_SITE = "daojia-xuhui"
SHOPS = (
    FLAGSHIP,
    ON_SITE,
    "hucheng-xujiahui",
    "xiaoman-caohejing",
    "qinghe-luban",
    "cheyouyi-changning",
    "pujiang-vw-longhua",
    "shenchi-pudong",
)
LAVIDA = "volkswagen-lavida-1-4t"
OIL_SERVICE = "minor_service"
LOCAL_HOUR = 10


def load(*, at: datetime) -> None:
    """Load catalogue, places, the shops named above with their prices, and the people whom one can sign in as."""
    load_all()
    city = shops.load_places()
    City.objects.filter(pk=city.pk).update(timezone=_zone(at))
    with pytest.MonkeyPatch.context() as patch:
        read = data.read
        patch.setattr(data, "read", lambda name: [e for e in read(name) if e.get("slug", FLAGSHIP) in SHOPS])
        patch.setitem(data.people("customers"), "names", [])
        prices.load_offers(shops=shops.load_shops(city=City.objects.get(), at=at))
        people.load(at=at)
    Shop.objects.update(holiday_policy=HolidayPolicy.AS_USUAL, works_makeup_days=True)
    Closure.objects.all().delete()
    _open_all_week()


def _zone(at: datetime) -> str:
    """A zone in which it is now `LOCAL_HOUR` and some minutes. The names of these zones count westwards."""
    west = at.astimezone(UTC).hour - LOCAL_HOUR
    return f"Etc/GMT{west if west <= 12 else west - 24:+d}"


def _open_all_week() -> None:
    """Some shops rest on Sundays; the journeys would find other times then than on a Monday."""
    monday = list(OpeningHours.objects.filter(day=Day.MONDAY))
    OpeningHours.objects.exclude(day=Day.MONDAY).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(shop_id=row.shop_id, day=day, opens_at=row.opens_at, closes_at=row.closes_at)
        for row in monday
        for day in Day
        if day != Day.MONDAY
    )


def forget_visits() -> None:
    """Remove what a journey leaves behind: visits, messages, sessions."""
    tables = [model._meta.db_table for model in (Booking, Message, OutboxEvent)]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}, django_session CASCADE")


def remove() -> None:
    """Leave an empty database to whatever tests come next."""
    call_command("flush", interactive=False, verbosity=0)
