"""What we ask WeChat Pay, and what we make of its answers. Its side is a server that checks our signature."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from django.core.exceptions import ImproperlyConfigured

from payments.providers.base import (
    Answer,
    Charge,
    PayoutOrder,
    ProviderRefusedError,
    ProviderUnavailableError,
    RefundOrder,
    Standing,
    Subject,
)
from payments.providers.wechat import WechatProvider
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

KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
REFUND = RefundOrder("R5", "P7Q2", 10000, 26800, "CNY", "滤芯未更换", "https://shop.example/notices/")
PAYOUT = PayoutOrder("W3", 5000, "CNY", "1900009999", "小拇指", "Settlement", payment_ref="4200")
Facts = tuple[int, Any] | Callable[[Asked], tuple[int, Any]]


@cache
def _made(url: str, options: tuple[tuple[str, str], ...]) -> WechatProvider:
    return WechatProvider(
        {
            "mchid": "1900000001",
            "appid": "wx8888888888888888",
            "private_key": private_pem("merchant"),
            "cert_serial_no": "444F4864EA9B34415",
            "apiv3_key": "0123456789abcdef0123456789ABCDEF",
            "public_key": public_pem("provider"),
            "public_key_id": KEY_ID,
            "gateway": url,
            **dict(options),
        }
    )


def _provider(stand_in: StandIn, **options: str) -> WechatProvider:
    return _made(stand_in.url, tuple(options.items()))


def _check(asked: Asked) -> None:
    """Our request, as WeChat checks it: method, address, time, nonce and the very bytes of the body."""
    kind, _, rest = asked.headers["authorization"].partition(" ")
    parts = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    assert (kind, parts["mchid"], parts["serial_no"]) == (
        "WECHATPAY2-SHA256-RSA2048",
        "1900000001",
        "444F4864EA9B34415",
    )
    lines = [asked.method, asked.target, parts["timestamp"], parts["nonce_str"], asked.body.decode(), ""]
    assert is_signed("merchant", "\n".join(lines), parts["signature"])
    assert asked.headers["wechatpay-serial"] == KEY_ID


def _signed(status: int, content: Any, whose: str = "provider", key_id: str = KEY_ID) -> Reply:
    body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "Wechatpay-Timestamp": "1700000000",
        "Wechatpay-Nonce": "xyz",
        "Wechatpay-Serial": key_id,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Signature": rsa_sign(whose, f"1700000000\nxyz\n{body.decode()}\n"),
    }
    return status, headers, body


def _answering(stand_in: StandIn, facts: dict[str, Facts], **how: str) -> None:
    """Answer "METHOD /path" with status and content."""

    def answer(asked: Asked) -> Reply:
        _check(asked)
        found = facts[f"{asked.method} {asked.path}"]
        return _signed(*(found(asked) if callable(found) else found), **how)

    stand_in.answer = answer


def _trade(**changes: Any) -> dict[str, Any]:
    trade = {"mchid": "1900000001", "appid": "wx8888888888888888", "out_trade_no": "P7Q2", "transaction_id": "4200"}
    amount = {"total": 26800, "payer_total": 26800, "currency": "CNY"}
    paid = {"trade_state": "SUCCESS", "success_time": "2026-11-22T12:30:00+08:00", "amount": amount}
    return {**trade, **paid, **changes}


def _charge(**changes: Any) -> Charge:
    facts: dict[str, Any] = {
        "request_no": "P7Q2",
        "amount_fen": 26800,
        "currency": "CNY",
        "subject": "小拇指 保养",
        "return_url": "https://shop.example/back?x=1&y=2",
        "notify_url": "https://shop.example/notices/",
        "expires_at": NOW,
    }
    return Charge(**{**facts, **changes})


ASK = "GET /v3/pay/transactions/out-trade-no/P7Q2"
NATIVE = "POST /v3/pay/transactions/native"

# --- Payments ---


def test_a_code_to_scan_for_the_exact_amount(stand_in: StandIn) -> None:
    _answering(stand_in, {NATIVE: (200, {"code_url": "weixin://wxpay/bizpayurl?pr=x"})})
    assert _provider(stand_in).start(_charge()).code_text == "weixin://wxpay/bizpayurl?pr=x"
    order = stand_in.asked[0].json
    assert order["amount"] == {"total": 26800, "currency": "CNY"}
    assert (order["description"], order["time_expire"]) == ("小拇指 保养", "2026-11-22T12:30:00+08:00")
    assert "settle_info" not in order


def test_a_long_subject_is_cut_within_wechat_s_limit_by_any_count(stand_in: StandIn) -> None:
    _answering(stand_in, {NATIVE: (200, {"code_url": "weixin://x"})})
    _provider(stand_in).start(_charge(subject="养" * 120))
    assert stand_in.asked[0].json["description"] == "养" * 42


def test_a_payment_that_will_be_split_is_announced_as_one(stand_in: StandIn) -> None:
    _answering(stand_in, {NATIVE: (200, {"code_url": "weixin://x"})})
    _provider(stand_in, profit_sharing="1").start(_charge())
    assert stand_in.asked[0].json["settle_info"] == {"profit_sharing": True}


def test_a_telephone_gets_a_page_that_opens_wechat(stand_in: StandIn) -> None:
    _answering(stand_in, {"POST /v3/pay/transactions/h5": (200, {"h5_url": "https://wx.example/pay?prepay_id=1"})})
    started = _provider(stand_in).start(_charge(is_phone=True, client_ip="203.0.113.7"))
    query = dict(parse_qsl(urlsplit(started.pay_url).query))
    assert query == {"prepay_id": "1", "redirect_url": "https://shop.example/back?x=1&y=2"}
    assert stand_in.asked[0].json["scene_info"]["payer_client_ip"] == "203.0.113.7"


def test_a_telephone_without_a_known_address_gets_a_code(stand_in: StandIn) -> None:
    _answering(stand_in, {NATIVE: (200, {"code_url": "weixin://x"})})
    assert _provider(stand_in).start(_charge(is_phone=True, client_ip="unknown")).code_text == "weixin://x"


@pytest.mark.usefixtures("no_calls")
@pytest.mark.parametrize("change", [{"amount_fen": 0}, {"amount_fen": 1.0}, {"amount_fen": True}, {"currency": "USD"}])
def test_an_amount_that_wechat_cannot_take_is_refused_here(change: dict[str, Any]) -> None:
    with pytest.raises(ProviderRefusedError):
        _provider(StandIn("https://wechat.example")).start(_charge(**change))


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        ("SUCCESS", Standing.DONE),
        ("REFUND", Standing.DONE),
        ("NOTPAY", Standing.PENDING),
        ("USERPAYING", Standing.PENDING),
        ("CLOSED", Standing.FAILED),
    ],
)
def test_a_payment_stands_where_wechat_says(stand_in: StandIn, state: str, standing: Standing) -> None:
    _answering(stand_in, {ASK: (200, _trade(trade_state=state))})
    answer = _provider(stand_in).ask("P7Q2")
    assert (answer.standing, answer.amount_fen, answer.currency, answer.at) == (standing, 26800, "CNY", NOW)
    assert stand_in.asked[0].query == {"mchid": "1900000001"}


def test_a_payment_that_was_not_made_has_no_amount(stand_in: StandIn) -> None:
    trade = _trade(trade_state="NOTPAY")
    del trade["amount"], trade["success_time"]
    _answering(stand_in, {ASK: (200, trade)})
    assert _provider(stand_in).ask("P7Q2").amount_fen is None


def test_a_payment_that_wechat_does_not_know_is_missing(stand_in: StandIn) -> None:
    _answering(stand_in, {ASK: (404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"})})
    assert _provider(stand_in).ask("P7Q2") == Answer(Standing.MISSING)


@pytest.mark.parametrize(
    "facts",
    [
        (200, _trade(amount={"total": 26800.0, "currency": "CNY"})),
        (200, _trade(amount={"total": "26800", "currency": "CNY"})),
        (200, _trade(amount={"total": True, "currency": "CNY"})),
        (200, _trade(amount=[26800])),
        (200, _trade(out_trade_no="P9")),
        (200, _trade(mchid="1900000002")),
        (200, _trade(trade_state="MAYBE")),
        (200, _trade(success_time="2026-11-22T12:30:00")),
        (200, []),
        (200, None),
        (200, {}),
        (401, {"code": "SIGN_ERROR"}),
        (403, {"code": "NO_AUTH"}),
        (429, {"code": "FREQUENCY_LIMITED"}),
        (500, {"code": "SYSTEM_ERROR"}),
        (502, None),
        (400, {"code": "PARAM_ERROR"}),
    ],
)
def test_an_answer_that_says_nothing_sure_is_no_answer(stand_in: StandIn, facts: tuple[int, Any]) -> None:
    _answering(stand_in, {ASK: facts})
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).ask("P7Q2")


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("how", [{"whose": "stranger"}, {"key_id": "444F4864EA9B34415"}])
def test_an_answer_with_another_signature_is_no_answer(stand_in: StandIn, status: int, how: dict[str, str]) -> None:
    _answering(stand_in, {ASK: (status, _trade() if status == 200 else {"code": "ORDER_NOT_EXIST"})}, **how)
    with pytest.raises(ProviderUnavailableError, match="not signed by WeChat"):
        _provider(stand_in).ask("P7Q2")
    # Above all, nobody was asked for the key of an unknown serial.
    assert len(stand_in.asked) == 1


def test_an_unsigned_answer_is_none_and_an_unsigned_refusal_is_one(stand_in: StandIn) -> None:
    stand_in.answer = lambda _asked: (200, {}, json.dumps(_trade()).encode())
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).ask("P7Q2")
    stand_in.answer = lambda _asked: (404, {}, b'{"code":"ORDER_NOT_EXIST"}')
    assert _provider(stand_in).ask("P7Q2").standing == Standing.MISSING


@pytest.mark.parametrize(
    "reply", [(302, {"Location": "/x"}, b""), (404, {}, b"<html>"), (404, {}, b"[]"), (400, {}, b"")]
)
def test_a_broken_answer_is_no_answer(stand_in: StandIn, reply: Reply) -> None:
    stand_in.answer = lambda _asked: reply
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).ask("P7Q2")
    assert len(stand_in.asked) == 1


def test_silence_is_no_answer(stand_in: StandIn) -> None:
    stand_in.answer = stand_in.never
    with pytest.raises(ProviderUnavailableError) as error:
        _provider(stand_in, read_timeout="0.1").ask("P7Q2")
    assert str(error.value) == "127.0.0.1: ReadTimeout"


def test_closing_asks_what_became_of_it(stand_in: StandIn) -> None:
    close = "POST /v3/pay/transactions/out-trade-no/P7Q2/close"
    _answering(stand_in, {close: (204, None), ASK: (200, _trade(trade_state="CLOSED"))})
    assert _provider(stand_in).close("P7Q2").standing == Standing.FAILED
    _answering(stand_in, {close: (400, {"code": "ORDERPAID"}), ASK: (200, _trade())})
    assert _provider(stand_in).close("P7Q2").standing == Standing.DONE


def test_a_number_cannot_reach_another_address(stand_in: StandIn) -> None:
    stand_in.answer = lambda _asked: _signed(404, {"code": "ORDER_NOT_EXIST"})
    _provider(stand_in).ask("../x?y#z")
    assert stand_in.asked[0].path == "/v3/pay/transactions/out-trade-no/..%2Fx%3Fy%23z"


# --- Refunds ---

REFUNDS = "POST /v3/refund/domestic/refunds"


def _refund(**changes: Any) -> dict[str, Any]:
    amount = {"refund": 10000, "total": 26800, "currency": "CNY"}
    refund = {"refund_id": "5030", "out_refund_no": "R5", "out_trade_no": "P7Q2", "status": "PROCESSING"}
    return {**refund, "amount": amount, **changes}


def test_a_refund_is_decided_later(stand_in: StandIn) -> None:
    _answering(stand_in, {REFUNDS: (200, _refund())})
    answer = _provider(stand_in).refund(REFUND)
    assert (answer.standing, answer.amount_fen, answer.provider_ref) == (Standing.PENDING, 10000, "5030")
    assert stand_in.asked[0].json == {
        "out_trade_no": "P7Q2",
        "out_refund_no": "R5",
        "reason": "滤芯未更换",
        "notify_url": "https://shop.example/notices/",
        "amount": {"refund": 10000, "total": 26800, "currency": "CNY"},
    }


@pytest.mark.parametrize(
    ("status", "standing"),
    [("SUCCESS", Standing.DONE), ("CLOSED", Standing.FAILED), ("ABNORMAL", Standing.PENDING)],
)
def test_a_refund_stands_where_wechat_says(stand_in: StandIn, status: str, standing: Standing) -> None:
    _answering(stand_in, {"GET /v3/refund/domestic/refunds/R5": (200, _refund(status=status))})
    assert _provider(stand_in).ask_refund(REFUND).standing == standing


def test_a_missing_refund(stand_in: StandIn) -> None:
    _answering(stand_in, {"GET /v3/refund/domestic/refunds/R5": (404, {"code": "RESOURCE_NOT_EXISTS"})})
    assert _provider(stand_in).ask_refund(REFUND) == Answer(Standing.MISSING)


def test_a_refused_refund_names_the_code(stand_in: StandIn) -> None:
    _answering(stand_in, {REFUNDS: (403, {"code": "NOT_ENOUGH", "message": "余额不足"})})
    with pytest.raises(ProviderRefusedError) as refused:
        _provider(stand_in).refund(REFUND)
    assert refused.value.code == "NOT_ENOUGH"


@pytest.mark.parametrize(
    "facts", [(401, {"code": "SIGN_ERROR"}), (403, {"code": "NO_AUTH"}), (500, {"code": "SYSTEM_ERROR"})]
)
def test_a_refund_that_was_turned_away_at_the_door_is_unknown(stand_in: StandIn, facts: tuple[int, Any]) -> None:
    _answering(stand_in, {REFUNDS: facts})
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).refund(REFUND)


# --- Payouts ---


def _share(result: str) -> dict[str, Any]:
    receivers = [
        {"account": "1900000001", "amount": 21800, "result": "SUCCESS"},
        {"account": "1900009999", "amount": 5000, "result": result, "finish_time": "2026-11-22T12:30:00+08:00"},
    ]
    return {"out_order_no": "W3", "order_id": "3008", "transaction_id": "4200", "receivers": receivers}


def test_a_payout_splits_the_payment(stand_in: StandIn) -> None:
    def add(asked: Asked) -> tuple[int, Any]:
        sealed = base64.b64decode(asked.json["name"])
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
        assert rsa_key("provider").decrypt(sealed, oaep).decode() == "小拇指"
        return 200, {}

    facts: dict[str, Facts] = {
        "POST /v3/profitsharing/receivers/add": add,
        "POST /v3/profitsharing/orders": (200, _share("PENDING")),
        "GET /v3/profitsharing/orders/W3": (200, _share("SUCCESS")),
    }
    _answering(stand_in, facts)
    assert _provider(stand_in).pay_out(PAYOUT).standing == Standing.PENDING
    assert _provider(stand_in).ask_payout(PAYOUT) == Answer(Standing.DONE, 5000, "CNY", "3008", NOW)
    order = stand_in.asked[1].json
    assert (order["transaction_id"], order["out_order_no"], order["unfreeze_unsplit"]) == ("4200", "W3", False)
    assert order["receivers"][0]["amount"] == 5000
    assert stand_in.asked[2].query == {"transaction_id": "4200"}


def test_a_payout_that_failed_or_is_not_there(stand_in: StandIn) -> None:
    _answering(stand_in, {"GET /v3/profitsharing/orders/W3": (200, _share("CLOSED"))})
    assert _provider(stand_in).ask_payout(PAYOUT).standing == Standing.FAILED
    _answering(stand_in, {"GET /v3/profitsharing/orders/W3": (404, {"code": "RESOURCE_NOT_EXISTS"})})
    assert _provider(stand_in).ask_payout(PAYOUT).standing == Standing.MISSING


@pytest.mark.usefixtures("no_calls")
def test_a_payout_of_no_payment_is_refused_here() -> None:
    order = PayoutOrder("W3", 5000, "CNY", "1900009999", "小拇指", "Settlement")
    with pytest.raises(ProviderRefusedError):
        _provider(StandIn("https://wechat.example")).pay_out(order)
    assert _provider(StandIn("https://wechat.example")).ask_payout(order).standing == Standing.MISSING


# --- Bills ---

_TRADES = """\ufeff交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,微信退款单号,商户退款单号,商品名称,手续费,费率,订单金额,申请退款金额
`2026-11-21 10:00:30,`wx,`1900000001,`4200,`P7Q2,`SUCCESS,`CNY,`0,`0,`保养, 小,`1.61000,`0.60%,`268.00,`0.00
`2026-11-21 11:00:01,`wx,`1900000001,`4200,`P7Q2,`REFUND,`CNY,`5030,`R5,`保养, 小,`-0.60000,`0.60%,`0.00,`100.00
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额
`2,`268.00,`100.00,`0.00,`1.01000,`268.00,`100.00
"""  # noqa: E501
_SHARES = """分账时间,分账发起方,分账方,微信订单号,微信分账/回退单号,分账明细单号,商户分账/回退单号,订单金额,分账接收方,分账金额,业务类型,处理状态
`2026-11-21 12:00:00,`1,`1,`4200,`3008,`36,`W3,`268.00,`1900009999,`50.00,`分账,`成功
`2026-11-21 13:00:00,`1,`1,`4200,`3009,`37,`B1,`268.00,`1900009999,`10.00,`分账回退,`成功
总单数,总金额
`2,`60.00
"""  # noqa: E501


def _billing(stand_in: StandIn, trades: str, *, address: str = "", total: str = "") -> None:
    def answer(asked: Asked) -> Reply:
        _check(asked)
        text = _SHARES if "profitsharing" in asked.target else trades
        if asked.path == "/v3/billdownload/file":
            return 200, {}, text.encode()
        assert asked.query["bill_date"] == "2026-11-21"
        url = (address or stand_in.url) + f"/v3/billdownload/file?token={asked.path}"
        total_now = total or hashlib.sha1(text.encode()).hexdigest()
        return _signed(200, {"download_url": url, "hash_type": "SHA1", "hash_value": total_now})

    stand_in.answer = answer


def test_a_bill_names_what_moved(stand_in: StandIn) -> None:
    _billing(stand_in, _TRADES)
    rows = list(_provider(stand_in, profit_sharing="1").bill(date(2026, 11, 21)))
    assert [(row.subject, row.request_no, row.provider_ref, row.amount_fen) for row in rows] == [
        (Subject.PAYMENT, "P7Q2", "4200", 26800),
        (Subject.FEE, "P7Q2", "4200", -161),
        (Subject.REFUND, "R5", "5030", -10000),
        (Subject.FEE, "R5", "5030", 60),
        (Subject.PAYOUT, "W3", "3008", -5000),
        (Subject.PAYOUT, "B1", "3009", 1000),
    ]
    assert rows[0].at == datetime(2026, 11, 21, 2, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "trades",
    ["", "a,b\n", _TRADES.replace("`268.00,`0.00", "`268.001,`0.00"), _TRADES.replace("`1.61000", "`1.61100"),
     _TRADES.replace("`SUCCESS", "`MAYBE"), _TRADES.replace(",`0.60%", "", 1)],
)  # fmt: skip
def test_a_bill_that_cannot_be_read_is_not_ready(stand_in: StandIn, trades: str) -> None:
    _billing(stand_in, trades)
    with pytest.raises(ProviderUnavailableError):
        list(_provider(stand_in).bill(date(2026, 11, 21)))


def test_a_bill_at_a_stranger_s_address_is_not_fetched(stand_in: StandIn) -> None:
    _billing(stand_in, _TRADES, address=f"{stand_in.url}.evil.example")
    with pytest.raises(ProviderUnavailableError, match="not WeChat's"):
        list(_provider(stand_in).bill(date(2026, 11, 21)))
    assert len(stand_in.asked) == 1


def test_a_bill_with_another_checksum_is_not_read(stand_in: StandIn) -> None:
    _billing(stand_in, _TRADES, total="0" * 40)
    with pytest.raises(ProviderUnavailableError, match="checksum"):
        list(_provider(stand_in).bill(date(2026, 11, 21)))


def test_a_day_on_which_nothing_happened_is_empty(stand_in: StandIn) -> None:
    _answering(stand_in, {"GET /v3/bill/tradebill": (400, {"code": "NO_STATEMENT_EXIST"})})
    assert list(_provider(stand_in).bill(date(2026, 11, 21))) == []
    _answering(stand_in, {"GET /v3/bill/tradebill": (400, {"code": "STATEMENT_CREATING"})})
    with pytest.raises(ProviderUnavailableError):
        list(_provider(stand_in).bill(date(2026, 11, 21)))


# --- Options ---


@pytest.mark.usefixtures("no_calls")
@pytest.mark.parametrize(
    "name", ["mchid", "appid", "private_key", "cert_serial_no", "apiv3_key", "public_key", "public_key_id"]
)
def test_a_missing_option_is_named(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"PAYMENTS_WECHAT_{name.upper()}"):
        _provider(StandIn("https://wechat.example"), **{name: ""})


def test_a_short_key_is_refused_and_not_shown() -> None:
    with pytest.raises(ImproperlyConfigured, match="APIV3_KEY") as wrong:
        _provider(StandIn("https://wechat.example"), apiv3_key="hunter2")
    assert "hunter2" not in str(wrong.value)
