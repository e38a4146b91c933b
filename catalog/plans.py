"""The services of the catalogue as one car sees them: what applies, when it is due, what does not apply and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalog import intervals
from catalog.applicability import reason_against
from catalog.choices import ServiceCategory
from catalog.intervals import Interval
from catalog.models import Service
from vehicles.models import Variant


@dataclass(frozen=True)
class PlanLine:
    """One service on one car (or, without a car, in general)."""

    service: Service
    interval: Interval
    reason_against: str = ""


@dataclass(frozen=True)
class PlanGroup:
    """The services of a category that apply."""

    category: ServiceCategory
    lines: list[PlanLine]


@dataclass(frozen=True)
class Plan:
    groups: list[PlanGroup]
    not_applicable: list[PlanLine]

    @property
    def by_schedule(self) -> list[PlanLine]:
        """What the maker or the general schedule gives this car an interval for."""
        return [line for group in self.groups for line in group.lines if line.interval.has_interval]


def lines(services: Iterable[Service], variant: Variant | None) -> list[PlanLine]:
    """Each service with its interval and, where it does not apply, why. One query with a car, none without."""
    services = list(services)
    known = intervals.for_car(services, variant) if variant else {}
    return [
        PlanLine(
            service=service,
            interval=known.get(service.pk) or intervals.general(service),
            reason_against=reason_against(service, variant) if variant else "",
        )
        for service in services
    ]


def plan(services: Iterable[Service], variant: Variant | None) -> Plan:
    """The services that apply, grouped by category, and those that do not. One query with a car."""
    found = lines(services, variant)
    groups = [
        PlanGroup(category, of_category)
        for category in ServiceCategory
        if (of_category := [line for line in found if line.service.category == category and not line.reason_against])
    ]
    return Plan(groups, [line for line in found if line.reason_against])
