"""Alipay (open platform), with `python-alipay-sdk` for signing.

The SDK's own transport is not used: it sends everything in an address, follows redirects and reads without an end. Its
`verify` changes the mapping that it is given and skips foreign characters of a signature; both are dealt with here.

Options (`PAYMENTS_ALIPAY_*`): `app_id`, `seller_id` (the merchant's 2088… number), `private_key` (the app's), and
either `alipay_public_key`, or the three certificates `app_cert`, `alipay_cert`, `root_cert`, which Alipay asks for
before it lets money out (`pay_out`). Besides: `gateway`, `bill_hosts` (comma-separated), `connect_timeout`,
`read_timeout`, `proxy`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from alipay import AliPay, DCAliPay
from alipay.exceptions import AliPayException
from Cryptodome.Hash import SHA256
from Cryptodome.Signature import pkcs1_15

from payments.providers import alipay_bill, amounts
from payments.providers.base import (
    Answer,
    BillRow,
    Charge,
    Notice,
    NoticeFault,
    NoticeRefusedError,
    PayoutOrder,
    ProviderRefusedError,
    ProviderUnavailableError,
    RefundOrder,
    Standing,
    Started,
    Subject,
)
from payments.providers.http import MAX_BILL_BYTES, Transport
from payments.providers.options import Options
from payments.providers.payloads import (
    CHINA,
    check_window,
    china_instant,
    china_time,
    expect,
    json_object,
    strict_base64,
    text_at,
    understood,
    unix_seconds,
)

_TRANSFER_PRODUCT = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
_CNY = frozenset({"CNY"})
_GATEWAY = "https://openapi.alipay.com/gateway.do"
_BILL_HOSTS = "dwbillcenter.alipay.com"
_FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
# Alipay sends a notice again for 25 hours under the same notify_id (after 4, 10, 10 minutes, 1, 2, 6, 15 hours) and
# does not promise a new notify_time each time. A shorter window would lose every retry; a replay within it meets the
# inbox's unique event id, and what it says is asked for again anyway.
RETRIES = timedelta(hours=25)
# Business codes of the family 40004 after which it is not decided what happened.
_UNDECIDED = re.compile(r"SYSTEM[_.]?ERROR|PROCESSING|TIMEOUT|unknow", re.IGNORECASE)
_MISSING = frozenset({"ACQ.TRADE_NOT_EXIST", "ORDER_NOT_EXIST"})
# What Alipay forbids in a subject, and control characters.
_FORBIDDEN = re.compile(r"[/=&\x00-\x1f\x7f]+")
_TRADE = {
    "WAIT_BUYER_PAY": Standing.PENDING,
    "TRADE_SUCCESS": Standing.DONE,
    "TRADE_FINISHED": Standing.DONE,
    "TRADE_CLOSED": Standing.FAILED,
}
_TRANSFER = {
    "SUCCESS": Standing.DONE,
    "WAIT_PAY": Standing.PENDING,
    "DEALING": Standing.PENDING,
    "CLOSED": Standing.FAILED,
    "FAIL": Standing.FAILED,
    "REFUND": Standing.FAILED,  # sent back after it had arrived: the shop does not have it
}


class AlipayProvider:
    """Page and wap payments, refunds, transfers to a shop's account, notices and bills."""

    key = "alipay"
    acknowledgement = (200, "text/plain; charset=utf-8", b"success")

    def __init__(self, options: Mapping[str, str]) -> None:
        read = Options(self.key, options)
        self._app_id = read.text("app_id")
        self._seller_id = read.text("seller_id")
        self._gateway = read.address("gateway", _GATEWAY)
        self._bill_hosts = frozenset(read.text("bill_hosts", _BILL_HOSTS).replace(" ", "").split(","))
        self._transport = Transport(read)
        self._cert_sn = ""
        self._sdk = self._make_sdk(read)

    def _make_sdk(self, read: Options) -> Any:
        private_key = read.private_key("private_key")
        if not read.is_set("app_cert"):
            public_key = read.public_key("alipay_public_key")
            return AliPay(self._app_id, app_private_key_string=private_key, alipay_public_key_string=public_key)
        alipay_cert = read.certificate("alipay_cert")
        self._cert_sn = DCAliPay.get_cert_sn(alipay_cert)
        return DCAliPay(
            self._app_id,
            app_private_key_string=private_key,
            app_public_key_cert_string=read.certificate("app_cert"),
            alipay_public_key_cert_string=alipay_cert,
            alipay_root_cert_string=read.certificate("root_cert"),
        )

    # --- Payments ---

    def start(self, charge: Charge) -> Started:
        """An address at Alipay, signed here: no call is made, and Alipay knows nothing until the payer opens it."""
        amounts.check_outgoing(charge.amount_fen, charge.currency, accepted=_CNY)
        content = {
            "out_trade_no": charge.request_no,
            "total_amount": amounts.to_text(charge.amount_fen),
            "subject": _FORBIDDEN.sub(" ", charge.subject).strip()[:128] or charge.request_no,
            "product_code": "FAST_INSTANT_TRADE_PAY",
            "time_expire": charge.expires_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
        }
        method = "alipay.trade.page.pay"
        if charge.is_phone:
            method = "alipay.trade.wap.pay"
            # The code of Alipay's own documentation; the SDK's would be QUICK_WAP_PAY.
            content |= {"product_code": "QUICK_WAP_WAY", "quit_url": charge.return_url}
        signed = self._sign(method, content, return_url=charge.return_url, notify_url=charge.notify_url)
        return Started(pay_url=f"{self._gateway}?{signed}")

    def ask(self, request_no: str) -> Answer:
        """MISSING also means: announced, and the payer has not opened Alipay's page yet."""
        answer = self._ask("alipay.trade.query", {"out_trade_no": request_no})
        return Answer(Standing.MISSING) if answer is None else self._trade(answer, request_no)

    def close(self, request_no: str) -> Answer:
        """Close, then ask.

        A trade that Alipay does not know yet cannot be closed and stays MISSING: its address works until `expires_at`.
        """
        # Unknown, paid or closed before: the next line says which.
        with suppress(ProviderRefusedError):
            self._call("alipay.trade.close", {"out_trade_no": request_no})
        return self.ask(request_no)

    def _trade(self, answer: Mapping[str, Any], request_no: str) -> Answer:
        with understood("alipay"):
            expect(answer, "out_trade_no", request_no)
            standing = _TRADE[text_at(answer, "trade_status")]
            paid_at = china_time(text_at(answer, "send_pay_date"))
            if standing is Standing.FAILED and paid_at:
                # TRADE_CLOSED also means: paid, and given back in full. The payment itself was made.
                standing = Standing.DONE
            return Answer(
                standing=standing,
                amount_fen=amounts.from_text(answer.get("total_amount")),
                currency="CNY",
                provider_ref=text_at(answer, "trade_no"),
                at=paid_at,
                reason="" if standing is Standing.DONE else text_at(answer, "trade_status"),
            )

    # --- Refunds ---

    def refund(self, order: RefundOrder) -> Answer:
        """Refund, then ask: code 10000 alone does not say that money moved, and its `refund_fee` is the trade's
        total."""
        amounts.check_outgoing(order.amount_fen, order.currency, accepted=_CNY)
        content = {
            "out_trade_no": order.payment_request_no,
            "out_request_no": order.request_no,
            "refund_amount": amounts.to_text(order.amount_fen),
            "refund_reason": order.reason[:256],
        }
        self._call("alipay.trade.refund", content)
        answer = self.ask_refund(order)
        return Answer(Standing.PENDING) if answer.standing is Standing.MISSING else answer

    def ask_refund(self, order: RefundOrder) -> Answer:
        """DONE only with REFUND_SUCCESS. Alipay never says FAILED: a refund that failed is MISSING, send it again."""
        content = {
            "out_trade_no": order.payment_request_no,
            "out_request_no": order.request_no,
            "query_options": ["gmt_refund_pay"],
        }
        answer = self._ask("alipay.trade.fastpay.refund.query", content)
        if answer is None or not answer.get("refund_amount"):
            return Answer(Standing.MISSING)
        with understood("alipay"):
            expect(answer, "out_request_no", order.request_no)
            done = text_at(answer, "refund_status") == "REFUND_SUCCESS"
            return Answer(
                standing=Standing.DONE if done else Standing.PENDING,
                amount_fen=amounts.from_text(answer["refund_amount"]),
                currency="CNY",
                provider_ref=text_at(answer, "trade_no"),
                at=china_time(text_at(answer, "gmt_refund_pay")),
            )

    # --- Payouts ---

    def pay_out(self, order: PayoutOrder) -> Answer:
        """A transfer to the shop's Alipay account (its 2088… number, or its login name together with `name`)."""
        amounts.check_outgoing(order.amount_fen, order.currency, accepted=_CNY)
        is_number = re.fullmatch(r"2088[0-9]{12}", order.account)
        payee = {
            "identity": order.account,
            "identity_type": "ALIPAY_USER_ID" if is_number else "ALIPAY_LOGON_ID",
            "name": order.name,
        }
        content = {
            **_TRANSFER_PRODUCT,
            "out_biz_no": order.request_no,
            "trans_amount": amounts.to_text(order.amount_fen),
            "order_title": order.reason[:128],
            "payee_info": payee,
        }
        self._call("alipay.fund.trans.uni.transfer", content)
        answer = self.ask_payout(order)
        return Answer(Standing.PENDING) if answer.standing is Standing.MISSING else answer

    def ask_payout(self, order: PayoutOrder) -> Answer:
        """Where a transfer stands. Money that came back (REFUND) is FAILED."""
        content = {**_TRANSFER_PRODUCT, "out_biz_no": order.request_no}
        answer = self._ask("alipay.fund.trans.common.query", content)
        if answer is None:
            return Answer(Standing.MISSING)
        with understood("alipay"):
            expect(answer, "out_biz_no", order.request_no)
            amount = answer.get("trans_amount")
            return Answer(
                standing=_TRANSFER[text_at(answer, "status")],
                amount_fen=None if amount is None else amounts.from_text(amount),
                currency="CNY",
                provider_ref=text_at(answer, "order_id"),
                at=china_time(text_at(answer, "pay_date")),
                reason=text_at(answer, "fail_reason") or text_at(answer, "error_code"),
            )

    # --- Notices ---

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Notice:  # noqa: ARG002
        """A form, signed over its fields; the headers say nothing. The amount is not returned (ask) but must be one."""
        fields = _form(body)
        self._check_signature(fields)
        try:
            return self._notice(fields, at)
        except ValueError as error:
            raise NoticeRefusedError(NoticeFault.MALFORMED, str(error)[:100]) from None

    def _check_signature(self, fields: Mapping[str, str]) -> None:
        if fields.get("sign_type") != "RSA2":
            raise NoticeRefusedError(NoticeFault.SIGNATURE, "not signed with RSA2")
        named = fields.get("alipay_cert_sn", "")
        if self._cert_sn and named and named != self._cert_sn:
            raise NoticeRefusedError(NoticeFault.UNKNOWN_KEY, named[:64])
        signed = {name: value for name, value in fields.items() if name != "sign"}
        try:
            strict_base64(fields.get("sign", ""))
            # A copy: the SDK takes sign_type out of what it is given.
            is_signed = self._sdk.verify(dict(signed), fields["sign"])
        except (KeyError, ValueError, AliPayException):
            is_signed = False
        if not is_signed:
            raise NoticeRefusedError(NoticeFault.SIGNATURE)

    def _notice(self, fields: Mapping[str, str], at: datetime) -> Notice:
        is_message = "msg_method" in fields
        if is_message:
            sent_at = datetime.fromtimestamp(unix_seconds(fields.get("utc_timestamp", "")[:-3]), tz=UTC)  # in ms
        else:
            sent_at = china_instant(_needed(fields, "notify_time"))
        check_window(sent_at, at, retries=RETRIES)
        # Messages of the platform name the app only.
        if fields.get("app_id") != self._app_id or (not is_message and fields.get("seller_id") != self._seller_id):
            raise NoticeRefusedError(NoticeFault.MERCHANT)
        subject, request_no = _about_message(fields) if is_message else _about_trade(fields)
        return Notice(event_id=_needed(fields, "notify_id"), subject=subject, request_no=request_no, sent_at=sent_at)

    # --- Bills ---

    def bill(self, day: date) -> Iterable[BillRow]:
        """Payments, refunds and their fees from the bill of trades; transfers and withdrawals from that of the account.

        Alipay offers a day's bills from about nine the next morning. It has none for a day on which nothing happened.
        """
        trades = self._bill_file("trade", day)
        account = self._bill_file("signcustomer", day)
        return [*alipay_bill.trades(trades), *alipay_bill.movements(account)]

    def _bill_file(self, kind: str, day: date) -> bytes | None:
        method = "alipay.data.dataservice.bill.downloadurl.query"
        try:
            answer = self._call(method, {"bill_type": kind, "bill_date": day.isoformat()})
        except ProviderRefusedError as refusal:
            is_past = datetime.now(CHINA).date() - day > timedelta(days=1)
            if is_past and refusal.code.lower().endswith("bill_not_exist"):
                return None
            raise ProviderUnavailableError(f"{method}: {refusal.code}") from None
        url = alipay_bill.checked_address(str(answer.get("bill_download_url")), self._bill_hosts)
        reply = self._transport.send("GET", url, limit=MAX_BILL_BYTES)
        if reply.status != 200:
            raise ProviderUnavailableError(f"bill: HTTP {reply.status}")
        return reply.body

    # --- Calls ---

    def _sign(self, method: str, content: Mapping[str, Any], **common: str) -> str:
        """The form of a request. The SDK would take the time from the machine's own zone; Alipay means China's."""
        stamp = datetime.now(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        return str(self._sdk.client_api(method, dict(content), timestamp=stamp, **common))

    def _ask(self, method: str, content: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The answer to a question, None where Alipay does not know the number."""
        try:
            return self._call(method, content)
        except ProviderRefusedError as refusal:
            if refusal.code in _MISSING:
                return None
            raise ProviderUnavailableError(f"{method}: {refusal.code}") from None

    def _call(self, method: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a request and return its answer, of which the signature was checked.

        Only the business codes (40004) refuse: whatever else goes wrong (bad signature, no permission, too fast)
        happens before Alipay looks at the number, so an earlier request with it may well have been carried out.
        """
        body = self._sign(method, content).encode("ascii")
        reply = self._transport.send("POST", self._gateway, headers=_FORM, body=body)
        if reply.status != 200:
            raise ProviderUnavailableError(f"{method}: HTTP {reply.status}")
        answer = self._signed_part(reply.body, method)
        code, detail = str(answer.get("code")), str(answer.get("sub_code") or "")
        if code == "10000":
            return answer
        if code == "40004" and detail and not _UNDECIDED.search(detail):
            raise ProviderRefusedError(detail, str(answer.get("sub_msg") or "")[:200])
        raise ProviderUnavailableError(f"{method}: {code} {detail}"[:200])

    def _signed_part(self, body: bytes, method: str) -> dict[str, Any]:
        """The part of an answer that Alipay signed: the bytes of one member, exactly as they came."""
        node = f'"{method.replace(".", "_")}_response"'
        try:
            text = body.decode("utf-8")
            whole = json_object(text)
            start = re.compile(re.escape(node) + r"\s*:\s*").search(text)
            if start is None or "sign" not in whole:
                raise ValueError("unsigned")
            value, end = json.JSONDecoder().raw_decode(text, start.end())
            if self._cert_sn and whole.get("alipay_cert_sn") != self._cert_sn:
                raise ValueError("signed with another certificate")
            digest = SHA256.new(text[start.end() : end].encode("utf-8"))
            pkcs1_15.new(self._sdk.alipay_public_key).verify(digest, strict_base64(text_at(whole, "sign")))
        except ValueError as error:
            raise ProviderUnavailableError(f"{method}: answer not believed ({str(error)[:80]})") from None
        if not isinstance(value, dict):
            raise ProviderUnavailableError(f"{method}: answer is not an object")
        return value


def _form(body: bytes) -> dict[str, str]:
    """The fields of a form. A field that comes twice is refused: the signature could be about either."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=100
        )
    except ValueError:
        raise NoticeRefusedError(NoticeFault.MALFORMED, "not a form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise NoticeRefusedError(NoticeFault.MALFORMED, "a field comes twice")
    return fields


def _about_trade(fields: Mapping[str, str]) -> tuple[Subject, str]:
    """A notice of a trade is about a refund when it names one. Raises ValueError."""
    amounts.from_text(_needed(fields, "total_amount"))
    if fields.get("gmt_refund"):
        amounts.from_text(_needed(fields, "refund_fee"))
        return Subject.REFUND, fields.get("out_biz_no", "")
    return Subject.PAYMENT, _needed(fields, "out_trade_no")


def _about_message(fields: Mapping[str, str]) -> tuple[Subject, str]:
    """A message of the platform (its own form): a transfer changed, or something that we did not ask for."""
    if fields["msg_method"] != "alipay.fund.trans.order.changed":
        return Subject.OTHER, ""
    return Subject.PAYOUT, text_at(json_object(_needed(fields, "biz_content")), "out_biz_no")


def _needed(fields: Mapping[str, str], name: str) -> str:
    if not fields.get(name):
        raise ValueError(f"no {name}")
    return fields[name]
