"""What a letter offers times for. What is sure is booked together; where everything is only likely, the measuring."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.models import Service
from catalog.needs.rows import MEASURED_IN
from reminders.models import DueItem
from reminders.sending.facts import Facts

# As many services as one visit takes well (product decision); the rest is on the car's page.
_TOGETHER = 4


def services_for(items: Sequence[DueItem], facts: Facts) -> list[Service]:
    """The services to book for items of one car, the most urgent first; empty where nothing can be booked."""
    variant = items[0].car.variant
    wanted = [item.service for item in items if item.service and not item.is_likely]
    likely = [item.service for item in items if item.service and item.is_likely]

    def fitting(keys: Sequence[str]) -> list[Service]:
        return [service for service in facts.listed(keys) if service.suits(variant)][:_TOGETHER]

    if not wanted and likely:
        return fitting([MEASURED_IN]) or fitting(likely)
    return fitting(wanted)
