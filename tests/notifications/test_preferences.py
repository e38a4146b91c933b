"""By which ways a person is told about a topic: what they chose, else the defaults, and what they have to learn."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from notifications import addresses, preferences
from notifications.choices import AddressFault, Channel, Topic
from notifications.models import ChannelChoice, Preference, PushSubscription
from notifications.quiet import Quiet
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
MAIL, PHONE = "lin@example.com", "+8613816420957"


@pytest.fixture
def lin() -> User:
    return UserFactory(email=MAIL, phone=PHONE)


def reached(person: User, topic: Topic) -> list[str]:
    return [reach.recipient for reach in preferences.channels_for(person, topic)]


def choose(person: User, topic: Topic, **channels: bool) -> None:
    preferences.choose(user=person, choices={(topic, Channel(name)): on for name, on in channels.items()}, at=AT)


def browser(person: User, number: int = 1) -> PushSubscription:
    return PushSubscription.objects.create(
        user=person,
        endpoint=f"https://push.example/{number}",
        endpoint_hash=f"{number:064}",
        p256dh="p",
        auth="a",
        created_at=AT,
    )


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        (Topic.VISITS, [PHONE]),
        (Topic.MONEY, [PHONE]),
        (Topic.REVIEWS, [PHONE]),
        (Topic.ACCOUNT, [PHONE]),
        (Topic.SHOP, [PHONE]),
        (Topic.REMINDERS, [MAIL]),
        (Topic.PLATFORM, [MAIL]),
        (Topic.CAMPAIGNS, []),
        (Topic.SHOP_VISITS, []),
    ],
)
def test_who_chose_nothing_is_told_by_the_usual_way(lin: User, topic: Topic, expected: list[str]) -> None:
    assert reached(lin, topic) == expected


@pytest.mark.parametrize("topic", [Topic.VISITS, Topic.REMINDERS])
def test_without_the_usual_way_the_other_one_is_used(topic: Topic) -> None:
    assert reached(UserFactory(email=MAIL), topic) == [MAIL]
    assert reached(UserFactory(email=None, phone=PHONE), topic) == [PHONE]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"sms": True, "email": False}, [PHONE]),
        ({"sms": False, "email": True}, [MAIL]),
        ({"sms": True, "email": True}, [MAIL, PHONE]),
        ({"email": True}, [MAIL]),  # who chose one of the two left the other
    ],
)
def test_messages_go_where_the_person_chose(lin: User, chosen: dict[str, bool], expected: list[str]) -> None:
    choose(lin, Topic.VISITS, **chosen)
    assert sorted(reached(lin, Topic.VISITS)) == sorted(expected)
    assert reached(lin, Topic.MONEY) == [PHONE]


@pytest.mark.parametrize("topic", preferences.ALWAYS)
def test_what_has_to_be_learned_falls_back_to_a_way_that_reaches(lin: User, topic: Topic) -> None:
    choose(lin, topic, sms=False, email=False)
    assert len(reached(lin, topic)) == 1


@pytest.mark.parametrize("topic", [Topic.REMINDERS, Topic.REVIEWS, Topic.CAMPAIGNS, Topic.SHOP])
def test_other_topics_can_be_left_altogether(lin: User, topic: Topic) -> None:
    choose(lin, topic, sms=False, email=False)
    assert reached(lin, topic) == []


def test_who_chose_a_way_that_does_not_reach_learns_of_visits_by_the_other() -> None:
    person = UserFactory(email=MAIL)
    choose(person, Topic.VISITS, sms=True, email=False)
    choose(person, Topic.REVIEWS, sms=True, email=False)
    assert reached(person, Topic.VISITS) == [MAIL]
    assert reached(person, Topic.REVIEWS) == []


def test_offers_of_shops_come_only_to_who_agreed(lin: User) -> None:
    browser(lin)
    assert reached(lin, Topic.CAMPAIGNS) == []
    choose(lin, Topic.CAMPAIGNS, email=True)
    assert reached(lin, Topic.CAMPAIGNS) == [MAIL]


def test_a_number_that_is_not_proven_gets_nothing(lin: User) -> None:
    lin.phone_verified_at = None
    assert reached(lin, Topic.VISITS) == [MAIL]


def test_an_address_that_cannot_be_reached_is_passed_over_until_it_is_proven() -> None:
    person = UserFactory(email="Lin@Example.com", phone=PHONE)
    choose(person, Topic.REVIEWS, email=True, sms=False)
    addresses.mark(
        channel=Channel.EMAIL, recipient="lin@example.COM", fault=AddressFault.BOUNCED, said="550 no such user", at=AT
    )
    assert reached(person, Topic.REMINDERS) == [PHONE]
    assert reached(person, Topic.REVIEWS) == []
    assert addresses.works(channel=Channel.EMAIL, recipient="LIN@example.com")
    assert reached(person, Topic.REMINDERS) == [person.email]
    assert not addresses.works(channel=Channel.EMAIL, recipient="LIN@example.com")


def test_an_address_that_failed_on_one_channel_says_nothing_of_another(lin: User) -> None:
    addresses.mark(channel=Channel.EMAIL, recipient=PHONE, fault=AddressFault.BOUNCED, said="", at=AT)
    assert reached(lin, Topic.VISITS) == [PHONE]


def test_browsers_that_asked_are_told_besides_until_switched_off(lin: User) -> None:
    told = browser(lin)
    assert reached(lin, Topic.VISITS) == [PHONE, told.public_id]
    choose(lin, Topic.VISITS, push=False)
    assert reached(lin, Topic.VISITS) == [PHONE]
    choose(lin, Topic.REVIEWS, sms=False, email=False)
    assert reached(lin, Topic.REVIEWS) == [told.public_id]


def test_a_browser_that_is_gone_is_forgotten(lin: User) -> None:
    first, second = browser(lin, 1), browser(lin, 2)
    addresses.mark(channel=Channel.PUSH, recipient=first.public_id, fault=AddressFault.BOUNCED, said="410", at=AT)
    assert reached(lin, Topic.VISITS) == [PHONE, second.public_id]


def test_choosing_again_replaces_the_choice_and_leaves_the_rest(lin: User) -> None:
    choose(lin, Topic.VISITS, sms=True, email=True)
    choose(lin, Topic.VISITS, sms=False)
    assert set(ChannelChoice.objects.values_list("channel", "is_on")) == {("sms", False), ("email", True)}


def test_quiet_hours_are_kept_and_cannot_last_all_day(lin: User) -> None:
    assert preferences.wishes_of([lin])[lin.pk].quiet == Quiet("", time(21), time(9))
    for start in (time(22), time(23, 30)):
        preferences.keep_quiet(user=lin, quiet=Quiet("Asia/Urumqi", start, time(7)), at=AT)
    assert preferences.wishes_of([lin])[lin.pk].quiet == Quiet("Asia/Urumqi", time(23, 30), time(7))
    with pytest.raises(IntegrityError), transaction.atomic():
        Preference.objects.update(quiet_from=time(7))


def test_the_wishes_of_many_take_as_many_queries_as_those_of_one(lin: User) -> None:
    counted = []
    for people in ([lin], [lin, *(UserFactory() for _ in range(3))]):
        for person in people:
            choose(person, Topic.VISITS, email=True)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            preferences.wishes_of(people)
        counted.append(len(queries))
    assert counted == [4, 4]
