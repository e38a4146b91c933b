"""What holds for all facts: tried with generated cars, records and proposals."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.advice.decide import decide
from catalog.advice.facts import CarFacts, Done, Measurement, OdometerPoint, Proposal, RecordFacts
from catalog.advice.schedule import verdict_of
from catalog.advice.verdict import Advice
from catalog.choices import AdviceRule, AdviceVerdict, Payer, Symptom
from tests.catalog.test_advice import (
    AC_CLEAN,
    ALIGNMENT,
    BATTERY,
    BAY_WASH,
    BELT,
    CABIN,
    CHECK,
    COOLANT,
    DISCS,
    FLUID,
    FLUSH,
    FRONT_PADS,
    INSPECTION,
    INTAKE,
    MAKER_OIL,
    OIL,
    PADS_EARLY,
    PLUGS,
    THROTTLE,
    TODAY,
    TYRES,
    WASH,
)

SCHEDULED = [OIL, MAKER_OIL, CABIN, COOLANT, PLUGS, BELT]
MEASURED = [FRONT_PADS, TYRES, DISCS, BATTERY, FLUID]
SUBJECTS = [*SCHEDULED, *MEASURED, ALIGNMENT, THROTTLE, AC_CLEAN, INSPECTION, WASH, CHECK]
MEASURES = [FLUSH, INTAKE, BAY_WASH, PADS_EARLY]
RELAXED_TO_URGENT = [AdviceVerdict.NOT_NEEDED, AdviceVerdict.CAN_WAIT, AdviceVerdict.DUE_NOW]

days = st.dates(date(1990, 1, 1), date(2060, 1, 1))
odometers = st.none() | st.integers(-10, 2_000_000)
services = st.sampled_from([subject.key for subject in SUBJECTS])
points = st.sampled_from(
    [point.key for item in [*MEASURED, COOLANT] for point in item.points] + ["disc_front_min", "magic"]
)
values = st.decimals(allow_nan=True, allow_infinity=True) | st.integers(-100, 6_000).map(Decimal)
cars = st.builds(
    CarFacts,
    powertrain=st.sampled_from(["ice", "hev", "phev", "erev", "bev"]),
    delivered_on=st.none() | days,
    model_year=st.none() | st.integers(0, 10_000),
    odometer_km=odometers,
    odometer_on=st.none() | days,
)
dones = st.builds(
    Done,
    service=services,
    on=days,
    km=odometers,
    shop=st.sampled_from(["", "shenchi"]),
    warranty_km=st.none() | st.integers(0, 50_000),
    warranty_days=st.none() | st.integers(0, 1_000),
)
records = st.builds(
    RecordFacts,
    done=st.lists(dones, max_size=8).map(tuple),
    odometer=st.lists(
        st.builds(OdometerPoint, on=days, km=st.integers(-10, 2_000_000), is_verified=st.booleans()), max_size=8
    ).map(tuple),
    is_complete_since_new=st.booleans(),
)
readings = st.lists(st.builds(Measurement, points, values, days, odometers), max_size=8)
proposals = st.builds(
    Proposal,
    subject=st.sampled_from([*SUBJECTS, *MEASURES, None]),
    symptoms=st.frozensets(st.sampled_from(Symptom.values), max_size=3),
    fault_codes=st.frozensets(st.sampled_from(["P0300", "P0505", "p2119", "", "X", "C0035-11"]), max_size=3),
)


@given(car=cars, record=records, taken=readings, proposal=proposals, today=days)
@settings(max_examples=200, deadline=None)
def test_there_is_always_an_answer_of_the_closed_vocabulary_and_it_survives_json(
    car: CarFacts, record: RecordFacts, taken: list[Measurement], proposal: Proposal, today: date
) -> None:
    advice = decide(car, record, taken, proposal, today)
    assert AdviceVerdict(advice.verdict)
    assert AdviceRule(advice.rule)
    assert Payer(advice.who_pays)
    written = json.dumps(advice.as_json())
    assert Advice.from_json(json.loads(written)) == advice
    assert json.dumps(decide(car, record, taken, proposal, today).as_json()) == written
    if advice.numbers.until_on is not None and advice.verdict == AdviceVerdict.CAN_WAIT:
        assert advice.numbers.until_on >= today


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("2.80", "2.8"),
        ("1E+1", "10"),
        ("0.00", "0"),
        ("1.23456789012345678901234567891", "1.23456789012345678901234567891"),  # more digits than are reckoned with
    ],
)
def test_a_measured_value_is_written_exactly_and_without_idle_zeros(value: str, written: str) -> None:
    taken = [Measurement("pad_front_left_inner", Decimal(value), TODAY)]
    advice = decide(CarFacts("ice"), RecordFacts(), taken, Proposal(FRONT_PADS), TODAY)
    assert advice.as_json()["numbers"]["value"] == written


@given(car=cars, record=records, taken=readings, proposal=proposals, today=days)
@settings(max_examples=100, deadline=None)
def test_the_order_of_record_and_measurements_does_not_matter(
    car: CarFacts, record: RecordFacts, taken: list[Measurement], proposal: Proposal, today: date
) -> None:
    shuffled = RecordFacts(
        done=tuple(reversed(record.done)),
        odometer=tuple(reversed(record.odometer)),
        is_complete_since_new=record.is_complete_since_new,
    )
    assert decide(car, shuffled, taken[::-1], proposal, today) == decide(car, record, taken, proposal, today)


@given(
    on=st.dates(TODAY + timedelta(days=1), date(2060, 1, 1)),
    service=services,
    km=st.integers(0, 999_999),
    value=st.integers(0, 5_000).map(Decimal),
    point=points,
)
def test_the_future_changes_nothing(on: date, service: str, km: int, value: Decimal, point: str) -> None:
    car = CarFacts("ice", delivered_on=date(2021, 3, 10), odometer_km=58_240)
    known = (Done("minor_service", date(2026, 5, 22), 49_000), Done("cabin_filter", date(2025, 5, 22), 40_000))
    record = RecordFacts(known)
    more = RecordFacts((*known, Done(service, on, km)), (OdometerPoint(on, km),))
    for subject in (*SUBJECTS, *MEASURES):
        proposal = Proposal(subject)
        later = decide(car, more, [Measurement(point, value, on)], proposal, TODAY)
        assert later == decide(car, record, (), proposal, TODAY)


@given(on=st.dates(date(2023, 6, 1), TODAY), factor=st.sampled_from([10, 11, 12]))
def test_a_digit_too_many_changes_nothing(on: date, factor: int) -> None:
    """Between readings that fit together one that is ten times too large is not believed."""
    car = CarFacts("ice", delivered_on=date(2021, 3, 10), odometer_km=58_240)
    known = RecordFacts(
        (Done("minor_service", date(2026, 5, 22), 52_000), Done("cabin_filter", date(2025, 5, 22), 40_000)),
        (OdometerPoint(date(2022, 3, 10), 11_000), OdometerPoint(date(2023, 3, 10), 20_000)),
    )
    wrong = RecordFacts(known.done, (*known.odometer, OdometerPoint(on, 45_000 * factor)))
    for item in SCHEDULED:
        proposal = Proposal(item)
        assert decide(car, wrong, (), proposal, TODAY) == decide(car, known, (), proposal, TODAY)


@given(first=st.integers(0, 60_000), more=st.integers(0, 60_000), months=st.integers(0, 30))
def test_more_kilometres_never_make_a_more_relaxed_verdict(first: int, more: int, months: int) -> None:
    on = date(2024, 5, 22)
    record = RecordFacts((Done("minor_service", on, 20_000),))
    today = on + timedelta(days=30 * months + 130)
    verdicts = [
        decide(CarFacts("ice", odometer_km=20_000 + km), record, (), Proposal(OIL), today).verdict
        for km in (first, first + more)
    ]
    assert RELAXED_TO_URGENT.index(verdicts[0]) <= RELAXED_TO_URGENT.index(verdicts[1])


@given(first=st.integers(0, 900), more=st.integers(0, 900), km=st.none() | st.integers(20_000, 40_000))
def test_more_days_never_make_a_more_relaxed_verdict(first: int, more: int, km: int | None) -> None:
    on = date(2024, 1, 31)
    record = RecordFacts((Done("minor_service", on, None if km is None else 20_000),))
    verdicts = [
        decide(
            CarFacts("ice", odometer_km=km, odometer_on=on + timedelta(days=0)),
            record,
            (),
            Proposal(OIL),
            on + timedelta(days=passed),
        ).verdict
        for passed in (first, first + more)
    ]
    assert RELAXED_TO_URGENT.index(verdicts[0]) <= RELAXED_TO_URGENT.index(verdicts[1])


@given(one=st.fractions(0, 3), other=st.fractions(0, 3))
def test_the_verdict_of_a_fraction_is_monotone_and_has_the_marks_of_the_rule(one: Fraction, other: Fraction) -> None:
    low, high = sorted((one, other))
    assert RELAXED_TO_URGENT.index(verdict_of(low)) <= RELAXED_TO_URGENT.index(verdict_of(high))
    if low <= Fraction(1, 10):
        assert verdict_of(low) == AdviceVerdict.NOT_NEEDED
    if Fraction(1, 2) <= low <= Fraction(9, 10):
        assert verdict_of(low) == AdviceVerdict.CAN_WAIT
    if low >= 1:
        assert verdict_of(low) == AdviceVerdict.DUE_NOW


@given(thick=st.decimals(0, 25, places=1), thin=st.decimals(0, 25, places=1))
def test_thinner_pads_never_make_a_more_relaxed_verdict(thick: Decimal, thin: Decimal) -> None:
    order = [AdviceVerdict.NOT_NEEDED, AdviceVerdict.CAN_WAIT, AdviceVerdict.JUSTIFIED]
    car = CarFacts("ice", odometer_km=58_240)
    verdicts = [
        decide(
            car, RecordFacts(), [Measurement("pad_front_left_inner", value, TODAY)], Proposal(FRONT_PADS), TODAY
        ).verdict
        for value in (max(thick, thin), min(thick, thin))
    ]
    assert order.index(verdicts[0]) <= order.index(verdicts[1])


@given(car=cars, record=records, today=days)
@settings(max_examples=60, deadline=None)
def test_without_a_measurement_measured_items_are_unknown(car: CarFacts, record: RecordFacts, today: date) -> None:
    for item in MEASURED:
        assert decide(car, record, (), Proposal(item), today).verdict == AdviceVerdict.UNKNOWN


@given(car=cars, record=records, taken=readings, symptoms=proposals, today=days)
@settings(max_examples=50, deadline=None)
def test_what_the_powertrain_does_not_have_is_never_needed(
    car: CarFacts, record: RecordFacts, taken: list[Measurement], symptoms: Proposal, today: date
) -> None:
    electric = replace(car, powertrain="bev")
    for subject in (OIL, PLUGS, BELT, THROTTLE, FLUSH, INTAKE, BAY_WASH):
        advice = decide(electric, record, taken, replace(symptoms, subject=subject), today)
        assert (advice.verdict, advice.rule) == (AdviceVerdict.NOT_NEEDED, AdviceRule.NOT_ON_THIS_CAR)


@given(record=records, taken=readings, proposal=proposals, today=days, car=cars)
@settings(max_examples=60, deadline=None)
def test_harmful_measures_are_never_justified(
    record: RecordFacts, taken: list[Measurement], proposal: Proposal, today: date, car: CarFacts
) -> None:
    harmful = Proposal(BAY_WASH, proposal.symptoms, proposal.fault_codes)
    advice = decide(car, record, taken, harmful, today)
    assert advice.verdict == AdviceVerdict.MOSTLY_UNNECESSARY or car.powertrain == "bev"
    assert advice.is_harmful or car.powertrain == "bev"
