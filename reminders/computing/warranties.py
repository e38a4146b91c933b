"""Warranties that are about to end: of repairs, and the one that the law asks of makers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from catalog.advice.belief import Story
from catalog.advice.dates import add_days, add_months
from catalog.choices import ServiceCategory
from reminders.choices import By, Source
from reminders.computing.shape import MAKERS_WARRANTY, WARRANTY, Computed, Known, Repair
from vehicles.choices import Confidence, Powertrain

# A shorter one is over before there is anything to look at again (product decision).
LONG_DAYS = 90
# What is worth a second look: parts and repairs, not an oil service (product decision).
_REPAIRED = (ServiceCategory.WEAR, ServiceCategory.REPAIR)

# 家用汽车产品修理更换退货责任规定 (市场监管总局令第43号, of 22 July 2021): the least time in which a maker repairs free
# of charge (包修期) a car that is not for business, whichever comes first, from the invoice or, if that is another day,
# from the delivery. In force since 1 January 2022; article 18 by our source. Compared with published copies, not with
# the gazette. It gives the main parts of battery cars and plug-ins no shorter time; what makers promise beyond it
# (8 years or 120,000 km were a condition of a subsidy that has ended) is in the car's booklet and not known here.
MAKERS_MONTHS = 36
MAKERS_KM = 60_000
MAKERS_SINCE = date(2022, 1, 1)
MAKERS_SOURCE = "家用汽车产品修理更换退货责任规定, 市场监管总局令第43号 (2022-01-01)"


def items(known: Known) -> Iterator[Computed]:
    """Every warranty that still runs, until its last day or kilometre."""
    story = known.firsts.adviser.story
    for repair in known.repairs:
        if (found := _repair(repair, known)) is not None:
            yield found
    delivered_on = story.new_on
    if delivered_on is None or story.is_new_estimated or delivered_on < MAKERS_SINCE:
        return
    until_on = add_months(delivered_on, MAKERS_MONTHS)
    if not _is_over(until_on, MAKERS_KM, story):
        facts = {
            "kind": "maker",
            "from_on": delivered_on.isoformat(),
            "is_electric": story.car.powertrain != Powertrain.ICE,
            "source": MAKERS_SOURCE,
            "confidence": Confidence.LIKELY,
        }
        yield _warranty(MAKERS_WARRANTY, delivered_on, until_on, MAKERS_KM, facts, story)


def _repair(repair: Repair, known: Known) -> Computed | None:
    adviser = known.firsts.adviser
    services = adviser.book.services
    names = [
        (row["name_zh"], row["name_en"])
        for row in repair.items
        if row["service"] not in services or services[row["service"]].category in _REPAIRED
    ]
    believed = adviser.story.curve.shown
    km = repair.km if repair.km is not None and (repair.on, repair.km) in believed else None
    until_km = km + repair.warranty_km if km is not None and repair.warranty_km is not None else None
    until_on = add_days(repair.on, repair.days)
    if not names or _is_over(until_on, until_km, adviser.story):
        return None
    facts = {
        "kind": "repair",
        "names_zh": [zh for zh, _en in names],
        "names_en": [en or zh for zh, en in names],
        "from_on": repair.on.isoformat(),
        "confidence": Confidence.SURE,
    }
    return _warranty(f"{WARRANTY}:{repair.number}#{repair.index}", repair.on, until_on, until_km, facts, adviser.story)


def _is_over(until_on: date, until_km: int | None, story: Story) -> bool:
    """Past its last day, or past its last kilometre by a reading; a projection ends nothing."""
    return story.today > until_on or (until_km is not None and story.km is not None and story.km > until_km)


def _warranty(
    subject: str, begins: date, until_on: date, until_km: int | None, facts: dict[str, Any], story: Story
) -> Computed:
    reached = story.reached(until_km) if until_km is not None else None
    is_by_km = reached is not None and reached.on < until_on
    on = reached.on if reached and is_by_km else until_on
    return Computed(
        source=Source.WARRANTY,
        subject=subject,
        cycle=begins.isoformat(),
        by=By.KM if is_by_km else By.DATE,
        due_on=on,
        earliest_on=min(reached.earliest, until_on) if reached and is_by_km else on,
        latest_on=min(reached.latest, until_on) if reached and is_by_km else on,
        due_km=until_km,
        is_by_prior=is_by_km and story.curve.rate is None,
        facts={**facts, "until_on": until_on.isoformat(), "until_km": until_km},
    )
