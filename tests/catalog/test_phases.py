"""The phases of services: what the fixture may say, what an admin's edits survive, how a page says it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.urls import reverse

from catalog import catalogue_loading, stretches
from catalog.models import Service, ServicePhase
from catalog.stretches import Fault
from tests.factories.accounts import UserFactory
from tests.factories.catalog import ServiceFactory
from vehicles.fixtures import FixtureError, Tally

pytestmark = pytest.mark.django_db
PADS = "brake_pads_front"


def load() -> Tally:
    return catalogue_loading.load_all()


def phases(key: str = PADS) -> list[tuple[int, str, int | None]]:
    rows = ServicePhase.objects.filter(service__key=key).order_by("position")
    return [(row.position, row.kind, row.minutes) for row in rows]


def fixture_with(tmp_path: Path, key: str, said: Any) -> Path:
    """The fixture's files with other phases for one service."""
    directory = tmp_path / "data"
    directory.mkdir()
    for file in catalogue_loading.DATA.glob("*.yaml"):
        (directory / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    entries = yaml.safe_load((directory / "services.yaml").read_text(encoding="utf-8"))
    next(entry for entry in entries if entry["key"] == key)["phases"] = said
    (directory / "services.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    return directory


def said(**changes: Any) -> dict[str, Any]:
    work = {"kind": "work", "minutes": None, "shared_minutes": 10, "bay": "lift", "skill": "chassis"}
    return {**work, "max_wait_minutes": 0, "confidence": "estimate", "source": "estimate of ours: tried", **changes}


DRIVE = said(kind="road_test", minutes=10, shared_minutes=0, bay="none")
WASH = said(kind="wash", minutes=15, shared_minutes=0, bay="wash", skill="wash")

# --- The fixture ------------------------------------------------------------------------------------


def test_fixture_phases_add_up_and_name_their_source():
    load()
    for service in Service.objects.prefetch_related("phases"):
        assert stretches.fault(service.phases.all(), standard_minutes=service.standard_minutes) is None, service.key
    assert ServicePhase.objects.exclude(source__startswith="estimate of ours: ").count() == 0
    assert set(ServicePhase.objects.values_list("confidence", flat=True)) == {"estimate"}
    assert phases() == [(1, "work", None), (2, "road_test", 10)]


def test_fixture_phases_need_no_bay_that_the_service_did_not_need():
    """A shop that could do a job before its phases were known can still do it."""
    load()
    for phase in ServicePhase.objects.select_related("service"):
        assert phase.bay in (phase.service.bay, "none"), phase.service.key


def test_lift_jobs_share_the_lifting():
    load()
    for key in ("minor_service", "brake_fluid", "tyre_rotation", "fuel_filter", PADS):
        assert ServicePhase.objects.get(service__key=key, bay="lift").shared_minutes >= 10, key


def test_second_load_changes_no_phase():
    load()
    before = list(ServicePhase.objects.order_by("pk").values())
    assert before
    assert (load().created, load().changed) == (0, 0)
    assert list(ServicePhase.objects.order_by("pk").values()) == before


def test_load_takes_over_other_phases_and_removes_those_that_are_gone(tmp_path):
    load()
    tally = catalogue_loading.load_all(catalog_data=fixture_with(tmp_path, PADS, [said(minutes=20), said(bay="any")]))
    assert phases() == [(1, "work", 20), (2, "work", None)]
    assert (tally.created, tally.changed) == (0, 2)
    tally = load()
    assert phases() == [(1, "work", None), (2, "road_test", 10)]
    (tmp_path / "again").mkdir()
    tally = catalogue_loading.load_all(catalog_data=fixture_with(tmp_path / "again", PADS, []))
    assert phases() == []
    assert tally.changed == 2


def test_load_keeps_an_edited_phase_that_the_fixture_no_longer_names(tmp_path):
    load()
    ServicePhase.objects.filter(service__key=PADS, position=2).update(minutes=15)
    catalogue_loading.load_all(catalog_data=fixture_with(tmp_path, PADS, [said()]))
    assert phases() == [(1, "work", None), (2, "road_test", 15)]


def test_load_takes_over_a_changed_fact_beside_an_edited_one(tmp_path):
    load()
    ServicePhase.objects.filter(service__key=PADS, position=2).update(minutes=15)
    directory = fixture_with(tmp_path, PADS, [said(), {**DRIVE, "max_wait_minutes": 45}])
    catalogue_loading.load_all(catalog_data=directory)
    row = ServicePhase.objects.get(service__key=PADS, position=2)
    assert (row.minutes, row.max_wait_minutes) == (15, 45)


def test_phase_that_an_admin_took_out_or_added_stays_so(tmp_path):
    load()
    ServicePhase.objects.filter(service__key=PADS, position=2).delete()
    service = Service.objects.get(key="minor_service")
    ServicePhase.objects.create(service=service, position=2, kind="wash", minutes=10, bay="wash", skill="wash")
    load()
    assert phases() == [(1, "work", None)]
    assert phases("minor_service") == [(1, "work", None), (2, "wash", 10)]


def test_phase_moved_by_an_admin_is_not_taken_for_gone():
    load()
    ServicePhase.objects.filter(service__key=PADS, position=2).update(position=3)
    load()
    assert phases() == [(1, "work", None), (3, "road_test", 10)]


def test_edits_that_do_not_fit_a_new_fixture_stay_as_they_are(tmp_path):
    """The rest was moved by hand; the new fixture would add a second one."""
    load()
    ServicePhase.objects.filter(service__key=PADS, position=1).update(minutes=30)
    ServicePhase.objects.filter(service__key=PADS, position=2).update(minutes=None)
    directory = fixture_with(tmp_path, PADS, [said(minutes=20), DRIVE, said(bay="any")])
    catalogue_loading.load_all(catalog_data=directory)
    assert phases() == [(1, "work", 30), (2, "road_test", None)]


@pytest.mark.parametrize(
    ("phases_said", "message"),
    [
        ("lift", "must be a list of mappings"),
        (["lift"], "must be a list of mappings"),
        ([DRIVE], "one phase must have no minutes"),
        ([said(), said()], "only one phase may have no minutes"),
        ([said(), {**DRIVE, "minutes": 55}], "the phases take longer than the service"),
        ([said(), {**DRIVE, "minutes": 12}], "multiples of 5"),
        ([said(shared_minutes=55), DRIVE], "shared_minutes is more than the phase takes"),
        ([said(shared_minutes=-5), DRIVE], "1: .*shared_minutes"),
        ([said(), {**DRIVE, "minutes": 0}], "2: .*minutes"),
        ([said(), {**DRIVE, "minutes": "soon"}], "2: .*minutes"),
        ([said(), {**DRIVE, "bay": "moon"}], "2: .*bay"),
        ([said(), {**DRIVE, "colour": "red"}], "2: unknown key colour"),
        ([{"kind": "work"}], "1: missing bay"),
    ],
)
def test_faulty_phases_are_refused_and_say_where(tmp_path, phases_said, message):
    with pytest.raises(FixtureError, match=rf"services\.yaml: {PADS}: phases.*{message}"):
        catalogue_loading.load_all(catalog_data=fixture_with(tmp_path, PADS, phases_said))
    assert not Service.objects.exists()


def test_rest_of_exactly_five_minutes_is_too_little():
    rows = [ServicePhase(position=1), ServicePhase(position=2, minutes=55)]
    assert stretches.fault(rows, standard_minutes=60) is Fault.TOO_LONG
    assert stretches.fault(rows, standard_minutes=65) is None


# --- The admin --------------------------------------------------------------------------------------


@pytest.fixture
def service() -> Service:
    """Brake pads of 60 minutes: the rest on the lift, then 10 minutes on the road."""
    row = ServiceFactory(key=PADS, standard_minutes=60)
    ServicePhase.objects.create(service=row, position=1, bay="lift", skill="chassis", shared_minutes=15)
    ServicePhase.objects.create(service=row, position=2, kind="road_test", minutes=10, bay="none", skill="chassis")
    return row


@pytest.fixture
def post(client, service):
    """Posts the service's admin page with changes to its fields."""
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    client.cookies["django_language"] = "en"
    url = reverse("admin:catalog_service_change", args=[service.pk])

    def send(**changes: Any) -> Any:
        page = client.get(url)
        data = {}
        forms = [page.context["adminform"].form, *(f for s in page.context["inline_admin_formsets"] for f in s.formset)]
        forms += [s.formset.management_form for s in page.context["inline_admin_formsets"]]
        for form in forms:
            for bound in form:
                value = bound.value()
                if value is not None and value is not False:
                    data[bound.html_name] = value
        return client.post(url, {**data, **changes})

    return send


def test_admin_moves_the_rest_and_swaps_the_order(post, service):
    changes = {"phases-0-minutes": "20", "phases-1-minutes": "", "phases-0-position": "2", "phases-1-position": "1"}
    assert post(**changes).status_code == 302
    assert phases() == [(1, "road_test", None), (2, "work", 20)]
    assert post(**{"phases-0-minutes": "10", "phases-1-minutes": ""}).status_code == 302
    assert phases() == [(1, "road_test", 10), (2, "work", None)]


def test_admin_replaces_the_rest(post, service):
    assert post(**{"phases-0-DELETE": "on", "phases-1-minutes": ""}).status_code == 302
    assert phases() == [(2, "road_test", None)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phases-0-minutes": "20"}, "One phase must have no time of its own"),
        ({"phases-1-minutes": ""}, "Only one phase may be without a time of its own."),
        ({"phases-1-minutes": "55"}, "The phases take longer than the service"),
        ({"standard_minutes": "15"}, "The phases take longer than the service"),
        ({"phases-1-position": "1"}, "Two phases have the same position."),
        ({"phases-0-shared_minutes": "55"}, "More is shared than the phase takes."),
        ({"phases-1-minutes": "11"}, "Times must be multiples of 5 minutes."),
        ({"phases-1-position": "100"}, "less than or equal to 99"),
        ({"phases-1-minutes": "0"}, "greater than or equal to 5"),
    ],
)
def test_admin_is_told_what_does_not_add_up(post, service, changes, words):
    response = post(**changes)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert phases() == [(1, "work", None), (2, "road_test", 10)]


# --- In words ---------------------------------------------------------------------------------------


def test_page_says_where_the_time_goes(client, service):
    client.cookies["django_language"] = "en"
    page = client.get(reverse("catalog:service_detail", args=[PADS])).content.decode()
    assert "On the lift 50 min · Road test 10 min" in page


@pytest.mark.parametrize("kept", [[], [1]])
def test_page_says_nothing_of_one_simple_stretch(client, service, kept):
    client.cookies["django_language"] = "en"
    ServicePhase.objects.exclude(position__in=kept).delete()
    assert "Where the time goes" not in client.get(reverse("catalog:service_detail", args=[PADS])).content.decode()
