"""The picture of a car: everything that its health page draws, brought together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from catalog.advice import loading as advice_loading
from catalog.advice.loading import Adviser
from catalog.needs.loading import BookShelf
from catalog.needs.words import km_a_month
from reminders import charts, costs, wear
from reminders.charts import CostChart, WearChart
from reminders.choices import OwnerDateKind
from reminders.costs import Costs
from reminders.models import OwnerDate
from reminders.owner_pages.due import DueRow
from vehicles.models import Car
from vehicles.record import charts as record_charts
from vehicles.record.charts import Chart, Due
from vehicles.record.odometer import Rate
from vehicles.record.reading import History


@dataclass(frozen=True)
class Picture:
    """`wear`: parts that are at their limit or will get there; `wear_steady`: those that do not get worse, or of which
    nothing can be said yet. `rate`: how far the car goes, `is_by_prior` where that is what is usual for its class."""

    chart: Chart | None
    chart_narrow: Chart | None
    wear: list[WearChart]
    wear_steady: list[WearChart]
    costs: Costs | None
    cost_chart: CostChart | None
    rate: Rate | None
    is_by_prior: bool

    @property
    def km_a_month(self) -> int | None:
        return km_a_month(self.rate) if self.rate else None


def adviser_of(car: Car, *, today: date) -> Adviser:
    """What is believed of the car, carried on like the days of its due items. Nine queries."""
    shelved = BookShelf().of(car.variant_id)
    stories = advice_loading.stories([car], today=today, priors={car.variant_id: shelved.prior})
    return Adviser(shelved.book, stories[car.pk])


def picture_of(car: Car, history: History, rows: Iterable[DueRow]) -> Picture:
    """The drawings of a car with its record at hand and the rows of what is due."""
    today = history.today
    adviser = adviser_of(car, today=today)
    dues = list(_dues(rows, adviser))
    drawn = charts.wear_charts(wear.parts(adviser), today=today)
    spent = costs.costs(history, delivered_on=car.delivered_on)
    own = history.curve.rate
    return Picture(
        chart=record_charts.odometer_chart(history.curve, today=today, dues=dues),
        chart_narrow=record_charts.odometer_chart(history.curve, today=today, frame=record_charts.NARROW, dues=dues),
        wear=[chart for chart in drawn if chart.wear.end or chart.wear.is_at_limit],
        wear_steady=[chart for chart in drawn if not (chart.wear.end or chart.wear.is_at_limit)],
        costs=spent,
        cost_chart=charts.cost_chart(spent.years) if spent and spent.fen else None,
        rate=own or (adviser.story.prior if history.curve.latest else None),
        is_by_prior=own is None,
    )


def _dues(rows: Iterable[DueRow], adviser: Adviser) -> Iterator[Due]:
    """What is due at kilometres, when the car gets there: the calendar may ask for it before."""
    for row in rows:
        reached = adviser.story.reached(row.item.due_km) if row.item.due_km is not None else None
        if row.item.due_km is not None and reached is not None:
            yield Due(row.item.due_km, reached.on, reached.earliest, reached.latest, row.title)


def owner_dates(car: Car) -> dict[str, date | None]:
    """The days that the owner entered, by kind: of a kind the newest entry counts. One query."""
    rows = OwnerDate.objects.filter(car=car).order_by("kind", "-at", "-pk").distinct("kind")
    found = {row.kind: row.on for row in rows}
    return {kind: found.get(kind) for kind in OwnerDateKind.values}
