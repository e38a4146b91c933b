"""An owner chooses what is written to them, reads the inbox, and leaves a topic by the link of a letter."""

import json
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from notifications import preferences, unsubscribing
from notifications.choices import Channel, Topic
from notifications.models import ChannelChoice, Notice
from o2o_platform.demo import people
from tests.factories.notices import NoticeFactory
from tests.journeys.conftest import DESKTOP, PHONE, Browse, Words
from tests.journeys.looking import look


@pytest.fixture
def lin(_visits: None) -> User:
    person = User.objects.get(email=people.address("lin"))
    ChannelChoice.objects.filter(user=person).delete()
    Notice.objects.filter(person=person).delete()
    return person


def is_on(person: User) -> bool:
    return any(reach.channel == Channel.EMAIL for reach in preferences.channels_for(person, Topic.REMINDERS))


def test_owner_chooses_reads_leaves_and_comes_back(browse: Browse, zh: Words, lin: User):
    NoticeFactory(person=lin, title="车好了", created_at=timezone.now(), path="/me/messages/", language="zh-hans")
    page = browse(PHONE, person="lin")
    page.goto("/")
    bell = page.locator("a[data-bell]:visible")
    expect(bell.locator(".bell-count")).to_have_text("1")
    bell.click()
    look(page, "messages-zh-inbox")
    page.get_by_role("link", name="车好了").click()
    page.wait_for_url("**/me/messages/")

    look(page, "messages-zh-choice")
    page.locator('[name="topic_reminders"][value="email"]').check()
    page.locator('[name="topic_visits"][value="email"]').check()
    page.locator("#id_quiet_until").fill("07:30")
    page.get_by_role("button", name=zh("Save")).click()
    expect(page.locator('[name="topic_visits"][value="email"]')).to_be_checked()
    assert ChannelChoice.objects.get(user=lin, topic=Topic.VISITS, channel=Channel.EMAIL).is_on
    assert is_on(lin)

    page.goto(urlsplit(unsubscribing.address(lin, Topic.REMINDERS, Channel.EMAIL)).path)
    look(page, "messages-zh-leave")
    page.get_by_role("button", name=zh("Stop them")).click()
    expect(page.get_by_role("main")).to_contain_text(zh("Stopped", "messages"))
    assert not is_on(lin)
    page.get_by_role("button", name=zh("Turn them on again")).click()
    expect(page.get_by_role("main")).to_contain_text(zh("On again"))
    assert is_on(lin)


def test_owner_chooses_and_reads_without_javascript(browse: Browse, en: Words, lin: User):
    NoticeFactory(person=lin, title="Your car is ready", created_at=timezone.now())
    page = browse(DESKTOP, locale="en-GB", person="lin", java_script_enabled=False)
    page.goto("/inbox/")
    page.get_by_role("button", name=en("Mark all as read")).click()
    expect(page.locator(".is-unread")).to_have_count(0)
    page.get_by_role("link", name=en("Choose messages")).click()
    page.locator('[name="topic_reviews"][value="email"]').check()
    page.get_by_role("button", name=en("Save")).click()
    expect(page.locator('[name="topic_reviews"][value="email"]')).to_be_checked()


def test_browser_shows_what_is_pushed_and_opens_nothing_foreign(browse: Browse, site: str, lin: User):
    """The worker, with the messages of the push service handed to it by the browser's own tools."""
    page = browse(DESKTOP, person="lin")
    page.context.grant_permissions(["notifications"])
    tools = page.context.new_cdp_session(page)
    known: list[str] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda e: known.extend(r["registrationId"] for r in e["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    page.goto("/inbox/")
    ready = "navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)"
    assert page.evaluate(f"{ready}.then((registration) => registration.scope)") == f"{site}/"
    for told in (
        {"title": "Ready", "text": "Pick it up", "tag": "a", "url": "/bookings/"},
        {"title": "Evil", "tag": "b", "url": "//evil.example/"},
        {"text": "no title"},
    ):
        message = {"origin": site, "registrationId": known[-1], "data": json.dumps(told)}
        tools.send("ServiceWorker.deliverPushMessage", message)
    shown = page.wait_for_function(
        """async () => {
            const shown = await (await navigator.serviceWorker.ready).getNotifications();
            return shown.length > 1 && shown.map((n) => [n.title, n.body, n.tag, n.data.url]).sort();
        }"""
    ).json_value()
    assert shown == [["Evil", "", "b", f"{site}/inbox/"], ["Ready", "Pick it up", "a", f"{site}/bookings/"]]
