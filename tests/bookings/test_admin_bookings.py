"""Visits in the admin: seen, found, corrected through the actions, never edited."""

import pytest
import time_machine
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from bookings.choices import ActorRole, EventKind, Status
from bookings.engine.jobs import Job
from bookings.models import (
    Allocation,
    Booking,
    BookingEvent,
    CalendarFeed,
    LearnedDuration,
    WaitingEntry,
    WaitingService,
)
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.board import visit
from tests.factories.jobs import NOW, bookable_job
from tests.factories.phased import phased_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return bookable_job()


@pytest.fixture
def platform(client: Client) -> Client:
    client.force_login(UserFactory(admin=True))
    client.cookies["django_language"] = "en"
    return client


def correct(platform: Client, booking: Booking, name: str, **data: str) -> object:
    with time_machine.travel(NOW, tick=False):
        return platform.post(reverse(f"admin:bookings_booking_{name}_visit", args=[booking.pk]), data)


@pytest.mark.parametrize("model", ["booking", "bookingevent", "allocation"])
def test_lists_show_and_search_and_nothing_can_be_added(platform: Client, job: Job, model: str) -> None:
    booking = visit(job, starts_at=local(13))
    page = platform.get(reverse(f"admin:bookings_{model}_changelist"), {"q": booking.number})
    assert page.status_code == 200
    assert booking.number in page.content.decode()
    assert platform.get(reverse(f"admin:bookings_{model}_add")).status_code == 403


def test_visit_is_shown_with_its_history_and_cannot_be_edited(platform: Client, job: Job) -> None:
    booking = visit(job, starts_at=local(13), status=Status.COMPLETED)
    url = reverse("admin:bookings_booking_change", args=[booking.pk])
    page = platform.get(url).content.decode()
    assert "Car checked in" in page
    assert 'name="status"' not in page
    assert platform.post(url, {"status": "cancelled"}).status_code == 403
    booking.refresh_from_db()
    assert booking.status == Status.COMPLETED


@pytest.mark.parametrize("model", ["booking", "bookingevent", "allocation"])
def test_nothing_can_be_deleted(platform: Client, job: Job, model: str) -> None:
    booking = visit(job, starts_at=local(13))
    row = {"booking": booking, "bookingevent": booking.events.first(), "allocation": booking.allocations.first()}[model]
    assert platform.post(reverse(f"admin:bookings_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert Booking.objects.exists()


def test_cancelling_goes_through_the_action_as_the_platform(platform: Client, job: Job) -> None:
    booking = visit(job, starts_at=local(13))
    assert correct(platform, booking, "cancel", reason="Asked by telephone").status_code == 302
    event = BookingEvent.objects.get(booking=booking, kind=EventKind.CANCELLED)
    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED
    assert (event.actor_role, event.reason) == (ActorRole.PLATFORM, "Asked by telephone")
    assert not Allocation.objects.exists()


def test_moving_takes_the_new_time_and_keeps_the_old_one_when_it_is_taken(platform: Client, job: Job) -> None:
    booking = visit(job, starts_at=local(13))
    moved = correct(platform, booking, "move", starts_at_0="2026-11-23", starts_at_1="15:00:00")
    booking.refresh_from_db()
    assert (moved.status_code, booking.starts_at) == (302, local(15))
    visit(job, starts_at=local(17))
    refused = correct(platform, booking, "move", starts_at_0="2026-11-23", starts_at_1="17:00:00")
    booking.refresh_from_db()
    assert (refused.status_code, booking.starts_at) == (400, local(15))
    assert "Every bay for this is taken" in refused.content.decode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cancel", {"reason": ""}),
        ("cancel", {"reason": "x" * 100_000}),
        ("cancel", {"reason": "a\x00b"}),
        ("move", {"starts_at_0": "garbage", "starts_at_1": "x"}),
        ("move", {"starts_at_0": "2020-01-01", "starts_at_1": "10:00"}),
        ("move", {}),
    ],
)
def test_correction_that_cannot_be_changes_nothing(platform: Client, job: Job, name: str, data: dict[str, str]) -> None:
    booking = visit(job, starts_at=local(13))
    assert correct(platform, booking, name, **data).status_code == 400
    fresh = Booking.objects.get(pk=booking.pk)
    assert (fresh.status, fresh.starts_at, fresh.revision) == (Status.CONFIRMED, local(13), booking.revision)


@pytest.mark.parametrize("name", ["move", "cancel"])
def test_corrections_are_for_platform_admins(client: Client, job: Job, name: str) -> None:
    booking = visit(job, starts_at=local(13))
    client.force_login(UserFactory())
    assert correct(client, booking, name, reason="x").status_code == 302
    client.force_login(UserFactory(is_staff=True))
    assert correct(client, booking, name, reason="x").status_code == 403
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


# --- What the engine keeps beside visits ------------------------------------------------------------


def test_visit_shows_services_fees_and_every_claim_with_its_phase(platform: Client) -> None:
    booking = visit(phased_job(with_loaner=True, no_show_fee_percent=20), starts_at=local(13))
    page = platform.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    for text in ("Chassis check", "Wheel alignment, step 3 of 3", "Rig 1", "Loaner 1", "¥40.00", "2026-11-23 13:55"):
        assert text in page


def test_request_can_be_cancelled_by_the_platform(platform: Client, job: Job) -> None:
    booking = visit(job, starts_at=local(13))
    Booking.objects.update(status=Status.REQUESTED, hold_expires_at=local(12), confirmed_at=None)
    page = platform.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    assert reverse("admin:bookings_booking_cancel_visit", args=[booking.pk]) in page


@pytest.fixture
def kept(job: Job) -> dict[str, Model]:
    """A row of each kind: somebody waits, a duration was learned, a calendar is read."""
    user = UserFactory(name="Ms Lin")
    entry = WaitingEntry.objects.create(
        shop=job.shop, owner=user, variant=job.variant, not_before=local(10), not_after=local(18)
    )
    WaitingService.objects.create(entry=entry, service=job.service, position=0)
    learned = LearnedDuration.objects.create(
        shop=job.shop,
        service=job.service,
        price_class="economy",
        visits=12,
        actual_minutes=52,
        standard_minutes=40,
        minutes=50,
        learned_at=NOW,
    )
    feed = CalendarFeed.objects.create(token="s3cret-address-of-a-calendar", user=user)
    return {"waitingentry": entry, "learnedduration": learned, "calendarfeed": feed}


@pytest.mark.parametrize("model", ["waitingentry", "learnedduration", "calendarfeed"])
def test_history_is_shown_and_cannot_be_changed(platform: Client, kept: dict[str, Model], model: str) -> None:
    pages = [
        reverse(f"admin:bookings_{model}_changelist"),
        reverse(f"admin:bookings_{model}_change", args=[kept[model].pk]),
    ]
    for page in pages:
        response = platform.get(page)
        assert response.status_code == 200
        assert "s3cret" not in response.content.decode()
    assert platform.get(reverse(f"admin:bookings_{model}_add")).status_code == 403
    assert platform.post(pages[1], {"user": ""}).status_code == 403
    assert (
        platform.post(reverse(f"admin:bookings_{model}_delete", args=[kept[model].pk]), {"post": "yes"}).status_code
        == 403
    )
    assert type(kept[model]).objects.exists()
    assert platform.get(pages[0], {"q": "Lin"}).status_code == 200
