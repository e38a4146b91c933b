"""Every route of the resolver under bad input: never a server error, never a word of somebody else's."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, product
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.core.signals import got_request_exception
from django.db import transaction
from django.http import HttpResponse, HttpResponseNotFound
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import User
from tests.security.routes import Route, every_route
from tests.security.world import SECRETS, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
ClientOf = Callable[[User | None], Client]

ROUTES = every_route()
PAGES = [route for route in ROUTES if not route.is_admin]
API = [route for route in PAGES if route.is_api]

# Already percent-encoded: what a path parameter can be.
SEGMENTS = ["%2e%2e%2fetc%2fpasswd", "%00", "%ff%27%0d%0a", "9" * 30, "9" * 5000, "x" * 10_000]
# Each field of a request gets another of the values below; in the next round the next one. `make drill` goes on until
# every field has met every value.
ROUNDS = range(int(os.environ.get("ATTACK_ROUNDS", "2")))
# Otherwise what meets many routes in much the same way takes turns with them.
DRILL = bool(os.environ.get("DRILL"))
VALUES: list[str] = [
    "",
    "-1",
    "0",
    "1e400",
    "nan",
    "inf",
    "9" * 30,
    "9" * 5000,
    "x" * 100_000,
    "' OR 1=1--",
    "<script>alert(1)</script>",
    "\ufffd\u202e\U0001f697",
    "9999-12-31",
    "0001-01-01",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "2026-02-30",
    "a\r\nSet-Cookie: b=c",
    "//evil.example/",
    "LSVAM4187C2184847",
    "沪AD8K21",
    "__class__",
    "shop__city__name_zh",
    "all",
]
# Values that a POST can carry but an address cannot.
BODY_VALUES = [*VALUES, "a\x00b"]
# Every field that any form, filter or order of the site has.
_FIELDS = (
    "page page_size date day q service variant car near lat lng latitude longitude kind sort more view "
    "group visit next make model vin scope state first days limit status city when time bay technician "
    "chosen pick evenings authorised pickup format lang search ordering starts_at seen login code contact "
    "role plate name phone note reason odometer_km odometer_note visit_address public_id id pk first_date "
    "last_date until until_date resource position capabilities labour_fen parts_fen minutes price_class "
    "content fingerprint retire_missing offered seen_at flexible theme language action understood "
    "d1_0_opens d1_0_closes copy copy_from copy_to name_zh name_en model_year nickname hold shop "
    "visit_latitude visit_longitude flow valid_until works_since_year user title_zh amenities "
    "is_correction engine_km order lead_time_minutes booking_window_days slot_step_minutes hold_minutes "
    "service_radius_km warranty_months tab holder bank number channel amount stance closed text "
    "provider pay shop_method method due_fen put_right about helpful "
    "stars workmanship honesty communication waiting price would_return shows_facts keep photos happy words "
    "show person after preview lines order_line contact-text contact-way invite-text "
    "masks_offered mask decision answer act by before auto_publish max_risk min_visits min_published "
    "max_rejected sample_percent replies_at_once is_harmless "
    "topic topics newest zone quiet_from quiet_until topic_visits topic_reviews endpoint keys "
    "on insurance inspection shows_needs wanted "
)
NAMES = _FIELDS.split()
JSON_VALUES: list[Any] = [
    *BODY_VALUES,
    None,
    True,
    10**30,
    -1,
    1.5,
    [],
    ["a"],
    {},
    {"a": ["b"]},
    [[1]],
    {"__class__": 1},
]
JSON_BODIES = [
    "",
    "null",
    "[]",
    "1",
    '"text"',
    "{",
    "[" * 100_000,
    '{"a":' * 50_000,
    "\ufeff{}",
    '{"a": NaN}',
    "9" * 5000,
]


@contextmanager
def undone() -> Iterator[None]:
    """Takes back what an attack changed, so that the next one meets the same world."""
    cache.clear()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def _plain_404(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of refusals is one for all routes, and half of what a refusal takes: for tests that read no pages."""
    monkeypatch.setattr("django.conf.urls.handler404", lambda *_args, **_kwargs: HttpResponseNotFound())


@contextmanager
def no_server_errors() -> Iterator[list[str]]:
    """Fails with every exception that reached the server's last line of defence, named by what was asked."""
    faults: list[str] = []

    def note(sender: Any, request: Any = None, **_kwargs: Any) -> None:
        lines = traceback.format_exc().strip().splitlines()
        where = [line.strip() for line in lines if 'File "' in line and "site-packages" not in line][-1:]
        faults.append(f"{request.method} {request.get_full_path()[:150]}: {lines[-1][:200]} {where}")

    got_request_exception.connect(note)
    try:
        yield faults
    except AssertionError:
        if not faults:  # the exception says more than its status
            raise
    finally:
        got_request_exception.disconnect(note)
    assert not faults, f"{len(faults)} server errors:\n" + "\n".join(sorted(set(faults))[:40])


def _is_refused_or_answered(response: HttpResponse) -> bool:
    return response.status_code < 500 or response.status_code == 503


def _everybody(world: World, client_of: ClientOf) -> dict[str, Client]:
    return {
        "nobody": client_of(None),
        "stranger": client_of(world.stranger),
        "rival": client_of(world.rival),
    }


def _insiders(world: World, client_of: ClientOf) -> dict[str, Client]:
    """Who gets furthest: the owner of the visit on the owner's pages, the shop's owner on the shop's."""
    return {"owner": client_of(world.owner), "boss": client_of(world.staff["owner"])}


def _insider(route: Route, insiders: dict[str, Client]) -> Client:
    staff = route.path.startswith(("/shop/", "/api/v1/shops/"))
    return insiders["boss" if staff else "owner"]


def test_the_walk_covers_the_site() -> None:
    names = {route.name for route in PAGES}
    assert len(PAGES) > 100
    assert {
        "bookings:confirm",
        "board:day",
        "offers:import",
        "bookings_api:holds",
        "account_login",
        "mfa_index",
    } <= names


def test_real_addresses_tell_strangers_nothing(world: World, client_of: ClientOf) -> None:
    leaks = []
    everybody = _everybody(world, client_of)
    with no_server_errors():
        for place, route in enumerate(PAGES):
            # Who is signed out and who is signed in take turns; the owner of another shop knocks everywhere.
            for who in everybody if DRILL else (("nobody", "stranger")[place % 2], "rival"):
                client = everybody[who]
                for method in ("get", "post"):
                    with undone():
                        response = getattr(client, method)(route.filled(world.ids))
                    body = b"".join(response).decode(errors="replace") if response.streaming else response.text
                    leaks += [f"{who} {method} {route.path}: {word}" for word in SECRETS if word in body]
    # Whoever holds an invitation's unguessable link sees whom it is for.
    assert [leak for leak in leaks if "/invitations/" not in leak] == []


@pytest.mark.usefixtures("_plain_404")
def test_strangers_change_nothing(world: World, client_of: ClientOf) -> None:
    """Whatever a stranger posts to a page of the shop or of the owner is refused before it is read."""
    private = ("/shop/<slug", "/bookings/<", "/holds/<", "/cars/<", "/api/v1/bookings/<", "/api/v1/cars/<")
    answered = []
    everybody = _everybody(world, client_of)
    for place, route in enumerate(PAGES):
        for who in everybody if DRILL else (("nobody", "stranger")[place % 2], "rival"):
            client = everybody[who]
            is_private = route.path.startswith(private) or "/bookings/" in route.path or "/walk-ins/" in route.path
            if not is_private or not route.parameters:
                continue
            for method in ("get", "post", "put", "patch", "delete") if who == "rival" else ("get", "post"):
                with undone():
                    response = getattr(client, method)(route.filled(world.ids))
                target = response.headers.get("Location", "")
                refused = response.status_code in (400, 401, 403, 404, 405, 415) or "/accounts/login/" in target
                if not refused:
                    answered.append(f"{who} {method} {route.path}: {response.status_code} {target}")
    assert answered == []


def _mixed(values: list[Any], turn: int) -> dict[str, Any]:
    """Every name with one of the values; neighbours meet different ones."""
    return {name: values[(place * 7 + turn * 5) % len(values)] for place, name in enumerate(NAMES)}


@pytest.mark.usefixtures("_plain_404")
@pytest.mark.parametrize("segment", SEGMENTS, ids=range(len(SEGMENTS)))
def test_any_text_in_the_path_is_refused(segment: str, world: World, client_of: ClientOf) -> None:
    insiders = _insiders(world, client_of)
    with no_server_errors():
        for place, route in enumerate(PAGES):
            # A route and its neighbour, which has much the same parameters, take turns.
            if route.parameters and (place + SEGMENTS.index(segment)) % 2:
                with undone():
                    response = _insider(route, insiders).get(route.filled_with(segment))
                assert response.status_code in (400, 403, 404, 405), route


def test_the_page_of_refusals_takes_any_text(world: World, client_of: ClientOf) -> None:
    everyone = [*_everybody(world, client_of).values(), *_insiders(world, client_of).values()]
    with no_server_errors():
        for path in ("/shops/{}/", "/shop/{}/", "/{}/"):
            for segment in SEGMENTS:
                for client in everyone:
                    with undone():
                        assert client.get(path.format(segment)).status_code in (400, 404), path


@pytest.mark.parametrize("turn", ROUNDS)
def test_any_query_is_answered(turn: int, world: World, client_of: ClientOf) -> None:
    insiders = _insiders(world, client_of)
    query = {name: [value[:4000], value[:4000]] for name, value in _mixed(VALUES, turn).items()}
    with no_server_errors():
        for place, route in enumerate(PAGES):
            if not DRILL and (place + turn) % 2:
                continue
            with undone():
                response = _insider(route, insiders).get(route.filled(world.ids), query)
            assert _is_refused_or_answered(response), route
            assert not response.headers.get("Location", "").startswith("//"), route


@pytest.mark.parametrize("turn", ROUNDS)
def test_any_form_is_answered(turn: int, world: World, client_of: ClientOf) -> None:
    insiders = _insiders(world, client_of)
    form = {name: [value, value] for name, value in _mixed(BODY_VALUES, turn).items()}
    # Encoded once for all routes: as a form with files is, in the next round as one without.
    body, encoding = (
        (urlencode(form, doseq=True), "application/x-www-form-urlencoded")
        if turn % 2
        else (encode_multipart(BOUNDARY, form), MULTIPART_CONTENT)
    )
    with no_server_errors():
        for place, route in enumerate(PAGES):
            if not route.is_api and (DRILL or (place + turn) % 2 == 0):
                with undone():
                    client = _insider(route, insiders)
                    response = client.generic("POST", route.filled(world.ids), body, content_type=encoding)
                assert _is_refused_or_answered(response), route


@pytest.mark.parametrize("turn", ROUNDS)
def test_any_json_value_is_answered(turn: int, world: World, client_of: ClientOf) -> None:
    insiders = _insiders(world, client_of)
    body = _mixed(JSON_VALUES, turn)
    with no_server_errors():
        for route in API:
            for method in ("post", "patch"):
                with undone():
                    client = _insider(route, insiders)
                    response = getattr(client, method)(route.filled(world.ids), body, content_type="application/json")
                assert _is_refused_or_answered(response), route


def test_any_json_document_is_answered(world: World, client_of: ClientOf) -> None:
    insiders = _insiders(world, client_of)
    with no_server_errors():
        for place, route in enumerate(API):
            # Every document on the first endpoints that read one; then they take turns.
            for body in JSON_BODIES if route.name.endswith((":code", ":holds")) else JSON_BODIES[place % 5 :: 5]:
                with undone():
                    client = _insider(route, insiders)
                    response = client.post(route.filled(world.ids), body, content_type="application/json")
                assert _is_refused_or_answered(response), route


CONTENT_TYPES = [
    "",
    "application/json",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "x" * 5000,
    "text/xml",
]


def test_any_content_type_is_answered(world: World, client_of: ClientOf) -> None:
    insiders = _insiders(world, client_of)
    body = b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\n\xff\xfe\r\n--x--\r\n'
    everywhere = ("robots", "bookings_api:holds", "bookings:hold", "offers:import", "account_login")
    with no_server_errors():
        for place, route in enumerate(PAGES):
            client, path = _insider(route, insiders), route.filled(world.ids)
            # Elsewhere one type by one method; the sixth route from there has the same type by the other.
            is_thorough = route.name in everywhere
            methods = ("GET", "POST") if DRILL or is_thorough else (("GET", "POST")[place // 6 % 2],)
            for content_type, method in product(
                CONTENT_TYPES if is_thorough else CONTENT_TYPES[place % 6 :: 6], methods
            ):
                with undone():
                    response = client.generic(method, f"{path}?q=%ff", body, content_type=content_type)
                assert _is_refused_or_answered(response), route


HEADERS = [
    {"Cookie": 'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000\\000"'},
    {"Cookie": "sessionid=" + "x" * 8000},
    {"Cookie": 'django_language="\\000"; theme="\\000"; messages="\\000"; csrftoken="\\000"'},
    {"Accept": "application/xml;q=x"},
    {"Accept-Language": "x" * 10_000},
    {"Host": "evil.example"},
    {"X-Forwarded-For": "not an address, ,"},
    {"X-Forwarded-Host": "evil.example"},
    {"If-None-Match": "\xff" * 100},
    {"If-Modified-Since": "yesterday"},
    {"Referer": "http://["},
    {"Authorization": "Bearer " + "\xff" * 64},
    {"X-Session-Token": "x\x01" * 20},
    {"Idempotency-Key": "\xff" * 300},
    {"HX-Request": "true", "HX-Current-URL": "http://[", "HX-Target": "\xff"},
]


@pytest.mark.parametrize("part", range(3))
def test_any_header_is_answered(part: int, world: World, client_of: ClientOf) -> None:
    everywhere = (
        "home",
        "bookings:list",
        "board:day",
        "board:live",
        "vehicles_api:cars",
        "account_login",
        "set_language",
    )
    routes = [route for route in PAGES if route.name in everywhere]
    with no_server_errors():
        for headers in HEADERS[part::3]:
            # Anew for each, since a bad cookie signs its client out.
            strangers, insiders = client_of(None), _insiders(world, client_of)
            for route, method in product(routes, ("get", "post")):
                for client in (_insider(route, insiders), strangers):
                    with undone():
                        response = getattr(client, method)(route.filled(world.ids), headers=headers)
                    assert _is_refused_or_answered(response), (route, headers)
                    assert "evil.example" not in response.headers.get("Location", ""), (route, headers)


ADMIN_QUERIES: tuple[str, ...] = ("?q=a%27&o=-99.x&p=-1&e=1", "?password__startswith=a&id__in=x&pk__gt=z")


def test_any_address_of_the_admin_is_answered(world: World, client_of: ClientOf) -> None:
    world.stranger.is_staff = world.stranger.is_superuser = True
    world.stranger.save()
    client = client_of(world.stranger)
    turns = cycle(ADMIN_QUERIES)
    with no_server_errors():
        for route in ROUTES:
            if route.is_admin:
                queries: tuple[str, ...] = ("",)
                if route.name.endswith("_changelist"):
                    queries = ADMIN_QUERIES if DRILL else (next(turns),)
                for path in dict.fromkeys([route.filled_with("_22%27")] + [route.path + query for query in queries]):
                    if "<" not in path:
                        with undone():
                            assert client.get(path).status_code < 500, path


@pytest.mark.parametrize("who", ["nobody", "rival"])
def test_the_admin_is_closed_to_others(who: str, world: World, client_of: ClientOf) -> None:
    client = _everybody(world, client_of)[who]
    for route in ROUTES:
        if route.is_admin and route.name not in ("admin:jsi18n", "admin:logout"):
            response = client.get(route.filled(world.ids))
            assert response.status_code in (302, 403, 404, 405), route
