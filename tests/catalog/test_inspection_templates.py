"""Inspection templates and the thresholds of their points, as the fixture has them."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import IntegrityError, transaction
from django.utils import translation

from catalog import catalogue_loading, inspection
from catalog.choices import PointKind, Tone
from catalog.models import CheckPoint, InspectionTemplate, TemplatePoint
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.vehicles import BatteryVariantFactory, VariantFactory
from vehicles.admin import edited
from vehicles.fixtures import FixtureError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

TODAY = date(2026, 11, 22)


def tone(key: str, value: str, **limits: str) -> str | None:
    point = CheckPoint.objects.get(key=key)
    return inspection.tone_of(point, Decimal(value), on=TODAY, limits={key: Decimal(at) for key, at in limits.items()})


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("pad_front_left_inner", "3", "red"),
        ("pad_front_left_inner", "3.1", "yellow"),
        ("pad_front_left_inner", "4", "yellow"),
        ("pad_front_left_inner", "4.1", "green"),
        ("tread_rear_right", "1.6", "red"),
        ("tread_rear_right", "1.7", "yellow"),
        ("tread_rear_right", "3.0", "yellow"),
        ("tread_rear_right", "3.1", "green"),
        ("brake_fluid_water", "3", "red"),
        ("brake_fluid_water", "2.9", "yellow"),
        ("brake_fluid_water", "2", "yellow"),
        ("brake_fluid_water", "1.9", "green"),
        ("battery_rest", "12.19", "red"),
        ("battery_rest", "12.2", "yellow"),
        ("battery_rest", "12.41", "green"),
        ("battery_cca", "59", "red"),
        ("battery_cca", "60", "yellow"),
        ("battery_cca", "75", "yellow"),
        ("battery_cca", "76", "green"),
        ("tyre_date_front_left", "4720", "red"),
        ("tyre_date_front_left", "4820", "yellow"),
        ("tyre_date_front_left", "4721", "yellow"),
        ("tyre_date_front_left", "4821", "green"),
        ("coolant_freezing", "-15", "red"),
        ("coolant_freezing", "-16", "yellow"),
        ("coolant_freezing", "-26", "green"),
        ("hv_insulation", "99", "red"),
        ("hv_insulation", "100", "yellow"),
        ("hv_insulation", "501", "green"),
        ("hv_soh", "70", "red"),
        ("lights", "0", "green"),
        ("lights", "1", "yellow"),
        ("lights", "2", "red"),
        ("fault_codes", "0", "green"),
        ("fault_codes", "1", "yellow"),
        ("fault_codes", "200", "yellow"),
    ],
)
def test_a_tone_is_by_rule_at_equality_too(key: str, value: str, expected: str) -> None:
    assert tone(key, value) == expected


def test_a_disc_goes_by_what_is_stamped_on_it() -> None:
    assert tone("disc_front_left", "22.0", disc_front_min="22.0") == Tone.RED
    assert tone("disc_front_left", "22.5", disc_front_min="22.0") == Tone.YELLOW
    assert tone("disc_front_left", "22.6", disc_front_min="22.0") == Tone.GREEN
    assert tone("disc_front_left", "22.0") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pad_front_left_inner", "-0.1"),
        ("pad_front_left_inner", "25.1"),
        ("pad_front_left_inner", "NaN"),
        ("tyre_date_front_left", "5420"),
        ("tyre_date_front_left", "0"),
        ("tyre_date_front_left", "4826"),
        ("tyre_date_front_left", "120.5"),
    ],
)
def test_a_value_that_cannot_be_right_has_no_tone(key: str, value: str) -> None:
    assert tone(key, value) is None


def test_the_thirty_point_inspection_has_thirty_points() -> None:
    for key in ("thirty_point", "thirty_point_bev"):
        assert TemplatePoint.objects.filter(template__key=key).count() == 30, key


def test_the_number_in_a_name_is_the_number_of_points() -> None:
    for template in InspectionTemplate.objects.with_points():
        named = [int(word) for word in template.name_en.replace("-", " ").split() if word.isdigit()]
        assert named in ([], [len(template.points.all())]), template.key
        assert (str(len(template.points.all())) in template.name_zh) == bool(named)


def test_each_car_gets_the_templates_of_its_powertrain(django_assert_num_queries: Any) -> None:
    variant = VariantFactory()
    with django_assert_num_queries(4):
        found = inspection.templates_for(variant)
        points = [place.point.threshold.key for template in found for place in template.points.all()]
    assert [template.key for template in found] == ["thirty_point", "pre_trip", "brakes_tyres"]
    assert not [key for key in points if key.startswith("hv_")]


def test_a_battery_car_is_asked_for_no_engine_oil() -> None:
    found = inspection.templates_for(BatteryVariantFactory())
    keys = {place.point.key for template in found for place in template.points.all()}
    assert {template.key for template in found} >= {"thirty_point_bev", "ev_battery_check", "pre_trip_bev"}
    assert not keys & {"oil_level", "coolant_level", "engine_air_filter_state"}
    assert {"hv_soh", "hv_cell_spread", "hv_insulation", "hv_interlock", "ev_coolant_level"} <= keys


def test_every_point_says_its_rule_and_where_it_comes_from() -> None:
    for point in CheckPoint.objects.all():
        assert all((point.source, point.confidence, point.rule_zh, point.rule_en)), point.key
        assert point.kind != PointKind.LOOK or "2" in point.rule_en, point.key


def test_a_limit_that_is_not_known_stays_unknown() -> None:
    assert CheckPoint.objects.get(key="fault_codes").red_at is None
    assert CheckPoint.objects.get(key="disc_front_left").red_at is None


def test_a_second_load_changes_nothing_and_keeps_what_an_admin_edited() -> None:
    CheckPoint.objects.filter(key="pad_front_left_inner").update(yellow_at=Decimal("4.5"))
    tally = catalogue_loading.load_all()
    assert (tally.created, tally.changed) == (0, 0)
    point = CheckPoint.objects.get(key="pad_front_left_inner")
    assert point.yellow_at == Decimal("4.5")
    assert [name.partition(" ")[0] for name in edited(point)] == ["yellow_at"]
    assert edited(CheckPoint.objects.get(key="tread_front_left")) == []


def test_a_load_keeps_links_that_an_admin_changed() -> None:
    point = CheckPoint.objects.get(key="wipers")
    point.services.clear()
    catalogue_loading.load_all()
    assert not point.services.exists()


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("inspection_points", {"red_at": 3}, "no number in quotes"),
        ("inspection_points", {"red_at": "three"}, "no number in quotes"),
        ("inspection_points", {"services": ["magic"]}, "no service magic"),
        ("inspection_points", {"limit_from": "magic"}, "no point magic"),
        ("inspection_points", {"section": "roof"}, "section"),
        ("inspection_points", {"rule_en": ""}, "rule_en is missing"),
        ("inspection_templates", {"points": ["magic"]}, "no point magic"),
        ("inspection_templates", {"points": ["lights", "lights"]}, "twice"),
        ("advice", {"evidence": [{"symptoms": ["magic"]}]}, "symptoms"),
        ("advice", {"evidence": [{"codes": ["P03"]}]}, "codes"),
        ("advice", {"evidence": [{}]}, "clauses"),
        ("advice", {"evidence": [{"due": ["magic"]}]}, "there is no magic"),
        ("advice", {"also_done_with": ["magic"]}, "there is no magic"),
        ("advice", {"fitment": "magic"}, "fitment"),
    ],
)
def test_a_mistake_in_the_fixture_is_named(tmp_path: Path, file: str, change: dict[str, Any], message: str) -> None:
    for source in catalogue_loading.DATA.glob("*.yaml"):
        (tmp_path / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    entries = yaml.safe_load((tmp_path / f"{file}.yaml").read_text(encoding="utf-8"))
    entries[0] |= change
    (tmp_path / f"{file}.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    with translation.override("en"), pytest.raises(FixtureError, match=message):
        catalogue_loading.load(tmp_path)


@pytest.mark.parametrize("change", [{"lowest": 30}, {"red_at": 5}, {"limit_from_id": 1}])
def test_the_database_refuses_limits_that_make_no_sense(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        CheckPoint.objects.filter(key="pad_front_left_inner").update(**change)
