"""The drawings of a car's health: what they say is what the record says, and nothing more."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import CheckPoint
from catalog.needs.shape import Span
from reminders import charts, costs, wear
from reminders.charts import COST_BASE
from reminders.costs import Year
from reminders.owner_pages import picture
from reminders.wear import Taken, Wear
from tests.catalogue import catalogue  # noqa: F401  (a fixture)
from tests.factories.records import enter
from tests.factories.vehicles import CarFactory
from tests.reminders.rich import TODAY, measured, mistype, rich_car, work
from vehicles.models import Car
from vehicles.record import actions
from vehicles.record import charts as record_charts
from vehicles.record.charts import Due
from vehicles.record.odometer import Point, curve
from vehicles.record.reading import History, history

DRIVEN = curve([Point(date(2024, 1, 1) + timedelta(days=100 * n), 2_000 * n) for n in range(11)], today=TODAY)


def known(car: Car) -> History:
    return history(actions.record_of(car), viewer=car.owner, today=TODAY)


# --- The odometer's curve -----------------------------------------------------------------------


def due(km: int, days: int, name: str = "Engine oil") -> Due:
    on = TODAY + timedelta(days=days)
    return Due(km, on, on - timedelta(days=20), on + timedelta(days=40), name)


def test_the_forecast_is_marked_where_something_is_due() -> None:
    chart = record_charts.odometer_chart(DRIVEN, today=TODAY, dues=[due(24_000, 100)])
    assert chart is not None
    (mark,) = chart.marks
    assert mark.number == 1
    assert mark.dues[0].name == "Engine oil"
    assert float(mark.x_first) < float(mark.x) < float(mark.x_last)
    assert float(chart.newest.x) < float(mark.x) < float(chart.right)
    assert float(mark.y) < float(chart.newest.y)


def test_what_is_due_at_one_time_shares_a_mark_and_the_drawing_reaches_the_last() -> None:
    near = [due(24_000, 100, "Oil"), due(24_100, 103, "Filter")]
    chart = record_charts.odometer_chart(DRIVEN, today=TODAY, dues=[*near, due(34_000, 600, "Plugs")])
    assert chart is not None
    assert [[one.name for one in mark.dues] for mark in chart.marks] == [["Oil", "Filter"], ["Plugs"]]
    assert [mark.number for mark in chart.marks] == [1, 2]
    assert float(chart.marks[1].x) < float(chart.right)
    assert float(chart.forecast.split("L")[1].split()[0]) > float(chart.marks[1].x)


def test_what_is_passed_far_away_or_not_to_be_forecast_has_no_mark() -> None:
    passed, far = due(19_000, -30), due(90_000, 4_000)
    chart = record_charts.odometer_chart(DRIVEN, today=TODAY, dues=[passed, far])
    plain = record_charts.odometer_chart(DRIVEN, today=TODAY)
    assert chart == plain
    single = curve([Point(date(2026, 1, 1), 20_000)], today=TODAY)
    chart = record_charts.odometer_chart(single, today=TODAY, dues=[due(24_000, 100)])
    assert chart is not None
    assert chart.marks == []


# --- Parts --------------------------------------------------------------------------------------


def part(*values: str, end: Span | None = None, limit: str = "3", days: int = 300) -> Wear:
    first = TODAY - timedelta(days=days * len(values))
    taken = tuple(Taken(first + timedelta(days=days * n), Decimal(value)) for n, value in enumerate(values))
    return Wear(CheckPoint(key="pads", new_value=Decimal(12)), "pads", taken, Decimal(limit), "mm", True, end)


def in_days(first: int, on: int, last: int) -> Span:
    return Span(*(TODAY + timedelta(days=days) for days in (on, first, last)))


def test_a_part_is_drawn_from_its_values_to_its_limit() -> None:
    chart = charts.wear_chart(part("9", "7", "5", end=in_days(200, 300, 420)), today=TODAY)
    assert len(chart.spots) == 3
    ys = [float(spot.y) for spot in chart.spots]
    assert ys == sorted(ys)  # what gets thinner goes down
    assert chart.end is not None
    assert chart.end.y == chart.limit_y
    assert ys[-1] < float(chart.limit_y) < chart.base
    assert float(chart.today_x) < float(chart.first_x) < float(chart.end.x) < float(chart.last_x) <= chart.right
    assert chart.trend.endswith(f"{chart.end.x} {chart.limit_y}")


def test_a_limit_decades_away_is_left_out_of_the_drawing() -> None:
    chart = charts.wear_chart(part("9", "8.9", end=in_days(9_000, 10_000, 11_000)), today=TODAY)
    assert chart.end is None
    x, y = (float(number) for number in chart.trend.split("L")[1].split())
    assert x == chart.right
    assert y < float(chart.limit_y)


@pytest.mark.parametrize("values", [("7",), ("2.5",), ("9", "2.9")])
def test_one_value_and_a_part_at_its_limit_have_no_trend(values: tuple[str, ...]) -> None:
    chart = charts.wear_chart(part(*values), today=TODAY)
    assert (chart.trend, chart.range_area, chart.end) == ("", "", None)
    assert bool(chart.path) == (len(values) > 1)


def test_what_gets_worse_upwards_is_red_above() -> None:
    fluid = Wear(
        CheckPoint(key="fluid"), "brake_fluid", part("0.5", "1.5").taken, Decimal(3), "%", is_low_bad=False, end=None
    )
    chart = charts.wear_chart(fluid, today=TODAY)
    assert float(chart.zone_y) + float(chart.zone_height) == pytest.approx(float(chart.limit_y), abs=0.2)
    assert float(chart.spots[0].y) > float(chart.spots[1].y) > float(chart.limit_y)


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_parts_of_a_car_end_within_a_range() -> None:
    parts = {one.point.key: one for one in wear.parts(picture.adviser_of(rich_car(), today=TODAY))}
    pads = parts["pad_front_left_inner"]
    assert [str(taken.value) for taken in pads.taken] == ["10.0", "9.0", "8.0", "7.0"]
    assert (pads.limit, pads.unit, pads.is_at_limit) == (Decimal(3), "mm", False)
    assert pads.end is not None
    # four millimetres more at a millimetre in 8,000 km, from 32,000 km on: 64,000 km, at 25 km a day of late
    assert abs((pads.end.on - date(2029, 4, 18)).days) < 10
    assert pads.end.earliest < pads.end.on < pads.end.latest
    fluid = parts["brake_fluid_water"]
    assert fluid.end is not None
    assert fluid.end.on.year == 2027
    assert not fluid.is_low_bad


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_a_mistyped_reading_moves_no_end() -> None:
    car = rich_car()
    before = wear.parts(picture.adviser_of(car, today=TODAY))
    mistype(car)
    assert wear.parts(picture.adviser_of(car, today=TODAY)) == before


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_what_was_measured_before_the_part_was_replaced_is_another_part() -> None:
    car = rich_car()
    day = "2026-06-01"
    fresh = {"date": day, "checked_in_on": day, "settled_on": day, "odometer_km": 37_000, "reference": "pads"}
    enter(car, **fresh, items=[work("brake_pads_front")], measurements=[])
    keys = {one.point.key for one in wear.parts(picture.adviser_of(car, today=TODAY))}
    assert "pad_front_left_inner" not in keys
    day = "2026-08-01"
    again = {"date": day, "checked_in_on": day, "settled_on": day, "odometer_km": 39_000, "reference": "again"}
    enter(car, **again, items=[work("car_wash")], measurements=measured(pad_front_left_inner="11.8"))
    (pads,) = (
        one for one in wear.parts(picture.adviser_of(car, today=TODAY)) if one.point.key == "pad_front_left_inner"
    )
    assert len(pads.taken) == 1
    assert pads.end is None


# --- Costs --------------------------------------------------------------------------------------


def test_the_dearest_year_fills_the_drawing() -> None:
    years = [Year(2024, 20_000, 1, 0), Year(2025, 0, 0, 2), Year(2026, 40_000, 2, 0)]
    chart = charts.cost_chart(years)
    assert [bar.height for bar in chart.bars] == [53, 0, 106]
    assert all(bar.y + bar.height == COST_BASE for bar in chart.bars)
    assert len(charts.cost_chart([Year(year, 1, 1, 0) for year in range(2000, 2027)]).bars) == charts.YEARS_SHOWN


@pytest.mark.django_db
def test_costs_are_sums_of_what_has_a_price() -> None:
    car = rich_car()
    found = costs.costs(known(car), delivered_on=car.delivered_on)
    assert found is not None
    assert [(year.year, year.fen, year.unpriced) for year in found.years] == [
        (2022, 26_800, 0),
        (2023, 26_800, 0),
        (2024, 26_800, 0),
        (2025, 26_800, 0),
        (2026, 0, 1),
    ]
    assert (found.fen, found.unpriced, found.is_at_least) == (107_200, 1, True)
    # counted from the first visit with a price, whose own kilometres nobody paid for here: 3 visits, 32,000 km
    assert found.since == date(2022, 12, 1)
    assert found.per_100_km_fen == round(3 * 26_800 * 100 / 32_000)
    assert found.per_month_fen == round(3 * 26_800 * 30.4375 / (TODAY - date(2022, 12, 1)).days)


@pytest.mark.django_db
def test_a_record_complete_since_new_counts_from_delivery() -> None:
    car = rich_car()
    actions.set_complete_since_new(record=actions.record_of(car), is_complete=True, at=car.created_at)
    found = costs.costs(known(Car.objects.get(pk=car.pk)), delivered_on=car.delivered_on)
    assert found is not None
    assert found.since == car.delivered_on
    assert found.per_100_km_fen == 4 * 26_800 * 100 // 40_000


@pytest.mark.django_db
def test_who_does_not_hold_the_prices_learns_only_how_many_there_are() -> None:
    car = rich_car()
    seen = history(actions.record_of(car), viewer=None, today=TODAY)
    found = costs.costs(seen, delivered_on=car.delivered_on)
    assert found is not None
    assert (found.fen, found.unpriced, found.per_month_fen) == (0, 5, None)


@pytest.mark.django_db
def test_a_young_record_says_no_figure_and_an_empty_one_nothing() -> None:
    car: Any = CarFactory()
    assert costs.costs(known(car), delivered_on=None) is None
    enter(car, date="2026-10-01", checked_in_on="2026-10-01", settled_on="2026-10-01")
    found = costs.costs(known(car), delivered_on=None)
    assert found is not None
    assert (found.fen, found.since, found.per_month_fen, found.per_100_km_fen) == (26_800, None, None, None)
