"""The measured city: shops × 4 bays × 6 technicians, 60 % booked for three weeks. Made by SQL, repeatable."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

from accounts.models import User
from catalog.models import Service
from shops.models import City
from vehicles.models import Variant

DAYS = 21
BAYS, TECHNICIANS = 4, 6

_SHOPS = """
INSERT INTO shops_shop (public_id, name_zh, name_en, slug, kind, brand_name, city_id, district_zh, district_en,
    address_zh, address_en, latitude, longitude, phone, intro_zh, intro_en, amenities, warranty_months, holiday_policy,
    works_makeup_days, lead_time_minutes, booking_window_days, slot_step_minutes, hold_minutes, turnaround_minutes,
    free_cancel_minutes, is_listed, created_at)
SELECT lpad(n::text, 16, '0'), '店 ' || n, 'Shop ' || n, 'shop-' || n, 'independent', '', %(city)s, '徐汇区', 'Xuhui',
    '', '',
    31.0 + random() * 0.45, 121.2 + random() * 0.55, '', '', '', '{}', 0, 'as_usual',
    true, 60, 60, 30, 10, 0, 60, true, now()
FROM generate_series(1, %(shops)s) n
"""
_HOURS = """
INSERT INTO shops_openinghours (shop_id, day, opens_at, closes_at)
SELECT id, day, '08:00', '20:00' FROM shops_shop, generate_series(1, 8) day
"""
_RESOURCES = """
INSERT INTO shops_resource (public_id, name_zh, name_en, shop_id, kind, capabilities, position, is_active)
SELECT left(md5(of.kind || s.id || '-' || n), 16), of.kind || n, of.kind || n, s.id, of.kind, of.capabilities, n, true
FROM shops_shop s,
    (VALUES ('bay', ARRAY['lift'], %(bays)s), ('technician', ARRAY['maintenance', 'chassis'], %(technicians)s))
        AS of (kind, capabilities, count),
    generate_series(1, of.count) n
"""
_OFFERS = """
INSERT INTO catalog_offer (shop_id, service_id, scope, labour_fen, parts_fen, parts_note, is_active, updated_at, source)
SELECT id, %(service)s, 'all', 8000 + (random() * 4000)::int, 15000 + (random() * 8000)::int, '', true, now(), 'demo'
FROM shops_shop
"""
# Twelve hours a day from 8:00 in Shanghai (0:00 UTC), cut into hours, 60 % of them taken.
_CLAIMS = """
INSERT INTO bookings_allocation (resource_id, kind, during, reason)
SELECT r.id, 'block', tstzrange(start, start + interval '1 hour'), ''
FROM shops_resource r,
    generate_series(0, %(days)s - 1) day,
    generate_series(0, 11) stretch,
    LATERAL (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
        + day * interval '1 day' + stretch * interval '1 hour') AS t (start)
WHERE (hashint8(r.id * 7919 + day * 104729 + stretch * 1299709) & 1023) < %(share)s
"""


# Built after the rows: a million insertions into it one by one would take longer than everything else together.
_DROP = "ALTER TABLE bookings_allocation DROP CONSTRAINT allocation_no_overlap"
_ADD = (
    "ALTER TABLE bookings_allocation ADD CONSTRAINT allocation_no_overlap"
    " EXCLUDE USING gist (resource_id WITH =, during WITH &&)"
)


def build(*, shops: int, booked: float = 0.6) -> None:
    """Fill an empty, migrated database with the catalogue loaded. `booked` is the share of time that is taken."""
    numbers = {
        "city": City.objects.create(
            key="shanghai", name_zh="上海", name_en="Shanghai", latitude=31.2304, longitude=121.4737
        ).pk,
        "shops": shops,
        "bays": BAYS,
        "technicians": TECHNICIANS,
        "service": service().pk,
        "days": DAYS,
        "share": int(booked * 1024),
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        for statement in (_DROP, _SHOPS, _HOURS, _RESOURCES, _OFFERS, _CLAIMS, _ADD):
            cursor.execute(statement, numbers)
        cursor.execute("VACUUM ANALYZE")
    User.objects.bulk_create(User(email=f"owner{n}@bench.example") for n in range(64))


def service() -> Service:
    return Service.objects.get(key="minor_service")


def variant() -> Variant:
    return Variant.objects.filter(powertrain="ice").order_by("slug").select_related("model__make")[0]


def tomorrow() -> datetime:
    """The start of the day after today, UTC: it is 8:00 in Shanghai."""
    now = datetime.now(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
