"""A browser has a random key; what is kept of it is a keyed hash, for a year."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import actions, devices
from accounts.models import KnownDevice
from accounts.tasks import forget_devices
from tests.accounts.conftest import newest_code
from tests.accounts.test_api import CODE, TOKEN, post
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def request_with(key: str = "", path: str = "/"):
    request = RequestFactory().get(path)
    if key:
        request.COOKIES[devices.COOKIE] = key
    return request


def test_signing_in_gives_the_browser_a_key_and_keeps_its_hash(client: Client, ask, type_code) -> None:
    ask("138 0013 8001")
    answer = type_code(newest_code())
    cookie = answer.cookies[devices.COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 365 * 86_400
    row = KnownDevice.objects.get()
    assert row.key_hash == devices.hash_of(cookie.value)
    assert cookie.value not in row.key_hash


def test_the_cookie_is_secure_where_sessions_are(settings) -> None:
    from django.http import HttpResponse

    settings.SESSION_COOKIE_SECURE = True
    request, response = request_with(), HttpResponse()
    devices.note(request, UserFactory(), at=NOW)
    devices.give_key(request, response)
    assert response.cookies[devices.COOKIE]["secure"]


def test_two_people_on_one_browser_are_seen_on_one_device() -> None:
    request = request_with()
    one, two = UserFactory(), UserFactory()
    devices.note(request, one, at=NOW)
    devices.note(request, two, at=NOW)
    hashes = KnownDevice.objects.values_list("key_hash", flat=True)
    assert len(hashes) == 2
    assert len(set(hashes)) == 1


def test_a_device_seen_again_is_one_row() -> None:
    person, key = UserFactory(), "k" * 43
    devices.note(request_with(key), person, at=NOW)
    devices.note(request_with(key), person, at=NOW + timedelta(days=3))
    row = KnownDevice.objects.get()
    assert (row.first_seen_at, row.last_seen_at) == (NOW, NOW + timedelta(days=3))


@pytest.mark.parametrize("key", ["short", "é" * 43, "k" * 4000, "k" * 42 + "\n"])
def test_a_key_that_is_not_ours_is_replaced(key: str) -> None:
    request = request_with(key)
    devices.note(request, UserFactory(), at=NOW)
    assert KnownDevice.objects.get().key_hash == devices.hash_of(request.new_device_key)


def test_the_api_has_no_device(client: Client) -> None:
    answer = post(client, CODE, login="138 0013 8001")
    signed_in = post(client, TOKEN, flow=answer.json()["flow"], code=newest_code())
    assert signed_in.status_code == 200
    assert devices.COOKIE not in signed_in.cookies
    assert not KnownDevice.objects.exists()


def test_devices_not_seen_for_a_year_are_forgotten() -> None:
    person = UserFactory()
    devices.note(request_with("a" * 43), person, at=timezone.now() - timedelta(days=366))
    devices.note(request_with("b" * 43), person, at=timezone.now() - timedelta(days=364))
    assert forget_devices() == 1
    assert KnownDevice.objects.get().key_hash == devices.hash_of("b" * 43)


def test_devices_are_exported_and_erased_with_the_account() -> None:
    person = UserFactory()
    devices.note(request_with(), person, at=NOW)
    told = actions.export(user=person, at=NOW)["devices"]
    assert told == [{"first_seen_at": NOW.isoformat(), "last_seen_at": NOW.isoformat()}]
    actions.erase(user=person, at=NOW)
    assert not KnownDevice.objects.exists()
