"""The catalogue's fixture: complete, loaded idempotently, never over an admin's edit."""

from pathlib import Path

import pytest
import yaml
from django.core.management import call_command

from catalog import catalogue_loading
from catalog.models import MakerSchedule, OverMaintenanceRule, PriceGuide, Service
from core.catalogue import Seeded
from core.templatetags.ui import icon
from vehicles import catalogue_loading as vehicles_loading
from vehicles import fixtures
from vehicles.fixtures import FixtureError
from vehicles.models import CarModel, Make, Variant, Wmi

pytestmark = pytest.mark.django_db


def load() -> fixtures.Tally:
    return catalogue_loading.load_all()


def copy_of(directory: Path, target: Path) -> Path:
    target.mkdir()
    for file in directory.glob("*.yaml"):
        (target / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    return target


def test_fixture_is_as_large_as_promised():
    load()
    assert Make.objects.count() >= 22
    assert CarModel.objects.count() >= 66
    assert Variant.objects.count() >= 96
    assert Service.objects.count() >= 31
    assert OverMaintenanceRule.objects.count() >= 14
    assert MakerSchedule.objects.values("make").distinct().count() >= 9


def test_fixture_has_source_and_confidence_on_every_fact():
    load()
    for model in (Make, Wmi, CarModel, Variant, Service, PriceGuide, MakerSchedule, OverMaintenanceRule):
        assert not model.objects.filter(confidence="").exists(), model
        assert not model.objects.filter(source="").exists(), model


def test_fixture_never_guesses_an_oil_volume():
    load()
    assert Variant.objects.filter(oil_l=None).exclude(powertrain="bev").exists()
    assert not Variant.objects.filter(oil_l=None).exclude(oil_confidence="").exists()
    assert not Variant.objects.filter(oil_l__isnull=False, oil_confidence="").exists()
    assert not Variant.objects.filter(powertrain="bev", oil_l__isnull=False).exists()


def test_fixture_offers_no_engine_work_to_battery_cars():
    load()
    for key in ("minor_service", "major_service", "spark_plugs", "engine_air_filter", "fuel_filter", "timing_belt"):
        assert "bev" not in Service.objects.get(key=key).powertrains, key
    assert Service.objects.get(key="ev_battery_check").powertrains == ["bev", "phev", "erev"]


def test_fixture_names_icons_that_exist(settings):
    settings.UI_STRICT_ICONS = True
    load()
    for name in Service.objects.values_list("icon", flat=True):
        assert "<svg" in icon(name)


def test_second_load_changes_nothing_in_few_queries(django_assert_max_num_queries):
    load()
    with django_assert_max_num_queries(20):
        tally = load()
    assert (tally.created, tally.changed) == (0, 0)
    assert tally.unchanged > 300


def test_load_keeps_what_an_admin_edited():
    load()
    Service.objects.filter(key="minor_service").update(standard_minutes=55)
    Variant.objects.filter(slug="volkswagen-lavida-1-4t").update(oil_l=4.1)
    load()
    assert Service.objects.get(key="minor_service").standard_minutes == 55
    assert Variant.objects.get(slug="volkswagen-lavida-1-4t").oil_l == 4.1


def test_load_without_the_merge_would_lose_the_edit(monkeypatch):
    """Shows that the test above bites: a plain overwrite fails it."""

    def overwrite(self, values):
        for field, value in values.items():
            setattr(self, field, value)
        return True

    load()
    Service.objects.filter(key="minor_service").update(standard_minutes=55)
    monkeypatch.setattr(Seeded, "merge_seed", overwrite)
    load()
    assert Service.objects.get(key="minor_service").standard_minutes == 40


def test_load_takes_over_a_changed_fact_beside_an_edited_one(tmp_path):
    load()
    Service.objects.filter(key="minor_service").update(standard_minutes=55)
    directory = copy_of(catalogue_loading.DATA, tmp_path / "data")
    entries = yaml.safe_load((directory / "services.yaml").read_text(encoding="utf-8"))
    entries[0] |= {"standard_minutes": 45, "interval_months": 13}
    (directory / "services.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    tally = catalogue_loading.load_all(catalog_data=directory)
    service = Service.objects.get(key="minor_service")
    assert (service.standard_minutes, service.interval_months) == (55, 13)
    assert tally.changed == 1


def test_deleted_row_comes_back_and_an_unlisted_one_stays_unlisted():
    load()
    Service.objects.get(key="car_wash").delete()
    Service.objects.filter(key="wipers").update(is_listed=False)
    load()
    assert Service.objects.get(key="car_wash").is_listed
    assert not Service.objects.get(key="wipers").is_listed


def test_load_keeps_links_that_an_admin_changed():
    load()
    rule = OverMaintenanceRule.objects.get(key="engine_flush")
    rule.sold_with.set([Service.objects.get(key="car_wash")])
    load()
    assert [service.key for service in rule.sold_with.all()] == ["car_wash"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "unknown key colour"),
        ({"name_en": ""}, "name_en is missing"),
        ({"includes_zh": ["一项"]}, "includes has 1 lines in zh and 4 in en"),
        ({"standard_minutes": "soon"}, "standard_minutes"),
        ({"category": "magic"}, "category"),
    ],
)
def test_faulty_fixture_is_refused_whole_and_says_where(tmp_path, change, message):
    directory = copy_of(catalogue_loading.DATA, tmp_path / "data")
    entries = yaml.safe_load((directory / "services.yaml").read_text(encoding="utf-8"))
    entries[0] |= change
    (directory / "services.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    with pytest.raises(FixtureError, match=f"services.yaml.*minor_service.*{message}"):
        catalogue_loading.load_all(catalog_data=directory)
    assert not Make.objects.exists()


def test_fixture_with_a_repeated_variant_is_refused(tmp_path):
    directory = copy_of(vehicles_loading.DATA, tmp_path / "data")
    entries = yaml.safe_load((directory / "models.yaml").read_text(encoding="utf-8"))
    entries[0]["variants"].append(entries[0]["variants"][0])
    (directory / "models.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    with pytest.raises(FixtureError, match="stands there twice"):
        catalogue_loading.load_all(vehicles_data=directory)


def test_command_says_what_it_did(capsys):
    call_command("load_catalogue")
    assert "created" in capsys.readouterr().out
