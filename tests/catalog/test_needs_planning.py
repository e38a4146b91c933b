"""The plan of 24 months: golden cases and what must always hold. In words: docs/rules/plan.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.advice.belief import Story, believe
from catalog.advice.dates import add_months
from catalog.advice.facts import CarFacts, Done, Item, Measurement, OdometerPoint, RecordFacts, Schedule
from catalog.choices import AdviceRule
from catalog.needs.planning import Catalogue, plan
from catalog.needs.shape import By, Deferred, Kind, Line, Needs, Price, total
from tests.catalog.test_advice import (
    ALIGNMENT,
    BATTERY,
    BAY_WASH,
    BELT,
    CABIN,
    CHECK,
    COOLANT,
    ENGINES,
    FLUID,
    FLUSH,
    FRONT_PADS,
    INSPECTION,
    MAKER_OIL,
    OIL,
    PADS_EARLY,
    PLUGS,
    THROTTLE,
    TYRES,
    WASH,
)

TODAY = date(2026, 11, 22)
UNTIL = date(2028, 11, 22)
MAJOR = Item("major_service", "schedule", ENGINES, Schedule(60_000, 36))
ITEMS = (
    *(OIL, MAJOR, CABIN, COOLANT, PLUGS, BELT, FRONT_PADS, TYRES, BATTERY, FLUID),
    *(ALIGNMENT, THROTTLE, INSPECTION, WASH, CHECK),
)
MEASURES = (FLUSH, BAY_WASH, PADS_EARLY)
CATALOGUE = Catalogue(
    ITEMS, MEASURES, covered={"pads_early": "brake_pads_front"}, per_piece=frozenset({"tyre_replace"})
)
PRICES = {item.key: Price(100_00, 150_00, 9) for item in ITEMS if item.key != "timing_belt"}


def story(
    *,
    km: int | None = 58_000,
    per_day: int = 20,
    delivered_on: date | None = date(2021, 3, 10),
    model_year: int | None = None,
    done: tuple[Done, ...] = (),
    readings: tuple[Measurement, ...] = (),
    odometer: tuple[OdometerPoint, ...] | None = None,
    powertrain: str = "ice",
    is_complete: bool = False,
    today: date = TODAY,
) -> Story:
    """A car read today and a year before, so that its rate is `per_day`; delivery joins in only if it is given."""
    car = CarFacts(powertrain, delivered_on, model_year)
    if odometer is None and km is not None:
        odometer = (
            OdometerPoint(today - timedelta(days=365), km - 365 * per_day, is_verified=True),
            OdometerPoint(today, km, is_verified=True),
        )
    record = RecordFacts(done=done, odometer=odometer or (), is_complete_since_new=is_complete)
    return believe(car, record, readings, today)


def needs(catalogue: Catalogue = CATALOGUE, deferred: tuple[Deferred, ...] = (), **facts: Any) -> Needs:
    return plan(story(**facts), catalogue, prices=PRICES, deferred=deferred)


def only(item: Item, deferred: tuple[Deferred, ...] = (), **facts: Any) -> Needs:
    return needs(Catalogue([item]), deferred, **facts)


def dates(found: Needs) -> list[tuple[str, date]]:
    return [(str(line.kind), line.on) for line in found.lines]


def pads(*values: tuple[str, date, int | None], point: str = "pad_front_left_inner") -> tuple[Measurement, ...]:
    return tuple(Measurement(point, Decimal(value), on, km) for value, on, km in values)


# --- By schedule ----------------------------------------------------------------------------------


def test_a_recurring_service_comes_again_within_the_plan() -> None:
    found = only(OIL, done=(Done("minor_service", date(2026, 2, 1), 52_500),))
    # 4,500 km at 20 a day are 225 days: the calendar is sooner (1 February), and again a year later
    assert dates(found) == [("dated", date(2027, 2, 1)), ("dated", date(2028, 2, 1))]
    assert [line.by for line in found.lines] == [By.MONTHS, By.MONTHS]
    assert [line.nth for line in found.lines] == [0, 1]


def test_many_kilometres_a_day_bring_the_oil_service_twice_a_year() -> None:
    found = only(OIL, per_day=60, done=(Done("minor_service", TODAY, 58_000),))
    assert [line.by for line in found.lines] == [By.KM] * 4
    assert [line.km for line in found.lines] == [68_000, 78_000, 88_000, 98_000]
    assert found.lines[0].on == TODAY + timedelta(days=167)
    assert all(line.earliest <= line.on <= line.latest for line in found.lines)


def test_an_exception_for_the_first_time_holds_once() -> None:
    found = only(
        MAKER_OIL, km=2_000, per_day=20, delivered_on=date(2026, 9, 1), odometer=(OdometerPoint(TODAY, 1_640),)
    )
    assert found.lines[0].advice.rule == AdviceRule.FIRST_SERVICE
    assert found.lines[0].on == date(2027, 3, 1)
    assert found.lines[1].on == date(2028, 3, 1)


def test_an_overdue_service_stays_overdue_until_it_is_done() -> None:
    late = (Done("minor_service", date(2023, 1, 10), 30_000),)
    for months in (0, 6, 12, 24):
        today = add_months(TODAY, months)
        found = only(OIL, done=late, today=today)
        assert found.lines[0].kind == Kind.NOW
        assert found.lines[0].on == date(2024, 1, 10)
        assert found.visits[0].is_now
        assert found.visits[0].on == today


def test_doing_it_takes_it_from_what_is_due_now() -> None:
    assert [line.key for line in only(OIL, done=(Done("minor_service", date(2025, 1, 1), 40_000),)).now] == [
        "minor_service"
    ]
    again = only(OIL, done=(Done("minor_service", date(2025, 1, 1), 40_000), Done("minor_service", TODAY, 58_000)))
    assert not again.now
    assert again.lines[0].on == date(2027, 11, 22)


def test_one_mistyped_reading_makes_nothing_due() -> None:
    honest = (
        OdometerPoint(date(2025, 11, 22), 50_700),
        OdometerPoint(date(2026, 5, 1), 53_900),
        OdometerPoint(TODAY, 58_000),
    )
    mistyped = (*honest, OdometerPoint(date(2026, 8, 1), 560_000))
    done = (Done("minor_service", date(2026, 6, 1), 55_000),)
    assert dates(only(OIL, odometer=mistyped, done=done)) == dates(only(OIL, odometer=honest, done=done))


def test_without_a_rate_it_goes_by_date_only() -> None:
    one_reading = (OdometerPoint(TODAY, 58_000),)
    found = only(OIL, delivered_on=None, odometer=one_reading, done=(Done("minor_service", date(2026, 6, 1)),))
    assert found.rate is None
    assert dates(found) == [("dated", date(2027, 6, 1)), ("dated", date(2028, 6, 1))]
    assert found.lines[0].numbers.projected_on is None
    assert found.lines[0].km is None


def test_by_kilometres_alone_and_without_a_rate_nothing_is_guessed() -> None:
    plugs = replace(PLUGS, fitment="")
    found = only(
        plugs,
        delivered_on=None,
        odometer=(OdometerPoint(TODAY, 58_000),),
        done=(Done("spark_plugs", TODAY - timedelta(days=9), 57_900),),
    )
    assert not found.lines
    assert [advice.subject for advice in found.unknown] == ["spark_plugs"]


def test_without_an_odometer_the_calendar_still_speaks() -> None:
    found = only(OIL, km=None, done=(Done("minor_service", date(2026, 6, 1)),))
    assert found.km is None
    assert [line.on for line in found.lines] == [date(2027, 6, 1), date(2028, 6, 1)]
    assert all(line.km is None for line in found.lines)


def test_what_depends_on_the_fitment_is_not_planned_before_it_is_known() -> None:
    found = only(BELT, done=(), km=58_000, delivered_on=date(2022, 1, 1))
    assert not found.lines
    assert [advice.rule for advice in found.unknown] == [AdviceRule.FITMENT_UNKNOWN]


def test_a_bundle_is_planned_by_its_parts() -> None:
    found = needs(Catalogue([OIL, MAJOR]), done=(Done("major_service", date(2026, 6, 1), 55_000),))
    assert {line.key for line in found.lines} == {"minor_service"}
    assert [(entry.key, entry.is_bundle) for entry in found.not_on_it] == [("major_service", True)]


# --- By measurement -------------------------------------------------------------------------------


def test_wear_is_projected_along_its_kilometres() -> None:
    at = ((TODAY - timedelta(days=365), 50_700), (TODAY, 58_000))
    readings = pads(("6", *at[0]), ("4.4", *at[1]))
    found = only(FRONT_PADS, readings=readings)
    (line,) = found.lines
    # 1.6 mm in 7,300 km: the last 1.4 mm last 6,387 km more, at 20 a day 319 days
    assert (line.kind, line.by, line.km) == (Kind.LIKELY, By.TREND, 64_387)
    assert line.on == TODAY + timedelta(days=319)
    assert line.trend is not None
    assert (line.trend.value, line.trend.limit, line.trend.by_km) == (Decimal("4.4"), Decimal(3), True)


@pytest.mark.parametrize(
    "readings",
    [
        pads(("4.4", TODAY, 58_000)),
        pads(("4.4", date(2025, 11, 22), 50_700), ("4.4", TODAY, 58_000)),
        pads(("4.4", date(2025, 11, 22), 50_700), ("9.0", TODAY, 58_000)),
        pads(("5.0", TODAY - timedelta(days=5), 57_900), ("4.4", TODAY, 58_000)),
    ],
    ids=["one reading", "no wear", "it grew", "too near"],
)
def test_no_trend_is_made_of_nothing(readings: tuple[Measurement, ...]) -> None:
    assert not only(FRONT_PADS, readings=readings).lines


def test_readings_of_the_part_before_make_no_trend() -> None:
    readings = pads(("4.0", date(2025, 11, 22), 50_700), ("11", date(2026, 6, 1), 54_000))
    found = only(FRONT_PADS, readings=readings, done=(Done("brake_pads_front", date(2026, 1, 5), 51_000),))
    assert not found.lines


def test_a_part_at_its_limit_is_due_now_and_has_no_next_time() -> None:
    found = only(FRONT_PADS, readings=pads(("2.8", TODAY, 58_000)))
    assert [(line.kind, line.by) for line in found.lines] == [(Kind.NOW, By.LIMIT)]


def test_brake_fluid_is_tested_at_its_interval() -> None:
    found = only(FLUID, done=(Done("brake_fluid", date(2025, 4, 19), 43_704),))
    assert dates(found) == [("likely", date(2027, 4, 19))]
    assert found.lines[0].by == By.TEST
    wet = (Measurement("brake_fluid_water", Decimal("2.1"), date(2026, 6, 1), 54_500),)
    assert dates(only(FLUID, done=(Done("brake_fluid", date(2025, 4, 19), 43_704),), readings=wet)) == [
        ("dated", date(2027, 4, 19))
    ]


def test_a_battery_is_planned_only_if_the_test_says_so() -> None:
    weak = (Measurement("battery_cca", Decimal(70), date(2026, 6, 1), 54_500),)
    found = only(BATTERY, readings=weak)
    assert dates(found) == [("likely", date(2027, 11, 1))]
    strong = (Measurement("battery_cca", Decimal(95), date(2026, 6, 1), 54_500),)
    assert not only(BATTERY, readings=strong).lines
    assert [entry.key for entry in only(BATTERY, readings=strong).not_on_it] == ["battery_12v"]


def test_a_tyre_comes_of_age() -> None:
    old = (Measurement("tyre_date_front_left", Decimal(2321), date(2026, 6, 1), 54_500),)
    found = only(TYRES, readings=old)
    assert [(line.kind, line.by, line.on) for line in found.lines] == [(Kind.LIKELY, By.AGE, date(2027, 6, 7))]


# --- By law, by the owner's word ------------------------------------------------------------------


def test_the_inspection_follows_the_delivery() -> None:
    found = only(INSPECTION, delivered_on=date(2021, 3, 10))
    assert dates(found) == [("dated", date(2027, 3, 31))]
    assert only(INSPECTION, delivered_on=date(2015, 3, 10)).lines[-1].on == date(2028, 3, 31)
    unknown = only(INSPECTION, delivered_on=None)
    assert not unknown.lines
    assert [advice.subject for advice in unknown.unknown] == ["annual_inspection_agent"]
    assert not unknown.has_delivery_date


def test_what_was_put_off_comes_back_on_the_day_chosen() -> None:
    late = (Done("minor_service", date(2023, 1, 10), 30_000),)
    put_off = Deferred("minor_service", TODAY - timedelta(days=3), until_on=date(2027, 2, 1))
    found = only(OIL, (put_off,), done=late)
    assert (found.lines[0].by, found.lines[0].on) == (By.DEFERRED, date(2027, 2, 1))
    assert found.lines[0].deferred == put_off
    assert not found.now


def test_what_was_put_off_comes_back_at_the_kilometres_chosen() -> None:
    put_off = Deferred("wheel_alignment", TODAY - timedelta(days=3), until_km=60_000)
    found = only(ALIGNMENT, (put_off,))
    assert [(line.kind, line.km, line.on) for line in found.lines] == [
        (Kind.LIKELY, 60_000, TODAY + timedelta(days=100))
    ]
    assert not found.not_on_it


def test_a_part_at_its_limit_stays_although_it_was_put_off() -> None:
    put_off = Deferred("brake_pads_front", TODAY, until_on=date(2027, 6, 1))
    found = only(FRONT_PADS, (put_off,), readings=pads(("2.8", TODAY, 58_000)))
    assert [(line.kind, line.deferred) for line in found.lines] == [(Kind.NOW, put_off)]


def test_what_was_done_since_is_not_put_off_any_more() -> None:
    put_off = Deferred("minor_service", date(2026, 1, 1), until_on=date(2026, 12, 1))
    found = only(OIL, (put_off,), done=(Done("minor_service", date(2026, 6, 1), 55_000),))
    assert all(line.deferred is None for line in found.lines)


# --- Left out, visits, sums -----------------------------------------------------------------------


def test_what_is_left_out_is_said() -> None:
    found = needs(done=(Done("minor_service", date(2026, 6, 1), 55_000),))
    left_out = {entry.key: entry for entry in found.not_on_it}
    assert {"engine_flush", "engine_bay_wash", "throttle_clean", "wheel_alignment", "full_inspection"} <= set(left_out)
    assert "car_wash" not in left_out
    assert left_out["engine_bay_wash"].advice.is_harmful


def test_a_battery_car_is_told_what_it_does_not_have() -> None:
    found = needs(powertrain="bev")
    left_out = {entry.key: entry.advice.rule for entry in found.not_on_it}
    assert left_out["minor_service"] == AdviceRule.NOT_ON_THIS_CAR
    assert "engine_flush" not in left_out
    assert not {line.key for line in found.lines} & {"minor_service", "coolant", "spark_plugs"}


def test_what_falls_due_at_about_the_same_time_is_one_visit() -> None:
    done = (Done("minor_service", date(2026, 6, 1), 58_000), Done("cabin_filter", date(2026, 6, 25), 58_000))
    found = needs(Catalogue([OIL, CABIN]), done=done, per_day=5)
    assert [visit.keys for visit in found.visits] == [("minor_service", "cabin_filter")] * 2
    assert found.visits[0].on == date(2027, 6, 1)
    apart = (done[0], Done("cabin_filter", date(2026, 7, 25), 58_000))
    assert len(needs(Catalogue([OIL, CABIN]), done=apart, per_day=5).visits) == 4


def test_a_price_that_is_not_known_is_counted_and_never_nought() -> None:
    found = plan(story(done=(Done("minor_service", date(2026, 6, 1), 55_000),)), Catalogue([OIL]))
    assert [line.price for line in found.lines] == [None, None]
    assert (found.total.high_fen, found.total.unpriced) == (0, 2)


def test_tyres_are_priced_by_the_piece() -> None:
    worn = tuple(Measurement(f"tread_front_{side}", Decimal("1.5"), TODAY, 58_000) for side in ("left", "right"))
    both = replace(TYRES, points=(*TYRES.points, replace(TYRES.points[0], key="tread_front_right")))
    found = needs(Catalogue([both], per_piece=frozenset({"tyre_replace"})), readings=worn)
    assert [(line.pieces, line.price) for line in found.lines] == [(2, Price(200_00, 300_00, 9))]


# --- What must always hold ------------------------------------------------------------------------

DAYS = st.integers(0, 2_000).map(lambda back: TODAY - timedelta(days=back))


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    km, per_day = draw(st.integers(20_000, 150_000)), draw(st.integers(0, 50))
    done = draw(
        st.lists(
            st.builds(
                Done,
                st.sampled_from([item.key for item in ITEMS]),
                DAYS,
                st.one_of(st.none(), st.integers(0, km)),
                st.sampled_from(["", "shop"]),
            ),
            max_size=8,
        )
    )
    points = [point.key for item in ITEMS for point in item.points]
    reading = st.builds(
        Measurement,
        st.sampled_from(points),
        st.decimals(0, 12, places=1),
        DAYS,
        st.one_of(st.none(), st.integers(0, km)),
    )
    return {
        "km": draw(st.one_of(st.none(), st.just(km))),
        "per_day": min(per_day, km // 365),
        "delivered_on": draw(st.one_of(st.none(), st.dates(date(2012, 1, 1), date(2023, 1, 1)))),
        "done": tuple(done),
        "readings": tuple(draw(st.lists(reading, max_size=8))),
        "powertrain": draw(st.sampled_from(["ice", "phev", "bev"])),
        "is_complete": draw(st.booleans()),
    }


DEFERRED = st.lists(
    st.builds(
        Deferred,
        st.sampled_from([item.key for item in ITEMS if item.key != "car_wash"]),
        DAYS,
        st.one_of(st.none(), st.dates(TODAY, date(2029, 6, 1))),
        st.one_of(st.none(), st.integers(1, 200_000)),
    ),
    max_size=3,
).map(tuple)


@settings(max_examples=150, deadline=None)
@given(facts(), DEFERRED)
def test_the_plan_keeps_its_bounds_and_its_sums(given_facts: dict[str, Any], deferred: tuple[Deferred, ...]) -> None:
    found = needs(CATALOGUE, deferred, **given_facts)
    for line in found.lines:
        assert line.on <= UNTIL
        assert line.kind == Kind.NOW or line.on >= TODAY
        assert line.earliest <= line.on <= line.latest
        assert line.km is None or found.km is not None or line.numbers.due_km == line.km or line.deferred
    assert sum(len(visit.lines) for visit in found.visits) == len(found.lines)
    assert [visit.on for visit in found.visits] == sorted(visit.on for visit in found.visits)
    for visit in found.visits:
        assert TODAY <= visit.on <= UNTIL
        assert len(set(visit.keys)) == len(visit.lines)
        assert visit.is_now == any(line.kind == Kind.NOW for line in visit.lines)
    priced = [line.price for line in found.lines if line.price]
    assert found.total.low_fen == sum(price.low_fen for price in priced)
    assert found.total.high_fen == sum(price.high_fen for price in priced)
    assert found.total.unpriced == len(found.lines) - len(priced)
    parts = [total(visit.lines) for visit in found.visits]
    assert sum(part.high_fen for part in parts) == found.total.high_fen
    planned, left_out = {line.key for line in found.lines}, {entry.key for entry in found.not_on_it}
    assert not planned & left_out
    assert not {advice.subject for advice in found.unknown} & (planned | left_out)
    assert len(left_out) == len(found.not_on_it)


@settings(max_examples=100, deadline=None)
@given(facts(), st.integers(1, 30))
def test_driving_more_never_makes_anything_due_later(given_facts: dict[str, Any], more: int) -> None:
    """The same car driven further in the year before: what both plans name comes no later."""
    if given_facts["km"] is None:
        return
    done = tuple(replace(entry, km=None) for entry in given_facts["done"])
    readings = tuple(replace(taken, km=None) for taken in given_facts["readings"])
    common = given_facts | {"done": done, "readings": readings, "delivered_on": None}
    start = given_facts["km"] - 365 * given_facts["per_day"]
    further = needs(
        **common | {"per_day": given_facts["per_day"] + more, "km": start + 365 * (given_facts["per_day"] + more)}
    )
    before = _by_time(needs(**common))
    for key, line in _by_time(further).items():
        if key in before:
            assert line.on <= before[key].on or line.kind == Kind.NOW


def _by_time(found: Needs) -> dict[tuple[str, int], Line]:
    return {(line.key, line.nth): line for line in found.lines}


@settings(max_examples=100, deadline=None)
@given(facts())
def test_doing_what_is_due_now_takes_it_away(given_facts: dict[str, Any]) -> None:
    due = [line for line in needs(**given_facts).now if line.by != By.LAW]
    done = (*given_facts["done"], *(Done(line.key, TODAY, given_facts["km"]) for line in due))
    after = needs(**given_facts | {"done": done})
    assert not {line.key for line in due} & {line.key for line in after.now}
