"""What we ask Alipay, and what we make of its answers. Its side is a server of the test that checks our signature."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured

from payments.providers import alipay_bill
from payments.providers.alipay import AlipayProvider
from payments.providers.base import (
    Answer,
    BillRow,
    Charge,
    NoticeFault,
    NoticeRefusedError,
    PayoutOrder,
    ProviderRefusedError,
    ProviderUnavailableError,
    RefundOrder,
    Standing,
    Subject,
)
from payments.providers.payloads import CHINA
from tests.payments.providers.stand_in import (
    NOW,
    Asked,
    Reply,
    StandIn,
    is_signed,
    private_pem,
    public_pem,
    rsa_key,
    rsa_sign,
)

REFUND = RefundOrder("R5", "P7Q2", 10000, 26800, "CNY", "The filter was not changed")
PAYOUT = PayoutOrder("W3", 5000, "CNY", "2088111122223333", "小拇指", "Settlement")
Facts = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]


def _provider(stand_in: StandIn, **options: str) -> AlipayProvider:
    return _made(stand_in.url, tuple(options.items()))


@cache
def _made(url: str, options: tuple[tuple[str, str], ...]) -> AlipayProvider:
    return AlipayProvider(
        {
            "app_id": "2021000000000001",
            "seller_id": "2088000000000001",
            "private_key": private_pem("merchant"),
            "alipay_public_key": public_pem("provider"),
            "gateway": f"{url}/gateway.do",
            **dict(options),
        }
    )


def _checked(form: dict[str, str]) -> dict[str, Any]:
    """Our request, as Alipay checks it: every field but the signature, sorted."""
    message = "&".join(f"{name}={value}" for name, value in sorted(form.items()) if name != "sign")
    assert is_signed("merchant", message, form["sign"])
    assert form["app_id"] == "2021000000000001"
    assert form["sign_type"] == "RSA2"
    sent = datetime.strptime(form["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    assert abs(datetime.now(UTC) - sent) < timedelta(minutes=1)
    content: dict[str, Any] = json.loads(form["biz_content"])
    return content


def _answering(stand_in: StandIn, facts: dict[str, Facts], whose: str = "provider") -> None:
    """Answer each method with what is given for it, signed as Alipay signs: the bytes of the member."""

    def answer(asked: Asked) -> Reply:
        form = asked.form
        found = facts[form["method"]]
        content = found(_checked(form)) if callable(found) else found
        # Escaped slashes and a brace in a text: the signed bytes are those that came, whatever a parser makes of them.
        member = json.dumps({"code": "10000", "msg": "Success", "note": "}{", **content}).replace("/", "\\/")
        node = form["method"].replace(".", "_") + "_response"
        return 200, {}, f'{{"{node}": {member},"sign":"{rsa_sign(whose, member)}"}}'.encode()

    stand_in.answer = answer


def _refusal(sub_code: str, code: str = "40004") -> dict[str, Any]:
    return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "because"}


def _trade(**changes: Any) -> dict[str, Any]:
    trade = {"out_trade_no": "P7Q2", "trade_no": "T1", "trade_status": "TRADE_SUCCESS", "total_amount": "268.00"}
    return {**trade, "send_pay_date": "2026-11-22 12:30:00", **changes}


def _charge(**changes: Any) -> Charge:
    facts: dict[str, Any] = {
        "request_no": "P7Q2",
        "amount_fen": 26800,
        "currency": "CNY",
        "subject": "小拇指 A/C & oil=5W",
        "return_url": "https://shop.example/back?x=1&y=2",
        "notify_url": "https://shop.example/payments/notices/alipay/",
        "expires_at": NOW,
    }
    return Charge(**{**facts, **changes})


# --- Payments ---


@pytest.mark.usefixtures("no_calls")
@pytest.mark.parametrize(("is_phone", "method"), [(False, "alipay.trade.page.pay"), (True, "alipay.trade.wap.pay")])
def test_an_address_to_pay_is_signed_and_exact(is_phone: bool, method: str) -> None:
    provider = _provider(StandIn("https://alipay.example"))
    started = provider.start(_charge(is_phone=is_phone))
    parts = urlsplit(started.pay_url)
    form = dict(parse_qsl(parts.query))
    content = _checked(form)
    assert (parts.hostname, form["method"]) == ("alipay.example", method)
    assert form["notify_url"] == "https://shop.example/payments/notices/alipay/"
    assert form["return_url"] == "https://shop.example/back?x=1&y=2"
    assert content["total_amount"] == "268.00"
    assert content["subject"] == "小拇指 A C   oil 5W"
    assert content["time_expire"] == "2026-11-22 12:30:00"


@pytest.mark.usefixtures("no_calls")
@pytest.mark.parametrize("change", [{"amount_fen": 0}, {"amount_fen": 1.0}, {"amount_fen": True}, {"currency": "USD"}])
def test_an_amount_that_alipay_cannot_take_is_refused_here(change: dict[str, Any]) -> None:
    provider = _provider(StandIn("https://alipay.example"))
    with pytest.raises(ProviderRefusedError):
        provider.start(_charge(**change))


@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        (_trade(), Standing.DONE),
        (_trade(trade_status="TRADE_FINISHED"), Standing.DONE),
        (_trade(trade_status="WAIT_BUYER_PAY", send_pay_date=None), Standing.PENDING),
        (_trade(trade_status="TRADE_CLOSED", send_pay_date=None), Standing.FAILED),
        # Paid, and given back in full later.
        (_trade(trade_status="TRADE_CLOSED"), Standing.DONE),
    ],
)
def test_a_payment_stands_where_alipay_says(stand_in: StandIn, facts: dict[str, Any], standing: Standing) -> None:
    _answering(stand_in, {"alipay.trade.query": facts})
    answer = _provider(stand_in).ask("P7Q2")
    assert (answer.standing, answer.amount_fen, answer.currency) == (standing, 26800, "CNY")
    assert answer.provider_ref == "T1"


def test_the_moment_of_a_payment_is_china_s(stand_in: StandIn) -> None:
    _answering(stand_in, {"alipay.trade.query": _trade()})
    assert _provider(stand_in).ask("P7Q2").at == NOW


def test_a_payment_that_alipay_does_not_know_is_missing(stand_in: StandIn) -> None:
    _answering(stand_in, {"alipay.trade.query": _refusal("ACQ.TRADE_NOT_EXIST")})
    assert _provider(stand_in).ask("P7Q2") == Answer(Standing.MISSING)


@pytest.mark.parametrize(
    "facts",
    [
        _trade(total_amount="0.30000000000000004"),
        _trade(total_amount=268.0),
        _trade(total_amount="1e2"),
        _trade(out_trade_no="P9"),
        _trade(trade_status="TRADE_MAYBE"),
        _trade(send_pay_date="yesterday"),
        _refusal("ACQ.SYSTEM_ERROR"),
        _refusal("isv.invalid-signature", "40002"),
        _refusal("isp.unknow-error", "20000"),
        _refusal("", "40004"),
    ],
)
def test_an_answer_that_says_nothing_sure_is_no_answer(stand_in: StandIn, facts: dict[str, Any]) -> None:
    _answering(stand_in, {"alipay.trade.query": facts})
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).ask("P7Q2")


def test_an_answer_with_another_signature_is_no_answer(stand_in: StandIn) -> None:
    _answering(stand_in, {"alipay.trade.query": _trade()}, whose="stranger")
    with pytest.raises(ProviderUnavailableError, match="not believed"):
        _provider(stand_in).ask("P7Q2")


def test_an_answer_with_one_changed_byte_is_no_answer(stand_in: StandIn) -> None:
    _answering(stand_in, {"alipay.trade.query": _trade()})
    right = stand_in.answer
    stand_in.answer = lambda asked: (200, {}, right(asked)[2].replace(b"268.00", b"268.01"))
    with pytest.raises(ProviderUnavailableError, match="not believed"):
        _provider(stand_in).ask("P7Q2")


@pytest.mark.parametrize(
    "reply",
    [
        (500, {}, b"{}"),
        (302, {"Location": "/elsewhere"}, b""),
        (200, {}, b""),
        (200, {}, b"<html>"),
        (200, {}, b"[]"),
        (200, {}, b"\xff"),
        (200, {}, b"[" * 5000),
        (200, {}, b'{"alipay_trade_query_response":{"code":"10000"}}'),
        (200, {}, b'{"error_response":{"code":"40002","sub_code":"isv.invalid-app-id"}}'),
        (200, {}, b"x" * (1024 * 1024 + 1)),
    ],
)
def test_a_broken_answer_is_no_answer(stand_in: StandIn, reply: Reply) -> None:
    stand_in.answer = lambda _asked: reply
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).ask("P7Q2")
    assert [asked.path for asked in stand_in.asked] == ["/gateway.do"]


def test_silence_is_no_answer_and_the_error_keeps_secrets(stand_in: StandIn) -> None:
    stand_in.answer = stand_in.never
    with pytest.raises(ProviderUnavailableError) as error:
        _provider(stand_in, read_timeout="0.1").ask("P7Q2")
    assert str(error.value) == "127.0.0.1: ReadTimeout"
    assert error.value.__cause__ is None


def test_nobody_at_home_is_no_answer(stand_in: StandIn) -> None:
    provider = _provider(stand_in, gateway="http://127.0.0.1:9/")
    with pytest.raises(ProviderUnavailableError):
        provider.ask("P7Q2")


def test_closing_asks_what_became_of_it(stand_in: StandIn) -> None:
    closed = _trade(trade_status="TRADE_CLOSED", send_pay_date=None)
    _answering(stand_in, {"alipay.trade.close": {"out_trade_no": "P7Q2"}, "alipay.trade.query": closed})
    assert _provider(stand_in).close("P7Q2").standing == Standing.FAILED


def test_closing_what_was_paid_says_paid(stand_in: StandIn) -> None:
    _answering(
        stand_in,
        {"alipay.trade.close": _refusal("ACQ.TRADE_STATUS_ERROR"), "alipay.trade.query": _trade()},
    )
    assert _provider(stand_in).close("P7Q2").standing == Standing.DONE


# --- Refunds ---


def test_a_refund_says_its_own_amount_and_not_the_trade_s_total(stand_in: StandIn) -> None:
    def refund(content: dict[str, Any]) -> dict[str, Any]:
        assert content["out_request_no"] == "R5"
        assert content["refund_amount"] == "100.00"
        return {"out_trade_no": "P7Q2", "fund_change": "Y", "refund_fee": "168.00"}

    query = {"out_trade_no": "P7Q2", "out_request_no": "R5", "refund_amount": "100.00"}
    facts: dict[str, Facts] = {
        "alipay.trade.refund": refund,
        "alipay.trade.fastpay.refund.query": {**query, "refund_status": "REFUND_SUCCESS"},
    }
    _answering(stand_in, facts)
    answer = _provider(stand_in).refund(REFUND)
    assert (answer.standing, answer.amount_fen) == (Standing.DONE, 10000)


@pytest.mark.parametrize(
    ("query", "after_refund", "asked"),
    [
        ({"out_request_no": "R5", "refund_amount": "100.00"}, Standing.PENDING, Standing.PENDING),
        ({}, Standing.PENDING, Standing.MISSING),
        (_refusal("ACQ.TRADE_NOT_EXIST"), Standing.PENDING, Standing.MISSING),
    ],
)
def test_a_refund_without_a_success_is_not_done(
    stand_in: StandIn, query: dict[str, Any], after_refund: Standing, asked: Standing
) -> None:
    _answering(stand_in, {"alipay.trade.refund": {"fund_change": "N"}, "alipay.trade.fastpay.refund.query": query})
    assert _provider(stand_in).refund(REFUND).standing == after_refund
    assert _provider(stand_in).ask_refund(REFUND).standing == asked


def test_a_refused_refund_names_the_code(stand_in: StandIn) -> None:
    _answering(stand_in, {"alipay.trade.refund": _refusal("ACQ.SELLER_BALANCE_NOT_ENOUGH")})
    with pytest.raises(ProviderRefusedError) as refused:
        _provider(stand_in).refund(REFUND)
    assert refused.value.code == "ACQ.SELLER_BALANCE_NOT_ENOUGH"


@pytest.mark.parametrize(
    "facts", [_refusal("ACQ.SYSTEM_ERROR"), _refusal("isv.invalid-signature", "40002"), _refusal("x", "40006")]
)
def test_a_refund_that_was_not_decided_is_unknown(stand_in: StandIn, facts: dict[str, Any]) -> None:
    _answering(stand_in, {"alipay.trade.refund": facts})
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).refund(REFUND)


# --- Payouts ---


def test_a_payout_is_a_transfer_to_the_shop_s_account(stand_in: StandIn) -> None:
    def transfer(content: dict[str, Any]) -> dict[str, Any]:
        payee = {"identity": "2088111122223333", "identity_type": "ALIPAY_USER_ID", "name": "小拇指"}
        assert (content["out_biz_no"], content["trans_amount"], content["payee_info"]) == ("W3", "50.00", payee)
        return {"out_biz_no": "W3", "order_id": "O1", "status": "SUCCESS"}

    query = {"out_biz_no": "W3", "order_id": "O1", "status": "SUCCESS", "trans_amount": "50.00"}
    facts: dict[str, Facts] = {"alipay.fund.trans.uni.transfer": transfer, "alipay.fund.trans.common.query": query}
    _answering(stand_in, facts)
    assert _provider(stand_in).pay_out(PAYOUT) == Answer(Standing.DONE, 5000, "CNY", "O1")


@pytest.mark.parametrize(
    ("status", "standing"), [("DEALING", Standing.PENDING), ("FAIL", Standing.FAILED), ("REFUND", Standing.FAILED)]
)
def test_a_payout_stands_where_alipay_says(stand_in: StandIn, status: str, standing: Standing) -> None:
    _answering(stand_in, {"alipay.fund.trans.common.query": {"out_biz_no": "W3", "status": status}})
    assert _provider(stand_in).ask_payout(PAYOUT).standing == standing


def test_a_refused_and_a_missing_payout(stand_in: StandIn) -> None:
    facts: dict[str, Facts] = {
        "alipay.fund.trans.uni.transfer": _refusal("PAYEE_NOT_EXIST"),
        "alipay.fund.trans.common.query": _refusal("ORDER_NOT_EXIST"),
    }
    _answering(stand_in, facts)
    with pytest.raises(ProviderRefusedError, match="PAYEE_NOT_EXIST"):
        _provider(stand_in).pay_out(PAYOUT)
    assert _provider(stand_in).ask_payout(PAYOUT).standing == Standing.MISSING


# --- Bills ---

_TRADES = """#支付宝业务明细查询
#账号：[20880000000000010156]
#-----------------------------------------业务明细列表----------------------------------------
支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）,分润（元）,备注
T1\t,P7Q2\t,交易,"保养, 小",2026-11-21 10:00:00,2026-11-21 10:00:30,268.00,268.00,,-1.61,0.00,
T1\t,P7Q2\t,退款,保养,2026-11-21 11:00:00,2026-11-21 11:00:01,-100.00,-100.00,R5\t,0.60,0.00,
#-----------------------------------------业务明细列表结束------------------------------------
#交易合计：1笔，商家实收共268.00元，商家优惠共0.00元
"""
_ACCOUNT = """#支付宝账务明细查询
账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注
L1\t,B1\t,P7Q2\t,保养,2026-11-21 10:00:30,a,268.00,0.00,268.00,支付宝,在线支付,
L2\t,B2\t,W3\t,结算,2026-11-21 12:00:00,b,0.00,-50.00,218.00,支付宝,转账,
L3\t,B3\t,,提现,2026-11-21 13:00:00,c,0.00,-100.00,118.00,支付宝,提现,
#-----------------------------------------账务明细列表结束-------------------------------------
"""
_SUMMARY = "类型,收入笔数,收入金额（+元）\n合计,1,268.00\n"


def _zip(*texts: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.csv", text.encode("gbk"))
    return content.getvalue()


def _billing(stand_in: StandIn, trades: bytes, account: bytes, address: str = "") -> None:
    def url(content: dict[str, Any]) -> dict[str, Any]:
        assert content["bill_date"] == "2026-11-21"
        return {"bill_download_url": (address or stand_in.url + "/bills/") + content["bill_type"]}

    _answering(stand_in, {"alipay.data.dataservice.bill.downloadurl.query": url})
    signed = stand_in.answer
    files = {"/bills/trade": trades, "/bills/signcustomer": account}
    stand_in.answer = lambda asked: (200, {}, files[asked.path]) if asked.method == "GET" else signed(asked)


def test_a_bill_names_what_moved_each_thing_once(stand_in: StandIn) -> None:
    _billing(stand_in, _zip(_SUMMARY, _TRADES), _zip(_SUMMARY, _ACCOUNT))
    rows = list(_provider(stand_in, bill_hosts="127.0.0.1").bill(date(2026, 11, 21)))
    assert [(row.subject, row.request_no, row.provider_ref, row.amount_fen) for row in rows] == [
        (Subject.PAYMENT, "P7Q2", "T1", 26800),
        (Subject.FEE, "P7Q2", "T1", -161),
        (Subject.REFUND, "R5", "T1", -10000),
        (Subject.FEE, "R5", "T1", 60),
        (Subject.PAYOUT, "W3", "L2", -5000),
        (Subject.WITHDRAWAL, "", "L3", -10000),
    ]
    assert rows[0].at == datetime(2026, 11, 21, 2, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "trades",
    [b"", b"not a zip", _zip(_SUMMARY), _zip(*[_SUMMARY] * 21), _zip(_TRADES.replace("268.00,268.00", "2e2,268.00")),
     _zip(_TRADES.replace(",交易,", ",赠送,")), _zip(_TRADES.replace(",-1.61,0.00,\n", "\n"))],
)  # fmt: skip
def test_a_bill_that_cannot_be_read_is_not_ready(stand_in: StandIn, trades: bytes) -> None:
    _billing(stand_in, trades, _zip(_ACCOUNT))
    with pytest.raises(ProviderUnavailableError):
        list(_provider(stand_in, bill_hosts="127.0.0.1").bill(date(2026, 11, 21)))


def test_a_bill_at_a_stranger_s_address_is_not_fetched(stand_in: StandIn) -> None:
    _billing(stand_in, _zip(_TRADES), _zip(_ACCOUNT))
    with pytest.raises(ProviderUnavailableError, match="not Alipay's"):
        list(_provider(stand_in).bill(date(2026, 11, 21)))
    assert [asked.method for asked in stand_in.asked] == ["POST"]


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/x", "https://dwbillcenter.alipay.com.evil.example/", "https://dwbillcenter.alipay.com:8443/",
     "https://a@dwbillcenter.alipay.com/", "file:///etc/passwd", "ftp://dwbillcenter.alipay.com/", "//[", "None", ""],
)  # fmt: skip
def test_only_alipay_s_own_host_is_asked_for_a_bill(address: str) -> None:
    with pytest.raises(ProviderUnavailableError):
        alipay_bill.checked_address(address, frozenset({"dwbillcenter.alipay.com"}))


def test_a_bill_is_fetched_by_https_only() -> None:
    address = alipay_bill.checked_address(
        "http://dwbillcenter.alipay.com/a?b=c", frozenset({"dwbillcenter.alipay.com"})
    )
    assert address == "https://dwbillcenter.alipay.com/a?b=c"


def test_a_day_without_a_bill_is_empty_once_it_is_long_over(stand_in: StandIn) -> None:
    _answering(stand_in, {"alipay.data.dataservice.bill.downloadurl.query": _refusal("isp.bill_not_exist")})
    rows: list[BillRow] = list(_provider(stand_in).bill(date(2020, 1, 1)))
    assert rows == []
    with pytest.raises(ProviderUnavailableError):
        list(_provider(stand_in).bill(datetime.now(CHINA).date()))


# --- Options ---


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"app_id": ""}, "PAYMENTS_ALIPAY_APP_ID"),
        ({"seller_id": " "}, "PAYMENTS_ALIPAY_SELLER_ID"),
        ({"private_key": "hunter2"}, "PAYMENTS_ALIPAY_PRIVATE_KEY"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nhunter2\n"}, "PAYMENTS_ALIPAY_PRIVATE_KEY"),
        ({"alipay_public_key": "MIIhunter2"}, "PAYMENTS_ALIPAY_ALIPAY_PUBLIC_KEY"),
        ({"gateway": "http://hunter2.example"}, "PAYMENTS_ALIPAY_GATEWAY"),
        ({"read_timeout": "hunter2"}, "PAYMENTS_ALIPAY_READ_TIMEOUT"),
        ({"read_timeout": "0"}, "PAYMENTS_ALIPAY_READ_TIMEOUT"),
    ],
)
def test_a_wrong_option_is_named_and_not_shown(stand_in: StandIn, change: dict[str, str], named: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=named) as wrong:
        _provider(stand_in, **change)
    assert "hunter2" not in str(wrong.value)


def test_keys_may_be_files_or_bare_base64(stand_in: StandIn, tmp_path: Any) -> None:
    file = tmp_path / "key.pem"
    file.write_text(private_pem("merchant"))
    bare = "".join(public_pem("provider").strip().split("\n")[1:-1])
    _answering(stand_in, {"alipay.trade.query": _trade()})
    provider = _provider(stand_in, private_key=str(file), alipay_public_key=bare)
    assert provider.ask("P7Q2").standing == Standing.DONE


# --- Certificates instead of plain keys ---


# pyOpenSSL would rather be replaced; the SDK has not done it yet.
_of_the_sdk = pytest.mark.filterwarnings("ignore:X509.get_issuer is deprecated")


def _certificate(whose: str, name: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).serial_number(4711)
    builder = builder.public_key(rsa_key(whose).public_key())
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=365))
    signed = builder.sign(rsa_key(whose), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def _with_certificates(stand_in: StandIn) -> AlipayProvider:
    return _provider(
        stand_in,
        app_cert=_certificate("merchant", "app"),
        alipay_cert=_certificate("provider", "alipay"),
        root_cert=_certificate("provider", "root"),
    )


def _number_of(name: str) -> str:
    """Alipay's number of a certificate: MD5 of the issuer and the serial number."""
    return hashlib.md5(f"CN={name},OU=None,O=None,C=None4711".encode()).hexdigest()


@_of_the_sdk
def test_with_certificates_their_numbers_are_sent_and_expected(stand_in: StandIn) -> None:
    _answering(stand_in, {"alipay.trade.query": _trade()})
    plain = stand_in.answer
    named = f'"alipay_cert_sn":"{_number_of("alipay")}","sign":'.encode()
    stand_in.answer = lambda asked: (200, {}, plain(asked)[2].replace(b'"sign":', named))
    assert _with_certificates(stand_in).ask("P7Q2").standing == Standing.DONE
    form = stand_in.asked[0].form
    assert (form["app_cert_sn"], form["alipay_root_cert_sn"]) == (_number_of("app"), _number_of("root"))


@_of_the_sdk
def test_an_answer_under_another_certificate_is_no_answer(stand_in: StandIn) -> None:
    _answering(stand_in, {"alipay.trade.query": _trade()})
    with pytest.raises(ProviderUnavailableError, match="another certificate"):
        _with_certificates(stand_in).ask("P7Q2")


@_of_the_sdk
@pytest.mark.usefixtures("no_calls")
def test_a_notice_under_another_certificate_is_refused() -> None:
    body = b"sign_type=RSA2&alipay_cert_sn=0123&sign=AAAA"
    with pytest.raises(NoticeRefusedError) as refused:
        _with_certificates(StandIn("https://alipay.example")).read_notice(headers={}, body=body, at=NOW)
    assert refused.value.reason == NoticeFault.UNKNOWN_KEY
