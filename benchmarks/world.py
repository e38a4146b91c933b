"""The measured city: shops × 4 bays × 6 technicians, part of their opening time booked. Made by SQL, repeatable.

Opening time is 8:00 to 20:00 in Shanghai every day (0:00 to 12:00 UTC), cut into five stretches of one to four hours
that differ by shop and day. In each stretch each bay is taken by a visit, with the same probability; a visit has one of
the technicians too, and those who stay without a bay are away in the same share of stretches. So a claim never overlaps
another, each resource is taken for that share of its time, and long enough and too short gaps stand side by side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from bookings import actions
from bookings.engine.jobs import Job
from bookings.models import Allocation, BookedService, Booking
from catalog.models import Offer, Service
from shops.choices import ResourceKind, ShopKind
from shops.models import City, OpeningHours, Resource, Shop
from vehicles.models import Variant

BAYS, TECHNICIANS = 4, 6
PEOPLE = 400
# Where people search from: well inside the city, so that there are shops on all sides. Degrees.
LATITUDES, LONGITUDES = (31.05, 31.40), (121.25, 121.70)
# Shops that are booked for all of the days; any more are booked for the days that searches look at.
BOOKED_FAR_AHEAD = 1000
DAYS_ELSEWHERE = 21
HOURS_OF_STRETCHES = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Size:
    """How big a world is: shops, percent of opening time that is taken, days ahead."""

    shops: int = 1000
    booked: int = 60
    days: int = 90

    def __str__(self) -> str:
        return f"{self.shops:,} shops, {self.booked} % booked"

    @property
    def name(self) -> str:
        """The name of its database, new with every day, migration, change of the catalogue and of this file."""
        migrations = sorted(str(key) for key in MigrationLoader(None).disk_migrations)
        sources = [Path(__file__), *sorted((settings.BASE_DIR / "catalog" / "data").glob("*.yaml"))]
        made_of = [str(datetime.now(UTC).date()), *migrations, *(source.read_text() for source in sources)]
        return f"{self.stem}{hashlib.sha256(repr(made_of).encode()).hexdigest()[:10]}"

    @property
    def stem(self) -> str:
        return f"world_{self.shops}_{self.booked}_{self.days}_"


# --- What measures ask of it --------------------------------------------------------------------------


def service() -> Service:
    return Service.objects.get(key="minor_service")


def variant() -> Variant:
    return Variant.objects.filter(powertrain="ice").order_by("slug").select_related("model__make")[0]


@cache
def service_key() -> str:
    return service().key


@cache
def variant_slug() -> str:
    return variant().slug


def tokens() -> list[str]:
    """Sessions of the people, as the API's tokens name them."""
    return list(Session.objects.order_by("session_key").values_list("session_key", flat=True))


# --- How it is made -----------------------------------------------------------------------------------


def build(size: Size) -> None:
    """Fill an empty, migrated database with the catalogue loaded."""
    _people()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        # A shop, then copies of it: a column that is new to a table needs no word here.
        _first_shop()
        _copy_shops(cursor, size.shops)
        _visit_of_each_length(cursor)
        with _without_triggers(cursor), _without_indexes(cursor, Allocation, Booking, BookedService):
            _fill(cursor, size)
        cursor.execute("VACUUM ANALYZE")


def _people() -> None:
    people = User.objects.bulk_create(User(email=f"owner{n}@bench.example") for n in range(PEOPLE))
    store, week = SessionStore(), timezone.now() + timedelta(days=7)
    Session.objects.bulk_create(
        Session(
            session_key=f"bench{user.pk:027d}",
            session_data=store.encode(
                {
                    SESSION_KEY: str(user.pk),
                    BACKEND_SESSION_KEY: "allauth.account.auth_backends.AuthenticationBackend",
                    HASH_SESSION_KEY: user.get_session_auth_hash(),
                }
            ),
            expire_date=week,
        )
        for user in people
    )


def _first_shop() -> None:
    city = City.objects.create(key="shanghai", name_zh="上海", name_en="Shanghai", latitude=31.2304, longitude=121.4737)
    shop = Shop.objects.create(
        pk=1,
        name_zh="店",
        name_en="Shop",
        slug="shop-1",
        kind=ShopKind.INDEPENDENT,
        city=city,
        district_zh="徐汇区",
        district_en="Xuhui",
        latitude=31.2,
        longitude=121.45,
        booking_window_days=90,
        holiday_policy="as_usual",
    )
    for day in range(1, 9):
        OpeningHours.objects.create(shop=shop, day=day, opens_at=time(8), closes_at=time(20))
    for number in range(1, BAYS + TECHNICIANS + 1):
        kind, able = ResourceKind.BAY, ["lift"]
        if number > BAYS:
            kind, able = ResourceKind.TECHNICIAN, ["maintenance", "chassis"]
        Resource.objects.create(
            pk=number,
            shop=shop,
            kind=kind,
            capabilities=able,
            position=number,
            name_zh=f"{number}",
            name_en=f"{number}",
        )
    Offer.objects.create(shop=shop, service=service(), scope="all", labour_fen=8000, parts_fen=15000)


def _copy_shops(cursor: CursorWrapper, shops: int) -> None:
    """The others, in random places at other prices: shop n has the resources (n − 1) × 10 + 1 … 10, bays first."""
    others = f"generate_series(2, {shops}) n"
    shop = {"id": "n", "public_id": "lpad(n::text, 16, '0')", "slug": "'shop-' || n"}
    shop |= {"latitude": "31.0 + random() * 0.45", "longitude": "121.2 + random() * 0.55"}
    cursor.execute(_copies(Shop, shop, f"shops_shop AS t, {others}"))
    moved = f"(n - 1) * {BAYS + TECHNICIANS} + t.id"
    resource = {"id": moved, "shop_id": "n", "public_id": f"lpad(({moved})::text, 16, '0')"}
    cursor.execute(_copies(Resource, resource, f"shops_resource AS t, {others}"))
    fresh = "nextval(pg_get_serial_sequence('{}', 'id'))"
    hours = {"id": fresh.format("shops_openinghours"), "shop_id": "n"}
    cursor.execute(_copies(OpeningHours, hours, f"shops_openinghours AS t, {others}"))
    offer = {"id": fresh.format("catalog_offer"), "shop_id": "n"}
    offer |= {"labour_fen": "8000 + (random() * 4000)::int", "parts_fen": "15000 + (random() * 8000)::int"}
    cursor.execute(_copies(Offer, offer, f"catalog_offer AS t, {others}"))
    for table in ("shops_shop", "shops_resource"):
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


def _visit_of_each_length(cursor: CursorWrapper) -> None:
    """Hold one visit of every length as the platform does, keep the rows as patterns and take the visits away again."""
    offer, at = Offer.objects.select_related("shop__city").get(shop=1), timezone.now()
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    cursor.execute("CREATE TEMP TABLE length (booking_id bigint, hours int)")
    for user, hours in zip(User.objects.order_by("pk"), HOURS_OF_STRETCHES, strict=False):
        Offer.objects.filter(pk=offer.pk).update(minutes=hours * 60)
        held = actions.hold(
            job=Job(offer.shop, service(), variant()),
            starts_at=midnight + timedelta(days=2 + hours, hours=2),
            holder=actions.Holder(user),
            at=at,
        )
        cursor.execute("INSERT INTO length VALUES (%s, %s)", [held.pk, hours])
    Offer.objects.filter(pk=offer.pk).update(minutes=None)
    cursor.execute(
        "CREATE TEMP TABLE visit AS SELECT b.*, hours FROM bookings_booking b JOIN length ON booking_id = b.id"
    )
    cursor.execute(
        "CREATE TEMP TABLE line AS SELECT b.*, hours FROM bookings_bookedservice b JOIN length USING (booking_id)"
    )
    with _without_triggers(cursor):
        for table in ("allocation", "bookedservice", "bookingevent", "booking"):
            cursor.execute(f"DELETE FROM bookings_{table}")
        cursor.execute("DELETE FROM core_outboxevent")


# Five stretches a day: where they begin, in hours after opening, for four kinds of days.
_STRETCHES = """
CREATE TEMP TABLE stretch AS
SELECT kind, k, hours[k] AS begins, hours[k + 1] AS ends
FROM (VALUES (0, ARRAY[0, 2, 5, 7, 10, 12]), (1, ARRAY[0, 3, 4, 7, 9, 12]),
    (2, ARRAY[0, 3, 6, 7, 10, 12]), (3, ARRAY[0, 2, 4, 7, 8, 12])) AS days (kind, hours), generate_series(1, 5) k
"""
_TAKEN = """
CREATE TEMP TABLE taken AS
SELECT row_number() OVER () AS id, n AS shop, seat,
    begin + begins * interval '1 hour' AS starts_at, begin + ends * interval '1 hour' AS ends_at,
    ends - begins AS hours,
    (n - 1) * 10 + 1 + seat AS bay,
    (n - 1) * 10 + 5 + (seat + (hashint8(n * 1009 + day * 5 + k) & 1023)) %% 6 AS technician
FROM generate_series(1, %(shops)s) n
CROSS JOIN LATERAL generate_series(0, CASE WHEN n <= %(far)s THEN %(days)s ELSE %(days_elsewhere)s END - 1) day
CROSS JOIN LATERAL (
    SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + day * interval '1 day'
) AS start (begin)
JOIN stretch ON kind = (hashint8(n * 31 + day * 7919) & 3)
CROSS JOIN generate_series(0, 5) seat
WHERE (hashint8(((n * 100 + day) * 5 + k)::bigint * 6 + seat) & 1023) < %(share)s
"""
_CLAIMS = """
INSERT INTO bookings_allocation (resource_id, booking_id, kind, during, reason, is_pinned)
SELECT unnest(ARRAY[bay, technician]), id, 'work', tstzrange(starts_at, ends_at), '', false FROM taken WHERE seat < 4
UNION ALL
SELECT technician, NULL, 'break', tstzrange(starts_at, ends_at), '', false FROM taken WHERE seat >= 4
"""
_OVERLAPS = """
SELECT count(*) FROM (
    SELECT during && lead(during) OVER (PARTITION BY resource_id ORDER BY during) AS is_overlap FROM bookings_allocation
) AS pair WHERE is_overlap
"""


def _fill(cursor: CursorWrapper, size: Size) -> None:
    numbers = {
        "shops": size.shops,
        "far": BOOKED_FAR_AHEAD,
        "days": size.days,
        "days_elsewhere": min(DAYS_ELSEWHERE, size.days),
        "share": round(size.booked / 100 * 1024),
    }
    cursor.execute(_STRETCHES)
    cursor.execute(_TAKEN, numbers)
    booking = {
        "id": "w.id",
        "public_id": "lpad(w.id::text, 16, '0')",
        "number": "w.id::text",
        "shop_id": "w.shop",
        "owner_id": f"{User.objects.order_by('pk')[0].pk} + w.id % {PEOPLE}",
        "status": "'confirmed'",
        "starts_at": "w.starts_at",
        "ends_at": "w.ends_at",
        "local_date": "(w.starts_at AT TIME ZONE t.timezone)::date",
        "local_time": "(w.starts_at AT TIME ZONE t.timezone)::time",
        "free_cancel_until": "w.starts_at - interval '1 hour'",
        "hold_expires_at": "NULL",
        "confirmed_at": "t.created_at",
    }
    cursor.execute(_copies(Booking, booking, "visit AS t JOIN taken AS w USING (hours) WHERE w.seat < 4"))
    line = {"id": "nextval(pg_get_serial_sequence('bookings_bookedservice', 'id'))", "booking_id": "w.id"}
    cursor.execute(_copies(BookedService, line, "line AS t JOIN taken AS w USING (hours) WHERE w.seat < 4"))
    cursor.execute("SELECT setval(pg_get_serial_sequence('bookings_booking', 'id'), (SELECT max(id) + 1 FROM taken))")
    cursor.execute(_CLAIMS)


def _copies(model: type[Model], changes: Mapping[str, str], source: str) -> str:
    """An INSERT that copies the rows `t` of `source`, with some columns (name → SQL) changed."""
    columns = [field.column for field in model._meta.concrete_fields]
    values = ", ".join(changes.get(column, f"t.{column}") for column in columns)
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {values} FROM {source}"


@contextmanager
def _without_triggers(cursor: CursorWrapper) -> Iterator[None]:
    """No foreign keys, no history: the rows are right by the way they are made."""
    cursor.execute("SET session_replication_role = replica")
    yield
    cursor.execute("SET session_replication_role = origin")


@contextmanager
def _without_indexes(cursor: CursorWrapper, *models: type[Model]) -> Iterator[None]:
    """Build indexes after the rows: inserting millions one by one would take longer than all else.

    They are marked as not ready, not dropped: adding the exclusion constraint again would look up every row for a
    rival, which takes minutes. VACUUM FULL makes all indexes anew and looks up none; one sort tells that nothing
    overlaps. The constraint stands again afterwards.
    """
    tables = [model._meta.db_table for model in models]
    mark = "UPDATE pg_index SET indisready = %s WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary"
    cursor.execute(mark, [False, tables])
    yield
    cursor.execute(mark, [True, tables])
    for table in tables:
        cursor.execute(f"VACUUM FULL {table}")
    cursor.execute(_OVERLAPS)
    if cursor.fetchone() != (0,):
        raise AssertionError("the world has claims that overlap")
