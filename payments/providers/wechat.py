"""WeChat Pay (API v3, public-key mode), with `wechatpayv3` for signing, checking and decrypting.

The SDK's own transport is not used: it has no time-out, follows redirects, reads without an end, and for a serial that
it does not know it fetches certificates, even while reading a notice. Its check of a notice takes any signed time.

Options (`PAYMENTS_WECHAT_*`): `mchid`, `appid`, `private_key` and `cert_serial_no` (the merchant's certificate),
`apiv3_key` (32 characters), `public_key` and `public_key_id` (WeChat Pay's). Besides: `profit_sharing` (1: payments are
held for splitting, `pay_out` works), `gateway`, `connect_timeout`, `read_timeout`, `proxy`.
"""

import ipaddress
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import build_authorization, load_private_key, load_public_key, rsa_encrypt, rsa_verify

from payments.providers import amounts, wechat_bill
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
from payments.providers.http import MAX_BILL_BYTES, Reply, Transport
from payments.providers.options import Options
from payments.providers.payloads import (
    CHINA,
    check_window,
    expect,
    iso_time,
    json_object,
    lower_names,
    object_at,
    strict_base64,
    text_at,
    understood,
    unix_seconds,
)

_CNY = frozenset({"CNY"})
_GATEWAY = "https://api.mch.weixin.qq.com"
_SIGNED_WITH = "WECHATPAY2-SHA256-RSA2048"
# What says nothing about the number: the request was turned away at the door (or "try again").
_UNDECIDED = frozenset(
    {
        "SYSTEM_ERROR",
        "BANK_ERROR",
        "SIGN_ERROR",
        "NO_AUTH",
        "APPID_MCHID_NOT_MATCH",
        "MCH_NOT_EXISTS",
        "FREQUENCY_LIMITED",
        "RATELIMIT_EXCEEDED",
    }
)
_MISSING = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})
_TRADE = {
    "SUCCESS": Standing.DONE,
    "REFUND": Standing.DONE,  # paid, and something was given back later
    "NOTPAY": Standing.PENDING,
    "USERPAYING": Standing.PENDING,
    "CLOSED": Standing.FAILED,
    "REVOKED": Standing.FAILED,
    "PAYERROR": Standing.FAILED,
}
_REFUND = {
    "SUCCESS": Standing.DONE,
    "PROCESSING": Standing.PENDING,
    # The owner's card is gone: the money waits for somebody to send it on in WeChat's merchant pages.
    "ABNORMAL": Standing.PENDING,
    "CLOSED": Standing.FAILED,
}
_SHARE = {"SUCCESS": Standing.DONE, "PENDING": Standing.PENDING, "CLOSED": Standing.FAILED}


class WechatProvider:
    """Native (a code to scan) and H5 payments, refunds, profit sharing, notices and bills."""

    key = "wechat"
    acknowledgement = (200, "application/json", b'{"code":"SUCCESS"}')

    def __init__(self, options: Mapping[str, str]) -> None:
        read = Options(self.key, options)
        self._mchid, self._appid = read.text("mchid"), read.text("appid")
        self._public_key_id = read.text("public_key_id")
        self._cert_serial_no = read.text("cert_serial_no")
        self._is_shared = read.flag("profit_sharing")
        self._gateway = read.address("gateway", _GATEWAY)
        self._transport = Transport(read)
        private_key, public_key = read.private_key("private_key"), read.public_key("public_key")
        apiv3_key = read.text("apiv3_key")
        if len(apiv3_key.encode()) != 32:
            raise ImproperlyConfigured("PAYMENTS_WECHAT_APIV3_KEY is not 32 characters long.")
        self._private_key, self._public_key = load_private_key(private_key), load_public_key(public_key)
        # With a public key the SDK makes no call here; without one it would fetch certificates.
        self._sdk = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=self._mchid,
            private_key=private_key,
            cert_serial_no=self._cert_serial_no,
            appid=self._appid,
            apiv3_key=apiv3_key,
            public_key=public_key,
            public_key_id=self._public_key_id,
        )

    # --- Payments ---

    def start(self, charge: Charge) -> Started:
        """A code to scan, or on a telephone whose address we know a page that opens WeChat."""
        amounts.check_outgoing(charge.amount_fen, charge.currency, accepted=_CNY)
        order: dict[str, Any] = {
            "appid": self._appid,
            "mchid": self._mchid,
            "description": _cut(charge.subject, 127),
            "out_trade_no": charge.request_no,
            "time_expire": charge.expires_at.astimezone(CHINA).isoformat(timespec="seconds"),
            "notify_url": charge.notify_url,
            "amount": {"total": charge.amount_fen, "currency": "CNY"},
        }
        if self._is_shared:
            order["settle_info"] = {"profit_sharing": True}
        if charge.is_phone and _is_address(charge.client_ip):
            order["scene_info"] = {"payer_client_ip": charge.client_ip, "h5_info": {"type": "Wap"}}
            answer = self._call("POST", "/v3/pay/transactions/h5", order)
            with understood(self.key):
                return Started(pay_url=f"{_filled(answer, 'h5_url')}&redirect_url={quote(charge.return_url, safe='')}")
        answer = self._call("POST", "/v3/pay/transactions/native", order)
        with understood(self.key):
            return Started(code_text=_filled(answer, "code_url"))

    def ask(self, request_no: str) -> Answer:
        """Where a payment stands."""
        answer = self._ask(f"{_order_path(request_no)}?mchid={self._mchid}")
        return Answer(Standing.MISSING) if answer is None else self._trade(answer, request_no)

    def close(self, request_no: str) -> Answer:
        """Close, then ask. A number that WeChat does not know is MISSING: nobody has a code for it."""
        # Unknown, paid or closed before: the next line says which.
        with suppress(ProviderRefusedError):
            self._call("POST", f"{_order_path(request_no)}/close", {"mchid": self._mchid})
        return self.ask(request_no)

    def _trade(self, answer: Mapping[str, Any], request_no: str) -> Answer:
        with understood(self.key):
            expect(answer, "out_trade_no", request_no)
            expect(answer, "mchid", self._mchid)
            standing, state = _TRADE[text_at(answer, "trade_state")], text_at(answer, "trade_state")
            amount = object_at(answer, "amount")
            return Answer(
                standing=standing,
                amount_fen=amounts.from_json(amount["total"]) if "total" in amount else None,
                currency=text_at(amount, "currency"),
                provider_ref=text_at(answer, "transaction_id"),
                at=iso_time(text_at(answer, "success_time")),
                reason="" if standing is Standing.DONE else state,
            )

    # --- Refunds ---

    def refund(self, order: RefundOrder) -> Answer:
        """Ask for a refund. WeChat decides within minutes, or days for some cards."""
        amounts.check_outgoing(order.amount_fen, order.currency, accepted=_CNY)
        content: dict[str, Any] = {
            "out_trade_no": order.payment_request_no,
            "out_refund_no": order.request_no,
            "reason": _cut(order.reason, 80),
            "amount": {"refund": order.amount_fen, "total": order.payment_fen, "currency": "CNY"},
        }
        if order.notify_url:
            content["notify_url"] = order.notify_url
        return self._refund(self._call("POST", "/v3/refund/domestic/refunds", content), order)

    def ask_refund(self, order: RefundOrder) -> Answer:
        """Where a refund stands."""
        answer = self._ask(f"/v3/refund/domestic/refunds/{quote(order.request_no, safe='')}")
        return Answer(Standing.MISSING) if answer is None else self._refund(answer, order)

    def _refund(self, answer: Mapping[str, Any], order: RefundOrder) -> Answer:
        with understood(self.key):
            expect(answer, "out_refund_no", order.request_no)
            expect(answer, "out_trade_no", order.payment_request_no)
            status = text_at(answer, "status")
            return Answer(
                standing=_REFUND[status],
                amount_fen=amounts.from_json(answer["amount"]["refund"]),
                currency=text_at(answer["amount"], "currency"),
                provider_ref=text_at(answer, "refund_id"),
                at=iso_time(text_at(answer, "success_time")),
                reason="" if status == "SUCCESS" else status,
            )

    # --- Payouts ---

    def pay_out(self, order: PayoutOrder) -> Answer:
        """Split a payment: the shop (a WeChat merchant) gets its part of the one in `order.payment_ref`.

        The rest stays frozen for later splits unless `order.is_last`; WeChat releases it after 180 days.
        """
        amounts.check_outgoing(order.amount_fen, order.currency, accepted=_CNY)
        if not order.payment_ref:
            raise ProviderRefusedError("PAYMENT_REF", "WeChat splits one payment: its number is needed")
        self._add_receiver(order)
        content = {
            "appid": self._appid,
            "transaction_id": order.payment_ref,
            "out_order_no": order.request_no,
            "receivers": [
                {
                    "type": "MERCHANT_ID",
                    "account": order.account,
                    "amount": order.amount_fen,
                    "description": _cut(order.reason, 80),
                }
            ],
            "unfreeze_unsplit": order.is_last,
        }
        return self._share(self._call("POST", "/v3/profitsharing/orders", content), order)

    def ask_payout(self, order: PayoutOrder) -> Answer:
        """Where a split stands."""
        if not order.payment_ref:
            return Answer(Standing.MISSING)  # `pay_out` never sends such a one
        number, payment = quote(order.request_no, safe=""), quote(order.payment_ref, safe="")
        answer = self._ask(f"/v3/profitsharing/orders/{number}?transaction_id={payment}")
        return Answer(Standing.MISSING) if answer is None else self._share(answer, order)

    def _add_receiver(self, order: PayoutOrder) -> None:
        """Make the shop one that may receive; adding it again changes nothing. Its name is checked by WeChat."""
        content = {
            "appid": self._appid,
            "type": "MERCHANT_ID",
            "account": order.account,
            "name": rsa_encrypt(text=order.name, public_key=self._public_key),
            "relation_type": "PARTNER",
        }
        self._call("POST", "/v3/profitsharing/receivers/add", content)

    def _share(self, answer: Mapping[str, Any], order: PayoutOrder) -> Answer:
        with understood(self.key):
            expect(answer, "out_order_no", order.request_no)
            # Beside the shop's, WeChat lists what was released to ourselves.
            mine = [row for row in answer.get("receivers") or [] if row.get("account") == order.account]
            if not mine:
                return Answer(Standing.PENDING, provider_ref=text_at(answer, "order_id"))
            return Answer(
                standing=_SHARE[text_at(mine[0], "result")],
                amount_fen=amounts.from_json(mine[0]["amount"]),
                currency="CNY",
                provider_ref=text_at(answer, "order_id"),
                at=iso_time(text_at(mine[0], "finish_time")),
                reason=text_at(mine[0], "fail_reason"),
            )

    # --- Notices ---

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Notice:
        """JSON, signed over time, nonce and raw bytes, with what it is about encrypted for us."""
        signed = {name: value for name, value in lower_names(headers).items() if name.startswith("wechatpay-")}
        # Before the SDK sees it: for an unknown serial it would ask WeChat for certificates.
        if signed.get("wechatpay-serial") != self._public_key_id:
            raise NoticeRefusedError(NoticeFault.UNKNOWN_KEY, signed.get("wechatpay-serial", "")[:64])
        self._check_signature(signed, body)
        try:
            sent_at = datetime.fromtimestamp(unix_seconds(signed["wechatpay-timestamp"]), tz=UTC)
            check_window(sent_at, at)
            return self._notice(self._opened(signed, body), sent_at)
        except ValueError as error:
            raise NoticeRefusedError(NoticeFault.MALFORMED, str(error)[:100]) from None

    def _check_signature(self, signed: Mapping[str, str], body: bytes) -> None:
        if not self._is_signed(signed, body):
            raise NoticeRefusedError(NoticeFault.SIGNATURE)

    def _is_signed(self, signed: Mapping[str, str], body: bytes) -> bool:
        try:
            signature = signed["wechatpay-signature"]
            strict_base64(signature)
            parts = signed["wechatpay-timestamp"], signed["wechatpay-nonce"], body.decode("utf-8"), signature
        except (KeyError, ValueError):
            return False
        has_type = signed.get("wechatpay-signature-type", _SIGNED_WITH) == _SIGNED_WITH
        return has_type and bool(rsa_verify(*parts, self._public_key))

    def _opened(self, signed: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The notice with its resource decrypted. Raises ValueError."""
        json_object(body)
        try:
            opened = self._sdk.callback({"wechatpay-signature-type": _SIGNED_WITH, **signed}, body)
        except Exception as error:  # the SDK raises plain Exception, and whatever its parts raise
            raise ValueError(f"cannot be decrypted ({type(error).__name__})") from None
        if not opened or not isinstance(opened.get("resource"), dict):
            raise ValueError("cannot be decrypted")
        return dict(opened)

    def _notice(self, opened: Mapping[str, Any], sent_at: datetime) -> Notice:
        kind, about = text_at(opened, "event_type").partition(".")[0], opened["resource"]
        if about.get("mchid") != self._mchid or about.get("appid", self._appid) != self._appid:
            raise NoticeRefusedError(NoticeFault.MERCHANT)
        if kind == "TRANSACTION":
            amounts.from_json(object_at(about, "amount").get("total"))
        subject, name = _NOTICES.get(kind, (Subject.OTHER, ""))
        request_no = _filled(about, name) if name else ""
        return Notice(event_id=_filled(opened, "id"), subject=subject, request_no=request_no, sent_at=sent_at)

    # --- Bills ---

    def bill(self, day: date) -> Iterable[BillRow]:
        """Payments, refunds and fees of a day, and the splits where they are used. Ready from ten the next morning."""
        rows = list(
            wechat_bill.trades(self._bill_text(f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL"))
        )
        if self._is_shared:
            rows += wechat_bill.shares(self._bill_text(f"/v3/profitsharing/bills?bill_date={day.isoformat()}"))
        return rows

    def _bill_text(self, path: str) -> bytes | None:
        """A bill, with its checksum checked; None for a day on which nothing happened."""
        try:
            answer = self._call("GET", path)
        except ProviderRefusedError as refusal:
            if refusal.code == "NO_STATEMENT_EXIST":
                return None
            raise ProviderUnavailableError(f"wechat bill: {refusal.code}") from None
        address = str(answer.get("download_url"))
        if not address.startswith(f"{self._gateway}/"):
            raise ProviderUnavailableError("wechat bill: an address that is not WeChat's")
        reply = self._send("GET", address.removeprefix(self._gateway), b"", limit=MAX_BILL_BYTES)
        if reply.status != 200:
            raise ProviderUnavailableError(f"wechat bill: HTTP {reply.status}")
        wechat_bill.check(reply.body, answer)
        return reply.body

    # --- Calls ---

    def _ask(self, path: str) -> Mapping[str, Any] | None:
        """The answer to a question, None where WeChat does not know the number."""
        try:
            return self._call("GET", path)
        except ProviderRefusedError as refusal:
            if refusal.code in _MISSING:
                return None
            raise ProviderUnavailableError(f"wechat: {refusal.code}") from None

    def _call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Send a request and return its answer, of which the signature was checked.

        WeChat does not sign every refusal (its own SDKs do not ask for it); one that is signed must be signed right.
        """
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        reply = self._send(method, path, body)
        is_fine = 200 <= reply.status < 300
        if is_fine or "wechatpay-signature" in reply.headers:
            self._check_reply(reply)
        if is_fine:
            with understood(self.key):
                return {} if reply.status == 204 else json_object(reply.body)
        raise _refusal(reply)

    def _send(self, method: str, path: str, body: bytes, **limit: int) -> Reply:
        headers = {
            "Authorization": build_authorization(
                path, method, self._mchid, self._cert_serial_no, self._private_key, data=body.decode()
            ),
            "Accept": "application/json",
            "Wechatpay-Serial": self._public_key_id,
            "User-Agent": "CarKeeper",
        }
        if body:
            headers["Content-Type"] = "application/json"
        return self._transport.send(method, self._gateway + path, headers=headers, body=body or None, **limit)

    def _check_reply(self, reply: Reply) -> None:
        is_known = reply.headers.get("wechatpay-serial") == self._public_key_id
        if not is_known or not self._is_signed(reply.headers, reply.body):
            raise ProviderUnavailableError(f"wechat: HTTP {reply.status} that is not signed by WeChat")


# Which number of ours a notice of a kind is about.
_NOTICES = {
    "TRANSACTION": (Subject.PAYMENT, "out_trade_no"),
    "REFUND": (Subject.REFUND, "out_refund_no"),
    "PROFITSHARING": (Subject.PAYOUT, "out_order_no"),
}


def _order_path(request_no: str) -> str:
    return f"/v3/pay/transactions/out-trade-no/{quote(request_no, safe='')}"


def _filled(values: Mapping[str, Any], name: str) -> str:
    """A text that must be there. Raises ValueError."""
    value = text_at(values, name)
    if not value:
        raise ValueError(f"no {name}")
    return value


def _cut(text: str, most: int) -> str:
    """At most so many bytes: WeChat does not say whether its limits are characters or bytes."""
    return text.encode()[:most].decode(errors="ignore")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _refusal(reply: Reply) -> ProviderRefusedError | ProviderUnavailableError:
    """What an answer other than 2xx means: a decision only where WeChat looked at the request and said no."""
    try:
        content = json_object(reply.body)
        code = text_at(content, "code")
        message = text_at(content, "message")[:200]
    except ValueError:
        code = message = ""
    is_decided = reply.status in {400, 403, 404} and code and code not in _UNDECIDED
    if is_decided:
        return ProviderRefusedError(code, message)
    return ProviderUnavailableError(f"wechat: HTTP {reply.status} {code}"[:200])
