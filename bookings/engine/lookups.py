"""What a request names, brought in one query: a shop by its slug, services by their keys, a car's variant by its slug.

For the endpoints that are asked often. What is missing is None or left out: the endpoint says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from django.db import connection, models

from bookings.models import Allocation, Booking
from catalog.models import Service, ServicePhase
from shops.models import City, Resource, Shop
from vehicles.models import CarModel, Make, Variant

# Texts for pages are left where they are; Django fetches them should anybody ask.
_LEFT_OUT = {"seed", "intro_zh", "intro_en", "search_text", "source", "note_zh", "note_en", "aliases"}
_LEFT_OUT |= {f"{field}_{code}" for field in ("summary", "when_due", "includes", "excludes") for code in ("zh", "en")}

_ASKED = """
SELECT {columns}, (SELECT json_agg(json_build_array({phase}) ORDER BY phase.position, phase.id)
    FROM catalog_servicephase AS phase WHERE phase.service_id = service.id)::text
FROM (VALUES (1)) AS one
LEFT JOIN (shops_shop AS shop JOIN shops_city AS city ON city.id = shop.city_id) ON shop.slug = %(shop)s
LEFT JOIN (
    vehicles_variant AS variant
    JOIN vehicles_carmodel AS model ON model.id = variant.model_id
    JOIN vehicles_make AS make ON make.id = model.make_id
) ON variant.slug = %(variant)s
LEFT JOIN catalog_service AS service ON service.key = ANY(%(services)s)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was found of what was named; services by their keys, with their phases at hand."""

    shop: Shop | None
    variant: Variant | None
    services: dict[str, Service]


def bring(*, shop: str, variant: str, services: Sequence[str]) -> Asked:
    """Whatever is there of the shop, the variant and the services, listed or not. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_sql(), {"shop": shop, "variant": variant, "services": list(services)})
        rows = cursor.fetchall()
    found: dict[str, Service] = {}
    for row in rows:
        values = iter(row)
        the_shop, city = _row(Shop, values), _row(City, values)
        the_variant, model, make, service = (_row(kind, values) for kind in (Variant, CarModel, Make, Service))
        if the_shop is not None:
            the_shop.city = city
        if the_variant is not None:
            model.make, the_variant.model = make, model
        if service is not None:
            _put_phases(service, next(values))
            found[service.key] = service
    return Asked(the_shop, the_variant, found)


def bring_claims(booking: Booking) -> None:
    """Put the claims of a visit and their resources at hand. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_claims_sql(), [booking.pk])
        rows = cursor.fetchall()
    claims = []
    for row in rows:
        values = iter(row)
        claim, resource = _row(Allocation, values), _row(Resource, values)
        claim.resource = resource
        claims.append(claim)
    booking._prefetched_objects_cache = {  # type: ignore[attr-defined]
        **getattr(booking, "_prefetched_objects_cache", {}),
        "allocations": claims,
    }


@cache
def _claims_sql() -> str:
    columns = [f"claim.{name}" for name in _fields(Allocation)] + [f"resource.{name}" for name in _fields(Resource)]
    return _CLAIMS.format(columns=", ".join(columns))


_CLAIMS = """
SELECT {columns} FROM bookings_allocation AS claim JOIN shops_resource AS resource ON resource.id = claim.resource_id
WHERE claim.booking_id = %s ORDER BY claim.resource_id, claim.during, claim.id
"""


@cache
def _fields(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields if field.attname not in _LEFT_OUT)


@cache
def _sql() -> str:
    tables = {"shop": Shop, "city": City, "variant": Variant, "model": CarModel, "make": Make, "service": Service}
    columns = [f"{alias}.{name}" for alias, model in tables.items() for name in _fields(model)]
    phase = ", ".join(f"phase.{name}" for name in _fields(ServicePhase))
    return _ASKED.format(columns=", ".join(columns), phase=phase)


def _row(model: type[models.Model], values: Iterator[Any]) -> Any:
    """The next row's worth of values as an instance; None for an outer join that found nothing."""
    fields = _fields(model)
    of_row = list(islice(values, len(fields)))
    return None if of_row[0] is None else model.from_db("default", fields, of_row)


def _put_phases(service: Service, text: str | None) -> None:
    rows = [ServicePhase.from_db("default", _fields(ServicePhase), row) for row in json.loads(text or "[]")]
    service._prefetched_objects_cache = {"phases": rows}  # type: ignore[attr-defined]
