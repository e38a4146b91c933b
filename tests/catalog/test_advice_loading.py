"""What advice stands on comes from the database in a constant number of queries, and out of the health record."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from catalog.advice import loading
from catalog.advice.facts import Measurement
from catalog.advice.loading import Ask
from catalog.advice.verdict import Advice
from catalog.models import MakerSchedule, OverMaintenanceRule, Service
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.vehicles import CarFactory
from vehicles.choices import EntrySource
from vehicles.models import Car, HealthRecord, Variant
from vehicles.record import actions, known_items, known_points

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

TODAY = date(2026, 11, 22)
SHOP = {"slug": "shenchi", "name_zh": "申驰", "name_en": "Shenchi", "city_zh": "上海", "city_en": "Shanghai"}


def facts(on: str, km: int | None, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "kind": "visit",
        "date": on,
        "odometer_km": km,
        "vin": "",
        "shop": SHOP,
        "number": "",
        "checked_in_on": on,
        "settled_on": on,
        "items": list(items),
        "measurements": [],
        "fault_codes": [],
        "photos": [],
        "corrects": None,
        **changes,
    }


def item(service: str, outcome: str = "done", **changes: Any) -> dict[str, Any]:
    row = {"service": service, "measure": "", "name_zh": service, "name_en": service, "outcome": outcome}
    return {**row, "labour_minutes": 30, "parts": [], "warranty": None, "advice": "", **changes}


def a_car(**changes: Any) -> Car:
    variant = Variant.objects.get(slug="volkswagen-lavida-1-4t")
    values = {
        "variant": variant,
        "delivered_on": date(2021, 3, 10),
        "odometer_km": 58_240,
        "odometer_at": datetime(2026, 11, 20, tzinfo=UTC),
    }
    car: Car = CarFactory(**{**values, **changes})
    car.record = HealthRecord.objects.create(owner=car.owner)
    car.save(update_fields=["record"])
    return car


def write(car: Car, entry: dict[str, Any], source: EntrySource = EntrySource.VISIT) -> None:
    assert car.record is not None
    at = datetime(2026, 11, 22, tzinfo=UTC)
    actions.append(record=car.record, facts=entry, private=None, source=source, holder=None, at=at)


def fresh(car: Car) -> Car:
    return Car.objects.select_related("record").with_names().get(pk=car.pk)


def advised(car: Car, asks: list[Ask], today: date, *, measurements: Sequence[Measurement] = ()) -> list[Advice]:
    adviser = loading.for_car(car, today=today, measurements=measurements)
    return [adviser.on(ask) for ask in asks]


def test_the_number_of_queries_does_not_depend_on_entries_or_proposals(django_assert_num_queries: Any) -> None:
    car = a_car()
    for count in (1, 12):
        for number in range(count):
            write(car, facts(f"2025-{number + 1:02}-01", 30_000 + 1_000 * number, item("minor_service")))
        loaded = fresh(car)
        with django_assert_num_queries(7):
            adviser = loading.for_car(loaded, today=TODAY)
            assert adviser.on(service="minor_service").verdict
            assert adviser.on(service="cabin_filter").verdict
            assert adviser.on(measure="turbo_care").verdict == "mostly_unnecessary"


def test_the_record_is_what_was_done_put_off_and_measured() -> None:
    car = a_car()
    measured = [{"point": "pad_front_left_inner", "value": "2.8", "unit": "mm", "tone": "red"}]
    warranty = {"km": 20_000, "days": 365}
    write(
        car,
        facts(
            "2026-05-22",
            49_000,
            item("minor_service"),
            item("cabin_filter", "deferred"),
            item("", "done", measure="engine_flush"),
            item("battery_12v", warranty=warranty),
            measurements=measured,
        ),
    )
    asked = [Ask("minor_service"), Ask("cabin_filter"), Ask("brake_pads_front"), Ask("battery_12v")]
    oil, cabin, pads, battery = advised(fresh(car), asked, TODAY)
    assert (oil.verdict, oil.rule, oil.numbers.last_km) == ("can_wait", "maker_schedule", 49_000)
    assert (cabin.verdict, cabin.rule) == ("unknown", "no_entry")
    assert (pads.verdict, str(pads.numbers.value)) == ("justified", "2.8")
    assert (battery.who_pays, battery.numbers.warranty_until_on) == ("shop", date(2027, 5, 22))


@pytest.mark.parametrize("outcome", ["declined", "deferred", "not_needed"])
def test_what_was_proposed_and_not_done_is_not_done(outcome: str) -> None:
    with_it, without = a_car(), a_car()
    write(with_it, facts("2026-05-22", 49_000, item("minor_service"), item("cabin_filter", outcome)))
    write(without, facts("2026-05-22", 49_000, item("minor_service")))
    asked = [Ask("cabin_filter"), Ask("minor_service")]
    assert advised(fresh(with_it), asked, TODAY) == advised(fresh(without), asked, TODAY)
    assert advised(fresh(with_it), asked, TODAY)[0].rule == "no_entry"


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    car = a_car()
    write(car, facts("2026-05-22", 582_400, item("minor_service")))
    right = facts("2026-05-22", 52_000, item("minor_service"), kind="correction", corrects=1)
    write(car, right, EntrySource.CORRECTION)
    (oil,) = advised(fresh(car), [Ask("minor_service")], TODAY)
    assert (oil.numbers.last_km, oil.numbers.km) == (52_000, 58_240)


def test_a_record_that_the_owner_calls_complete_counts_from_new() -> None:
    car = a_car()
    assert advised(fresh(car), [Ask("cabin_filter")], TODAY)[0].verdict == "unknown"
    actions.set_complete_since_new(record=fresh(car).record, is_complete=True, at=datetime(2026, 11, 22, tzinfo=UTC))
    assert advised(fresh(car), [Ask("cabin_filter")], TODAY)[0].verdict == "due_now"


def test_the_day_of_delivery_may_come_from_the_record() -> None:
    car = a_car(delivered_on=None, odometer_km=3_000)
    write(car, facts("2026-08-01", 5, kind="delivery"))
    advice = advised(fresh(car), [Ask("cabin_filter")], TODAY)[0]
    assert (advice.verdict, advice.numbers.from_on) == ("can_wait", date(2026, 8, 1))


def test_a_car_without_a_record_is_advised_too() -> None:
    car = a_car()
    Car.objects.filter(pk=car.pk).update(record=None)
    assert advised(fresh(car), [Ask("minor_service")], TODAY)[0].verdict == "unknown"


def test_what_an_inspection_measured_just_now_counts() -> None:
    taken = [Measurement("brake_fluid_water", Decimal("3.0"), TODAY)]
    (advice,) = advised(fresh(a_car()), [Ask("brake_fluid")], TODAY, measurements=taken)
    assert advice.verdict == "justified"


def test_the_variants_own_schedule_wins_over_the_makes() -> None:
    car = fresh(a_car())
    MakerSchedule.objects.create(
        make=car.variant.model.make,
        variant=car.variant,
        service=Service.objects.get(key="minor_service"),
        interval_km=15_000,
        interval_months=24,
        confidence="sure",
    )
    schedule = loading.facts_for(car.variant).items["minor_service"].schedule
    assert (schedule.km, schedule.months, schedule.first_km, schedule.is_of_maker) == (15_000, 24, None, True)


def test_evidence_that_names_a_service_which_is_gone_never_holds() -> None:
    OverMaintenanceRule.objects.filter(key="engine_flush").update(evidence=[{"skipped": ["gone"]}])
    assert loading.facts_for(fresh(a_car()).variant).measures["engine_flush"].evidence == ()


def test_an_unknown_key_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        advised(fresh(a_car()), [Ask("magic")], TODAY)


def test_the_record_knows_points_and_services_by_name() -> None:
    points = known_points.known()
    assert points["pad_front_left_inner"].group_name in ("Front brake pads", "前刹车片厚度")
    assert (points["battery_cca"].is_low_bad, points["lights"].is_measured) == (True, False)
    assert {"minor_service", "brake_fluid"} <= {row.key for row in known_items.known()}


def test_the_page_states_the_rules_and_is_linked_from_what_is_not_needed() -> None:
    client = Client(headers={"Accept-Language": "en"})
    page = client.get(reverse("catalog:advice_rules"))
    assert page.status_code == 200
    with translation.override("en"):
        assert reverse("catalog:advice_rules") in client.get(reverse("catalog:not_needed")).content.decode()
    text = page.content.decode()
    for words in ("Up to a tenth", "up to 30 %", "up to 95 %", "2,000 km or 10 days", "MIN TH", "GB 7258-2017"):
        assert words in text
