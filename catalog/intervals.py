"""When a service is due on a car: the maker's schedule where there is one, the general interval otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from catalog.models import MakerSchedule, Service
from vehicles.models import Make, Variant


@dataclass(frozen=True)
class Interval:
    """An interval with where it comes from. `make` is set when it is the maker's own."""

    km: int | None
    months: int | None
    confidence: str
    source: str
    make: Make | None = None
    first_km: int | None = None
    first_months: int | None = None
    note: str = ""
    is_condition_based: bool = False

    @property
    def has_interval(self) -> bool:
        return self.km is not None or self.months is not None


def general(service: Service) -> Interval:
    """What holds for cars in general; both numbers empty when the service has no interval."""
    return Interval(
        km=service.interval_km,
        months=service.interval_months,
        confidence=service.interval_confidence,
        source=service.source,
    )


def for_car(services: Iterable[Service], variant: Variant) -> dict[int, Interval]:
    """The interval of each service on this car, by service id, in one query: the maker's own or the general one."""
    return for_cars(services, [variant])[variant.pk]


def for_cars(services: Iterable[Service], variants: Iterable[Variant]) -> dict[int, dict[int, Interval]]:
    """The same for many variants, by variant id and service id, in one query."""
    services, variants = list(services), list(variants)
    rows = list(
        MakerSchedule.objects.filter(
            Q(variant__in=variants) | Q(variant=None),
            make__in={variant.model.make_id for variant in variants},
            service__in=services,
        )
    )
    return {variant.pk: of_variant(services, variant, rows) for variant in variants}


def of_variant(services: Iterable[Service], variant: Variant, rows: Iterable[MakerSchedule]) -> dict[int, Interval]:
    """The interval of each service on the variant, by service id, from schedules that are at hand. No query.

    The most specific schedule wins: for the variant, for the make with the variant's powertrain, for the make.
    """
    schedules: dict[int, MakerSchedule] = {}
    for row in sorted(rows, key=_specificity):
        if _fits(row, variant):
            schedules[row.service_id] = row
    return {
        service.pk: _of_maker(schedules[service.pk], variant) if service.pk in schedules else general(service)
        for service in services
    }


def _fits(row: MakerSchedule, variant: Variant) -> bool:
    if row.make_id != variant.model.make_id:
        return False
    if row.variant_id is not None:
        return row.variant_id == variant.pk
    return row.powertrain in ("", variant.powertrain)


def _specificity(row: MakerSchedule) -> tuple[bool, bool]:
    return row.variant_id is not None, bool(row.powertrain)


def _of_maker(row: MakerSchedule, variant: Variant) -> Interval:
    return Interval(
        km=row.interval_km,
        months=row.interval_months,
        confidence=row.confidence,
        source=row.source,
        make=variant.model.make,
        first_km=row.first_km,
        first_months=row.first_months,
        note=row.note,
        is_condition_based=row.is_condition_based,
    )
