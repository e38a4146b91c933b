"""The machine in the admin: read, and helped in two ways."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.models import ChannelState, Message, PushSubscription, UnreachableAddress
from tests.factories.accounts import UserFactory
from tests.factories.notices import machine_at_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform(client: Client) -> Client:
    machine_at_work(timezone.now() + timedelta(hours=1))
    client.force_login(UserFactory(admin=True, language="en"))
    return client


def test_a_paused_channel_is_tried_again_at_once(platform: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr("notifications.tasks.wake", woken.append)
    page = reverse("admin:notifications_channelstate_changelist")
    platform.post(page, {"action": "resume", "_selected_action": ["email"]})
    state = ChannelState.objects.get()
    assert (state.paused_until, state.failures, woken) == (None, 0, ["email"])
    assert LogEntry.objects.get().change_message == "resumed"


def test_who_may_only_read_cannot_resume(platform: Client, client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    client.post(
        reverse("admin:notifications_channelstate_changelist"), {"action": "resume", "_selected_action": ["email"]}
    )
    assert ChannelState.objects.get().paused_until is not None


def test_an_address_that_is_taken_back_is_logged(platform: Client) -> None:
    row = UnreachableAddress.objects.get()
    platform.post(reverse("admin:notifications_unreachableaddress_delete", args=[row.pk]), {"post": "yes"})
    assert not UnreachableAddress.objects.exists()
    assert "lin@example.com" in LogEntry.objects.get().object_repr


def test_a_browsers_secrets_are_not_shown(platform: Client) -> None:
    row = PushSubscription.objects.get()
    for page in ("changelist", "change"):
        args = [row.pk] if page == "change" else []
        text = platform.get(reverse(f"admin:notifications_pushsubscription_{page}", args=args)).content.decode()
        assert "Firefox" in text
        assert "secret" not in text


def test_the_log_says_what_a_message_cost(platform: Client) -> None:
    page = reverse("admin:notifications_message_change", args=[Message.objects.get().pk])
    assert "¥0.045" in platform.get(page).content.decode()
