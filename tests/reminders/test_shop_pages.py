"""What a shop sees of its customers' cars, and its word to their owners."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.engine.jobs import Job
from notifications import preferences
from notifications.choices import Channel, Topic
from reminders import audience, campaigns, demand
from reminders.choices import By, CampaignStatus, Source
from reminders.models import Campaign, DueItem, Letter, OwnerTurn
from shops.choices import Role
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW, bookable_job
from tests.factories.shops import ShopMemberFactory
from tests.factories.vehicles import CarFactory
from tests.factories.visits import completed_visit
from vehicles.models import Car

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
TODAY = LATER.date()


@pytest.fixture
def job() -> Job:
    return bookable_job()


@pytest.fixture(autouse=True)
def _day(settings: Any) -> Any:
    settings.LANGUAGE_CODE = "en"
    with time_machine.travel(LATER, tick=False):
        yield


def customer(job: Job, due_on: date, *, agrees: bool = True, **fields: Any) -> Car:
    """A car that was here, due for the job's service on a day."""
    car = CarFactory(variant=job.variant)
    completed_visit(job.shop, 60, owner=car.owner, car=car, starts_at=NOW - timedelta(days=30 + Car.objects.count()))
    DueItem.objects.create(
        **{
            "car": car,
            "owner": car.owner,
            "source": Source.SCHEDULE,
            "subject": f"service:{job.service.key}",
            "cycle": "new",
            "service": job.service.key,
            "by": By.DATE,
            "due_on": due_on,
            "earliest_on": due_on,
            "latest_on": due_on,
            "opened_at": NOW,
            **fields,
        }
    )
    if agrees:
        preferences.choose(user=car.owner, choices={(Topic.CAMPAIGNS, Channel.EMAIL): True}, at=NOW)
    return car


def leader(client: Client, job: Job, role: Role = Role.OWNER) -> Client:
    client.force_login(ShopMemberFactory(shop=job.shop, role=role).user)
    client.cookies["language"] = "en"
    return client


def address(name: str, job: Job, *args: str) -> str:
    return reverse(f"shop_reminders:{name}", args=[job.shop.slug, *args])


def draft(job: Job, **fields: Any) -> Campaign:
    values = {"shop": job.shop, "service": job.service, "weeks": 4, "text": "", "by": UserFactory(), "at": LATER}
    return campaigns.draft(**{**values, **fields})


def test_weeks_count_cars_and_not_items(job: Job) -> None:
    car = customer(job, TODAY + timedelta(days=8))
    DueItem.objects.create(
        car=car, owner=car.owner, source=Source.TEST, subject="service:x", cycle="new", service="x", by=By.DATE,
        due_on=TODAY + timedelta(days=8), earliest_on=TODAY, latest_on=TODAY + timedelta(days=9), is_likely=True,
        opened_at=NOW,
    )  # fmt: skip
    customer(job, TODAY - timedelta(days=40))
    found = demand.expected(job.shop, at=LATER)
    assert [week.total for week in found.weeks] == [0, 1, 0, 0, 0, 0, 0, 0]
    assert (found.overdue, found.customers, found.others) == (1, 2, 3)
    assert found.services == []


def test_a_service_is_named_from_three_cars_on(client: Client, job: Job, django_assert_num_queries: Any) -> None:
    for n in range(3):
        customer(job, TODAY + timedelta(days=7 * n))
    browser = leader(client, job)
    page = browser.get(address("demand", job))
    assert page.status_code == 200
    assert [one.cars for one in page.context["demand"].services] == [3]
    assert job.service.name.encode() in page.content
    with django_assert_num_queries(6):
        browser.get(address("demand", job))


def test_a_shop_whose_cars_need_nothing_sees_no_empty_drawing(client: Client, job: Job) -> None:
    customer(job, TODAY + timedelta(days=200))
    browser = leader(client, job)
    browser.cookies["django_language"] = "en"
    page = browser.get(address("demand", job)).text
    assert "None of them will be due in the next eight weeks." in page
    assert "needs-chart" not in page


def test_cars_of_others_and_cars_that_are_gone_are_not_counted(job: Job) -> None:
    customer(job, TODAY)
    Car.objects.update(removed_at=NOW)
    elsewhere = CarFactory(variant=job.variant)
    DueItem.objects.create(
        car=elsewhere, owner=elsewhere.owner, source=Source.SCHEDULE, subject="service:x", cycle="new", service="x",
        by=By.DATE, due_on=TODAY, earliest_on=TODAY, latest_on=TODAY, opened_at=NOW,
    )  # fmt: skip
    found = demand.expected(job.shop, at=LATER)
    assert (found.customers, found.others, sum(week.total for week in found.weeks)) == (0, 0, 0)


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.CASHIER, Role.ADVISOR])
def test_who_sets_no_prices_sees_none_of_it(client: Client, job: Job, role: Role) -> None:
    assert leader(client, job, role).get(address("demand", job)).status_code == 403


def test_a_stranger_finds_no_such_shop(client: Client, job: Job) -> None:
    client.force_login(UserFactory())
    assert client.get(address("demand", job)).status_code == 404
    assert client.post(address("start_campaign", job, draft(job).public_id)).status_code == 404


def test_only_owners_who_agreed_and_whose_car_is_due_are_reached(job: Job) -> None:
    due = customer(job, TODAY + timedelta(days=10))
    customer(job, TODAY + timedelta(days=10), agrees=False)
    customer(job, TODAY + timedelta(days=100))
    told = customer(job, TODAY + timedelta(days=10))
    OwnerTurn.objects.create(owner=told.owner, last_campaign_at=LATER - timedelta(days=29))
    campaign = draft(job)
    assert [item.car for item in audience.items(campaign, at=LATER)] == [due]
    assert audience.size(campaign, at=LATER + timedelta(days=1)) == 2


def test_a_campaign_is_written_seen_and_sent(client: Client, job: Job) -> None:
    customer(job, TODAY + timedelta(days=10))
    browser = leader(client, job)
    typed = {"service": job.service.key, "weeks": "4", "text": "We have a new oil."}
    answer = browser.post(address("new_campaign", job), typed)
    campaign = Campaign.objects.get()
    assert answer["Location"] == address("campaign", job, campaign.public_id)
    seen = browser.get(answer["Location"])
    assert b"Fewer than 5 owners, or none." in seen.content
    assert b"We have a new oil." in seen.content
    browser.post(address("start_campaign", job, campaign.public_id))
    campaign.refresh_from_db()
    assert (campaign.status, campaign.started_at) == (CampaignStatus.SENDING, timezone.now())
    assert browser.post(address("start_campaign", job, campaign.public_id)).status_code == 409
    assert browser.post(address("stop_campaign", job, campaign.public_id)).status_code == 302
    assert browser.post(address("stop_campaign", job, campaign.public_id)).status_code == 409
    assert browser.get(address("campaigns", job)).status_code == 200


def test_nobody_is_told_apart_from_few(client: Client, job: Job) -> None:
    browser, campaign = leader(client, job), draft(job)
    for status in (CampaignStatus.DRAFT, CampaignStatus.SENT):
        Campaign.objects.update(status=status, started_at=None if status == CampaignStatus.DRAFT else LATER)
        nobody = browser.get(address("campaign", job, campaign.public_id)).content
        car = customer(job, TODAY + timedelta(days=10))
        if status == CampaignStatus.SENT:
            Letter.objects.create(owner=car.owner, kind="campaign", campaign=campaign, sent_at=LATER, followed_at=LATER)
        page = browser.get(address("campaign", job, campaign.public_id)).content
        assert b"Fewer than 5" in page
        assert _main(page) == _main(nobody)


def _main(page: bytes) -> str:
    """The page without its tokens, which differ each time."""
    return re.sub(r'value="[^"]{20,}"|nonce="[^"]*"', "", page.decode().split("<main", 1)[1])


def test_a_shop_writes_once_in_two_weeks(job: Job) -> None:
    campaigns.stop(campaign=campaigns.start(campaign=draft(job), at=LATER), at=LATER)
    again = draft(job)
    with pytest.raises(campaigns.TooSoonError):
        campaigns.start(campaign=again, at=LATER + timedelta(days=13))
    campaigns.start(campaign=again, at=LATER + timedelta(days=14))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weeks", "0"),
        ("weeks", "9"),
        ("weeks", "many"),
        ("service", "no_such"),
        ("text", "x" * 201),
        ("text", "Call 138 0013 8000"),
        ("text", "a\x00b"),
    ],
)
def test_what_cannot_be_sent_is_said_beside_the_field(client: Client, job: Job, field: str, value: str) -> None:
    typed = {"service": job.service.key, "weeks": "4", "text": "Hello", field: value}
    page = leader(client, job).post(address("new_campaign", job), typed)
    assert page.status_code == 400
    assert list(page.context["form"].errors) == [field]
    assert not Campaign.objects.exists()
