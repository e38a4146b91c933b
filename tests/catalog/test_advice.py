"""The advice rules at their boundaries: a table of golden cases. In words: docs/rules/advice.md."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from catalog.advice.decide import decide
from catalog.advice.facts import (
    CarFacts,
    Clause,
    Done,
    Item,
    Measure,
    Measurement,
    OdometerPoint,
    Proposal,
    RecordFacts,
    Schedule,
)
from catalog.advice.verdict import Advice
from catalog.choices import Direction, PointKind
from catalog.points import Point

TODAY = date(2026, 11, 22)
ENGINES = frozenset({"ice", "hev", "phev", "erev"})
ALL = ENGINES | {"bev"}

PADS = tuple(
    Point(
        f"pad_front_{place}",
        unit="mm",
        red_at=Decimal(3),
        yellow_at=Decimal(5),
        highest=Decimal(25),
        only_gets_worse=True,
        source="3 mm",
        confidence="sure",
    )
    for place in ("left_inner", "left_outer", "right_inner", "right_outer")
)
WATER = Point(
    "brake_fluid_water",
    unit="%",
    direction=Direction.HIGH_IS_BAD,
    red_at=Decimal(3),
    yellow_at=Decimal(2),
    highest=Decimal(10),
    only_gets_worse=True,
)
TREAD = Point("tread_front_left", unit="mm", red_at=Decimal("1.6"), yellow_at=Decimal(3), highest=Decimal(20))
TYRE_DATE = Point(
    "tyre_date_front_left",
    kind=PointKind.DATE,
    direction=Direction.HIGH_IS_BAD,
    red_at=Decimal(6),
    yellow_at=Decimal(5),
    lowest=Decimal(100),
    highest=Decimal(5399),
)
CCA = Point(
    "battery_cca",
    unit="%",
    red_at=Decimal(60),
    yellow_at=Decimal(75),
    is_red_at_limit=False,
    highest=Decimal(150),
    is_tested_before_winter=True,
)
REST = Point("battery_rest", unit="V", red_at=Decimal("12.2"), is_red_at_limit=False, highest=Decimal(16))
DISC = Point("disc_front_left", unit="mm", limit_from="disc_front_min", highest=Decimal(60), only_gets_worse=True)
COOLANT_FREEZING = Point(
    "coolant_freezing",
    unit="°C",
    direction=Direction.HIGH_IS_BAD,
    red_at=Decimal(-15),
    lowest=Decimal(-80),
    highest=Decimal(10),
)

OIL = Item("minor_service", "schedule", ENGINES, Schedule(10_000, 12), also_done_with=("major_service",))
MAKER_OIL = Item("minor_service", "schedule", ENGINES, Schedule(10_000, 12, 5_000, 6, is_of_maker=True))
CABIN = Item("cabin_filter", "schedule", ALL, Schedule(10_000, 12))
COOLANT = Item("coolant", "schedule", ENGINES, Schedule(60_000, 48), points=(COOLANT_FREEZING,))
PLUGS = Item("spark_plugs", "schedule", ENGINES, Schedule(60_000), fitment="plug_type")
BELT = Item("timing_belt", "schedule", frozenset({"ice"}), Schedule(90_000, 72), fitment="timing_drive")
FRONT_PADS = Item("brake_pads_front", "measure", ALL, points=PADS)
TYRES = Item("tyre_replace", "measure", ALL, points=(TREAD, TYRE_DATE))
DISCS = Item("brake_discs_front", "measure", ALL, points=(DISC,))
BATTERY = Item("battery_12v", "test", ALL, Schedule(None, 48), points=(REST, CCA))
FLUID = Item("brake_fluid", "schedule_then_test", ALL, Schedule(40_000, 24), points=(WATER,))
ALIGNMENT = Item(
    "wheel_alignment", "symptom", ALL, evidence=(Clause(symptoms=("pulls", "uneven_wear", "suspension_work")),)
)
THROTTLE = Item(
    "throttle_clean",
    "symptom",
    ENGINES,
    evidence=(Clause(symptoms=("rough_idle",)), Clause(codes=("P0505-P0507", "P2119"))),
    min_km=20_000,
)
AC_CLEAN = Item("ac_clean", "symptom", ALL, evidence=(Clause(symptoms=("cabin_smell",), fresh=(CABIN,)),))
INSPECTION = Item("annual_inspection_agent", "statute", ALL)
WASH = Item("car_wash", "wish", ALL)
CHECK = Item("full_inspection", "schedule", ALL, Schedule(is_of_maker=True, is_condition_based=True))

FLUSH = Measure(
    "engine_flush", "not_recommended", ENGINES, (Clause(symptoms=("sludge_photo",)), Clause(skipped=(OIL,)))
)
INTAKE = Measure(
    "intake_clean",
    "symptom_only",
    ENGINES,
    (Clause(symptoms=("deposits_photo",)), Clause(symptoms=("power_loss",), over_km=80_000)),
)
BAY_WASH = Measure("engine_bay_wash", "harmful", ENGINES)
PADS_EARLY = Measure("pads_early", "measure_first", ALL, (Clause(due=(FRONT_PADS,)),))


def car(km: int | None = 58_240, **changes: Any) -> CarFacts:
    return CarFacts(**({"powertrain": "ice", "delivered_on": date(2021, 3, 10), "odometer_km": km} | changes))


def done(service: str, on: date, km: int | None = None, **changes: Any) -> RecordFacts:
    return RecordFacts(done=(Done(service, on, km, **changes),))


def ask(
    subject: Item | Measure | None,
    *,
    of: CarFacts | None = None,
    record: RecordFacts | None = None,
    readings: tuple[Measurement, ...] = (),
    symptoms: tuple[str, ...] = (),
    codes: tuple[str, ...] = (),
    today: date = TODAY,
) -> Advice:
    proposal = Proposal(subject, frozenset(symptoms), frozenset(codes))
    advice = decide(of or car(), record or RecordFacts(), readings, proposal, today)
    assert Advice.from_json(json.loads(json.dumps(advice.as_json()))) == advice
    return advice


def said(advice: Advice) -> tuple[str, str]:
    return str(advice.verdict), str(advice.rule)


def read(point: str, value: str, on: date = TODAY, km: int | None = None) -> tuple[Measurement, ...]:
    return (Measurement(point, Decimal(value), on, km),)


# --- By schedule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("driven", "verdict"),
    [
        (0, "not_needed"),
        (1_000, "not_needed"),
        (1_001, "not_needed"),
        (3_000, "not_needed"),
        (3_001, "can_wait"),
        (5_000, "can_wait"),
        (9_000, "can_wait"),
        (9_500, "can_wait"),
        (9_501, "due_now"),
        (9_999, "due_now"),
        (10_000, "due_now"),
        (25_000, "due_now"),
    ],
)
def test_kilometres_used_decide_and_half_way_the_more_relaxed(driven: int, verdict: str):
    record = done("minor_service", date(2026, 10, 22), 40_000)
    assert said(ask(OIL, of=car(40_000 + driven), record=record)) == (verdict, "general_interval")


@pytest.mark.parametrize(
    ("on", "verdict"),
    [
        (date(2025, 11, 22), "due_now"),
        (date(2025, 11, 23), "due_now"),
        (date(2025, 12, 10), "due_now"),
        (date(2025, 12, 11), "can_wait"),
        (date(2026, 8, 4), "can_wait"),
        (date(2026, 8, 5), "not_needed"),
        (date(2026, 11, 22), "not_needed"),
    ],
)
def test_months_used_decide_in_days(on: date, verdict: str):
    assert ask(OIL, record=done("minor_service", on, 58_000)).verdict == verdict


def test_whichever_comes_first_decides():
    advice = ask(OIL, of=car(50_000), record=done("minor_service", date(2025, 11, 22), 49_900))
    assert (advice.verdict, advice.numbers.used_by) == ("due_now", "months")
    advice = ask(OIL, of=car(60_000), record=done("minor_service", date(2026, 11, 1), 49_900))
    assert (advice.verdict, advice.numbers.used_by) == ("due_now", "km")


def test_a_month_has_no_31st_and_ends_there():
    record = done("minor_service", date(2025, 1, 31))
    monthly = Item("minor_service", "schedule", ENGINES, Schedule(None, 1))
    assert ask(monthly, record=record, today=date(2025, 2, 28)).numbers.due_on == date(2025, 2, 28)
    assert ask(monthly, record=record, today=date(2025, 2, 28)).numbers.used == 1
    assert ask(monthly, record=record, today=date(2025, 2, 14)).numbers.used == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("km", "verdict"), [(4_750, "can_wait"), (4_751, "due_now"), (5_000, "due_now"), (1_500, "not_needed")]
)
def test_the_first_service_has_its_own_interval(km: int, verdict: str):
    assert said(ask(MAKER_OIL, of=car(km, delivered_on=date(2026, 10, 22)))) == (verdict, "first_service")


def test_the_first_service_no_longer_counts_after_it_was_done():
    new = car(10_500, delivered_on=date(2026, 1, 22))
    advice = ask(MAKER_OIL, of=new, record=done("minor_service", date(2026, 5, 1), 5_200))
    assert said(advice) == ("can_wait", "maker_schedule")
    assert (advice.numbers.due_km, advice.numbers.due_on) == (15_200, date(2027, 5, 1))


def test_work_that_contains_the_item_counts():
    assert ask(OIL, record=done("major_service", date(2026, 11, 1), 58_000)).verdict == "not_needed"


def test_without_an_entry_a_young_car_is_counted_from_new():
    assert said(ask(CABIN, of=car(9_999, delivered_on=date(2025, 12, 10)))) == ("due_now", "general_interval")
    assert said(ask(CABIN, of=car(5_000, delivered_on=date(2026, 6, 1)))) == ("can_wait", "general_interval")


@pytest.mark.parametrize(
    ("km", "delivered_on"),
    [(10_000, date(2026, 6, 1)), (9_000, date(2025, 11, 22)), (None, date(2026, 6, 1)), (5_000, None)],
)
def test_without_an_entry_anything_else_is_unknown(km: int | None, delivered_on: date | None):
    advice = ask(CABIN, of=car(km, delivered_on=delivered_on))
    assert said(advice) == ("unknown", "no_entry")
    assert "entry" in [change.kind for change in advice.change]


def test_an_unbroken_record_counts_from_new_at_any_age():
    advice = ask(CABIN, of=car(58_240), record=RecordFacts(is_complete_since_new=True))
    assert said(advice) == ("due_now", "general_interval")
    assert advice.numbers.is_from_new


def test_without_the_day_of_delivery_the_model_year_stands_for_it():
    advice = ask(CABIN, of=car(5_000, delivered_on=None, model_year=2026))
    assert (advice.verdict, advice.confidence) == ("can_wait", "estimate")
    assert advice.numbers.is_new_estimated


def test_months_decide_where_kilometres_are_missing():
    record = done("minor_service", date(2025, 10, 1))
    assert said(ask(OIL, of=car(None), record=record)) == ("due_now", "general_interval")


def test_an_item_by_kilometres_alone_needs_them():
    rotation = Item("tyre_rotation", "schedule", ALL, Schedule(10_000))
    advice = ask(rotation, of=car(None), record=done("tyre_rotation", date(2026, 1, 1)))
    assert said(advice) == ("unknown", "not_countable")
    assert [change.kind for change in advice.change] == ["odometer", "entry"]


@pytest.mark.parametrize("km", [None, 5_800])
def test_an_item_by_kilometres_alone_is_counted_from_what_other_readings_say_of_its_day(km: int | None):
    rotation = Item("tyre_rotation", "schedule", ALL, Schedule(10_000, confidence="sure"))
    record = RecordFacts(
        done=(Done("tyre_rotation", date(2026, 2, 20), km),),
        odometer=(
            OdometerPoint(date(2025, 1, 1), 30_000),
            OdometerPoint(date(2026, 1, 1), 50_000),
            OdometerPoint(date(2026, 4, 11), 55_000),
        ),
    )
    numbers = ask(rotation, of=car(None), record=record).numbers
    assert (numbers.last_km, numbers.from_km, numbers.due_km, numbers.used) == (None, 52_500, 62_500, Fraction(1, 4))
    assert ask(rotation, of=car(None), record=record).confidence == "estimate"


def test_what_was_done_after_the_last_reading_is_counted_from_where_the_car_was_then():
    rotation = Item("tyre_rotation", "schedule", ALL, Schedule(10_000))
    record = RecordFacts(
        done=(Done("tyre_rotation", date(2026, 7, 20), None),),
        odometer=(OdometerPoint(date(2026, 1, 1), 50_000), OdometerPoint(date(2026, 4, 11), 55_000)),
    )
    numbers = ask(rotation, of=car(None, delivered_on=None), record=record).numbers
    assert (numbers.from_km, numbers.due_km, numbers.used) == (60_000, 70_000, 0)


def test_it_waits_until_the_earlier_of_date_and_projected_kilometres():
    record = RecordFacts(
        done=(Done("minor_service", date(2026, 6, 22), 54_000),), odometer=(OdometerPoint(date(2025, 11, 22), 47_000),)
    )
    advice = ask(OIL, of=car(59_000, delivered_on=None), record=record)
    assert advice.verdict == "can_wait"
    assert advice.numbers.due_on == date(2027, 6, 22)
    assert advice.numbers.projected_on == date(2027, 4, 23)  # 5,000 km at 12,000 km in 365 days
    assert (advice.numbers.until_on, advice.numbers.until_km) == (date(2027, 4, 23), 64_000)


def test_no_interval_and_a_maker_who_asks_for_none():
    assert said(ask(CHECK)) == ("not_needed", "maker_has_none")
    assert said(ask(Item("cabin_filter", "schedule", ALL))) == ("unknown", "no_interval")


def test_what_is_fitted_must_be_known_before_an_interval_means_anything():
    whole = RecordFacts(is_complete_since_new=True)
    assert said(ask(BELT, record=whole)) == ("unknown", "fitment_unknown")
    assert ask(BELT, record=whole).change[0].keys == ("timing_drive",)
    assert said(ask(PLUGS, record=done("spark_plugs", date(2022, 1, 1), 10_000))) == ("unknown", "fitment_unknown")
    of_maker = Item("timing_belt", "schedule", ALL, Schedule(90_000, 72, is_of_maker=True), fitment="timing_drive")
    assert said(ask(of_maker, record=whole)) == ("due_now", "maker_schedule")


def test_a_part_that_was_replaced_is_there():
    assert said(ask(BELT, record=done("timing_belt", date(2025, 1, 1), 40_000))) == ("can_wait", "general_interval")


def test_up_to_a_tenth_it_is_not_needed_whatever_is_fitted():
    assert said(ask(PLUGS, of=car(6_000), record=RecordFacts())) == ("not_needed", "general_interval")


# --- By measurement -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "point", "value", "verdict"),
    [
        (FRONT_PADS, "pad_front_left_inner", "3.01", "can_wait"),
        (FRONT_PADS, "pad_front_left_inner", "3.0", "justified"),
        (FRONT_PADS, "pad_front_left_inner", "5", "can_wait"),
        (FRONT_PADS, "pad_front_left_inner", "5.1", "not_needed"),
        (TYRES, "tread_front_left", "1.6", "justified"),
        (TYRES, "tread_front_left", "1.7", "can_wait"),
        (TYRES, "tread_front_left", "3.1", "not_needed"),
        (TYRES, "tyre_date_front_left", "4720", "justified"),  # Monday 16 November 2020
        (TYRES, "tyre_date_front_left", "4820", "can_wait"),  # Monday 23 November 2020
        (TYRES, "tyre_date_front_left", "4821", "not_needed"),
        (BATTERY, "battery_cca", "59.9", "justified"),
        (BATTERY, "battery_cca", "60", "can_wait"),
        (BATTERY, "battery_cca", "75", "can_wait"),
        (BATTERY, "battery_cca", "76", "not_needed"),
        (BATTERY, "battery_rest", "12.19", "justified"),
        (BATTERY, "battery_rest", "12.2", "not_needed"),
        (FLUID, "brake_fluid_water", "3.0", "justified"),
        (FLUID, "brake_fluid_water", "1.9", "not_needed"),
    ],
)
def test_the_measured_limit_decides_at_equality(subject: Item, point: str, value: str, verdict: str):
    assert ask(subject, readings=read(point, value)).verdict == verdict


@pytest.mark.parametrize("subject", [FRONT_PADS, TYRES, DISCS, BATTERY, FLUID], ids=lambda item: item.key)
@pytest.mark.parametrize("km", [0, 58_240, 400_000])
def test_without_a_measurement_it_is_unknown_however_far_the_car_went(subject: Item, km: int):
    for record in (RecordFacts(), RecordFacts(is_complete_since_new=True), done(subject.key, date(2021, 4, 1), 0)):
        advice = ask(subject, of=car(km), record=record)
        assert said(advice) == ("unknown", "not_measured")
        assert advice.change[0].keys == tuple(point.key for point in subject.points)


@pytest.mark.parametrize(
    ("on", "km", "verdict"),
    [
        (date(2024, 11, 22), 30_000, "due_now"),
        (date(2024, 11, 23), 30_000, "can_wait"),
        (date(2026, 1, 1), 18_240, "due_now"),
        (date(2026, 1, 1), 18_241, "can_wait"),
    ],
)
def test_brake_fluid_between_the_limits_goes_by_the_interval(on: date, km: int, verdict: str):
    advice = ask(FLUID, record=done("brake_fluid", on, km), readings=read("brake_fluid_water", "2.0"))
    assert said(advice) == (verdict, "tested_and_aged")


def test_brake_fluid_between_the_limits_without_an_entry_is_unknown():
    assert said(ask(FLUID, readings=read("brake_fluid_water", "2.5"))) == ("unknown", "no_entry")


def test_the_worst_wheel_decides_and_the_others_are_named():
    readings = read("pad_front_left_inner", "8") + read("pad_front_right_outer", "2.9")
    advice = ask(FRONT_PADS, readings=readings)
    assert (advice.verdict, advice.numbers.point) == ("justified", "pad_front_right_outer")
    advice = ask(FRONT_PADS, readings=readings[:1])
    assert advice.numbers.unmeasured == ("pad_front_left_outer", "pad_front_right_inner", "pad_front_right_outer")


def test_a_disc_goes_by_the_limit_that_is_stamped_on_it():
    stamped = read("disc_front_min", "22.0")
    assert ask(DISCS, readings=stamped + read("disc_front_left", "22.0")).verdict == "justified"
    assert ask(DISCS, readings=stamped + read("disc_front_left", "22.1")).verdict == "not_needed"
    assert said(ask(DISCS, readings=read("disc_front_left", "10"))) == ("unknown", "not_measured")


def test_a_battery_that_is_weak_is_tested_again_before_winter():
    assert ask(BATTERY, readings=read("battery_cca", "70")).numbers.until_on == date(2027, 11, 1)
    early = date(2026, 8, 1)
    assert ask(BATTERY, readings=read("battery_cca", "70", early), today=early).numbers.until_on == date(2026, 11, 1)


def test_a_tyre_of_five_years_waits_until_it_is_six():
    advice = ask(TYRES, readings=read("tyre_date_front_left", "4820"))
    assert (advice.verdict, advice.numbers.until_on) == ("can_wait", date(2026, 11, 23))


@pytest.mark.parametrize(
    ("value", "on"), [("-1", TODAY), ("26", TODAY), ("NaN", TODAY), ("2", date(2026, 11, 23)), ("2", date(2021, 3, 9))]
)
def test_a_reading_that_cannot_be_right_is_not_used(value: str, on: date):
    assert said(ask(FRONT_PADS, readings=read("pad_front_left_inner", value, on))) == ("unknown", "not_measured")


@pytest.mark.parametrize(("on", "verdict"), [(date(2025, 11, 22), "not_needed"), (date(2025, 11, 21), "unknown")])
def test_a_good_reading_speaks_for_twelve_months(on: date, verdict: str):
    assert ask(FRONT_PADS, readings=read("pad_front_left_inner", "9", on)).verdict == verdict


@pytest.mark.parametrize(("km", "verdict"), [(48_240, "not_needed"), (48_239, "unknown")])
def test_a_good_reading_speaks_for_ten_thousand_kilometres(km: int, verdict: str):
    readings = read("pad_front_left_inner", "9", date(2026, 6, 1), km)
    assert ask(FRONT_PADS, readings=readings).verdict == verdict


def test_worn_pads_stay_worn_until_they_are_replaced():
    readings = read("pad_front_left_inner", "2.5", date(2024, 1, 1))
    assert ask(FRONT_PADS, readings=readings).verdict == "justified"
    assert ask(FRONT_PADS, readings=readings, record=done("brake_pads_front", date(2024, 1, 1))).verdict == "unknown"


def test_of_two_readings_the_newer_counts_and_of_one_day_the_worse():
    readings = read("battery_cca", "50", date(2026, 11, 1)) + read("battery_cca", "90", date(2026, 11, 2))
    assert ask(BATTERY, readings=readings).verdict == "not_needed"
    readings += read("battery_cca", "55", date(2026, 11, 2))
    assert ask(BATTERY, readings=readings).verdict == ask(BATTERY, readings=readings[::-1]).verdict == "justified"


def test_a_measurement_at_its_limit_comes_before_the_interval():
    record = done("coolant", date(2026, 10, 1), 58_000)
    assert ask(COOLANT, record=record).verdict == "not_needed"
    advice = ask(COOLANT, record=record, readings=read("coolant_freezing", "-15"))
    assert said(advice) == ("justified", "measured_limit")


# --- By symptom, and the over-maintenance list ----------------------------------------------------------------------


def test_a_symptom_item_needs_the_symptom():
    advice = ask(ALIGNMENT)
    assert said(advice) == ("mostly_unnecessary", "no_symptom")
    assert advice.change[0].keys == ("pulls", "uneven_wear", "suspension_work")
    assert said(ask(ALIGNMENT, symptoms=("pulls",))) == ("justified", "evidence")
    assert ask(ALIGNMENT, symptoms=("rough_idle",)).verdict == "mostly_unnecessary"


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("P0504", "mostly_unnecessary"),
        ("P0505", "justified"),
        ("P0507", "justified"),
        ("P0508", "mostly_unnecessary"),
        ("P2119", "justified"),
        ("p2119", "justified"),
        ("C0505", "mostly_unnecessary"),
    ],
)
def test_fault_codes_count_by_range(code: str, verdict: str):
    assert ask(THROTTLE, codes=(code,)).verdict == verdict


@pytest.mark.parametrize(("km", "rule"), [(19_999, "too_early"), (20_000, "evidence")])
def test_never_before_its_kilometres(km: int, rule: str):
    assert ask(THROTTLE, of=car(km), symptoms=("rough_idle",)).rule == rule


def test_another_job_comes_first():
    fresh = done("cabin_filter", date(2026, 11, 1), 58_000)
    assert ask(AC_CLEAN, symptoms=("cabin_smell",)).verdict == "mostly_unnecessary"
    assert ask(AC_CLEAN, symptoms=("cabin_smell",)).change[0].kind == "first"
    assert ask(AC_CLEAN, symptoms=("cabin_smell",), record=fresh).verdict == "justified"


def test_the_list_needs_its_evidence():
    advice = ask(FLUSH)
    assert said(advice) == ("mostly_unnecessary", "over_maintenance")
    assert said(ask(FLUSH, symptoms=("sludge_photo",))) == ("justified", "evidence")


def test_a_left_out_oil_change_is_evidence_for_a_flush():
    times = (Done("minor_service", date(2022, 1, 1), 10_000), Done("minor_service", date(2024, 1, 1), 25_000))
    again = Done("minor_service", date(2026, 10, 1), 58_000)
    assert ask(FLUSH, record=RecordFacts(done=(*times, again))).verdict == "justified"
    yearly = tuple(Done("minor_service", date(2021 + year, 3, 10), 9_000 * year) for year in range(1, 6))
    assert ask(FLUSH, of=car(49_000), record=RecordFacts(done=yearly)).verdict == "mostly_unnecessary"


@pytest.mark.parametrize(("km", "verdict"), [(80_000, "mostly_unnecessary"), (80_001, "justified")])
def test_more_than_so_many_kilometres_with_the_symptom(km: int, verdict: str):
    assert ask(INTAKE, of=car(km), symptoms=("power_loss",)).verdict == verdict


def test_harmful_ones_say_so_whatever_is_given():
    advice = ask(BAY_WASH, symptoms=("rough_idle", "power_loss"), codes=("P0300",))
    assert said(advice) == ("mostly_unnecessary", "harmful")
    assert advice.is_harmful


def test_early_pads_go_by_the_gauge():
    assert ask(PADS_EARLY).verdict == "mostly_unnecessary"
    assert ask(PADS_EARLY).change[0].kind == "measure"
    assert ask(PADS_EARLY, readings=read("pad_front_left_inner", "5")).verdict == "mostly_unnecessary"
    assert said(ask(PADS_EARLY, readings=read("pad_front_left_inner", "3"))) == ("justified", "measured_limit")


@pytest.mark.parametrize("subject", [OIL, PLUGS, BELT, FLUSH, BAY_WASH], ids=lambda subject: subject.key)
def test_what_the_powertrain_does_not_have_is_not_needed(subject: Item | Measure):
    assert said(ask(subject, of=car(powertrain="bev"))) == ("not_needed", "not_on_this_car")


def test_a_wish_and_free_text():
    assert said(ask(WASH)) == ("not_needed", "wish")
    assert said(ask(None)) == ("unknown", "free_text")


@pytest.mark.parametrize(
    ("delivered_on", "today", "verdict", "due_on"),
    [
        (date(2024, 11, 5), date(2026, 8, 29), "can_wait", date(2026, 11, 30)),
        (date(2024, 11, 5), date(2026, 8, 30), "due_now", date(2026, 11, 30)),
        (date(2024, 11, 5), date(2026, 12, 1), "can_wait", date(2028, 11, 30)),
        (date(2015, 2, 10), date(2026, 1, 1), "due_now", date(2026, 2, 28)),
    ],
)
def test_the_periodic_inspection_goes_by_the_law(delivered_on: date, today: date, verdict: str, due_on: date):
    advice = ask(INSPECTION, of=car(None, delivered_on=delivered_on), today=today)
    assert (advice.verdict, advice.rule, advice.numbers.due_on) == (verdict, "statute", due_on)


def test_the_periodic_inspection_is_done_once():
    new = car(None, delivered_on=date(2024, 11, 5))
    assert ask(INSPECTION, of=new, record=done("annual_inspection_agent", date(2026, 9, 1))).numbers.due_on == date(
        2028, 11, 30
    )
    assert ask(INSPECTION, of=car(None, delivered_on=None)).verdict == "unknown"


# --- What is believed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("km", "on"), [(580_000, TODAY), (5_800, TODAY), (60_000, date(2026, 11, 23))])
def test_a_jump_a_rollback_and_the_future_are_not_believed(km: int, on: date):
    record = RecordFacts(
        done=(Done("minor_service", date(2026, 6, 1), 52_000),),
        odometer=(OdometerPoint(date(2026, 10, 1), 56_000), OdometerPoint(on, km)),
    )
    advice = ask(OIL, of=car(None), record=record)
    assert (advice.verdict, advice.numbers.km) == ("can_wait", 56_000)


def test_an_entry_whose_odometer_is_not_believed_keeps_its_day():
    entry = Done("minor_service", date(2026, 11, 1), 582_400)
    record = RecordFacts(done=(entry,), odometer=(OdometerPoint(date(2026, 1, 1), 50_000),))
    advice = ask(OIL, record=record)
    assert (advice.verdict, advice.numbers.last_on, advice.numbers.last_km) == ("not_needed", entry.on, None)


def test_an_entry_of_the_future_is_not_there():
    assert ask(CABIN, record=done("cabin_filter", date(2026, 11, 23), 58_000)).rule == "no_entry"


# --- Who pays -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "km", "payer"),
    [
        (date(2026, 11, 12), 56_240, "shop"),
        (date(2026, 11, 11), 58_000, "owner"),
        (date(2026, 11, 12), 56_239, "owner"),
    ],
)
def test_within_the_statutory_warranty_the_shop_pays(on: date, km: int, payer: str):
    record = done("brake_pads_front", on, km, shop="shenchi")
    advice = ask(FRONT_PADS, record=record, readings=read("pad_front_left_inner", "2"))
    assert (advice.verdict, advice.who_pays) == ("justified", payer)


def test_a_longer_promise_counts_and_a_shorter_one_does_not():
    longer = done("brake_pads_front", date(2026, 5, 1), 50_000, shop="shenchi", warranty_km=20_000, warranty_days=365)
    assert ask(FRONT_PADS, record=longer).who_pays == "shop"
    shorter = done("brake_pads_front", date(2026, 11, 13), 58_000, shop="shenchi", warranty_km=1, warranty_days=1)
    assert ask(FRONT_PADS, record=shorter).who_pays == "shop"
    assert ask(FRONT_PADS, record=done("brake_pads_front", date(2026, 11, 20), 58_000)).who_pays == "owner"
