"""The link at the end of a letter: asks, does, says when it was done already, and can be undone."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts.models import User
from notifications import preferences, unsubscribing
from notifications.choices import Channel, Topic
from notifications.models import ChannelChoice
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
MAIL, PHONE = "lin@example.com", "+8613816420957"


@pytest.fixture
def lin() -> User:
    return UserFactory(email=MAIL, phone=PHONE)


@pytest.fixture
def strict() -> Client:
    """A mail program: no cookies, and no CSRF token."""
    return Client(enforce_csrf_checks=True, headers={"Accept-Language": "en"})


def link(person: User, topic: Topic = Topic.REMINDERS, channel: Channel = Channel.EMAIL) -> str:
    return unsubscribing.address(person, topic, channel).removeprefix(settings.SITE_URL.rstrip("/"))


def is_told(person: User, topic: Topic = Topic.REMINDERS) -> bool:
    return MAIL in [reach.recipient for reach in preferences.channels_for(person, topic)]


def test_opening_the_link_changes_nothing(strict: Client, lin: User) -> None:
    page = strict.get(link(lin))
    assert page.status_code == 200
    assert "No more “What your cars need” by e-mail?" in page.content.decode()
    assert MAIL not in page.content.decode()
    assert is_told(lin)


def test_one_click_of_a_mail_program_is_enough(strict: Client, lin: User) -> None:
    response = strict.post(link(lin), {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    assert "Stopped" in response.content.decode()
    assert not is_told(lin)
    assert not ChannelChoice.objects.exclude(topic="reminders", channel="email").exists()
    assert [reach.recipient for reach in preferences.channels_for(lin, Topic.VISITS)] == [PHONE]


def test_used_twice_it_says_that_it_was_done(strict: Client, lin: User) -> None:
    strict.post(link(lin))
    for page in (strict.post(link(lin)), strict.get(link(lin))):
        assert page.status_code == 200
        assert "off already" in page.content.decode()
    assert not is_told(lin)


def test_a_mistake_is_undone_by_the_same_link(strict: Client, lin: User) -> None:
    strict.post(link(lin))
    page = strict.post(link(lin), {"action": "again"})
    assert page.status_code == 200
    assert "On again" in page.content.decode()
    assert is_told(lin)


def test_a_link_works_years_later_and_after_the_choice_changed(strict: Client, lin: User) -> None:
    address = link(lin, Topic.CAMPAIGNS)
    assert "off already" in strict.get(address).content.decode()
    preferences.choose(user=lin, choices={(Topic.CAMPAIGNS, Channel.EMAIL): True}, at=timezone.now())
    strict.post(address)
    assert not is_told(lin, Topic.CAMPAIGNS)


@pytest.mark.parametrize("topic", [topic for topic in Topic if topic not in unsubscribing.CAN_BE_LEFT])
def test_what_has_to_be_heard_has_no_such_link(strict: Client, lin: User, topic: Topic) -> None:
    assert unsubscribing.address(lin, topic, Channel.EMAIL) == ""
    forged = signing.dumps([lin.public_id, topic.value, "email"], salt="notifications.unsubscribe")
    assert strict.post(f"/unsubscribe/{forged}/").status_code == 404


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: "A" + t[1:], lambda _t: "x", lambda t: t + t, lambda _t: "é"]
)
def test_a_forged_or_cut_off_link_says_so_and_changes_nothing(strict: Client, lin: User, spoil: object) -> None:
    token = link(lin).split("/")[2]
    for ask in (strict.get, strict.post):
        page = ask(f"/unsubscribe/{spoil(token)}/")  # type: ignore[operator]
        assert page.status_code == 404
        assert "This link is not valid" in page.content.decode()
    assert is_told(lin)


@pytest.mark.parametrize(
    "said", [["nobody", "reminders", "email"], ["x"], [None, 1, {}], {"a": 1}, "text", 7, ["x", "pigeons", "email"]]
)
def test_what_we_signed_for_something_else_opens_nothing(strict: Client, said: object) -> None:
    token = signing.dumps(said, salt="notifications.unsubscribe")
    assert strict.post(f"/unsubscribe/{token}/").status_code == 404


def test_whose_account_is_closed_has_nothing_to_leave(strict: Client, lin: User) -> None:
    address = link(lin)
    lin.is_active = False
    lin.save()
    assert strict.post(address).status_code == 404


def test_only_the_person_of_the_link_leaves(strict: Client, lin: User) -> None:
    wang = UserFactory(email="wang@example.com")
    strict.force_login(wang)
    strict.post(link(lin))
    assert not is_told(lin)
    assert [reach.recipient for reach in preferences.channels_for(wang, Topic.REMINDERS)] == ["wang@example.com"]
    assert strict.put(link(lin)).status_code == 405
