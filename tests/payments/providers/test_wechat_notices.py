"""WeChat Pay's notices: which are believed."""

import base64
import json
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from payments.providers.base import Notice, NoticeFault, NoticeRefusedError, Subject
from payments.providers.wechat import WechatProvider
from tests.payments.providers.stand_in import NOW, private_pem, public_pem, rsa_sign

pytestmark = pytest.mark.usefixtures("no_calls")

API_KEY = "0123456789abcdef0123456789ABCDEF"
KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"


@cache
def _provider() -> WechatProvider:
    return WechatProvider(
        {
            "mchid": "1900000001",
            "appid": "wx8888888888888888",
            "private_key": private_pem("merchant"),
            "cert_serial_no": "444F4864EA9B34415",
            "apiv3_key": API_KEY,
            "public_key": public_pem("provider"),
            "public_key_id": KEY_ID,
        }
    )


def _about(**changes: Any) -> dict[str, Any]:
    about = {"mchid": "1900000001", "appid": "wx8888888888888888", "out_trade_no": "P7Q2", "trade_state": "SUCCESS"}
    return {**about, "transaction_id": "4200", "amount": {"total": 26800, "currency": "CNY"}, **changes}


def _body(about: Any, *, key: str = API_KEY, event_type: str = "TRANSACTION.SUCCESS", event_id: str = "E1") -> bytes:
    """As WeChat sends it: what it is about is encrypted with the merchant's key (AES-256-GCM)."""
    sealed = AESGCM(key.encode()).encrypt(b"noncenonce12", json.dumps(about).encode(), b"transaction")
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "original_type": "transaction",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": "transaction",
        "nonce": "noncenonce12",
    }
    event = {"id": event_id, "event_type": event_type, "resource_type": "encrypt-resource", "resource": resource}
    return json.dumps(event).encode()


def _headers(body: bytes, *, whose: str = "provider", seconds: str = "", **changes: str) -> dict[str, str]:
    stamp = seconds or str(int(NOW.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": "abc123",
        "Wechatpay-Serial": KEY_ID,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Signature": rsa_sign(whose, f"{stamp}\nabc123\n{body.decode()}\n"),
    }
    return {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}


def _read(body: bytes, headers: dict[str, str], later: timedelta = timedelta(0)) -> Notice:
    return _provider().read_notice(headers=headers, body=body, at=NOW + later)


def _fault(body: bytes, headers: dict[str, str], later: timedelta = timedelta(0)) -> NoticeFault:
    with pytest.raises(NoticeRefusedError) as refused:
        _read(body, headers, later)
    return refused.value.reason


def test_a_notice_of_wechat_is_read() -> None:
    body = _body(_about())
    assert _read(body, _headers(body)) == Notice("E1", Subject.PAYMENT, "P7Q2", NOW)


def test_names_of_headers_may_be_in_lower_case_and_the_type_may_be_left_out() -> None:
    body = _body(_about())
    headers = {name.lower(): value for name, value in _headers(body).items() if "Type" not in name}
    assert _read(body, headers).request_no == "P7Q2"


def test_the_same_notice_again_has_the_same_event_id() -> None:
    body = _body(_about())
    later = str(int((NOW + timedelta(hours=1)).timestamp()))
    again = _read(body, _headers(body, seconds=later), timedelta(hours=1))
    assert again.event_id == _read(body, _headers(body)).event_id


def test_one_changed_byte_of_the_body_is_refused() -> None:
    body = _body(_about())
    headers = _headers(body)
    for place in range(0, len(body), 3):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert _fault(changed, headers) == NoticeFault.SIGNATURE
    assert _fault(body + b" ", headers) == NoticeFault.SIGNATURE


@pytest.mark.parametrize(
    "change",
    [
        {"Wechatpay_Nonce": "abc124"},
        {"Wechatpay_Timestamp": str(int(NOW.timestamp()) + 1)},
        {"Wechatpay_Timestamp": f" {int(NOW.timestamp())}"},
        {"Wechatpay_Signature_Type": "WECHATPAY2-SM2-WITH-SM3"},
        {"Wechatpay_Signature": "WECHATPAY/SIGNTEST/AAAA"},
        {"Wechatpay_Signature": ""},
    ],
)
def test_a_changed_header_is_refused(change: dict[str, str]) -> None:
    body = _body(_about())
    assert _fault(body, _headers(body, **change)) == NoticeFault.SIGNATURE


def test_a_signature_that_only_a_lenient_decoder_takes_is_refused() -> None:
    body = _body(_about())
    sign = _headers(body)["Wechatpay-Signature"]
    for other in (sign[:9] + "\n" + sign[9:], sign + "=", sign[:-3] + chr(ord(sign[-3]) + 1) + "==", "é" + sign):
        assert _fault(body, _headers(body, Wechatpay_Signature=other)) == NoticeFault.SIGNATURE


def test_a_stranger_s_signature_is_refused() -> None:
    body = _body(_about())
    assert _fault(body, _headers(body, whose="stranger")) == NoticeFault.SIGNATURE


@pytest.mark.parametrize("serial", ["444F4864EA9B34415", "PUB_KEY_ID_other", "", "zz"])
def test_an_unknown_serial_is_refused_without_asking_anybody(serial: str) -> None:
    body = _body(_about())
    assert _fault(body, _headers(body, Wechatpay_Serial=serial)) == NoticeFault.UNKNOWN_KEY


def test_django_s_own_names_do_not_get_past_the_list_of_keys() -> None:
    body = _body(_about())
    names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in _headers(body).items()}
    assert _fault(body, names) == NoticeFault.UNKNOWN_KEY


def test_a_notice_from_2001_is_refused() -> None:
    body = _body(_about())
    assert _fault(body, _headers(body, seconds="978307200")) == NoticeFault.STALE


@pytest.mark.parametrize("later", [timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)])
def test_a_notice_of_more_than_five_minutes_ago_or_to_come_is_refused(later: timedelta) -> None:
    body = _body(_about())
    assert _fault(body, _headers(body), later) == NoticeFault.STALE
    assert _read(body, _headers(body), later - timedelta(seconds=1 if later > timedelta(0) else -1))


@pytest.mark.parametrize("change", [{"mchid": "1900000002"}, {"mchid": None}, {"appid": "wx9999999999999999"}])
def test_another_merchant_or_app_is_refused(change: dict[str, Any]) -> None:
    body = _body(_about(**change))
    assert _fault(body, _headers(body)) == NoticeFault.MERCHANT


@pytest.mark.parametrize("total", [0.30000000000000004, "1e2", "26800", 26800.0, -1, True, None])
def test_an_amount_that_is_none_is_refused(total: Any) -> None:
    body = _body(_about(amount={"total": total}))
    assert _fault(body, _headers(body)) == NoticeFault.MALFORMED


def test_one_fen_is_an_amount() -> None:
    body = _body(_about(amount={"total": 1, "currency": "CNY"}))
    assert _read(body, _headers(body)).request_no == "P7Q2"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"resource_type":"encrypt-resource","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"x","ciphertext":"?"}}',
        b'{"resource_type":"encrypt-resource","resource":{"algorithm":"none"}}',
        b'{"resource_type":"encrypt-resource","resource":"all"}',
        _body(_about(), key="another key another key another "),
        _body([1]),
        _body(_about(), event_id=""),
        _body(_about(out_trade_no="")),
        _body(_about(out_trade_no=7)),
        _body(_about(amount=[1])),
        b"[" * 5000,
    ],
)
def test_what_is_signed_but_cannot_be_read_is_refused(body: bytes) -> None:
    assert _fault(body, _headers(body)) == NoticeFault.MALFORMED


def test_bytes_that_are_no_text_are_refused() -> None:
    assert _fault(b"\xff\xfe", _headers(b"")) == NoticeFault.SIGNATURE


@pytest.mark.parametrize(
    ("event_type", "about", "subject", "request_no"),
    [
        ("REFUND.SUCCESS", {"out_refund_no": "R5"}, Subject.REFUND, "R5"),
        ("PROFITSHARING.SUCCESS", {"out_order_no": "W3"}, Subject.PAYOUT, "W3"),
        ("COMPLAINT.CREATE", {}, Subject.OTHER, ""),
    ],
)
def test_other_notices_name_what_they_are_about(
    event_type: str, about: dict[str, str], subject: Subject, request_no: str
) -> None:
    body = _body({"mchid": "1900000001", **about}, event_type=event_type)
    notice = _read(body, _headers(body))
    assert (notice.subject, notice.request_no) == (subject, request_no)
