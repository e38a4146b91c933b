"""The sandbox's page for the payer, without a browser."""

from __future__ import annotations

import re
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from payments.providers import registry
from payments.providers.base import Charge, Standing
from payments.sandbox import words
from tests.payments.sandbox_process import SandboxProcess


@pytest.fixture
def address(sandbox_psp: SandboxProcess) -> str:
    charge = Charge(
        request_no="P1",
        amount_fen=123_450,
        currency="CNY",
        subject="<b>晨光汽修</b> & Co · K7Q2",
        return_url='http://testserver/visits/?a=1&b="2"',
        notify_url="http://testserver/notices/",
        expires_at=datetime.now(UTC) + timedelta(minutes=30),
    )
    return registry.get("sandbox").start(charge).pay_url


def _standing() -> Standing:
    return registry.get("sandbox").ask("P1").standing


def _get(address: str, **headers: str) -> requests.Response:
    return requests.get(address, headers=headers, timeout=5)


def _choose(address: str, choice: str, **options: Any) -> requests.Response:
    return requests.post(address, data={"choice": choice}, timeout=5, **options)


def test_page_shows_shop_amount_and_every_choice(address):
    page = _get(f"{address}?lang=en")
    assert page.status_code == 200
    assert "¥1,234.50" in page.text
    assert "&lt;b&gt;晨光汽修&lt;/b&gt; &amp; Co" in page.text
    assert re.findall(r'name="choice" value="(\w+)"', page.text) == ["once", "decline", "later", "twice", "unordered"]
    assert 'href="http://testserver/visits/?a=1&amp;b=&quot;2&quot;"' in page.text
    assert "Test money" in page.text


@pytest.mark.parametrize(
    ("query", "accepted", "lang"),
    [
        ("", "", "zh"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "fr, en;q=0.5", "en"),
        ("?lang=en", "zh-CN", "en"),
        ("?lang=zh", "en", "zh"),
        ("?lang=xx", "en", "en"),
    ],
)
def test_language_is_the_readers(address, query, accepted, lang):
    page = _get(address + query, **{"Accept-Language": accepted})
    assert f'<html lang="{lang}">' in page.text
    assert words.word("decline", lang) in page.text


def test_page_allows_nothing_but_its_own_style_and_form(address):
    page = _get(address)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src data:; form-action 'self'")
    assert page.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)


@pytest.mark.parametrize(
    ("choice", "standing", "notices"),
    [
        ("once", Standing.DONE, 1),
        ("twice", Standing.DONE, 2),
        ("unordered", Standing.DONE, 2),
        ("decline", Standing.FAILED, 1),
        ("later", Standing.PENDING, 0),
    ],
)
def test_choice_is_carried_out_once(address, sandbox_psp, choice, standing, notices):
    for _ in range(2):
        page = _choose(f"{address}?lang=en", choice)
        assert (page.status_code, page.url) == (200, f"{address}?lang=en")
    assert _standing() == standing
    assert len(sandbox_psp.notice_log()) == notices
    assert ('name="choice"' in page.text) is False
    assert "Back to the shop" in page.text


def test_payment_in_thirty_seconds_is_made_also_by_the_next_process(address, sandbox_psp):
    _choose(address, "later")
    sandbox_psp.kill()
    with sqlite3.connect(sandbox_psp.directory / "books.sqlite3") as books:
        [due_ms] = books.execute("SELECT pay_at FROM payment").fetchone()
        assert 20_000 < due_ms - time.time() * 1000 <= 30_000
        books.execute("UPDATE payment SET pay_at = 1")
    books.close()

    sandbox_psp.start()

    deadline = time.monotonic() + 20
    while _standing() != Standing.DONE and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _standing() == Standing.DONE


def test_payment_that_waits_can_still_be_closed(address, sandbox_psp):
    _choose(address, "later")
    assert registry.get("sandbox").close("P1").standing == Standing.FAILED


def test_form_of_another_site_pays_nothing(address, sandbox_psp):
    for origin in ("http://evil.example", "null"):
        assert _choose(address, "once", headers={"Origin": origin}).status_code == 403
    assert _choose(address, "once", headers={"Origin": sandbox_psp.url}).status_code == 200
    assert _standing() == Standing.DONE


@pytest.mark.parametrize("choice", ["", "free", "once\x00"])
def test_unknown_choice_pays_nothing(address, choice):
    assert _choose(address, choice).status_code == 400
    assert _standing() == Standing.PENDING


def test_address_that_was_guessed_shows_nothing(address, sandbox_psp):
    page = _get(f"{sandbox_psp.url}/pay/P1?lang=en")
    assert page.status_code == 404
    assert "no such payment" in page.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("DELETE", "/", 405),
        ("GET", "/admin", 404),
        ("GET", "/style.css", 200),
        ("GET", "/pay/", 404),
    ],
)
def test_every_other_address_answers_plainly(sandbox_psp, method, path, status):
    assert requests.request(method, sandbox_psp.url + path, timeout=5).status_code == status


def test_body_that_is_too_long_is_not_read(address):
    assert _choose(address, "x" * 100_000).status_code == 413
