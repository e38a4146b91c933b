"""What is due, by which source, when and since when: golden cases. In words: docs/rules/reminders.md."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import translation

from catalog.needs import deferrals
from catalog.needs.shape import Deferred, Quoted
from reminders import owner_dates, words
from reminders.choices import By, OwnerDateKind, Source
from reminders.computing.shape import INSPECTION, INSURANCE, MAKERS_WARRANTY
from reminders.models import DueItem
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.due_cars import (
    TODAY,
    a_car,
    compute,
    driven,
    due,
    noon,
    read,
    standing,
    value,
    visit,
    work,
)
from vehicles.models import Car

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

Patch = pytest.MonkeyPatch
PADS = "pad_front_left_inner"
TESLA, PHEV = "tesla-model-3-bev", "byd-qin-plus-dm-i-1-5"
OF_ENGINES = {"minor_service", "engine_air_filter", "coolant", "spark_plugs", "fuel_filter", "timing_belt"}


def put_off(patch: Patch, car: Car, *words: Deferred) -> None:
    """As bookings tell it (`bookings.floor.deferred`)."""
    patch.setattr(deferrals, "_finders", [lambda _cars: {car.pk: words}])


def services(car: Car) -> set[str]:
    return set(DueItem.objects.standing().filter(car=car).exclude(service="").values_list("service", flat=True))


# --- By schedule ----------------------------------------------------------------------------------


def test_kilometres_become_a_day_with_its_range_by_the_cars_own_readings() -> None:
    item = due(driven(), "minor_service")
    assert (item.source, item.by, item.cycle, item.due_km) == (Source.SCHEDULE, By.KM, "2026-03-03", 62_000)
    assert item.due_on == date(2026, 12, 2)  # 3,300 km after 3 September at 36.8 a day
    assert item.earliest_on is not None
    assert item.latest_on is not None
    assert item.earliest_on < item.due_on < item.latest_on
    assert not item.is_by_prior
    assert not item.is_likely
    assert item.next_stage_on == date(2026, 11, 2)
    assert item.facts["make_en"] == "Volkswagen"
    assert item.facts["confidence"]


def test_months_come_first_for_a_car_that_goes_little() -> None:
    car = read(a_car(), ("2025-03-03", 20_000), ("2026-09-03", 23_000))
    visit(car, "2026-03-03", 22_000, "minor_service")
    item = due(car, "minor_service")
    assert (item.by, item.due_on, item.earliest_on, item.latest_on) == (By.DATE, *[date(2027, 3, 3)] * 3)
    assert item.due_km == 32_000


def test_without_readings_of_its_own_a_car_goes_like_others_and_says_so() -> None:
    car = a_car(delivered_on=None)
    visit(car, "2026-09-03", 50_000, "minor_service")
    item = due(car, "minor_service")
    assert item.is_by_prior
    assert item.by == By.KM
    assert item.due_on == date(2027, 6, 16)  # 10,000 km at 35 a day
    assert item.facts["km_a_month"] == 1_060


def test_what_nobody_can_count_is_no_item() -> None:
    car = a_car(delivered_on=None, model_year=2016)
    compute(car)
    assert not DueItem.objects.filter(car=car).exists()


def test_packages_are_due_by_their_parts_only() -> None:
    car = driven()
    visit(car, "2024-03-03", 27_000, "major_service")
    compute(car)
    assert "major_service" not in services(car)


@pytest.mark.parametrize("slug", [TESLA, PHEV])
def test_a_battery_car_owes_nothing_of_the_engine_a_plug_in_does(slug: str) -> None:
    car = driven(slug)
    compute(car)
    assert ("minor_service" in services(car)) == (slug == PHEV)
    if slug == TESLA:
        assert not services(car) & OF_ENGINES
        assert {"cabin_filter", "brake_fluid"} & services(car)


def test_one_mistyped_reading_moves_nothing() -> None:
    car = driven()
    before = {(one.subject, one.due_on, one.due_km) for one in _computed(car)}
    read(car, ("2026-10-01", 1_999_105))
    assert {(one.subject, one.due_on, one.due_km) for one in _computed(car)} == before


def _computed(car: Car) -> list[DueItem]:
    compute(car)
    return list(DueItem.objects.standing().filter(car=car))


# --- By measurement and test ----------------------------------------------------------------------


def test_a_trend_says_when_the_limit_is_likely_reached() -> None:
    car = driven()
    visit(car, "2025-10-01", 46_400, measured=(value(PADS, "8"),))
    visit(car, "2026-09-05", 58_800, measured=(value(PADS, "5"),))
    item = due(car, "brake_pads_front")
    assert (item.source, item.by, item.is_likely) == (Source.MEASURED, By.WEAR, True)
    assert item.due_km == pytest.approx(67_066, abs=2)  # 2 mm at 3 mm in 12,400 km
    days = item.earliest_on, item.due_on, item.latest_on
    assert days == tuple(sorted(days, key=str))
    assert len(set(days)) == 3
    with translation.override("en"):
        assert "(between" in words.why(item)
    assert (item.facts["value"], item.facts["limit"], item.facts["point_en"][:5]) == ("5", "3", "Brake")


def test_a_limit_is_reached_since_the_first_reading_that_showed_it() -> None:
    car = driven()
    visit(car, "2026-05-01", 54_200, measured=(value(PADS, "2.9"),))
    visit(car, "2026-09-05", 58_800, measured=(value(PADS, "2.4"),))
    item = due(car, "brake_pads_front")
    assert (item.source, item.is_likely, item.due_on, item.cycle) == (Source.MEASURED, False, date(2026, 5, 1), "new!")
    assert item.facts["value"] == "2.4"


def test_a_tyre_is_too_old_since_its_birthday() -> None:
    car = driven()
    visit(car, "2026-03-04", 52_010, measured=(value("tyre_date_front_left", "2320", ""),))
    item = due(car, "tyre_replace")
    assert (item.source, item.is_likely, item.due_on) == (Source.MEASURED, False, date(2026, 6, 1))


def test_a_test_is_due_at_its_interval_and_again_when_its_reading_is_old() -> None:
    car = driven()
    visit(car, "2024-06-01", 28_000, "brake_fluid")
    item = due(car, "brake_fluid")
    assert (item.source, item.is_likely, item.cycle, item.due_on) == (
        Source.TEST,
        True,
        "2024-06-01",
        date(2026, 6, 1),
    )
    visit(car, "2026-11-20", 61_500, measured=(value("brake_fluid_water", "1.2", "%"),))
    again = due(car, "brake_fluid")
    assert (again.cycle, again.due_on) == ("2024-06-01~2026-11-20", date(2027, 11, 20))
    assert due(car, "brake_fluid", today=date(2028, 3, 1)).due_on == date(2027, 11, 20)


# --- Put off --------------------------------------------------------------------------------------


def test_what_was_put_off_at_a_visit_comes_back_as_the_owner_said(monkeypatch: Patch) -> None:
    car = driven()
    compute(car)
    put_off(monkeypatch, car, Deferred("cabin_filter", date(2026, 11, 1), until_on=date(2027, 2, 1)))
    item = due(car, "cabin_filter")
    assert (item.source, item.by, item.due_on, item.cycle) == (
        Source.DEFERRED,
        By.DATE,
        date(2027, 2, 1),
        "2026-03-03+2026-11-01",
    )
    earlier = DueItem.objects.get(car=car, subject="service:cabin_filter", cycle="2026-03-03")
    assert earlier.state == "ended"


def test_put_off_by_kilometres_comes_back_when_the_car_gets_there(monkeypatch: Patch) -> None:
    car = driven()
    put_off(monkeypatch, car, Deferred("cabin_filter", date(2026, 11, 1), until_km=65_000))
    item = due(car, "cabin_filter")
    assert (item.by, item.due_km) == (By.KM, 65_000)
    assert item.due_on == date(2027, 2, 22)


def test_a_shops_own_words_are_kept_until_the_owner_says_otherwise(monkeypatch: Patch) -> None:
    car = driven()
    own = Quoted("Rocker cover gasket", "Shenchi", 38_000, ("气门室盖垫", "Rocker cover gasket"), 77)
    put_off(monkeypatch, car, Deferred("", date(2026, 11, 1), until_km=65_000, quoted=own))
    item = due(car, "own:77")
    assert (item.source, item.service, item.title, item.due_km) == (
        Source.DEFERRED,
        "",
        "Rocker cover gasket",
        65_000,
    )
    assert (item.facts["name_zh"], item.facts["price_fen"]) == ("气门室盖垫", 38_000)
    assert due(car, "own:77", today=date(2028, 11, 22)).pk == item.pk  # the plan has forgotten it by then


# --- By law, by the owner's word ------------------------------------------------------------------


def test_the_inspection_is_due_by_the_law_until_the_end_of_the_month() -> None:
    car = a_car(delivered_on=date(2025, 3, 10))
    item = due(car, INSPECTION)
    assert (item.source, item.cycle, item.due_on) == (Source.STATUTE, "2027-03", date(2027, 3, 31))
    assert (item.service, item.facts["opens_on"]) == ("annual_inspection_agent", "2026-12-31")


def test_the_owners_date_of_the_inspection_takes_the_place_of_the_laws() -> None:
    car = a_car(delivered_on=None, model_year=2019)
    owner_dates.say(car=car, kind=OwnerDateKind.INSPECTION, on=date(2027, 5, 20), by=car.owner, at=noon(TODAY))
    item = standing(car, INSPECTION)
    assert (item.due_on, item.cycle, item.facts["said"]) == (date(2027, 5, 20), "2027-05", True)


def test_an_insurance_that_ended_stays_overdue_until_a_new_day_is_said() -> None:
    car = a_car(delivered_on=None)
    _say_insurance(car, date(2026, 1, 15), at=date(2025, 12, 1))
    late = due(car, INSURANCE, today=date(2028, 1, 1))
    assert (late.source, late.due_on, late.state) == (Source.INSURANCE, date(2026, 1, 15), "open")
    _say_insurance(car, date(2029, 1, 14), at=date(2028, 1, 2))
    late.refresh_from_db()
    assert (late.state, standing(car, INSURANCE).due_on) == ("done", date(2029, 1, 14))


def test_a_mistyped_day_of_the_insurance_is_no_renewal() -> None:
    car = a_car(delivered_on=None)
    _say_insurance(car, date(2027, 1, 15), at=TODAY)
    wrong = standing(car, INSURANCE)
    _say_insurance(car, date(2027, 1, 25), at=TODAY)
    wrong.refresh_from_db()
    assert wrong.state == "ended"
    _say_insurance(car, None, at=TODAY)
    assert not DueItem.objects.standing().filter(car=car).exists()


def _say_insurance(car: Car, on: date | None, *, at: date) -> None:
    owner_dates.say(car=car, kind=OwnerDateKind.INSURANCE, on=on, by=car.owner, at=noon(at))


# --- Warranties -----------------------------------------------------------------------------------


def _repair(days: int, km: int, service: str = "brake_pads_front") -> dict[str, Any]:
    return work(service, warranty={"days": days, "km": km})


def test_the_warranty_of_a_repair_ends_by_day_or_kilometres() -> None:
    car = driven()
    visit(car, "2026-09-03", 58_700, _repair(360, 12_000), _repair(360, 12_000, "brake_discs_front"))
    (item,) = _warranties(car)
    assert (item.by, item.due_on, item.due_km) == (By.KM, date(2027, 7, 27), 70_700)
    assert item.facts["until_on"] == "2027-08-29"
    assert item.facts["names_en"] == ["brake_pads_front", "brake_discs_front"]


def test_a_warranty_that_is_short_or_of_an_oil_service_is_not_worth_a_letter() -> None:
    car = driven()
    visit(car, "2026-09-03", 58_700, _repair(89, 12_000), _repair(180, 6_000, "minor_service"))
    assert not _warranties(car)


def test_a_warranty_that_is_over_ends() -> None:
    car = driven()
    visit(car, "2026-09-03", 58_700, _repair(100, 20_000))
    (item,) = _warranties(car)
    assert item.due_on == date(2026, 12, 12)
    compute(car, today=date(2026, 12, 12))
    item.refresh_from_db()
    assert item.state == "open"  # the last day counts
    compute(car, today=date(2026, 12, 13))
    item.refresh_from_db()
    assert (item.state, item.next_stage_on) == ("ended", None)


def test_the_law_makes_the_maker_repair_for_three_years_or_60000_km() -> None:
    car = read(a_car(delivered_on=date(2024, 3, 10)), ("2026-09-03", 20_000))
    item = due(car, MAKERS_WARRANTY)
    assert (item.by, item.due_on, item.due_km) == (By.DATE, date(2027, 3, 10), 60_000)
    assert "第43号" in item.facts["source"]


@pytest.mark.parametrize("km", [60_000, 60_001])
def test_the_makers_warranty_is_over_past_its_kilometres(km: int) -> None:
    car = read(a_car(delivered_on=date(2024, 3, 10)), ("2026-09-03", km))
    compute(car)
    assert DueItem.objects.standing().filter(car=car, subject=MAKERS_WARRANTY).exists() == (km == 60_000)


def test_a_car_from_before_the_regulation_or_of_an_unknown_day_has_none() -> None:
    cars = [a_car(delivered_on=date(2021, 12, 31)), a_car(delivered_on=None, model_year=2026)]
    compute(*cars, today=date(2024, 1, 1))
    assert not DueItem.objects.filter(subject=MAKERS_WARRANTY).exists()


def _warranties(car: Car) -> list[DueItem]:
    compute(car)
    return list(DueItem.objects.standing().filter(car=car, subject__startswith="warranty:").order_by("pk"))
