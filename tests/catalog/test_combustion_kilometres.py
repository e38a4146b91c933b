"""What wears with a plug-in's engine is counted on its combustion kilometres; a battery car has no such service."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import translation

from catalog.advice import loading
from catalog.advice.belief import Story
from catalog.advice.decide import judge
from catalog.advice.facts import CarFacts, Done, Proposal
from catalog.advice.verdict import Advice
from catalog.choices import AdviceRule, AdviceVerdict
from catalog.models import Service
from catalog.needs import loading as needs_loading
from catalog.needs.planning import Catalogue, first_lines, plan
from catalog.needs.shape import Deferred
from tests.catalog.test_advice import CABIN, OIL
from tests.catalog.test_needs_planning import story
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.vehicles import CarFactory
from vehicles import actions
from vehicles.choices import OdometerSource, Powertrain
from vehicles.models import Car, Variant

ENGINE_OIL = replace(OIL, counts_engine=True)
DONE = (Done("minor_service", date(2026, 5, 22), 50_000), Done("cabin_filter", date(2026, 5, 22), 50_000))


def driven(percent: int | None, powertrain: str = "phev", **given: Any) -> Story:
    believed = story(**{"powertrain": powertrain, "done": DONE, "km": 57_000} | given)
    return replace(believed, car=replace(believed.car, engine_percent=percent))


def test_the_interval_is_divided_by_the_engines_share_and_months_stay() -> None:
    oil = judge(Proposal(ENGINE_OIL), driven(40)).numbers
    assert (oil.interval_km, oil.due_km, oil.interval_months, oil.engine_percent) == (25_000, 75_000, 12, 40)
    plain = judge(Proposal(ENGINE_OIL), driven(None)).numbers
    assert (plain.interval_km, plain.due_km, plain.lacks_engine_km) == (10_000, 60_000, True)
    cabin = judge(Proposal(CABIN), driven(40)).numbers
    assert cabin.interval_km == CABIN.schedule.km
    assert (cabin.engine_percent, cabin.lacks_engine_km) == (None, False)


def test_what_is_due_on_the_odometer_can_wait_on_the_engine() -> None:
    late = {"km": 61_000, "per_day": 40}
    assert judge(Proposal(ENGINE_OIL), driven(None, **late)).verdict == AdviceVerdict.DUE_NOW
    assert judge(Proposal(ENGINE_OIL), driven(40, **late)).verdict == AdviceVerdict.CAN_WAIT


def test_a_petrol_car_says_nothing_of_it() -> None:
    numbers = judge(Proposal(ENGINE_OIL), driven(None, "ice")).numbers
    assert (numbers.engine_percent, numbers.lacks_engine_km) == (None, False)


@pytest.mark.parametrize("percent", [20, 38, 99, 100])
def test_less_engine_never_makes_the_oil_due_sooner(percent: int) -> None:
    assert (judge(Proposal(ENGINE_OIL), driven(percent)).numbers.due_km or 0) >= 60_000


# --- From the database ----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_the_advice_says_on_which_kilometres_it_counts() -> None:
    variant = Variant.objects.filter(powertrain="phev").first()
    car = CarFactory(variant=variant, delivered_on=date(2026, 3, 1))
    at = datetime(2026, 11, 20, 4, tzinfo=UTC)
    actions.record_odometer(car=car, km=6_000, by=car.owner, source=OdometerSource.OWNER, at=at)
    assert "the combustion kilometres are not known" in _reason(car)
    actions.record_engine_km(car=car, km=2_280, by=car.owner, at=at)
    assert "Counted on combustion kilometres, 38 % of what this car drives." in _reason(car)
    (found,) = needs_loading.first_lines_for(Car.objects.filter(pk=car.pk), today=date(2026, 11, 22)).values()
    (oil,) = (line for line in found.lines if line.key == "minor_service")
    assert oil.numbers.engine_percent == 38


def _reason(car: Car) -> str:
    loaded = Car.objects.with_names().select_related("record").get(pk=car.pk)
    adviser = loading.for_car(loaded, today=date(2026, 11, 22))
    with translation.override("en"):
        advice = adviser.on(service="minor_service")
        assert Advice.from_json(advice.as_json()) == advice
        return adviser.words(advice).reason


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("powertrain", Powertrain.values)
def test_no_car_is_ever_told_of_a_service_for_what_it_does_not_have(powertrain: str) -> None:
    """Every service on every powertrain, for a car that is old, far driven and has no entry but all of them done once
    long ago: what is not on the car is never due, planned or asked about."""
    variant = Variant.objects.with_names().filter(powertrain=powertrain).first()
    assert variant is not None, "the catalogue has a car of every kind"
    book = loading.facts_for(variant)
    done = tuple(Done(key, date(2019, 1, 1), 1_000) for key in book.items)
    believed = story(powertrain=powertrain, km=250_000, done=done, delivered_on=date(2014, 5, 1), is_complete=True)
    engine = {service.key for service in Service.objects.filter(counts_engine=True)}
    assert engine == {
        *("minor_service", "major_service", "engine_air_filter", "spark_plugs", "fuel_filter", "timing_belt")
    }
    for item in book.items.values():
        advice = judge(Proposal(item), believed)
        if powertrain not in item.powertrains:
            assert (advice.verdict, advice.rule) == (AdviceVerdict.NOT_NEEDED, AdviceRule.NOT_ON_THIS_CAR)
        if powertrain == Powertrain.BEV and item.key in engine:
            assert advice.rule == AdviceRule.NOT_ON_THIS_CAR
    found = first_lines(believed, needs_loading.catalogue(book))
    spoken_of = {line.key for line in found.lines} | {advice.subject for advice in found.unknown}
    assert all(powertrain in book.items[key].powertrains for key in spoken_of)
    assert found.lines
    if powertrain == Powertrain.BEV:
        assert not spoken_of & (engine | {"coolant", "transmission_fluid", "throttle_clean"})
    else:
        assert "minor_service" in spoken_of


def test_an_oil_service_that_was_put_off_does_not_follow_onto_a_battery_car() -> None:
    said = (Deferred("minor_service", date(2026, 11, 1), until_on=date(2026, 11, 10)),)
    battery = story(powertrain="bev")
    assert not first_lines(battery, Catalogue([ENGINE_OIL]), deferred=said).lines
    assert not plan(battery, Catalogue([ENGINE_OIL]), deferred=said).lines
    assert plan(story(), Catalogue([ENGINE_OIL]), deferred=said).lines


def test_a_battery_car_has_no_share() -> None:
    assert CarFacts("bev").engine_percent is None
