"""The inspection by law and the insurance, by the law's own dates and by what the owner says. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from catalog.advice.dates import add_months
from catalog.advice.facts import Item
from catalog.advice.statute import WINDOW_MONTHS
from catalog.choices import Trigger
from catalog.needs.shape import By as LineBy
from catalog.needs.shape import Line
from reminders.choices import By, OwnerDateKind, Source
from reminders.computing.shape import INSPECTION, INSURANCE, Computed, Known
from vehicles.choices import Confidence

# 机动车交通事故责任强制保险条例 (regulation on compulsory traffic accident insurance), article 20: it runs a year.
INSURANCE_SOURCE = "机动车交通事故责任强制保险条例"


def items(known: Known) -> Iterator[Computed]:
    """The next inspection and the end of the insurance, where they are known."""
    line = next((line for line in known.firsts.lines if line.by == LineBy.LAW), None)
    item = inspection(known)
    said = known.said.get(OwnerDateKind.INSPECTION)
    if item is not None and said is not None and not is_inspected(item, said, known):
        yield _inspection(item, said, is_said=True)
    elif item is not None and line is not None:
        yield _inspection(item, line.true_on, line=line)
    ends_on = known.said.get(OwnerDateKind.INSURANCE)
    if ends_on is not None:
        yield _insurance(ends_on)


def inspection(known: Known) -> Item | None:
    """The service that the law asks for, if the car can have it."""
    story, book = known.firsts.adviser.story, known.firsts.adviser.book
    found = (item for item in book.items.values() if item.trigger == Trigger.STATUTE)
    return next((item for item in found if story.car.powertrain in item.powertrains), None)


def opens_on(due_on: date) -> date:
    """From this day on an inspection counts for the label that runs out on `due_on`."""
    return add_months(due_on, -WINDOW_MONTHS)


def is_inspected(item: Item, due_on: date, known: Known) -> bool:
    """Whether the record holds the inspection that was due then."""
    last = known.firsts.adviser.story.last(item.key)
    return last is not None and last.on >= opens_on(due_on)


def _inspection(item: Item, on: date, *, line: Line | None = None, is_said: bool = False) -> Computed:
    delivered_on = None if is_said else line and line.numbers.from_on
    return Computed(
        source=Source.STATUTE,
        subject=INSPECTION,
        cycle=f"{on:%Y-%m}",
        service=item.key,
        by=By.DATE,
        due_on=on,
        earliest_on=on,
        latest_on=on,
        facts={
            "kind": "inspection",
            "said": is_said,
            "delivered_on": delivered_on.isoformat() if delivered_on else None,
            "opens_on": opens_on(on).isoformat(),
            "source": "" if is_said else item.source,
            "confidence": Confidence.SURE if is_said else item.confidence,
        },
    )


def _insurance(on: date) -> Computed:
    return Computed(
        source=Source.INSURANCE,
        subject=INSURANCE,
        cycle=on.isoformat(),
        by=By.DATE,
        due_on=on,
        earliest_on=on,
        latest_on=on,
        facts={"kind": "insurance", "source": INSURANCE_SOURCE, "confidence": Confidence.LIKELY},
    )
