"""A site in a thread, a city loaded once for all journeys, and browsers for different people and screens."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from notifications.models import Message
from o2o_platform.demo import people
from tests.journeys import world

PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}
TABLET = {"viewport": {"width": 834, "height": 1194}, "has_touch": True}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
# Generous, for machines that do other work as well; what is there is found at once.
PATIENCE_MS = 20_000

Browse = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/journeys/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture
def _django_db_helper(_visits: None) -> None:
    """Instead of pytest-django's, which would empty the database, city and all, after each journey."""


@pytest.fixture(scope="session")
def site(django_db_setup: None, playwright: Playwright) -> Iterator[str]:
    """The address of the running site. pytest-django's `live_server` would empty the database after each test."""
    expect.set_options(timeout=PATIENCE_MS)
    server = LiveServer("localhost")
    yield server.url
    server.stop()
    # With Playwright's event loop this thread has connections of its own, which nobody else would close.
    connections.close_all()


@pytest.fixture(scope="session")
def browser_context_args(site: str) -> dict[str, Any]:
    """Screen and language are each journey's own."""
    return {"base_url": site, "timezone_id": "Asia/Shanghai", "reduced_motion": "reduce"}


@pytest.fixture(scope="package")
def _city(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        world.load(at=timezone.now())
    yield
    with django_db_blocker.unblock():
        world.remove()


@pytest.fixture(autouse=True)
def _visits(_city: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Journeys use the database of the site, outside any transaction, and leave no visits to one another."""
    monkeypatch.setattr("notifications.delivery.MASK", r"\g<0>")  # codes are read where they were delivered
    with django_db_blocker.unblock():
        yield
        world.forget_visits()


@pytest.fixture
def browse(_visits: None, site: str, new_context: Callable[..., BrowserContext]) -> Browse:
    """A page in a browser of its own: `browse(PHONE)`, `browse(DESKTOP, locale="en-GB", person="lin")`."""

    def open_page(screen: dict[str, Any], *, locale: str = "zh-CN", person: str = "", **options: Any) -> Page:
        context = new_context(locale=locale, **screen, **options)
        context.set_default_timeout(PATIENCE_MS)
        if person:
            context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": _session(person), "url": site}])
        return context.new_page()

    return open_page


def _session(person: str) -> str:
    """A session of one of the demo people, by their key."""
    client = Client()
    client.force_login(User.objects.get(email=people.address(person)))
    return client.session.session_key


class Words:
    """What the site says in one language, by its English message."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, message: str, context: str = "", **values: Any) -> str:
        with translation.override(self.language):
            text = pgettext(context, message) if context else gettext(message)
        return text % values if values else text


@pytest.fixture
def zh() -> Words:
    return Words("zh-hans")


@pytest.fixture
def en() -> Words:
    return Words("en")


def newest_code() -> str:
    """The code in the newest message that has one."""
    for message in Message.objects.order_by("-pk")[:5]:
        if found := re.search(r"\b\d{6}\b", message.body):
            return found.group()
    raise AssertionError("no message with a code")
