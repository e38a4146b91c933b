"""Due items in plain words, short and long, in both languages: what every letter and page says of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import translation

from catalog.needs.shape import Deferred, Quoted
from reminders import owner_dates, words
from reminders.choices import OwnerDateKind
from reminders.computing.shape import INSPECTION, INSURANCE, MAKERS_WARRANTY
from reminders.models import DueItem
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.due_cars import TODAY, a_car, compute, driven, due, noon, read, standing, value, visit, work
from tests.reminders.test_computing import put_off
from vehicles.models import EngineReading

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def said(item: DueItem, today: date | None = None) -> tuple[str, str, str, str, str]:
    return words.title(item), words.when(item), words.short(item), words.source(item), words.why(item, today=today)


def test_by_kilometres_it_says_from_where_how_far_and_between_which_days() -> None:
    assert said(due(driven(), "minor_service")) == (
        "Oil service",
        "about 2 Dec 2026",
        "at 62,000 km, about 2 Dec 2026",
        "Volkswagen schedule",
        "Every 10,000 km or 12 months by the schedule of Volkswagen. Last done on 3 Mar 2026 at 52,000 km. You drive "
        "about 1,120 km a month, so 62,000 km come about 2 Dec 2026 (between 20 Nov 2026 and 17 Dec 2026).",
    )


def test_by_the_calendar_it_says_the_day_and_that_it_is_over() -> None:
    car = read(a_car(), ("2024-03-03", 20_000), ("2026-09-03", 23_000))
    visit(car, "2025-03-03", 21_500, "minor_service")
    item = due(car, "minor_service")
    assert (words.when(item), words.short(item)) == ("3 Mar 2026", "10,000 km or 12 months")
    why = words.why(item, today=TODAY)
    assert why.endswith("Last done on 3 Mar 2025 at 21,500 km. Overdue since 3 Mar 2026.")
    assert "Overdue" not in words.why(item)


def test_a_car_whose_pace_is_not_known_is_asked_for_its_odometer() -> None:
    car = a_car(delivered_on=None)
    visit(car, "2026-09-03", 50_000, "minor_service")
    why = words.why(due(car, "minor_service"))
    assert "Cars like yours go about 1,060 km a month, so 60,000 km come about 16 Jun 2027" in why
    assert why.endswith("Tell us your odometer, and we can say it better.")


def test_a_plug_in_says_on_which_kilometres_it_is_counted() -> None:
    car = driven("byd-qin-plus-dm-i-1-5")
    on_the_odometer = due(car, "minor_service")
    assert "Counted on the odometer, for the combustion kilometres are not known." in words.why(on_the_odometer)
    EngineReading.objects.create(car=car, km=29_350, odometer_km=58_700, read_at=noon(TODAY), by=car.owner)
    by_engine = due(car, "minor_service")
    said = words.why(by_engine)
    assert "Counted on combustion kilometres, 50 % of what this car drives." in said
    assert f"Every {on_the_odometer.facts['interval_km']:,} km" in said
    assert by_engine.due_km is not None
    assert on_the_odometer.due_km is not None
    assert by_engine.due_km > on_the_odometer.due_km


def test_what_is_measured_names_value_limit_and_that_it_is_only_likely() -> None:
    car = driven()
    visit(car, "2025-10-01", 46_400, measured=(value("pad_front_left_inner", "8"),))
    visit(car, "2026-09-05", 58_800, measured=(value("pad_front_left_inner", "5"),))
    _title, when, short, source, why = said(due(car, "brake_pads_front"))
    assert when.startswith("about ")
    assert short.endswith("inner: 5 mm on 5 Sep 2026; the limit is 3 mm.")
    assert source == "measured on your car"
    assert why.endswith("This is only likely: have it measured before you decide.")
    visit(car, "2026-11-20", 61_500, measured=(value("pad_front_left_inner", "2.9"),))
    assert words.why(due(car, "brake_pads_front"), today=date(2026, 11, 21)).endswith(
        "2.9 mm on 20 Nov 2026; the limit is 3 mm. It needs work now. Overdue since 20 Nov 2026."
    )


def test_a_test_is_called_one() -> None:
    car = driven()
    visit(car, "2024-06-01", 28_000, "brake_fluid")
    why = words.why(due(car, "brake_fluid"), today=TODAY)
    assert "Every 40,000 km or 24 months by" in why
    assert why.endswith("That makes 1 Jun 2026. Only a test tells whether it has to be done.")


def test_what_was_put_off_says_when_and_until_when(monkeypatch: Patch) -> None:
    car = driven()
    own = Quoted("Gasket", "Shenchi", 38_000, ("垫", "Gasket"), 77)
    put_off(
        monkeypatch,
        car,
        Deferred("cabin_filter", date(2026, 11, 1), until_on=date(2027, 2, 1)),
        Deferred("", date(2026, 11, 1), until_km=65_000, quoted=own),
    )
    assert said(due(car, "cabin_filter"))[1:] == (
        "1 Feb 2027",
        "you put it off on 1 Nov 2026",
        "put off by you",
        "You put it off on 1 Nov 2026. You wanted to hear of it again on 1 Feb 2027.",
    )
    assert words.why(standing(car, "own:77")) == (
        "Proposed by Shenchi; it is not in our catalogue. You put it off on 1 Nov 2026. You wanted to hear of it again "
        "at 65,000 km; that is about 22 Feb 2027."
    )


def test_the_law_and_the_owners_own_days_are_named() -> None:
    car = a_car(delivered_on=date(2025, 3, 10))
    assert said(due(car, INSPECTION)) == (
        "Inspection by law",
        "31 Mar 2027",
        "until 31 Mar 2027",
        "the law",
        "The law asks for it by 31 Mar 2027. You can have it done from 31 Dec 2026 on.",
    )
    for kind in OwnerDateKind:
        owner_dates.say(car=car, kind=kind, on=date(2027, 3, 20), by=car.owner, at=noon(TODAY))
    assert words.why(standing(car, INSPECTION)).startswith("By your entry it is valid until 20 Mar 2027.")
    assert words.source(standing(car, INSURANCE)) == "your entry"
    assert words.why(standing(car, INSURANCE)).startswith("Your compulsory insurance ends on 20 Mar 2027.")


def test_a_warranty_says_what_until_when_and_what_to_do() -> None:
    car = driven(delivered_on=date(2024, 3, 10))
    visit(
        car, "2026-09-04", 58_750, work("brake_pads_front", name_en="Front pads", warranty={"km": 9_000, "days": 180})
    )
    compute(car)
    (repair,) = DueItem.objects.filter(car=car, subject__contains="#")
    assert (words.title(repair), words.source(repair)) == ("Warranty: Front pads", "your car's record")
    assert words.why(repair, today=date(2028, 1, 1)) == (
        "Done on 4 Sep 2026; still covered until 3 Mar 2027 or 67,750 km. If anything is not right, have it looked at "
        "before then."
    )
    maker = standing(car, MAKERS_WARRANTY)
    assert words.short(maker) == "covered until 10 Mar 2027 or 60,000 km"
    assert "traction battery" not in words.why(maker)


def test_the_warranty_of_an_electric_car_speaks_of_its_battery() -> None:
    car = a_car("tesla-model-3-bev", delivered_on=date(2024, 3, 10))
    assert "traction battery" in words.why(due(car, MAKERS_WARRANTY))


def test_every_item_has_its_words_in_chinese_too() -> None:
    car = driven()
    visit(car, "2026-09-04", 58_750, measured=(value("pad_front_left_inner", "2"), value("tread_front_left", "5")))
    compute(car)
    with translation.override("zh-hans"):
        for item in DueItem.objects.filter(car=car):
            assert words.title(item)
            assert words.why(item, today=TODAY)
        assert words.title(standing(car, "minor_service")) == "小保养"


def test_an_item_of_which_nothing_is_kept_still_has_its_name() -> None:
    bare = DueItem(
        service="minor_service", source="schedule", by="date", due_on=TODAY, earliest_on=TODAY, latest_on=TODAY
    )
    assert said(bare) == ("Oil service", "22 Nov 2026", "22 Nov 2026", "general interval", "")
    assert words.when(DueItem(due_km=65_000)) == "at 65,000 km"
