"""Alipay's notices: which are believed."""

from datetime import timedelta
from functools import cache
from urllib.parse import quote_plus, urlencode

import pytest

from payments.providers.alipay import AlipayProvider
from payments.providers.base import Notice, NoticeFault, NoticeRefusedError, Subject
from payments.providers.payloads import CHINA
from tests.payments.providers.stand_in import NOW, private_pem, public_pem, rsa_sign

pytestmark = pytest.mark.usefixtures("no_calls")


@cache
def _provider() -> AlipayProvider:
    return AlipayProvider(
        {
            "app_id": "2021000000000001",
            "seller_id": "2088000000000001",
            "private_key": private_pem("merchant"),
            "alipay_public_key": public_pem("provider"),
        }
    )


def _fields(**changes: str) -> dict[str, str]:
    fields = {
        "notify_time": NOW.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
        "notify_type": "trade_status_sync",
        "notify_id": "2026112200222123000001",
        "app_id": "2021000000000001",
        "seller_id": "2088000000000001",
        "charset": "utf-8",
        "version": "1.0",
        "out_trade_no": "P7Q2",
        "trade_no": "2026112222001",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "268.00",
        "subject": "小拇指 & 保养 + 轮胎",
        "body": "",
    }
    return {**fields, **changes}


def _signed(fields: dict[str, str], whose: str = "provider") -> bytes:
    """As Alipay signs: every field but sign and sign_type, sorted, unescaped."""
    message = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    return urlencode({**fields, "sign_type": "RSA2", "sign": rsa_sign(whose, message)}).encode()


def _read(body: bytes, later: timedelta = timedelta(0)) -> Notice:
    return _provider().read_notice(headers={}, body=body, at=NOW + later)


def _fault(body: bytes, later: timedelta = timedelta(0)) -> NoticeFault:
    with pytest.raises(NoticeRefusedError) as refused:
        _read(body, later)
    return refused.value.reason


def test_a_notice_of_alipay_is_read() -> None:
    assert _read(_signed(_fields())) == Notice("2026112200222123000001", Subject.PAYMENT, "P7Q2", NOW)


def test_the_same_notice_again_has_the_same_event_id() -> None:
    body = _signed(_fields())
    assert _read(body).event_id == _read(body, timedelta(hours=2)).event_id


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"268.00", b"268.01"), (b"P7Q2", b"P7Q3"), (b"TRADE_SUCCESS", b"TRADE_SUCCEST"), (b"body=", b"body=x")],
)
def test_a_changed_field_is_refused(old: bytes, new: bytes) -> None:
    body = _signed(_fields())
    assert body.count(old) == 1
    assert _fault(body.replace(old, new)) == NoticeFault.SIGNATURE


def test_one_changed_byte_anywhere_is_refused() -> None:
    body = _signed(_fields())
    for place in range(0, len(body), 11):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(NoticeRefusedError):
            _read(changed)


def test_a_signature_that_only_a_lenient_decoder_takes_is_refused() -> None:
    fields = _fields()
    message = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    sign = rsa_sign("provider", message)
    for other in (sign[:9] + "\n" + sign[9:], sign + "=", sign[:-3] + chr(ord(sign[-3]) + 1) + "==", "é" + sign, ""):
        assert _fault(urlencode({**fields, "sign_type": "RSA2", "sign": other}).encode()) == NoticeFault.SIGNATURE


def test_a_stranger_s_signature_is_refused() -> None:
    assert _fault(_signed(_fields(), "stranger")) == NoticeFault.SIGNATURE


@pytest.mark.parametrize("kind", ["RSA", "", None])
def test_a_weaker_signature_type_is_refused(kind: str | None) -> None:
    body = _signed(_fields())
    other = body.replace(b"&sign_type=RSA2", b"" if kind is None else f"&sign_type={kind}".encode())
    assert _fault(other) == NoticeFault.SIGNATURE


def test_a_notice_from_2001_is_refused() -> None:
    assert _fault(_signed(_fields(notify_time="2001-01-01 00:00:00"))) == NoticeFault.STALE


def test_retries_of_25_hours_are_believed_and_no_more() -> None:
    body = _signed(_fields())
    assert _read(body, timedelta(hours=25)).request_no == "P7Q2"
    assert _fault(body, timedelta(hours=25, minutes=6)) == NoticeFault.STALE
    assert _fault(body, -timedelta(minutes=6)) == NoticeFault.STALE


@pytest.mark.parametrize(
    "change", [{"app_id": "2021000000000002"}, {"seller_id": "2088000000000002"}, {"seller_id": ""}]
)
def test_another_app_or_seller_is_refused(change: dict[str, str]) -> None:
    assert _fault(_signed(_fields(**change))) == NoticeFault.MERCHANT


@pytest.mark.parametrize("amount", ["0.30000000000000004", "1e2", "-268.00", "", "268.001"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    assert _fault(_signed(_fields(total_amount=amount))) == NoticeFault.MALFORMED


def test_one_fen_is_an_amount() -> None:
    assert _read(_signed(_fields(total_amount="0.01"))).request_no == "P7Q2"


@pytest.mark.parametrize("change", [{"notify_time": "yesterday"}, {"notify_id": ""}, {"out_trade_no": ""}])
def test_a_signed_notice_without_what_it_needs_is_refused(change: dict[str, str]) -> None:
    assert _fault(_signed(_fields(**change))) == NoticeFault.MALFORMED


@pytest.mark.parametrize("body", [b"{}", b"\xff\xfe", b"a=%ff", b"a=1&a=2", b"&".join([b"a=1"] * 200), b"a=1&"])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    assert _fault(body) == NoticeFault.MALFORMED


def test_a_field_that_comes_twice_is_refused() -> None:
    assert _fault(_signed(_fields()) + b"&out_trade_no=" + quote_plus("P9").encode()) == NoticeFault.MALFORMED


def test_a_notice_of_a_refund_names_the_refund() -> None:
    fields = _fields(gmt_refund="2026-11-22 12:30:00.123", refund_fee="100.00", out_biz_no="R5")
    notice = _read(_signed(fields))
    assert (notice.subject, notice.request_no) == (Subject.REFUND, "R5")


def _message(**changes: str) -> dict[str, str]:
    fields = {
        "notify_id": "M1",
        "utc_timestamp": str(int(NOW.timestamp() * 1000)),
        "msg_method": "alipay.fund.trans.order.changed",
        "app_id": "2021000000000001",
        "version": "1.1",
        "charset": "UTF-8",
        "biz_content": '{"out_biz_no":"W3","status":"SUCCESS"}',
    }
    return {**fields, **changes}


def test_a_message_about_a_transfer_names_the_payout() -> None:
    assert _read(_signed(_message())) == Notice("M1", Subject.PAYOUT, "W3", NOW)


def test_another_message_is_about_something_else() -> None:
    assert _read(_signed(_message(msg_method="alipay.open.auth.changed"))).subject == Subject.OTHER


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"app_id": "2021000000000002"}, NoticeFault.MERCHANT),
        ({"utc_timestamp": "978307200000"}, NoticeFault.STALE),
        ({"utc_timestamp": "soon"}, NoticeFault.MALFORMED),
        ({"biz_content": "[]"}, NoticeFault.MALFORMED),
    ],
)
def test_a_wrong_message_is_refused(change: dict[str, str], fault: NoticeFault) -> None:
    assert _fault(_signed(_message(**change))) == fault
