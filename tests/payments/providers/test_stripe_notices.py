"""Stripe's notices: which are believed."""

import hashlib
import hmac
import json
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from payments.providers.base import Notice, NoticeFault, NoticeRefusedError, Subject
from payments.providers.stripe_cards import StripeProvider
from tests.payments.providers.stand_in import NOW

pytestmark = pytest.mark.usefixtures("no_calls")

SECRET = "whsec_made_on_the_spot"


@cache
def _provider(api_key: str = "sk_test_1", account: str = "acct_1") -> StripeProvider:
    return StripeProvider({"api_key": api_key, "webhook_secret": SECRET, "account": account})


def _body(about: Any = None, **changes: Any) -> bytes:
    session = {"object": "checkout.session", "client_reference_id": "P7Q2", "amount_total": 26800}
    data = {"object": session if about is None else about}
    event = {"id": "evt_1", "object": "event", "livemode": False, "type": "checkout.session.completed", "data": data}
    return json.dumps({**event, **changes}, ensure_ascii=False).encode()


def _header(body: bytes, *, seconds: int | None = None, secret: str = SECRET) -> str:
    """As Stripe signs: HMAC-SHA-256 over time and raw bytes."""
    stamp = int(NOW.timestamp()) if seconds is None else seconds
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return f"t={stamp},v1={mac.hexdigest()}"


def _read(body: bytes, header: str | None = None, later: timedelta = timedelta(0), **options: str) -> Notice:
    headers = {"Stripe-Signature": _header(body) if header is None else header}
    return _provider(**options).read_notice(headers=headers, body=body, at=NOW + later)


def _fault(body: bytes, header: str | None = None, later: timedelta = timedelta(0), **options: str) -> NoticeFault:
    with pytest.raises(NoticeRefusedError) as refused:
        _read(body, header, later, **options)
    return refused.value.reason


def test_a_notice_of_stripe_is_read() -> None:
    assert _read(_body()) == Notice("evt_1", Subject.PAYMENT, "P7Q2", NOW)


def test_a_second_signature_beside_the_right_one_does_no_harm() -> None:
    body = _body()
    assert _read(body, _header(body) + ",v1=" + "0" * 64 + ",v0=" + "1" * 64).request_no == "P7Q2"


def test_the_same_notice_again_has_the_same_event_id() -> None:
    body, later = _body(), timedelta(hours=1)
    again = _read(body, _header(body, seconds=int((NOW + later).timestamp())), later)
    assert again.event_id == _read(body).event_id


def test_one_changed_byte_of_the_body_is_refused() -> None:
    body = _body()
    header = _header(body)
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert _fault(changed, header) == NoticeFault.SIGNATURE


def test_one_changed_byte_of_the_header_is_refused() -> None:
    body = _body()
    header = _header(body)
    for place in range(len(header)):
        changed = header[:place] + chr(ord(header[place]) ^ 1) + header[place + 1 :]
        assert _fault(body, changed) == NoticeFault.SIGNATURE


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=" + "0" * 64, "t=1,t=2,v1=" + "0" * 64, "t=1,v1=é", "t= 1,v1=" + "0" * 64]
)
def test_a_header_of_another_form_is_refused(header: str) -> None:
    assert _fault(_body(), header) == NoticeFault.SIGNATURE


def test_another_secret_is_refused() -> None:
    body = _body()
    assert _fault(body, _header(body, secret="whsec_other")) == NoticeFault.SIGNATURE


def test_bytes_that_are_no_text_are_refused() -> None:
    assert _fault(b"\xff\xfe") == NoticeFault.SIGNATURE


def test_a_notice_from_2001_is_refused() -> None:
    body = _body()
    assert _fault(body, _header(body, seconds=978307200)) == NoticeFault.STALE


@pytest.mark.parametrize("later", [timedelta(seconds=301), -timedelta(seconds=301)])
def test_a_notice_of_more_than_five_minutes_ago_or_to_come_is_refused(later: timedelta) -> None:
    assert _fault(_body(), None, later) == NoticeFault.STALE


def test_the_other_mode_is_refused() -> None:
    assert _fault(_body(livemode=True)) == NoticeFault.MERCHANT
    assert _fault(_body(), api_key="sk_live_1") == NoticeFault.MERCHANT
    assert _fault(_body(livemode=None)) == NoticeFault.MERCHANT


def test_another_account_is_refused_and_our_own_taken() -> None:
    assert _fault(_body(account="acct_2")) == NoticeFault.MERCHANT
    assert _read(_body(account="acct_1")).request_no == "P7Q2"


@pytest.mark.parametrize("amount", [0.30000000000000004, "1e2", "26800", 26800.0, True, -1, None])
def test_an_amount_that_is_none_is_refused(amount: Any) -> None:
    about = {"object": "checkout.session", "client_reference_id": "P7Q2", "amount_total": amount}
    assert _fault(_body(about)) == NoticeFault.MALFORMED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"object":"v2.core.event","id":"e","livemode":false}',
        _body(id=""),
        _body(id=7),
        _body(data=[]),
        _body([]),
        _body({"object": "refund", "metadata": {"request_no": 5}}),
        _body({"object": "refund", "metadata": [1]}),
        b"[" * 5000,
    ],
)
def test_what_is_signed_but_cannot_be_read_is_refused(body: bytes) -> None:
    assert _fault(body) == NoticeFault.MALFORMED


@pytest.mark.parametrize(
    ("about", "subject", "request_no"),
    [
        ({"object": "charge", "amount": 1, "metadata": {"request_no": "P7Q2"}}, Subject.PAYMENT, "P7Q2"),
        ({"object": "refund", "metadata": {"request_no": "R5"}}, Subject.REFUND, "R5"),
        ({"object": "transfer", "metadata": {"request_no": "W3"}}, Subject.PAYOUT, "W3"),
        ({"object": "refund", "metadata": {}}, Subject.REFUND, ""),
        ({"object": "account"}, Subject.OTHER, ""),
    ],
)
def test_other_notices_name_what_they_are_about(about: dict[str, Any], subject: Subject, request_no: str) -> None:
    notice = _read(_body(about))
    assert (notice.subject, notice.request_no) == (subject, request_no)
