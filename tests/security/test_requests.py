"""What a request may be made of: its body, its headers, its numbers and days, and what an answer says to caches."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory

from accounts.models import User
from bookings.models import Booking
from o2o_platform.wsgi import application
from tests.factories.jobs import bookable_job
from tests.security.world import World

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]


@pytest.fixture
def boss(world: World, client_of: ClientOf) -> Client:
    return client_of(world.staff["owner"])


@pytest.fixture
def owner(world: World, client_of: ClientOf) -> Client:
    return client_of(world.owner)


# --- Bodies -------------------------------------------------------------------------------------


def test_a_nul_in_a_cookie_is_refused(client_of: ClientOf) -> None:
    answer = client_of(None).get("/bookings/", headers={"Cookie": 'sessionid="' + "\\000" * 10 + '"'})
    assert answer.status_code == 400


def _status_by_wsgi(content_type: str, body: bytes, method: str) -> str:
    """What the server's own entry point answers: the encoding matters before there is a request for Django's client."""
    statuses: list[str] = []
    environ = RequestFactory()._base_environ(  # type: ignore[attr-defined]
        REQUEST_METHOD=method, PATH_INFO="/api/v1/auth/code/", QUERY_STRING="q=a", CONTENT_TYPE=content_type
    )
    environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    list(application(environ, lambda status, _headers, *_rest: statuses.append(status)))
    return statuses[0][:3]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("charset", ["zlib", "bz2", "utf-16", "punycode", '"zlib"', "ZLIB"])
def test_another_encoding_is_refused(method: str, charset: str) -> None:
    body = zlib.compress(b'{"login": "' + b"a" * 1_000_000 + b'"}')
    assert _status_by_wsgi(f"application/json; charset={charset}", body, method) == "415"


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_utf_8_is_named_in_many_ways(charset: str) -> None:
    assert _status_by_wsgi(f"application/json; charset={charset}", b'{"login": "x"}', "POST") == "400"


@pytest.mark.parametrize("path", ["/api/v1/auth/code/", "/shop/victim-shop/prices/import/"])
def test_a_huge_body_is_refused_before_it_is_read(path: str, boss: Client, settings: Any) -> None:
    class Unread:
        def read(self, *_args: Any) -> bytes:
            raise AssertionError("read")

        readline = read

    size = settings.MAX_BODY_BYTES + 1
    answer = boss.post(path, content_type="application/json", CONTENT_LENGTH=str(size), **{"wsgi.input": Unread()})
    assert answer.status_code == 413


def test_endless_brackets_are_bad_input(client_of: ClientOf) -> None:
    answer = client_of(None).post("/api/v1/auth/code/", "[" * 200_000, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "parse_error"


# --- Numbers and days ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400"])
def test_no_number_is_no_place(number: str, world: World, client_of: ClientOf) -> None:
    query = {"service": "minor_service", "variant": world.visit.variant.slug, "latitude": number, "longitude": "121"}
    answer = client_of(None).get("/api/v1/shops/", query)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["latitude"]


def test_a_place_that_is_no_number_does_not_get_round_the_radius(owner: Client, world: World) -> None:
    job = bookable_job(kind="on_site", service_radius_km=5, slug="on-site")
    order = {"shop": job.shop.slug, "service": job.service.key, "variant": job.variant.slug}
    order |= {"starts_at": "2026-12-30T10:00:00+08:00", "visit_address": "far", "visit_latitude": "nan"}
    answer = owner.post("/api/v1/holds/", {**order, "visit_longitude": 0}, content_type="application/json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["visit_latitude"]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_days_at_the_ends_of_the_calendar_are_refused(day: str, owner: Client, boss: Client, world: World) -> None:
    job = {"service": "minor_service", "variant": world.visit.variant.slug}
    assert owner.get("/api/v1/shops/victim-shop/slots/", {**job, "first": day}).status_code == 400
    assert boss.get("/api/v1/shops/victim-shop/bookings/", {"date": day}).status_code == 400
    start = {"starts_at": f"{day}T23:30:00Z"}
    orders = [
        (owner, "/api/v1/holds/", {**job, **start, "shop": "victim-shop"}),
        (owner, f"/api/v1/bookings/{world.visit.public_id}/reschedule/", start),
        (boss, f"/api/v1/shops/victim-shop/bookings/{world.visit.public_id}/move/", start),
        (boss, "/api/v1/shops/victim-shop/walk-ins/", {**job, **start}),
    ]
    for client, path, order in orders:
        assert client.post(path, order, content_type="application/json").status_code == 400, path
    closed = boss.post("/shop/victim-shop/settings/closures/", {"first_date": day, "last_date": day})
    assert closed.status_code == 422
    assert owner.get(f"/book/victim-shop/minor_service/?variant={job['variant']}&date={day}").status_code == 200


def test_a_far_start_is_refused_with_the_nearest_times(owner: Client, world: World) -> None:
    job = {"service": "minor_service", "variant": world.visit.variant.slug, "shop": "victim-shop"}
    order = {**job, "starts_at": "2199-06-01T10:00:00+08:00"}
    answer = owner.post("/api/v1/holds/", order, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["reason"] == "beyond_window"
    assert answer.json()["alternatives"]


# --- Who asks, and who may keep the answer ------------------------------------------------------


def test_a_made_up_forwarding_address_does_not_get_round_the_throttle(client_of: ClientOf) -> None:
    client = client_of(None)
    statuses = [
        client.get("/api/v1/makes/", headers={"X-Forwarded-For": f"10.0.{n}.1"}).status_code for n in range(125)
    ]
    assert statuses[-1] == 429


@pytest.mark.parametrize("path", ["/", "/search/", "/bookings/", "/cars/", "/shop/victim-shop/board/", "/me/"])
def test_no_cache_on_the_way_keeps_a_page(path: str, world: World, client_of: ClientOf) -> None:
    for user in (None, world.owner, world.staff["owner"]):
        answer = client_of(user).get(path)
        assert "private" in answer["Cache-Control"]
        assert "Cookie" in answer["Vary"]


def test_every_page_forbids_frames_and_inline_scripts(world: World, client_of: ClientOf) -> None:
    for path in ("/", "/search/", "/nowhere", "/accounts/login/", "/api/docs/", "/shops/victim-shop/"):
        answer = client_of(None).get(path)
        policy = answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in policy
        script = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
        assert "unsafe" not in script


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
        "\x00/",
    ],
)
def test_next_leads_nowhere_else(target: str, world: World, client_of: ClientOf) -> None:
    client = client_of(world.owner)
    answers = [
        client.post("/cars/choose/", {"variant": world.visit.variant.slug, "next": target}),
        client.post("/i18n/setlang/", {"language": "en", "next": target}),
        client.post("/me/theme/", {"theme": "dark", "next": target}, headers={"Referer": target.strip()}),
        client.post("/accounts/logout/", {"next": target}),
        client_of(None).post("/accounts/login/password/", {"login": "a", "password": "b", "next": target}),
    ]
    for answer in answers:
        location = answer.headers.get("Location", "")
        assert "a=b" not in answer.cookies
        assert "evil" not in location
        assert not location.startswith(("//", "javascript:"))


def test_a_form_without_its_token_is_refused(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    paths = ["/me/delete/", f"/bookings/{world.visit.public_id}/cancel/", f"/cars/{world.car.public_id}/remove/"]
    paths += ["/book/victim-shop/minor_service/hold/", "/i18n/setlang/", "/accounts/logout/", "/me/theme/"]
    assert {client.post(path).status_code for path in paths} == {403}
    cancel = f"/api/v1/bookings/{world.visit.public_id}/cancel/"
    assert client.post(cancel, "{}", content_type="application/json").status_code == 403
    assert Booking.objects.get(pk=world.visit.pk).status == "confirmed"


def test_signing_in_gives_a_new_session(client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.codes.secrets.randbelow", lambda _limit: 123456)
    client = client_of(None)
    client.post("/accounts/login/", {"login": "a@example.com"})
    planted = client.cookies["sessionid"].value
    client.post("/me/code/", {"code": "123456"})
    assert client.cookies["sessionid"].value != planted
    assert "/accounts/login/" in Client(headers={"Cookie": f"sessionid={planted}"}).get("/me/")["Location"]
    flow = client.post("/api/v1/auth/code/", {"login": "b@example.com"}, content_type="application/json").json()["flow"]
    answer = client.post("/api/v1/auth/token/", {"flow": flow, "code": "123456"}, content_type="application/json")
    assert json.loads(answer.text)["token"] != flow
