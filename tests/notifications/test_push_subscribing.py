"""Browsers that asked to be told: taken in, moved, limited, forgotten."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from notifications import browsers
from notifications.browsers import Subscription
from notifications.models import PushSubscription
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
ADDRESS, REMOVE = reverse("notifications:push"), reverse("notifications:forget_browser")
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
ENDPOINT = "https://fcm.googleapis.com/fcm/send/abc"
P256DH = base64.urlsafe_b64encode(b"\x04" + b"k" * 64).decode().rstrip("=")
AUTH = base64.urlsafe_b64encode(b"s" * 16).decode().rstrip("=")
ANDROID = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Mobile Safari/537.36"


@pytest.fixture(autouse=True)
def _set_up(settings: Any) -> None:
    settings.VAPID_PUBLIC_KEY = "BKey"


@pytest.fixture
def lin() -> User:
    return UserFactory()


@pytest.fixture
def browser(client: Client, lin: User) -> Client:
    client.force_login(lin)
    return client


def sent(endpoint: Any = ENDPOINT, **keys: Any) -> dict[str, Any]:
    return {"endpoint": endpoint, "expirationTime": None, "keys": {"p256dh": P256DH, "auth": AUTH, **keys}}


def subscribe(client: Client, body: Any) -> Any:
    return client.post(ADDRESS, body, content_type="application/json", headers={"User-Agent": ANDROID})


def test_a_browser_is_taken_in_once(browser: Client, lin: User) -> None:
    for _time in range(2):
        assert subscribe(browser, sent()).status_code == 201
    row = PushSubscription.objects.get()
    assert (row.user, row.endpoint, row.p256dh, row.auth, row.device) == (
        lin,
        ENDPOINT,
        P256DH,
        AUTH,
        "Chrome, Android",
    )


def test_a_browser_belongs_to_who_is_signed_in_now(browser: Client) -> None:
    subscribe(browser, sent())
    wang = UserFactory()
    browser.force_login(wang)
    subscribe(browser, sent())
    assert PushSubscription.objects.get().user == wang


@pytest.mark.parametrize(
    "body",
    [
        sent(""),
        sent("http://fcm.googleapis.com/x"),
        sent("https://evil.example/x"),
        sent("https://fcm.googleapis.com.evil.example/x"),
        sent("https://evilfcm.googleapis.com@127.0.0.1/x"),
        sent("https://127.0.0.1/x"),
        sent("https://fcm.googleapis.com:8443/x"),
        sent("https://fcm.googleapis.com:x/"),
        sent("https://[fcm.googleapis.com/x"),
        sent("https://fcm.googleapis.com/\x00"),
        sent("https://fcm.googleapis.com/" + "x" * 1000),
        sent(7),
        sent(p256dh=P256DH[:-4]),
        sent(p256dh="A" + P256DH[1:]),
        sent(p256dh="x" * 100_000),
        sent(p256dh="é" * 87),
        sent(auth=AUTH + "AA"),
        sent(auth="a\x00b"),
        sent(auth=None),
        {"endpoint": ENDPOINT, "keys": [P256DH, AUTH]},
        {"endpoint": ENDPOINT},
        [],
        "{",
        "[" * 100_000,
        b"\xff",
    ],
    ids=range(25),
)
def test_what_no_browser_sends_is_refused(browser: Client, body: Any) -> None:
    response = subscribe(browser, body)
    assert response.status_code == 400
    assert response.json()["errors"]
    assert not PushSubscription.objects.exists()


def test_of_too_many_browsers_the_oldest_is_forgotten(lin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsers, "MOST", 2)
    foreign = UserFactory()
    for number, person in enumerate((foreign, lin, lin, lin)):
        browsers.remember(
            person=person,
            subscription=Subscription(f"{ENDPOINT}{number}", P256DH, AUTH),
            device=str(number),
            at=AT + timedelta(minutes=number),
        )
    assert set(PushSubscription.objects.values_list("user", "device")) == {
        (foreign.pk, "0"),
        (lin.pk, "2"),
        (lin.pk, "3"),
    }


def test_a_browser_can_be_removed_by_its_person_only(browser: Client) -> None:
    row = PushSubscription.objects.get(public_id=subscribe(browser, sent()).json()["public_id"])
    browser.force_login(UserFactory())
    for wrong in (row.public_id, "", "a\x00b", "x" * 100_000):
        assert browser.post(REMOVE, {"public_id": wrong}).status_code == 302
    assert PushSubscription.objects.exists()
    browser.force_login(row.user)
    assert browser.post(REMOVE, {"public_id": row.public_id})["Location"].endswith("#browsers")
    assert not PushSubscription.objects.exists()


def test_who_signs_out_leaves_this_browser_and_no_other(browser: Client, lin: User) -> None:
    elsewhere = Subscription(ENDPOINT + "2", P256DH, AUTH)
    browsers.remember(person=lin, subscription=elsewhere, device="", at=AT)
    subscribe(browser, sent())
    browser.post(reverse("account_logout"))
    assert PushSubscription.objects.get().endpoint == elsewhere.endpoint


def test_without_keys_of_the_site_nothing_is_taken_in(browser: Client, settings: Any) -> None:
    settings.VAPID_PUBLIC_KEY = ""
    assert subscribe(browser, sent()).status_code == 404


def test_signed_out_nothing_is_taken_in(client: Client) -> None:
    assert subscribe(client, sent())["Location"].startswith(reverse("account_login"))
    assert client.get(ADDRESS).status_code == 302
    client.force_login(UserFactory())
    assert client.get(ADDRESS).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(UserFactory())
    assert strict.post(ADDRESS, json.dumps(sent()), content_type="application/json").status_code == 403


def test_the_worker_rules_the_whole_site_and_is_asked_for_anew(client: Client) -> None:
    response = client.get("/sw.js")
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert "no-cache" in response["Cache-Control"]
    assert b"showNotification" in response.content
    assert not response.cookies


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (ANDROID, "Chrome, Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0 Safari/537.36 Edg/129.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox, Linux"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_a_browser_has_a_name_that_its_person_knows(user_agent: str, name: str) -> None:
    assert browsers.name_of(user_agent) == name
