"""The page on which people choose messages: what concerns them, what they may leave, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from notifications import addresses, choosing, preferences
from notifications.choices import AddressFault, Channel, Topic
from notifications.models import ChannelChoice, Preference, PushSubscription, UnreachableAddress
from notifications.preference_views import MEANINGS
from notifications.templatetags.notices import topic_look
from tests.factories.accounts import UserFactory
from tests.factories.shops import ShopMemberFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("notifications:preference")
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
MAIL, PHONE = "lin@example.com", "+8613816420957"
QUIET = {"quiet_from": "21:00", "quiet_until": "09:00", "zone": "Asia/Shanghai"}
# As the page has it for somebody with both contacts who has chosen nothing.
AS_IT_IS = {
    **QUIET,
    "topic_visits": ["sms"],
    "topic_reminders": ["email"],
    "topic_reviews": ["sms"],
    "topic_money": ["sms"],
    "topic_campaigns": [],
}


@pytest.fixture
def lin() -> User:
    return UserFactory(email=MAIL, phone=PHONE, language="en")


@pytest.fixture
def browser(client: Client, lin: User) -> Client:
    client.force_login(lin)
    return client


def boxes(page: Any) -> dict[str, list[str]]:
    return {
        line.topic.value: [cell.channel.value for cell in line.cells if cell.is_on] for line in page.context["lines"]
    }


def told(person: User, topic: Topic) -> list[str]:
    return [reach.recipient for reach in preferences.channels_for(person, topic)]


def test_the_page_shows_what_is_in_force(browser: Client) -> None:
    page = browser.get(PAGE)
    assert boxes(page) == {key.removeprefix("topic_"): ways for key, ways in AS_IT_IS.items() if "topic_" in key}
    assert PAGE in browser.get(reverse("accounts:me")).content.decode()


def test_only_topics_that_concern_the_person_are_offered(client: Client) -> None:
    client.force_login(ShopMemberFactory().user)
    assert {"shop", "shop_visits", "platform", "account"} & set(boxes(client.get(PAGE))) == {"shop", "shop_visits"}
    client.force_login(UserFactory(admin=True))
    assert {"shop", "shop_visits", "platform", "account"} & set(boxes(client.get(PAGE))) == {"platform"}


@pytest.mark.parametrize("topic", [topic for topic in Topic if topic != Topic.ACCOUNT])
def test_every_topic_says_what_it_means_and_has_a_look(topic: Topic) -> None:
    assert MEANINGS[topic]
    assert topic_look(topic).icon


def test_what_was_chosen_is_shown_and_obeyed(browser: Client, lin: User) -> None:
    wishes = {**AS_IT_IS, "topic_visits": ["sms", "email"], "topic_campaigns": ["email"], "topic_reviews": []}
    assert browser.post(PAGE, wishes)["Location"] == PAGE
    shown = boxes(browser.get(PAGE))
    assert (shown["visits"], shown["campaigns"], shown["reviews"]) == (["email", "sms"], ["email"], [])
    assert sorted(told(lin, Topic.VISITS)) == [PHONE, MAIL]
    assert told(lin, Topic.REVIEWS) == []
    assert told(lin, Topic.REMINDERS) == [MAIL]


def test_a_topic_left_as_it_is_goes_on_following_the_defaults(browser: Client) -> None:
    browser.post(PAGE, AS_IT_IS)
    assert not ChannelChoice.objects.exists()
    browser.post(PAGE, {**AS_IT_IS, "topic_money": ["email"]})
    assert set(ChannelChoice.objects.values_list("topic", "channel", "is_on")) == {
        ("money", "email", True),
        ("money", "sms", False),
    }


@pytest.mark.parametrize("topic", ["visits", "money"])
def test_what_has_to_be_heard_keeps_one_way(browser: Client, topic: str) -> None:
    response = browser.post(PAGE, {**AS_IT_IS, f"topic_{topic}": []})
    assert response.status_code == 400
    assert f'id="error-{topic}"' in response.content.decode()
    assert not ChannelChoice.objects.exists()


def test_a_refusal_keeps_what_was_typed(browser: Client) -> None:
    wishes = {**AS_IT_IS, "topic_reviews": ["email"], "quiet_from": "22:30", "quiet_until": "22:30"}
    page = browser.post(PAGE, wishes)
    assert page.status_code == 400
    assert boxes(page)["reviews"] == ["email"]
    assert page.context["form"].errors.keys() == {"quiet_until"}
    assert page.content.decode().count('value="22:30"') == 2
    assert ChannelChoice.objects.count() == Preference.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topic_visits", "pigeon"),
        ("topic_visits", "\x00"),
        ("topic_visits", "x" * 100_000),
        ("zone", "Mars/Olympus"),
        ("zone", "../../etc/passwd"),
        ("zone", "a\x00b"),
        ("zone", ""),
        ("quiet_from", ""),
        ("quiet_from", "25:00"),
        ("quiet_until", "tomorrow"),
    ],
)
def test_what_nobody_offered_is_refused_beside_its_field(browser: Client, field: str, value: str) -> None:
    response = browser.post(PAGE, {**AS_IT_IS, field: value})
    assert response.status_code == 400
    assert response.context["form"].errors.keys() == {field}
    assert "field-error" in response.content.decode()
    assert not ChannelChoice.objects.exists()


def test_a_topic_of_others_is_not_saved(browser: Client) -> None:
    browser.post(PAGE, {**AS_IT_IS, "topic_platform": ["email"], "topic_account": ["sms"]})
    assert not ChannelChoice.objects.exists()


def test_quiet_hours_are_saved_in_a_zone_of_ones_own(browser: Client, lin: User) -> None:
    browser.post(PAGE, {**AS_IT_IS, "quiet_from": "23:00", "quiet_until": "07:30", "zone": "Asia/Urumqi"})
    row = Preference.objects.get(user=lin)
    assert (row.quiet_from, row.quiet_until, row.zone) == (time(23), time(7, 30), "Asia/Urumqi")
    assert '<option value="Asia/Urumqi" selected' in browser.get(PAGE).content.decode()


def test_a_way_without_an_address_is_shown_but_cannot_be_ticked(client: Client) -> None:
    client.force_login(UserFactory(email=MAIL, language="en"))
    html = client.get(PAGE).content.decode()
    assert 'name="topic_visits" value="sms" disabled' in html
    assert "add your mobile number" in html
    assert "add your address" not in html


def test_an_address_that_cannot_be_reached_is_named_with_what_to_do(browser: Client, lin: User) -> None:
    choosing.choose(person=lin, topics={"visits": ["email"]}, at=AT)
    addresses.mark(channel=Channel.EMAIL, recipient=MAIL, fault=AddressFault.BOUNCED, said="550", at=AT)
    page = browser.get(PAGE)
    assert "We cannot reach lin@example.com" in page.content.decode()
    assert f'name="login" value="{MAIL}"' in page.content.decode()
    assert boxes(page)["visits"] == ["email"]  # the wish stays
    assert told(lin, Topic.VISITS) == [PHONE]
    browser.post(PAGE, {**AS_IT_IS, "topic_visits": ["email"]})
    addresses.works(channel=Channel.EMAIL, recipient=MAIL)
    assert told(lin, Topic.VISITS) == [MAIL]


def test_a_code_that_came_back_proves_the_address(browser: Client, lin: User) -> None:
    addresses.mark(channel=Channel.EMAIL, recipient=MAIL, fault=AddressFault.FULL, said="452", at=timezone.now())
    addresses.mark(channel=Channel.SMS, recipient=PHONE, fault=AddressFault.BOUNCED, said="", at=timezone.now())
    sent: list[str] = []

    def send_code(_self: object, *, contact: object, code: str, purpose: str) -> bool:
        sent.append(code)
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("notifications.adapter.AccountAdapter.send_code", send_code)
        assert browser.post(reverse("accounts:add_contact"), {"login": MAIL}).status_code == 302
    browser.post(reverse("accounts:code"), {"code": sent[0]})
    assert list(UnreachableAddress.objects.values_list("recipient", flat=True)) == [PHONE]
    assert User.objects.get(pk=lin.pk).email == MAIL


def test_push_is_offered_only_where_it_is_set_up(browser: Client, lin: User, settings: Any) -> None:
    settings.VAPID_PUBLIC_KEY = ""
    html = browser.get(PAGE).content.decode()
    assert 'value="push"' not in html
    assert "data-push" not in html
    settings.VAPID_PUBLIC_KEY = "BKey"
    assert 'name="topic_visits" value="push" disabled' in browser.get(PAGE).content.decode()
    PushSubscription.objects.create(
        user=lin, endpoint="https://e", endpoint_hash="h", p256dh="p", auth="a", device="Firefox, Mac", created_at=AT
    )
    html = browser.get(PAGE).content.decode()
    assert 'name="topic_visits" value="push" checked' in html
    assert 'name="topic_campaigns" value="push"><span>' in html
    assert 'data-push="BKey"' in html
    assert "Firefox, Mac" in html


def test_without_push_a_choice_of_it_is_kept(browser: Client, lin: User) -> None:
    preferences.choose(user=lin, choices={(Topic.VISITS, Channel.PUSH): False}, at=AT)
    browser.post(PAGE, {**AS_IT_IS, "topic_visits": ["email"]})
    assert ChannelChoice.objects.get(topic="visits", channel="push").is_on is False


def test_the_page_asks_for_as_many_queries_whatever_was_chosen(
    browser: Client, lin: User, django_assert_num_queries: Any
) -> None:
    for channels in (["email"], ["email", "sms"]):
        choosing.choose(person=lin, topics={"visits": channels, "reviews": channels}, at=AT)
        with django_assert_num_queries(7):  # session, person, browsers, choices, shops, quiet hours, unreachable
            browser.get(PAGE)


def test_signed_out_the_page_asks_to_sign_in(client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith(reverse("account_login"))
    assert client.post(PAGE, AS_IT_IS).status_code == 302
    client.force_login(UserFactory())
    assert client.delete(PAGE).status_code == 405
