"""Shifts and off-peak prices: what repeats every week."""

from datetime import UTC, datetime, time

import pytest
from django.urls import reverse

from shops import planned, working
from shops.actions import week
from shops.actions.asking import VisitsInTheWayError
from shops.actions.settings import HoursError
from shops.actions.week import DiscountError, ShiftsOfPeopleOnlyError
from shops.models import ShopChange
from shops.planned import PlannedVisit
from shops.week_grid import Discount, week_grid
from tests.factories.shops import (
    AdvisorFactory,
    BayFactory,
    OffPeakFactory,
    OpeningHoursFactory,
    ShiftFactory,
    ShopMemberFactory,
    TechnicianResourceFactory,
)

pytestmark = pytest.mark.django_db

MORNING = {"d1_0_starts": "9", "d1_0_ends": "12:30"}
STRANGE = ["\x00", "x" * 100_000, "25:00", "9:77", "now", "-1"]


@pytest.fixture
def person(shop):
    return TechnicianResourceFactory(shop=shop)


@pytest.fixture
def page(shop, person):
    return reverse("shops:shifts", args=[shop.slug, person.public_id])


def visit(number: str, *spans: tuple[datetime, datetime]) -> PlannedVisit:
    return PlannedVisit(number, spans[0][0], "沪AD8K21", "/visits/x/", spans=spans)


def span(day: int, start: int, end: int) -> tuple[datetime, datetime]:
    """Hours in Shanghai (UTC+8) of a day in December 2026; the first is a Tuesday."""
    return datetime(2026, 12, day, start - 8, tzinfo=UTC), datetime(2026, 12, day, end - 8, tzinfo=UTC)


# --- Shifts ------------------------------------------------------------------------------------------------


def test_shifts_saved_with_a_break_and_logged(client, shop, manager, person, page):
    client.force_login(manager)
    typed = MORNING | {"d1_1_starts": "1315", "d1_1_ends": "18：00", "d8_0_starts": "10", "d8_0_ends": "16"}
    assert client.post(page, typed).status_code == 302
    assert list(person.shifts.values_list("day", "starts_at", "ends_at")) == [
        (1, time(9), time(12, 30)),
        (1, time(13, 15), time(18)),
        (8, time(10), time(16)),
    ]
    change = ShopChange.objects.get()
    assert (change.kind, change.subject, change.before) == ("shifts", person.name, {"shifts": []})
    assert change.after == {"shifts": ["1 09:00-12:30", "1 13:15-18:00", "8 10:00-16:00"]}
    shown = client.get(page).content.decode()
    assert 'value="13:15"' in shown
    assert "13:15" in client.get(reverse("shops:technician", args=[shop.slug, person.public_id])).content.decode()


def test_shifts_all_empty_means_whenever_the_shop_is_open(client, manager, person, page):
    ShiftFactory(resource=person)
    client.force_login(manager)
    assert client.post(page, {"d1_0_starts": ""}).status_code == 302
    assert not person.shifts.exists()


def test_shifts_unchanged_write_nothing(manager, at, person):
    ShiftFactory(resource=person)
    assert not week.save_shifts(person=person, by=manager, at=at, shifts=[(1, time(9), time(18))])
    assert not ShopChange.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"d1_0_starts": "22:00", "d1_0_ends": "02:00"}, "d1_0_ends", "22:00–23:59 here, 00:00–02:00"),
        ({"d1_0_starts": "9", "d1_0_ends": "24:00"}, "d1_0_ends", "23:59"),
        ({"d1_0_starts": "9", "d1_0_ends": "0:00"}, "d1_0_ends", "23:59"),
        ({"d1_0_starts": "9", "d1_0_ends": "9"}, "d1_0_ends", "ends when it starts"),
        ({"d1_0_starts": "9", "d1_0_ends": ""}, "d1_0_ends", "end"),
        ({"d1_0_starts": "", "d1_0_ends": "9"}, "d1_0_starts", "start"),
        (MORNING | {"d1_1_starts": "12:29", "d1_1_ends": "18"}, "d1_1_starts", "overlaps"),
        *[({"d1_0_starts": strange, "d1_0_ends": "18"}, "d1_0_starts", "") for strange in STRANGE],
    ],
)
def test_shifts_refused_beside_the_row_and_kept(client, manager, person, page, typed, field, words):  # noqa: PLR0917  (fixtures)
    ShiftFactory(resource=person, day=3)
    client.force_login(manager)
    typed = {"d5_0_starts": "08:00", "d5_0_ends": "11:00"} | typed
    answer = client.post(page, typed, headers={"accept-language": "en"})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert words in form.errors[field][0]
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert {name: form[name].value() for name in typed} == typed
    assert person.shifts.get().day == 3


def test_shifts_copied_on_the_page_only(client, manager, person, page):
    client.force_login(manager)
    answer = client.post(page, MORNING | {"copy": "1", "copy_from": "1", "copy_to": ["2", "5"]})
    form = answer.context["form"]
    assert [form[f"d{day}_0_ends"].value() for day in (1, 2, 3, 5)] == ["12:30", "12:30", "", "12:30"]
    assert not person.shifts.exists()


def test_shifts_that_leave_visits_outside_list_them_and_ask(client, manager, person, page, monkeypatch):
    early, late = visit("261201-EARLY1", span(1, 9, 10)), visit("261201-LATE01", span(1, 17, 18))
    asked = []

    def finder(shop, start, end, resource):
        asked.append(resource)
        return [early, late]

    monkeypatch.setattr(planned, "_finders", [finder])
    client.force_login(manager)
    typed = {"d2_0_starts": "08:00", "d2_0_ends": "17:59"}
    answer = client.post(page, typed)
    assert answer.status_code == 409
    assert asked == [person]
    shown = answer.content.decode()
    assert late.number in shown
    assert early.number not in shown
    assert '<input type="hidden" name="d2_0_ends" value="17:59">' in shown
    assert not person.shifts.exists()
    assert client.post(page, typed | {"despite_visits": "on"}).status_code == 302
    assert person.shifts.count() == 1


def test_visits_outside_look_at_each_time_the_person_is_claimed(shop):
    shifts = [(2, time(8), time(12)), (2, time(13), time(18))]
    inside = visit("A", span(1, 8, 9), span(1, 13, 18))
    over_the_break = visit("B", span(1, 11, 14))
    on_a_day_off = visit("C", span(2, 9, 10))
    visits = [inside, over_the_break, on_a_day_off]
    assert working.visits_outside(visits, shifts=shifts, shop=shop) == [over_the_break, on_a_day_off]
    assert working.visits_outside(visits, shifts=[], shop=shop) == []


def test_visits_on_a_feast_need_the_shifts_of_feasts(shop):
    new_year = visit("A", (datetime(2027, 1, 1, 2, tzinfo=UTC), datetime(2027, 1, 1, 3, tzinfo=UTC)))  # a Friday
    on_fridays, on_feasts = [(5, time(8), time(18))], [(8, time(8), time(18))]
    assert working.visits_outside([new_year], shifts=on_fridays, shop=shop) == [new_year]
    assert working.visits_outside([new_year], shifts=on_feasts, shop=shop) == []
    shop.holiday_policy = "as_usual"
    assert working.visits_outside([new_year], shifts=on_fridays, shop=shop) == []


def test_shifts_checked_by_the_action_too(shop, manager, at, person):
    with pytest.raises(HoursError):
        week.save_shifts(person=person, by=manager, at=at, shifts=[(1, time(9), time(12)), (1, time(11), time(13))])
    with pytest.raises(ShiftsOfPeopleOnlyError):
        week.save_shifts(person=BayFactory(shop=shop), by=manager, at=at, shifts=[(1, time(9), time(12))])


def test_shifts_of_an_advisor_but_of_no_bay(client, shop, manager):
    client.force_login(manager)
    advisor, bay = AdvisorFactory(shop=shop), BayFactory(shop=shop)
    assert client.get(reverse("shops:shifts", args=[shop.slug, advisor.public_id])).status_code == 200
    assert client.get(reverse("shops:shifts", args=[shop.slug, bay.public_id])).status_code == 404


def test_shifts_who_reaches_the_page(client, shop, page, person):
    assert client.get(page).status_code == 302
    for role in ("advisor", "technician", "cashier"):
        client.force_login(ShopMemberFactory(shop=shop, role=role).user)
        assert client.get(page).status_code == client.post(page, MORNING).status_code == 403
    stranger = ShopMemberFactory(role="owner")
    client.force_login(stranger.user)
    assert client.get(page).status_code == 404
    own = reverse("shops:shifts", args=[stranger.shop.slug, person.public_id])
    assert client.post(own, MORNING).status_code == 404
    assert not person.shifts.exists()


# --- Off-peak prices ---------------------------------------------------------------------------------------

QUIET = {"d2_0_starts": "13:00", "d2_0_ends": "15:00", "d2_0_percent": "15"}


def test_off_peak_saved_shown_and_logged(client, shop, manager):
    OpeningHoursFactory(shop=shop, day=2)
    client.force_login(manager)
    page = reverse("shops:off_peak", args=[shop.slug])
    assert client.post(page, QUIET).status_code == 302
    row = shop.off_peak.get()
    assert (row.day, row.starts_at, row.ends_at, row.percent) == (2, time(13), time(15), 15)
    change = ShopChange.objects.get()
    assert (change.kind, change.after) == ("off_peak", {"off_peak": ["2 13:00-15:00 -15%"]})
    shown = client.get(page, headers={"accept-language": "en"}).content.decode()
    assert "−15" in shown
    assert "Tuesday 13:00–15:00: 15 % off" in shown
    assert client.post(page, {"d2_0_starts": ""}).status_code == 302
    assert not shop.off_peak.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"d2_0_percent": "0"}, "d2_0_percent"),
        ({"d2_0_percent": "51"}, "d2_0_percent"),
        ({"d2_0_percent": "-5"}, "d2_0_percent"),
        ({"d2_0_percent": "9" * 100_000}, "d2_0_percent"),
        ({"d2_0_percent": "\x00"}, "d2_0_percent"),
        ({"d2_0_percent": ""}, "d2_0_percent"),
        ({"d2_0_ends": ""}, "d2_0_ends"),
        ({"d2_0_ends": "12:00"}, "d2_0_ends"),
        ({"d2_1_starts": "14:00", "d2_1_ends": "16", "d2_1_percent": "5"}, "d2_1_starts"),
        *[({"d2_0_starts": strange}, "d2_0_starts") for strange in STRANGE],
    ],
)
def test_off_peak_refused_beside_the_row_and_kept(client, shop, manager, typed, field):
    client.force_login(manager)
    answer = client.post(reverse("shops:off_peak", args=[shop.slug]), QUIET | typed)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert {name: form[name].value() for name in QUIET | typed} == QUIET | typed
    assert not shop.off_peak.exists()


def test_off_peak_copied_on_the_page_only(client, shop, manager):
    client.force_login(manager)
    typed = QUIET | {"copy": "1", "copy_from": "2", "copy_to": ["3"]}
    answer = client.post(reverse("shops:off_peak", args=[shop.slug]), typed)
    assert answer.context["form"]["d3_0_percent"].value() == "15"
    assert answer.status_code == 200
    assert not shop.off_peak.exists()


def test_off_peak_who_reaches_the_page(client, shop, manager):
    page = reverse("shops:off_peak", args=[shop.slug])
    assert client.get(page).status_code == 302
    for role in ("advisor", "technician", "cashier"):
        client.force_login(ShopMemberFactory(shop=shop, role=role).user)
        assert client.get(page).status_code == client.post(page, QUIET).status_code == 403
    client.force_login(ShopMemberFactory(role="owner").user)
    assert client.get(page).status_code == client.post(page, QUIET).status_code == 404
    assert not shop.off_peak.exists()


def test_off_peak_checked_by_the_action_too(shop, manager, at):
    wrong = {
        HoursError: [Discount(1, time(9), time(12), 10), Discount(1, time(11), time(13), 10)],
        DiscountError: [Discount(1, time(9), time(12), 51)],
    }
    for error, discounts in wrong.items():
        with pytest.raises(error):
            week.save_off_peak(shop=shop, by=manager, at=at, discounts=discounts)


def test_off_peak_unchanged_writes_nothing(shop, manager, at):
    OffPeakFactory(shop=shop)
    same = [Discount(2, time(13), time(15), 15)]
    assert not week.save_off_peak(shop=shop, by=manager, at=at, discounts=same)
    assert not ShopChange.objects.exists()


def test_week_grid_counts_half_hours_from_the_first_hour_that_matters():
    grid = week_grid([(1, time(8, 30), time(18))], [Discount(2, time(9, 10), time(11), 20)])
    assert grid is not None
    assert (grid.hours[0], grid.hours[-1]) == ((8, 2), (17, 20))
    opened, cheap = grid.blocks
    assert (opened.column, opened.row, opened.row_end, opened.percent) == (2, 3, 22, 0)
    assert (cheap.column, cheap.row, cheap.row_end, cheap.percent) == (3, 4, 8, 20)
    assert week_grid([], []) is None


def test_week_grid_reaches_to_midnight():
    grid = week_grid([(7, time(0), time(23, 59))], [])
    assert grid is not None
    assert (len(grid.hours), grid.blocks[0].row, grid.blocks[0].row_end) == (24, 2, 50)


def test_shift_refusal_names_the_visits(shop, manager, at, person, monkeypatch):
    late = visit("261201-LATE01", span(1, 17, 18))
    monkeypatch.setattr(planned, "_finders", [lambda *_asked: [late]])
    with pytest.raises(VisitsInTheWayError) as refusal:
        week.save_shifts(person=person, by=manager, at=at, shifts=[(2, time(8), time(12))])
    assert refusal.value.extra == {"visits": [late.number]}
