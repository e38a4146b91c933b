"""With the cache and the broker away, people sign in, hold, confirm and read: slower limits, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from kombu import Connection

from accounts.models import User
from bookings.engine import availability
from bookings.models import Booking
from core import caching
from core.models import OutboxEvent
from notifications.models import Message
from o2o_platform.celery import app
from tests.factories.jobs import bookable_job

NOWHERE = "redis://127.0.0.1:1/0"  # nothing listens on port 1
ClientOf = Callable[[User | None], Client]


@pytest.fixture
def no_redis(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOWHERE}}
    monkeypatch.setattr(caching, "_away_until", {})
    monkeypatch.setattr(app, "connection_for_write", lambda *_args, **_kwargs: Connection(NOWHERE))
    app.conf.task_always_eager = False
    _forget_connections()
    yield
    cache.clear()
    app.conf.task_always_eager = True
    _forget_connections()


def _forget_connections() -> None:
    """Lets Celery look for its broker anew."""
    app._pool = app.amqp._producer_pool = None


def _code(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.codes.secrets.randbelow", lambda _limit: 123456)


@pytest.mark.django_db(transaction=True)
def test_a_visitor_holds_signs_in_and_books(
    no_redis: None, client_of: ClientOf, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _code(settings, monkeypatch)
    client, job = client_of(None), bookable_job(slug="a-shop")
    began = time.monotonic()
    now = timezone.now()
    tomorrow = now.astimezone(job.shop.zone).date()
    days = availability.day_slots(shop=job.shop, plan=job.quoted().plan, first=tomorrow, days=3, at=now)
    slot = days[2].slots[0]
    page = f"/book/{job.shop.slug}/{job.service.key}/"
    assert client.get(f"{page}?variant={job.variant.slug}").status_code == 200
    held = client.post(f"{page}hold/", {"variant": job.variant.slug, "starts_at": slot.starts_at.isoformat()})
    assert held.status_code == 302
    asked = client.post(held["Location"], {"login": "owner@example.com", "name": "Lin"})
    assert asked["Location"].startswith("/me/code/?next=")
    signed_in = client.post(asked["Location"], {"code": "123456"})
    assert signed_in["Location"].endswith("/finish/")
    booked = client.get(signed_in["Location"])
    assert client.get(booked["Location"]).status_code == 200
    assert Booking.objects.get().status == "confirmed"
    # The word to the owner waits in the database for the sweep.
    assert OutboxEvent.objects.filter(topic="booking.confirmed", handled_at=None).count() == 1
    assert Message.objects.filter(kind="code").count() == 1
    assert time.monotonic() - began < 20


@pytest.mark.django_db
def test_pages_and_the_api_answer(no_redis: None, client_of: ClientOf) -> None:
    client = client_of(None)
    for path in ("/", "/search/", "/accounts/login/", "/services/", "/api/v1/makes/", "/api/schema/"):
        assert client.get(path).status_code == 200, path
    health = client.get("/healthz").json()
    assert (health["database"], health["cache"]) == ("ok", "failing")


@pytest.mark.django_db
def test_limits_still_count(no_redis: None, client_of: ClientOf, settings: Any) -> None:
    client = client_of(None)
    assert client.post("/accounts/login/", {"login": "a@example.com"}).status_code == 302
    wrong = [client.post("/me/code/", {"code": f"{n:06}"}).status_code for n in range(8)]
    assert wrong[-1] == 429
    assert client_of(None).post("/accounts/login/", {"login": "a@example.com"}).status_code == 429
    statuses = {client.get("/api/v1/makes/").status_code for _n in range(130)}
    assert statuses == {200, 429}


@pytest.mark.django_db
def test_a_server_that_is_back_is_asked_again(no_redis: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.set("a", 1)
    assert cache.get("a") == 1
    asked: list[str] = []
    monkeypatch.setattr(
        "core.caching.RedisCache.get", lambda _self, key, *_args, **_kwargs: asked.append(key) or "from the server"
    )
    assert cache.get("a") == 1
    monkeypatch.setattr(caching, "_away_until", {})
    assert cache.get("a") == "from the server"
    assert asked == ["a"]
