"""What is due first on many cars: the plan's own first lines, on days that nothing moves to today."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from catalog.advice.facts import Done, Measurement, OdometerPoint
from catalog.needs import loading
from catalog.needs.loading import BookShelf
from catalog.needs.planning import Catalogue, first_lines
from catalog.needs.shape import By, Deferred, Kind, Line
from tests.catalog.test_advice import BATTERY, CABIN, INSPECTION, OIL, PLUGS
from tests.catalog.test_advice_loading import a_car, facts, item, write
from tests.catalog.test_needs_planning import CATALOGUE, DEFERRED, needs, story
from tests.catalog.test_needs_planning import facts as any_facts
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.vehicles import BatteryVariantFactory, CarFactory, OdometerReadingFactory
from vehicles.models import Car
from vehicles.record.odometer import Rate

TODAY = date(2026, 11, 22)
PRIOR = Rate(35.0, 17.5, 60.0)


def first(only: Any, *, prior: Rate | None = None, deferred: tuple[Deferred, ...] = (), **given: Any) -> Line:
    believed = replace(story(**given), prior=prior)
    (line,) = first_lines(believed, Catalogue([only]), deferred=deferred).lines
    return line


@settings(max_examples=60, deadline=None)
@given(any_facts(), DEFERRED)
def test_they_are_the_first_lines_of_the_plan(given_facts: dict[str, Any], deferred: tuple[Deferred, ...]) -> None:
    whole = needs(CATALOGUE, deferred, **given_facts)
    found = first_lines(story(**given_facts), CATALOGUE, deferred=deferred)
    unpriced = [replace(line, price=None, pieces=1) for line in whole.lines]
    firsts = {line.key: line for line in reversed(unpriced)}
    assert {line.key: replace(line, pieces=1) for line in found.lines} == firsts
    assert len(found.lines) == len(firsts)
    assert (found.unknown, found.remembered) == (whole.unknown, whole.remembered)


@settings(max_examples=60, deadline=None)
@given(any_facts(), DEFERRED)
def test_a_true_day_is_the_day_of_the_plan_unless_that_was_moved(
    given_facts: dict[str, Any], deferred: tuple[Deferred, ...]
) -> None:
    for line in first_lines(story(**given_facts), CATALOGUE, deferred=deferred).lines:
        assert line.true_earliest <= line.true_on <= line.true_latest
        assert not line.is_by_prior
        if line.kind != Kind.NOW and line.true_on >= TODAY and line.by != By.TEST:
            assert line.true_on == line.on


@pytest.mark.parametrize("months", [0, 3, 9])
def test_what_only_the_pace_makes_due_stays_due_since_its_day(months: int) -> None:
    """Read a year ago at 20 km a day: 3,000 km before the end of the interval were over after 150 days."""
    read_on = date(2025, 11, 1)
    readings = (OdometerPoint(date(2024, 11, 1), 50_700), OdometerPoint(read_on, 58_000))
    done = (Done("spark_plugs", date(2020, 11, 1), 1_000),)
    plugs = replace(PLUGS, fitment="", schedule=replace(PLUGS.schedule, km=60_000, months=None))
    today = TODAY + timedelta(days=30 * months)
    line = first(plugs, odometer=readings, done=done, today=today, delivered_on=None)
    assert (line.kind, line.on) == (Kind.DATED, today)
    assert line.true_on == read_on + timedelta(days=150)


def test_kilometres_that_are_over_are_due_since_the_day_between_the_readings() -> None:
    readings = (OdometerPoint(date(2026, 1, 1), 50_000), OdometerPoint(date(2026, 4, 11), 60_000))
    line = first(OIL, odometer=readings, done=(Done("minor_service", date(2025, 12, 1), 45_000),))
    assert (line.kind, line.by, line.true_on) == (Kind.NOW, By.KM, date(2026, 2, 20))
    assert (line.true_earliest, line.true_latest) == (date(2026, 1, 1), date(2026, 4, 11))


def test_a_battery_that_should_be_tested_before_a_winter_that_is_over_is_late() -> None:
    weak = (Measurement("battery_cca", Decimal(70), date(2026, 6, 1), 54_500),)
    line = first(BATTERY, readings=weak)
    assert (line.on, line.true_on) == (date(2027, 11, 1), date(2026, 11, 1))


def test_what_was_put_off_is_due_since_the_day_that_the_owner_said() -> None:
    said = (Deferred("cabin_filter", date(2026, 3, 1), until_on=date(2026, 9, 1)),)
    line = first(CABIN, deferred=said, done=(Done("cabin_filter", date(2025, 1, 1), 45_000),))
    assert (line.by, line.on, line.true_on) == (By.DEFERRED, TODAY, date(2026, 9, 1))


def test_a_car_without_a_pace_of_its_own_goes_by_its_class_and_says_so() -> None:
    given: dict[str, Any] = {"delivered_on": None, "odometer": (OdometerPoint(date(2026, 6, 1), 58_000),)}
    done = (Done("minor_service", date(2026, 6, 1), 58_000),)
    line = first(OIL, prior=PRIOR, done=done, **given)
    assert (line.by, line.is_by_prior) == (By.KM, True)
    assert line.true_on == date(2026, 6, 1) + timedelta(days=286)  # 10,000 km at 35 a day
    assert line.true_earliest < line.true_on < line.true_latest == date(2027, 6, 1)
    assert not first(OIL, done=done, **given).is_by_prior


def test_an_inspection_that_ran_out_since_the_car_is_here_stays_due() -> None:
    believed = story(delivered_on=date(2016, 10, 5))
    here_before = replace(believed, car=replace(believed.car, known_since=date(2026, 9, 1)))
    for on, known, due_on in (
        (believed, None, date(2027, 10, 31)),
        (here_before, date(2026, 9, 1), date(2026, 10, 31)),
    ):
        (line,) = first_lines(on, Catalogue([INSPECTION])).lines
        assert (line.by, line.true_on) == (By.LAW, due_on), known


# --- From the database ----------------------------------------------------------------------------


def _bare(cars: list[Car]) -> list[Car]:
    return list(Car.objects.filter(pk__in=[car.pk for car in cars]))


def _two_cars() -> list[Car]:
    read, without = a_car(), a_car()
    Car.objects.filter(pk=without.pk).update(record=None)
    for number, month in enumerate(("2025-05", "2025-11", "2026-05")):
        write(read, facts(f"{month}-22", 40_000 + 5_000 * number, item("minor_service"), item("cabin_filter")))
    OdometerReadingFactory(car=without, km=50_000, read_at=datetime(2025, 11, 20, tzinfo=UTC))
    return [read, without]


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_from_the_database_they_are_those_of_the_plan() -> None:
    cars = _two_cars()
    whole = loading.for_cars(Car.objects.with_names().select_related("record"), today=TODAY)
    found = loading.first_lines_for(_bare(cars), today=TODAY, prior=False)
    for car in cars:
        needed = whole[car.pk].needs
        assert list(found[car.pk].lines) == [line for line in needed.lines if line.nth == 0]
        assert found[car.pk].unknown == needed.unknown
        assert {line.key for line in found[car.pk].lines} >= {"annual_inspection_agent"}


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_any_number_of_cars_takes_the_same_queries(django_assert_num_queries: Any) -> None:
    cars = _two_cars()
    with django_assert_num_queries(11):
        loading.first_lines_for(_bare(cars[:1]), today=TODAY)
    cars += [a_car(variant=BatteryVariantFactory()) for _ in range(3)]
    books = BookShelf()
    with django_assert_num_queries(12):  # one more for readings of cars without a record
        assert len(loading.first_lines_for(_bare(cars), today=TODAY, books=books)) == 5
    with django_assert_num_queries(6):
        loading.first_lines_for(_bare(cars), today=TODAY, books=books)
    with django_assert_num_queries(0):
        assert loading.first_lines_for([], today=TODAY) == {}


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_a_car_read_once_goes_by_its_class() -> None:
    car = CarFactory(odometer_km=58_000, odometer_at=datetime(2026, 11, 20, tzinfo=UTC))
    OdometerReadingFactory(car=car, km=58_000, read_at=car.odometer_at)
    found = loading.first_lines_for(_bare([car]), today=TODAY)[car.pk]
    assert found.adviser.story.prior is not None
    assert found.adviser.story.curve.rate is None
    assert found.car.variant.model.name_en == "Lavida"
