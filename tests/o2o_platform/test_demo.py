"""The demo city: complete, the same again on the second load, never in production, nobody written to."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import Count, Q

from accounts.models import User
from bookings.choices import IN_SHOP, Status
from bookings.models import Allocation, Booking
from catalog import pricing
from catalog.models import Offer, Service
from core.models import OutboxEvent
from o2o_platform.demo.booking import FLAGSHIP
from o2o_platform.demo.people import address
from o2o_platform.demo.sign_ins import sign_ins
from reminders import demand
from reminders.models import CarState
from shops import staffing
from shops.models import City, Place, Shop
from shops.opening import hours_problems
from vehicles.models import Variant

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)  # a Wednesday, 14:30 in Shanghai


def load(at: datetime = NOON) -> str:
    out = StringIO()
    with time_machine.travel(at):
        call_command("load_demo_city", stdout=out)
    return out.getvalue()


def state() -> list[int]:
    return [model.objects.count() for model in (Shop, Offer, User, Booking, Allocation, Place)]


@pytest.fixture
def city() -> City:
    call_command("load_catalogue", stdout=StringIO())
    load()
    return City.objects.get(key="shanghai")


def test_demo_city_is_refused_where_settings_do_not_allow_it(settings):
    settings.DEMO_DATA = False
    for command in ("load_demo_city", "demo_sign_ins"):
        with pytest.raises(CommandError, match="DEMO_DATA"):
            call_command(command, stdout=StringIO())
    assert not Shop.objects.exists()


def test_demo_city_as_a_whole(city):
    """One load, many looks: the load is the dear part."""
    kinds = Counter(Shop.objects.values_list("kind", flat=True))
    assert kinds.total() >= 64
    assert min(kinds.values()) >= 8
    assert Place.objects.filter(kind="district").count() == 16
    _shops_can_do_what_they_offer()
    _rules_are_lived_by()
    _prices_spread_round_the_band(city)
    _day_is_lively()
    _cars_are_due()
    assert not OutboxEvent.objects.exists()
    assert next(row.what for row in sign_ins()) == "car owner"
    assert any("and car owner" in row.what for row in sign_ins())
    before = state()
    assert "0 shops, 0 prices, 0 people, 0 visits" in load(NOON + timedelta(hours=1))
    assert state() == before
    _next_day_gets_its_own_visits()
    _what_an_admin_changed_stays()


def _shops_can_do_what_they_offer() -> None:
    assert not Shop.objects.filter(opening_hours=None).exists()
    offers = Offer.objects.select_related("service", "shop").prefetch_related("shop__resources")
    for offer in offers.order_by("shop_id", "service_id").distinct("shop_id", "service_id"):
        resources = offer.shop.resources.all()
        bays = [resource for resource in resources if resource.kind != "technician"]
        assert offer.service.bay in ("any", "none") or any(offer.service.bay in bay.capabilities for bay in bays), offer
        assert any(offer.service.skill in who.capabilities for who in resources if who.kind == "technician"), offer
    wrong = (
        Q(scope="all", service__key="minor_service")
        | Q(parts_fen__gt=1_000_000)
        | Q(shop__kind="on_site", service__can_be_on_site=False)
    )
    assert not Offer.objects.filter(wrong).exists()


def _rules_are_lived_by() -> None:
    shops = Shop.objects.prefetch_related("resources__shifts", "off_peak")
    for shop in shops:
        assert not staffing.missing(shop), shop
        assert ("loaner" in shop.amenities) == any(row.kind == "loaner" for row in shop.resources.all()), shop
        assert ("pickup" in shop.amenities) == bool(shop.pickup_radius_km), shop
        assert shop.no_show_fee_percent >= shop.late_cancel_fee_percent, shop
        assert not hours_problems([(row.day, row.starts_at, row.ends_at) for row in shop.off_peak.all()]), shop
        for person in shop.resources.all():
            assert not hours_problems([(row.day, row.starts_at, row.ends_at) for row in person.shifts.all()]), person
    values = Shop.objects.values_list("confirmation", "deposit_percent", "late_cancel_fee_percent", "write_up_minutes")
    assert all(len(set(column)) > 1 for column in zip(*values, strict=True))
    assert min(Counter(shop.off_peak.exists() for shop in shops).values()) >= 10


def _prices_spread_round_the_band(city: City) -> None:
    lavida = Variant.objects.with_names().get(slug="volkswagen-lavida-1-4t")
    service = Service.objects.get(key="minor_service")
    band = pricing.fair_price(service=service, variant=lavida, city=city)
    quotes = pricing.quotes(shop_ids=Shop.objects.values_list("pk", flat=True), service=service, variant=lavida)
    assert band is not None
    assert band.n == len(quotes) >= 40
    marks = Counter(pricing.mark(quote.total_fen, band) for quote in quotes.values())
    assert min(marks["below"], marks["fair"], marks["above"]) >= 5


def _day_is_lively() -> None:
    today = Booking.objects.filter(shop__slug=FLAGSHIP, starts_at__date=NOON.date())
    states = Counter(today.values_list("status", flat=True))
    assert states.total() >= 10
    assert states[Status.COMPLETED]
    assert states[Status.CONFIRMED]
    assert states[Status.IN_SERVICE] + states[Status.READY]
    everywhere = set(Booking.objects.values_list("status", flat=True))
    assert {Status.CANCELLED, Status.NO_SHOW, Status.COMPLETED, Status.CONFIRMED} <= everywhere
    assert not Booking.objects.exclude(status__in=["cancelled", "no_show"]).annotate(n=Count("allocations")).filter(n=0)
    assert not Booking.objects.filter(confirmed_at__gt=NOON).exists()
    assert not Booking.objects.filter(status=Status.COMPLETED, completed_at__gt=NOON).exists()


def _cars_are_due() -> None:
    """The shop that one signs in to first sees which of its customers' cars will be due."""
    seen = demand.expected(Shop.objects.get(slug=FLAGSHIP), at=NOON)
    assert seen.overdue
    assert sum(week.total for week in seen.weeks) >= 5
    assert {row.service for row in seen.services} >= {"minor_service"}
    assert not CarState.objects.exclude(last_error="").exists()


def _next_day_gets_its_own_visits() -> None:
    other = Booking.objects.filter(starts_at__date=NOON.date(), status=Status.CONFIRMED).first()
    assert other is not None
    load(NOON + timedelta(days=1))
    tomorrow = Booking.objects.filter(shop__slug=FLAGSHIP, starts_at__date=NOON.date() + timedelta(days=1))
    assert 10 <= tomorrow.count() <= 14
    # Only the visit whose owner is asked waits: whoever signs in as that owner gives the answer.
    before_today = Booking.objects.filter(starts_at__date__lte=NOON.date(), source="demo")
    still_open = before_today.filter(status__in=[Status.CONFIRMED, *IN_SHOP])
    assert [booking.owner.email for booking in still_open] == [address("lin")]
    assert [booking.lines.pending().exists() for booking in still_open] == [True]
    before = state()
    load(NOON + timedelta(days=1, hours=1))
    assert state() == before


def _what_an_admin_changed_stays() -> None:
    shop = Shop.objects.get(slug=FLAGSHIP)
    Shop.objects.filter(pk=shop.pk).update(name_zh="改过的名字")
    Offer.objects.filter(shop=shop).delete()
    Place.objects.filter(key="xujiahui").update(name_en="Xujiahui!")
    load(NOON + timedelta(days=1, hours=2))
    shop.refresh_from_db()
    assert (shop.name_zh, shop.offers.count()) == ("改过的名字", 0)
    assert Place.objects.get(key="xujiahui").name_en == "Xujiahui!"
