"""The inbox: what somebody was told, theirs alone, read or not yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from notifications import inbox
from notifications.choices import Topic
from notifications.models import Notice
from tests.factories.accounts import UserFactory
from tests.factories.notices import NoticeFactory

pytestmark = pytest.mark.django_db
PAGE, UNREAD, READ_ALL = reverse("notifications:inbox"), "/inbox/unread/", "/inbox/read/"
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture
def lin() -> User:
    return UserFactory(language="en")


@pytest.fixture
def browser(client: Client, lin: User) -> Client:
    client.force_login(lin)
    return client


def line(person: User, title: str = "Ready", **more: Any) -> Notice:
    return NoticeFactory(person=person, title=title, **more)


def titles(response: Any) -> list[str]:
    return [notice.title for _day, notices in response.context["days"] for notice in notices]


def test_the_inbox_shows_what_i_was_told_newest_first_by_day(browser: Client, lin: User) -> None:
    line(lin, "first", created_at=NOON)
    line(lin, "late", created_at=NOON + timedelta(hours=13))  # 01:00 of the next day in Shanghai
    line(lin, "second", created_at=NOON + timedelta(minutes=1), read_at=NOON)
    line(lin, "hidden", in_inbox=False)
    line(UserFactory(), "of somebody else")
    page = browser.get(PAGE)
    assert titles(page) == ["late", "second", "first"]
    assert [len(notices) for _day, notices in page.context["days"]] == [1, 2]
    assert page.content.decode().count("is-unread") == 2
    assert "no-store" in page["Cache-Control"]


def test_an_empty_inbox_says_what_comes_there(browser: Client) -> None:
    text = browser.get(PAGE).content.decode()
    assert "Nothing to read" in text
    assert "Mark all as read" not in text


def test_a_topic_narrows_the_inbox_and_an_unknown_one_does_not(browser: Client, lin: User) -> None:
    line(lin, "visit")
    line(lin, "money", topic=Topic.MONEY)
    assert titles(browser.get(PAGE, {"topic": "money"})) == ["money"]
    for wrong in ("pigeon", "", "x" * 3000, "platform"):
        assert len(titles(browser.get(PAGE, {"topic": wrong}))) == 2
    assert "Nothing about" in browser.get(PAGE, {"topic": "reviews"}).content.decode()


def test_pages_follow_one_another_without_gap_or_repetition(
    browser: Client, lin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.inbox_views.PAGE_SIZE", 2)
    for number in range(5):
        line(lin, str(number), created_at=NOON + timedelta(minutes=number // 3))  # three at the same moment, then two
    seen, query = [], ""
    for _page in range(3):
        page = browser.get(f"{PAGE}?{query}")
        seen += titles(page)
        query = page.context["next_query"]
    assert seen == ["4", "3", "2", "1", "0"]
    assert query == ""
    foreign = line(UserFactory()).public_id
    for wrong in ("x" * 16, "'; --", foreign):
        assert titles(browser.get(PAGE, {"before": wrong})) == ["4", "3"]


def test_the_inbox_asks_for_as_many_queries_however_long_it_is(
    browser: Client, lin: User, django_assert_num_queries: Any
) -> None:
    for count in (1, 3):
        for _line in range(count):
            line(lin)
        with django_assert_num_queries(6):  # session, person, member of a shop, quiet hours, lines, unread
            browser.get(PAGE)


def test_opening_a_line_marks_it_read_once_and_leads_on(browser: Client, lin: User) -> None:
    notice = line(lin, path="/bookings/?tab=past")
    address = reverse("notifications:open", args=[notice.public_id])
    assert browser.get(address)["Location"] == "/bookings/?tab=past"
    read_at = Notice.objects.get().read_at
    assert read_at is not None
    browser.get(address)
    assert Notice.objects.get().read_at == read_at
    assert browser.post(address).status_code == 405


@pytest.mark.parametrize("path", ["", "//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x"])
def test_a_line_leads_nowhere_but_on_this_site(browser: Client, lin: User, path: str) -> None:
    assert browser.get(reverse("notifications:open", args=[line(lin, path=path).public_id]))["Location"] == PAGE


def test_somebody_elses_line_looks_like_a_missing_one(browser: Client) -> None:
    foreign = line(UserFactory())
    assert browser.get(reverse("notifications:open", args=[foreign.public_id])).status_code == 404
    browser.post(READ_ALL, {"newest": foreign.public_id})
    assert Notice.objects.get().read_at is None


def test_marking_all_read_leaves_what_came_after_the_page(browser: Client, lin: User) -> None:
    line(lin, "old")
    shown = line(lin, "shown", created_at=NOON + timedelta(minutes=1))
    line(lin, "since", created_at=NOON + timedelta(minutes=2))
    line(UserFactory(), "of somebody else")
    assert browser.post(READ_ALL, {"newest": shown.public_id})["Location"] == PAGE
    assert set(Notice.objects.filter(read_at=None).values_list("title", flat=True)) == {"since", "of somebody else"}
    for wrong in ("", "a\x00b", "x" * 100_000):
        assert browser.post(READ_ALL, {"newest": wrong}).status_code == 302
    assert browser.get(READ_ALL).status_code == 405


def test_the_bell_asks_for_a_number_that_costs_one_query(
    browser: Client, lin: User, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert browser.get(UNREAD).json() == {"unread": 0, "shown": "", "label": "Inbox"}
    line(lin)
    line(lin, read_at=NOON)
    line(lin, in_inbox=False)
    with django_assert_num_queries(3):  # session, person, number
        answer = browser.get(UNREAD)
    assert answer.json() == {"unread": 1, "shown": "1", "label": "Inbox, 1 unread message"}
    assert browser.get(UNREAD, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    line(lin)
    assert browser.get(UNREAD, headers={"If-None-Match": answer["ETag"]}).json()["unread"] == 2
    monkeypatch.setattr(inbox, "COUNTED", 2)
    assert browser.get(UNREAD).json()["shown"] == "1+"


def test_the_bell_hangs_in_the_header_of_the_signed_in_only(client: Client, lin: User) -> None:
    assert "data-bell" not in client.get("/").content.decode()
    client.force_login(lin)
    html = unescape(client.get("/").content.decode())
    assert html.count(f'href="{PAGE}" data-bell="{UNREAD}" aria-label="Inbox"') == 2  # phone and wide screen
    assert "js/bell.js" in html


def test_signed_out_the_inbox_asks_to_sign_in(client: Client) -> None:
    for address in (PAGE, reverse("notifications:open", args=["x" * 16])):
        assert client.get(address)["Location"].startswith(reverse("account_login"))
    assert client.post(READ_ALL)["Location"].startswith(reverse("account_login"))
    assert client.get(UNREAD).status_code == 204


def test_lines_leave_the_inbox_after_a_year_and_are_not_told_again(lin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "BATCH", 2)
    for number in range(5):
        line(lin, f"old {number}", created_at=NOON - timedelta(days=366), read_at=NOON if number else None)
    line(lin, "young", created_at=NOON - timedelta(days=364))
    assert inbox.forget_old(at=NOON) == 5
    assert inbox.forget_old(at=NOON) == 0
    assert list(Notice.objects.inbox_of(lin).values_list("title", flat=True)) == ["young"]
    assert set(Notice.objects.filter(in_inbox=False).values_list("title", "text", "path")) == {("", "", "")}
    assert Notice.objects.exclude(key="").count() == 6
