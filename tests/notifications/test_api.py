"""The inbox and the preferences in the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from notifications import addresses, preferences
from notifications.choices import AddressFault, Channel, Topic
from notifications.models import ChannelChoice, Notice, Preference
from tests.factories.accounts import UserFactory
from tests.factories.notices import NoticeFactory

pytestmark = pytest.mark.django_db
INBOX, CHOICES = "/api/v1/inbox/", "/api/v1/preferences/messages/"
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture
def lin() -> User:
    return UserFactory(email="lin@example.com", phone="+8613816420957", language="en")


@pytest.fixture
def api(client: Client, lin: User) -> Client:
    client.force_login(lin)
    return client


def put(client: Client, body: Any) -> Any:
    return client.put(CHOICES, body, content_type="application/json")


def test_the_inbox_comes_in_pages(api: Client, lin: User) -> None:
    for number in range(5):
        NoticeFactory(person=lin, title=str(number), created_at=NOON + timedelta(minutes=number // 3))
    NoticeFactory()
    seen, before = [], {}
    for _page in range(3):
        told = api.get(INBOX, {"page_size": 2, **before}).json()
        seen += [line["title"] for line in told["results"]]
        before = {"before": told["before"]}
    assert seen == ["4", "3", "2", "1", "0"]
    assert told["before"] == ""
    assert told["unread"] == 5
    assert set(told["results"][0]) == {"id", "topic", "kind", "title", "text", "path", "told_at", "read_at"}


def test_a_topic_narrows_the_inbox(api: Client, lin: User) -> None:
    NoticeFactory(person=lin)
    NoticeFactory(person=lin, topic=Topic.MONEY, title="Paid")
    assert [line["title"] for line in api.get(INBOX, {"topic": "money"}).json()["results"]] == ["Paid"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("topic", "pigeon"), ("before", "x"), ("before", "'" * 16), ("page_size", "0"), ("page_size", "a")],
)
def test_what_cannot_be_asked_of_the_inbox_is_refused(api: Client, field: str, value: str) -> None:
    response = api.get(INBOX, {field: value})
    assert response.status_code == 400
    assert set(response.json()["errors"]) == {field}


def test_one_line_and_all_lines_are_marked_read(api: Client, lin: User) -> None:
    first, second, third = (NoticeFactory(person=lin, created_at=NOON + timedelta(minutes=n)) for n in range(3))
    told = api.post(f"{INBOX}{second.public_id}/read/").json()
    assert told["id"] == second.public_id
    assert told["read_at"] is not None
    assert api.get(f"{INBOX}unread/").json() == {"unread": 2}
    newest = {"newest": second.public_id}
    assert api.post(f"{INBOX}read-all/", newest, content_type="application/json").json() == {"unread": 1}
    assert list(Notice.objects.filter(read_at=None)) == [third]
    assert api.post(f"{INBOX}read-all/", {}, content_type="application/json").json() == {"unread": 0}
    first.refresh_from_db()
    assert first.read_at is not None


def test_somebody_elses_line_looks_like_a_missing_one(api: Client) -> None:
    foreign = NoticeFactory()
    assert api.post(f"{INBOX}{foreign.public_id}/read/").status_code == 404
    answer = api.post(f"{INBOX}read-all/", {"newest": foreign.public_id}, content_type="application/json")
    assert answer.status_code == 404
    assert Notice.objects.get().read_at is None


def test_choices_are_told_and_taken(api: Client, lin: User) -> None:
    addresses.mark(channel=Channel.EMAIL, recipient=lin.email, fault=AddressFault.FULL, said="", at=NOON)
    before = api.get(CHOICES).json()
    assert [topic["topic"] for topic in before["topics"]] == ["visits", "reminders", "reviews", "money", "campaigns"]
    assert before["topics"][0]["ways"][1] == {"channel": "sms", "on": True, "possible": True}
    assert before["unreachable"][0]["recipient"] == lin.email
    answer = put(api, {"topics": {"visits": ["email"], "campaigns": ["sms"]}, "quiet_from": "22:00"})
    assert answer.status_code == 200
    after = answer.json()
    assert after == api.get(CHOICES).json()
    assert [way["channel"] for way in after["topics"][0]["ways"] if way["on"]] == ["email"]
    assert (after["quiet_from"], after["quiet_until"], after["zone"]) == ("22:00", "09:00", "")
    assert [reach.recipient for reach in preferences.channels_for(lin, Topic.CAMPAIGNS)] == [lin.phone]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"topics": {"pigeons": ["email"]}}, "pigeons"),
        ({"topics": {"account": ["email"]}}, "account"),
        ({"topics": {"platform": []}}, "platform"),
        ({"topics": {"visits": []}}, "visits"),
        ({"topics": {"visits": ["pigeon"]}}, "topics"),
        ({"topics": {"visits": [["email"]]}}, "topics"),
        ({"topics": {"visits": "email"}}, "topics"),
        ({"topics": ["visits"]}, "topics"),
        ({"topics": {"reviews": ["email"]}, "quiet_from": "09:00"}, "quiet_until"),
        ({"quiet_from": "25:00"}, "quiet_from"),
        ({"quiet_until": None}, "quiet_until"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "a\x00b"}, "zone"),
        ({"zone": "x" * 100_000}, "zone"),
    ],
    ids=range(14),
)
def test_what_cannot_be_chosen_is_refused_by_field(api: Client, body: Any, field: str) -> None:
    response = put(api, body)
    assert response.status_code == 400
    assert set(response.json()["errors"]) == {field}
    assert ChannelChoice.objects.count() == Preference.objects.count() == 0


def test_signed_out_nothing_is_told(client: Client) -> None:
    for address in (INBOX, f"{INBOX}unread/", CHOICES):
        assert client.get(address).status_code in (401, 403)
    assert client.post(f"{INBOX}read-all/").status_code in (401, 403)
    assert put(client, {}).status_code in (401, 403)
