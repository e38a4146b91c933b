"""New opening hours and holiday rules under visits that are booked: listed and asked about, nothing moved."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.urls import reverse

from shops.choices import Day
from shops.models import OpeningHours, ShopChange
from shops.opening import Opening
from shops.planned import PlannedVisit
from shops.working import visits_shut_out
from tests.factories.board import visit
from tests.factories.jobs import NOW, bookable_job
from tests.factories.shops import ClosureFactory, ShopMemberFactory
from tests.shops.test_settings import RULES

pytestmark = pytest.mark.django_db

# In Shanghai: Tuesday 24 November 2026 at 17:00, and New Year's Day 2027 (a Friday) at 10:00.
TUESDAY_17 = datetime(2026, 11, 24, 9, tzinfo=UTC)
NEW_YEAR_10 = datetime(2027, 1, 1, 2, tzinfo=UTC)
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def on_monday(monkeypatch):
    monkeypatch.setattr("shops.views.settings.timezone.now", lambda: NOW)


@pytest.fixture
def job():
    """At a shop that is open daily from 8 to 20; the work takes 40 minutes."""
    return bookable_job()


@pytest.fixture
def staff(client, job):
    client.force_login(ShopMemberFactory(shop=job.shop, role="manager").user)
    return client


def week(closes: str, *, opens: str = "08:00", without: tuple[int, ...] = ()) -> dict[str, str]:
    """What is typed for the same hours on every day."""
    days = [day for day in Day if day not in without]
    return {f"d{day}_0_opens": opens for day in days} | {f"d{day}_0_closes": closes for day in days}


def hours_page(job) -> str:
    return reverse("shops:hours", args=[job.shop.slug])


def test_hours_that_leave_a_visit_outside_list_it_in_local_time_and_ask(staff, job):
    late = visit(job, starts_at=TUESDAY_17)
    early = visit(job, starts_at=TUESDAY_17 - timedelta(hours=7))
    answer = staff.post(hours_page(job), week("17:30"), headers=ENGLISH)
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert late.number in shown
    assert "17:00" in shown
    assert early.number not in shown
    assert "1 visit lies outside these hours" in shown
    assert '<input type="hidden" name="d2_0_closes" value="17:30">' in shown
    assert not ShopChange.objects.exists()
    assert {row.closes_at for row in OpeningHours.objects.filter(shop=job.shop)} == {time(20)}


def test_hours_saved_all_the_same_leave_the_visit_where_it_was(staff, job):
    late = visit(job, starts_at=TUESDAY_17)
    claims = list(late.allocations.order_by("pk").values_list("resource", "during"))
    assert staff.post(hours_page(job), week("17:30") | {"despite_visits": "on"}).status_code == 302
    assert {row.closes_at for row in OpeningHours.objects.filter(shop=job.shop)} == {time(17, 30)}
    late.refresh_from_db()
    assert (late.status, late.starts_at) == ("confirmed", TUESDAY_17)
    assert list(late.allocations.order_by("pk").values_list("resource", "during")) == claims


@pytest.mark.parametrize(
    "typed",
    [
        week("17:40"),
        week("22:00", opens="07:00"),
        week("20:00", without=(Day.MONDAY, Day.SATURDAY, Day.HOLIDAY)),
        week("13:00") | {"d2_1_opens": "16:30", "d2_1_closes": "18:00"},
    ],
)
def test_hours_around_the_visits_are_not_asked_about(staff, job, typed):
    visit(job, starts_at=TUESDAY_17)
    assert staff.post(hours_page(job), typed).status_code == 302


@pytest.mark.parametrize(
    "typed",
    [
        week("17:39"),
        week("20:00", opens="17:05"),
        week("20:00", without=(Day.TUESDAY,)),
        week("17:10") | {"d2_1_opens": "17:20", "d2_1_closes": "20:00"},
    ],
)
def test_hours_that_touch_a_visit_are_asked_about(staff, job, typed):
    visit(job, starts_at=TUESDAY_17)
    assert staff.post(hours_page(job), typed).status_code == 409


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_hours_over_visits_that_are_over_are_not_asked_about(staff, job, status):
    visit(job, starts_at=TUESDAY_17, status=status)
    assert staff.post(hours_page(job), week("17:00")).status_code == 302


def test_hours_of_another_shop_are_not_asked_about(staff, job):
    visit(bookable_job(), starts_at=TUESDAY_17)
    assert staff.post(hours_page(job), week("17:00")).status_code == 302


def test_copying_hours_asks_nothing(staff, job):
    visit(job, starts_at=TUESDAY_17)
    typed = week("17:00") | {"copy": "1", "copy_from": "1", "copy_to": ["2"]}
    answer = staff.post(hours_page(job), typed)
    assert (answer.status_code, answer.context.get("question")) == (200, None)


def test_visit_kept_on_a_closed_day_is_not_asked_about_again(staff, job):
    kept = visit(job, starts_at=TUESDAY_17)
    ClosureFactory(shop=job.shop, first_date=kept.local_date, last_date=kept.local_date)
    assert staff.post(hours_page(job), week("17:00")).status_code == 302


def test_car_that_waits_over_the_lunch_break_is_not_asked_about(job):
    shop = job.shop
    with_lunch = [(day, *stretch) for day in Day for stretch in ((time(8), time(12)), (time(13), time(18)))]
    now = Opening(shop, with_lunch, [])
    waits = PlannedVisit("A", TUESDAY_17, "", "", spans=((TUESDAY_17 - timedelta(hours=6), TUESDAY_17),))  # 11 to 17
    longer = [(day, opens, closes if opens == time(8) else time(17)) for day, opens, closes in with_lunch]
    assert visits_shut_out([waits], now=now, then=Opening(shop, longer, [])) == []
    shorter = [(day, opens, closes if opens == time(8) else time(16)) for day, opens, closes in with_lunch]
    assert visits_shut_out([waits], now=now, then=Opening(shop, shorter, [])) == [waits]


def test_visit_that_lasts_until_the_next_day_is_looked_at_on_both(job):
    overnight = PlannedVisit("A", TUESDAY_17, "", "", spans=((TUESDAY_17, TUESDAY_17 + timedelta(hours=17)),))
    now = Opening.of(job.shop)
    then = Opening(job.shop, [row for row in now.hours if row[0] != Day.WEDNESDAY], [])
    assert visits_shut_out([overnight], now=now, then=then) == [overnight]


def test_closing_on_public_holidays_lists_the_visits_of_holidays_and_asks(staff, job):
    page = reverse("shops:rules", args=[job.shop.slug])
    feast, tuesday = visit(job, starts_at=NEW_YEAR_10), visit(job, starts_at=TUESDAY_17)
    answer = staff.post(page, RULES, headers=ENGLISH)
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert feast.number in shown
    assert tuesday.number not in shown
    assert "1 visit is booked when you would be closed" in shown
    assert not ShopChange.objects.exists()
    assert staff.post(page, RULES | {"despite_visits": "on"}).status_code == 302
    job.shop.refresh_from_db()
    feast.refresh_from_db()
    assert (job.shop.holiday_policy, feast.status, feast.starts_at) == ("closed", "confirmed", NEW_YEAR_10)


def test_other_rules_are_not_asked_about(staff, job):
    visit(job, starts_at=NEW_YEAR_10)
    rules = RULES | {"holiday_policy": "holiday_hours"}
    assert staff.post(reverse("shops:rules", args=[job.shop.slug]), rules).status_code == 302
