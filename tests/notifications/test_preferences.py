"""Where people want to read about their visits."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import privacy
from notifications import preferences
from notifications.choices import MessageChannels
from notifications.models import Preference
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("notifications:preference")
BOTH_WAYS = {"email": "lin@example.com", "phone": "+8613816420957"}


def reached(user: object) -> list[str]:
    return [reach.recipient for reach in preferences.channels_for(user)]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, ["+8613816420957"]),
        (MessageChannels.SMS, ["+8613816420957"]),
        (MessageChannels.EMAIL, ["lin@example.com"]),
        (MessageChannels.BOTH, ["+8613816420957", "lin@example.com"]),
    ],
)
def test_messages_go_where_the_person_chose(chosen: str | None, expected: list[str]) -> None:
    user = UserFactory(**BOTH_WAYS)
    if chosen:
        preferences.choose(user=user, channels=chosen, at=timezone.now())
    assert reached(user) == expected


def test_who_cannot_be_reached_the_chosen_way_is_reached_the_other() -> None:
    user = UserFactory(email="lin@example.com")
    preferences.choose(user=user, channels=MessageChannels.SMS, at=timezone.now())
    assert reached(user) == ["lin@example.com"]


def test_a_number_that_is_not_proven_gets_nothing() -> None:
    user = UserFactory(**BOTH_WAYS)
    user.phone_verified_at = None
    assert reached(user) == ["lin@example.com"]


def test_choosing_again_replaces_the_choice(client: Client) -> None:
    user = UserFactory(**BOTH_WAYS)
    client.force_login(user)
    for chosen in ("email", "both"):
        assert client.post(PAGE, {"channels": chosen})["Location"] == reverse("accounts:me")
    assert Preference.objects.get(user=user).visit_channels == MessageChannels.BOTH
    html = client.get(PAGE).content.decode()
    assert html.split('value="both"')[1][:60].count("checked") == 1


def test_the_page_shows_what_is_in_force(client: Client) -> None:
    client.force_login(UserFactory(email="lin@example.com"))
    html = client.get(PAGE).content.decode()
    assert html.split('value="email"')[1][:60].count("checked") == 1
    assert PAGE in client.get(reverse("accounts:me")).content.decode()


@pytest.mark.parametrize("chosen", ["", "pigeon", "\x00", "x" * 100_000])
def test_a_channel_nobody_offered_is_refused(client: Client, chosen: str) -> None:
    user = UserFactory()
    client.force_login(user)
    response = client.post(PAGE, {"channels": chosen})
    assert response.status_code == 400
    assert "field-error" in response.content.decode()
    assert not Preference.objects.filter(user=user).exists()


def test_signed_out_the_page_asks_to_sign_in(client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith(reverse("account_login"))
    assert client.post(PAGE, {"channels": "sms"}).status_code == 302
    client.force_login(UserFactory())
    assert client.delete(PAGE).status_code == 405


def test_the_choice_is_given_out_and_forgotten() -> None:
    user = UserFactory(**BOTH_WAYS)
    preferences.choose(user=user, channels=MessageChannels.EMAIL, at=timezone.now())
    keeper = privacy.keepers()["message_channels"]
    assert keeper.export(user) == "email"
    keeper.erase(user, timezone.now())
    assert keeper.export(user) is None
