"""The developer outbox exists only with DEBUG."""

import importlib

import pytest
from django.test import Client
from django.urls import clear_url_caches

from notifications import delivery, urls, views

pytestmark = pytest.mark.django_db


def test_outbox_has_no_address_outside_debug(client: Client) -> None:
    assert client.get("/dev/outbox/").status_code == 404
    assert "dev_outbox" not in {pattern.name for pattern in importlib.reload(urls).urlpatterns}


def test_outbox_view_itself_refuses_outside_debug(client: Client, rf: object) -> None:
    from django.http import Http404

    with pytest.raises(Http404):
        views.dev_outbox(rf.get("/dev/outbox/"))


@pytest.fixture
def debug(settings: object) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = "tests.notifications.debug_urls"  # type: ignore[attr-defined]
    importlib.reload(urls)
    from tests.notifications import debug_urls

    importlib.reload(debug_urls)
    clear_url_caches()
    yield
    settings.DEBUG = False  # type: ignore[attr-defined]
    importlib.reload(urls)
    clear_url_caches()


@pytest.mark.usefixtures("debug")
def test_outbox_shows_the_newest_code_first(client: Client) -> None:
    for code in ("111111", "222222"):
        delivery.send_template(
            channel="sms", kind="code", recipient="+8613800138001", context={"code": code}, secret=True
        )
    page = client.get("/dev/outbox/")
    assert [entry.code for entry in page.context["entries"]] == ["222222", "111111"]
    text = page.content.decode()
    assert text.index("222222") < text.index("111111")
    assert "<html" in text


@pytest.mark.usefixtures("debug")
def test_outbox_refreshes_its_list_alone(client: Client) -> None:
    page = client.get("/dev/outbox/", headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert "<html" not in page.content.decode()


@pytest.mark.usefixtures("debug")
def test_outbox_asks_for_a_constant_number_of_queries(client: Client, django_assert_num_queries: object) -> None:
    for count in (1, 40):
        for _message in range(count):
            delivery.send(channel="email", kind="t", recipient="a@example.com", subject="s", body="b")
        with django_assert_num_queries(1):
            client.get("/dev/outbox/")
