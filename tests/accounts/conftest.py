"""Signing in as people do: ask for a code, read it where it was delivered, type it."""

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from notifications.models import Message


@pytest.fixture(autouse=True)
def _codes_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests read codes from the delivery log, which masks them outside DEBUG; the mask has its own test."""
    monkeypatch.setattr("notifications.delivery.MASK", r"\g<0>")


@pytest.fixture
def clock() -> "time_machine.Traveller":
    with time_machine.travel(datetime(2026, 11, 21, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai")), tick=False) as traveller:
        yield traveller


@pytest.fixture
def page_now() -> dict[str, str]:
    """The address of the code page in the browser, which carries where the person wants to go."""
    return {"code": reverse("accounts:code")}


@pytest.fixture
def ask(client: Client, page_now: dict[str, str]) -> Callable[..., HttpResponse]:
    """Ask for a code: `ask("138 0013 8001", next="/x/")`."""

    def _ask(login: str, **fields: str) -> HttpResponse:
        answer = client.post(reverse("accounts:continue"), {"login": login, **fields})
        if answer.status_code == 302:
            page_now["code"] = answer["Location"]
        return answer

    return _ask


@pytest.fixture
def type_code(client: Client, page_now: dict[str, str]) -> Callable[..., HttpResponse]:
    def _type(code: str) -> HttpResponse:
        return client.post(page_now["code"], {"code": code})

    return _type


def newest_code() -> str:
    """The code in the newest message."""
    message = Message.objects.order_by("-pk").first()
    assert message is not None
    found = re.search(r"\d{6}", message.body)
    assert found is not None
    return found.group()


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
