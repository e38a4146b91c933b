"""Loads the demo city: places, shops with bays and people, prices, sign-ins, and a day's visits."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from core import outbox
from core.errors import NotAllowed
from o2o_platform.demo import fees, money, people, prices, reminders, reviews, shops, visits


class NotInProductionError(NotAllowed):
    code = "not_in_production"
    message = "Demo data is refused here: DEMO_DATA is off in these settings."


def check_allowed() -> None:
    """Raise NotInProductionError unless these settings allow demo data."""
    if not settings.DEMO_DATA:
        raise NotInProductionError


@transaction.atomic
def load(*, at: datetime) -> str:
    """Bring the demo city up to date, all or nothing; say what was made.

    What stands there already is left alone: a shop, a person or a price that somebody changed keeps the change. A day
    without demo visits gets its own. Nothing is sent to anybody. Raises NotInProductionError.
    """
    check_allowed()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('load_demo_city'))")
    city = shops.load_places()
    new_shops = shops.load_shops(city=city, at=at)
    offers = prices.load_offers(shops=new_shops)
    fees.load(at=at)
    with outbox.silence():
        new_people = people.load(at=at)
        new_visits = visits.top_up(city=city, at=at)
        money.load(at=at)
        new_reviews = reviews.load(at=at)
        reminders.load(at=at)
    return (
        f"{len(new_shops)} shops, {offers} prices, {new_people} people, {new_visits} visits, {new_reviews} reviews made"
    )
