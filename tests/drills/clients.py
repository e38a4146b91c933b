"""Clients that book through the API, and ask again with the same Idempotency-Key until they are answered."""

from __future__ import annotations

import http.client
import json
import random
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from accounts.models import User
from bookings.engine.jobs import Job

PATIENCE_SECONDS = 60


def token_of(user: User) -> str:
    """A session of the person, which the API takes as a bearer's token."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    assert session.session_key
    return session.session_key


@dataclass
class Order:
    """One request under one key, with everything that was answered to it."""

    path: str
    body: dict[str, Any]
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    answers: list[tuple[int, Any]] = field(default_factory=list)
    lost: int = 0

    @property
    def visit(self) -> str | None:
        """The id of the visit that was made, if one was."""
        return next((body["id"] for status, body in self.answers if status == 201), None)


@dataclass
class Client:
    """One person with one connection at a time."""

    port: int
    token: str
    dice: random.Random
    orders: list[Order] = field(default_factory=list)

    def place(self, order: Order) -> tuple[int, Any]:
        """Ask until there is an answer: a connection that breaks says nothing about what has happened."""
        deadline, last = time.monotonic() + PATIENCE_SECONDS, ""
        while time.monotonic() < deadline:
            try:
                answer = self._ask(order)
            except (OSError, http.client.HTTPException) as broken:
                order.lost, last = order.lost + 1, repr(broken)
                time.sleep(0.05)
                continue
            if answer[0] < 500 and answer[0] != 429:
                order.answers.append(answer)
                return answer
            last = str(answer)
            time.sleep(0.05)
        raise AssertionError(f"no answer to {order.path} {order.key}: {last}")

    def _ask(self, order: Order) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            headers["Idempotency-Key"] = order.key
            connection.request("POST", order.path, json.dumps(order.body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or "null")
        finally:
            connection.close()

    def order(self, path: str, body: dict[str, Any]) -> Order:
        order = Order(path, body)
        self.orders.append(order)
        return order

    # --- what people do

    def book_in_one_step(self, job: Job) -> None:
        self.place(self.order("/api/v1/bookings/", self._asked(job)))

    def hold_then_confirm(self, job: Job) -> None:
        status, held = self.place(self.order("/api/v1/holds/", self._asked(job)))
        if status == 201:
            self.place(self.order("/api/v1/bookings/", {"hold": held["id"]}))

    def _asked(self, job: Job) -> dict[str, Any]:
        start = _tomorrow(job) + timedelta(days=self.dice.randrange(4), minutes=30 * self.dice.randrange(22))
        return {
            "shop": job.shop.slug,
            "service": job.service.key,
            "variant": job.variant.slug,
            "starts_at": start.isoformat(),
        }


def _tomorrow(job: Job) -> datetime:
    """Eight o'clock of the next day at the shop."""
    now = timezone.now().astimezone(job.shop.zone) + timedelta(days=1)
    return now.replace(hour=8, minute=0, second=0, microsecond=0)
