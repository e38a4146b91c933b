"""The platform's pages on reminders and channels."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from bookings.models import Booking
from notifications.choices import Channel, MessageStatus
from notifications.models import ChannelState, Message
from reminders import figures
from reminders.models import Letter, LetterReturn
from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job
from tests.factories.reminded import AT, reminded
from tests.factories.visits import completed_visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(UserFactory(admin=True))
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def visit() -> Booking:
    job = bookable_job()
    booking = completed_visit(job.shop, 60, owner=UserFactory())
    reminded(job.shop, job.service, booking)
    return booking


def test_the_funnel_counts_each_letter_once(visit: Booking) -> None:
    letter = Letter.objects.get()
    second = completed_visit(visit.shop, 60, owner=UserFactory())
    LetterReturn.objects.create(letter=letter, booking=second, booked_at=AT, visited_at=AT)
    Letter.objects.create(owner=letter.owner, kind="reminder", sent_at=AT, followed_at=AT)
    found = figures.funnel(figures.reminders(since=AT))
    assert (found.sent, found.followed, found.booked, found.visited) == (2, 1, 1, 1)
    assert (found.followed_share, found.booked_share) == (50, 50)
    with translation.override("en"):
        assert render_to_string("reminders/_funnel.html", {"funnel": found}).count(">50 %<") == 3
    assert figures.funnel(figures.reminders(since=AT + timedelta(seconds=1))).sent == 0


def test_pages_open_and_say_what_is_wrong(admin: Client, visit: Booking) -> None:
    Message.objects.create(
        channel=Channel.SMS, kind="bookings/ready", recipient="+8613800138001", status=MessageStatus.FAILED,
        error="no credit", cost_li=45,
    )  # fmt: skip
    ChannelState.objects.create(
        channel=Channel.SMS, failures=3, paused_until=timezone.now() + timedelta(minutes=5), last_error="away"
    )
    assert admin.get(reverse("platform_reminders:overview")).status_code == 200
    page = admin.get(reverse("platform_reminders:messages"))
    assert b"no credit" in page.content
    sms = next(one for one in page.context["channels"] if one.channel == Channel.SMS)
    assert (sms.failed, sms.is_paused, sms.cost_fen) == (1, True, 4)


def test_a_paused_channel_is_tried_again(admin: Client) -> None:
    ChannelState.objects.create(channel=Channel.SMS, failures=3, paused_until=timezone.now() + timedelta(minutes=5))
    admin.post(reverse("platform_reminders:resume", args=["sms"]))
    assert ChannelState.objects.get().paused_until is None
    assert admin.post(reverse("platform_reminders:resume", args=["pigeon"])).status_code == 404


def test_nobody_else_finds_them(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.get(reverse("platform_reminders:overview")).status_code == 404
