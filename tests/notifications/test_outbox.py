"""The developer outbox exists only with DEBUG."""

import importlib

import pytest
from django.core import mail
from django.http import Http404
from django.test import Client
from django.urls import clear_url_caches

from notifications import delivery, urls, views
from tests.factories.notices import NoticeFactory, queued

pytestmark = pytest.mark.django_db


def test_outbox_has_no_address_outside_debug(client: Client) -> None:
    assert client.get("/dev/outbox/").status_code == 404
    assert "dev_outbox" not in {pattern.name for pattern in importlib.reload(urls).urlpatterns}


def test_outbox_view_itself_refuses_outside_debug(client: Client, rf: object) -> None:
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
def test_outbox_says_what_became_of_each_message(client: Client) -> None:
    notice = NoticeFactory()
    queued(notice, "waits@example.com")
    queued(notice, "dropped@example.com", status="dropped", dropped_for="not_true")
    text = client.get("/dev/outbox/", headers={"Accept-Language": "en"}).content.decode()
    for words in ("Waiting to be sent", "not before Fri 20 Nov, 12:00", "Not sent on purpose", "not true any more"):
        assert words in text, words


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


@pytest.mark.usefixtures("debug")
def test_a_letter_is_shown_as_the_mail_server_took_it(client: Client, settings: object, tmp_path: object) -> None:
    settings.MAIL_FOLDER = str(tmp_path)  # type: ignore[attr-defined]
    message = delivery.send_template(
        channel="email", kind="code", recipient="a@example.com", context={"code": "384019"}, secret=True
    )
    address = f"/dev/outbox/{message.public_id}/"
    assert address in client.get("/dev/outbox/").content.decode()
    assert client.get(address).status_code == 404
    raw = mail.outbox[-1].message().as_bytes()
    (tmp_path / f"20261120T040000.0-{message.public_id}.eml").write_bytes(raw)  # type: ignore[operator]
    page = client.get(address)
    assert "384019" in page.content.decode()
    assert page["Content-Type"].startswith("text/html")
    assert page["Content-Security-Policy"] == "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    assert client.get(address, {"source": "1"}).content == raw
    assert client.get("/dev/outbox/nothing-here/").status_code == 404


def test_letters_are_not_shown_outside_debug(rf: object, settings: object, tmp_path: object) -> None:
    settings.MAIL_FOLDER = str(tmp_path)  # type: ignore[attr-defined]
    (tmp_path / "1-abc.eml").write_bytes(b"Subject: s\n\nb")  # type: ignore[operator]
    with pytest.raises(Http404):
        views.dev_letter(rf.get("/dev/outbox/abc/"), "abc")  # type: ignore[attr-defined]
