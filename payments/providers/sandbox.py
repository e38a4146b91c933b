"""The sandbox provider (docs/payments-sandbox.md): test money, Ed25519 both ways. Never in production.

Options: `url`, `merchant`, `merchant_key` (ours, private) and `public_key` (the sandbox's), both Ed25519 in PEM or the
path of a file; time-outs as for every provider.
"""

import base64
import binascii
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.core.exceptions import ImproperlyConfigured

from payments.providers import amounts, keys, payloads
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
from payments.providers.http import MAX_ANSWER_BYTES, MAX_BILL_BYTES, Reply, Transport
from payments.providers.options import Options

_Key = TypeVar("_Key", Ed25519PrivateKey, Ed25519PublicKey)
_CURRENCIES = frozenset({"CNY"})
_STANDINGS = {
    "pending": Standing.PENDING,
    "paid": Standing.DONE,
    "done": Standing.DONE,
    "declined": Standing.FAILED,
    "closed": Standing.FAILED,
    "expired": Standing.FAILED,
    "failed": Standing.FAILED,
}
_MISSING = 404
# Understood, and no: nothing moves. Every other answer but 200 leaves it unknown, a signature not believed among them:
# the same number may have got through before.
_REFUSALS = frozenset({400, 409, 422})


class SandboxProvider:
    """The sandbox's merchant interface."""

    key = "sandbox"
    acknowledgement = (200, "text/plain", b"success")

    def __init__(self, options: Mapping[str, str]) -> None:
        read = Options(self.key, options)
        self._url = read.text("url").rstrip("/")
        self._merchant = read.text("merchant")
        self._own = _load(read.text("merchant_key"), _private)
        self._theirs = _load(read.text("public_key"), _public)
        raw = self._theirs.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._key_id = hashlib.sha256(raw).hexdigest()[:16]
        self._transport = Transport(read)

    def start(self, charge: Charge) -> Started:
        """Announce a payment: the payer goes on at the sandbox's page. A payment that is over is refused."""
        amounts.check_outgoing(charge.amount_fen, charge.currency, accepted=_CURRENCIES)
        data = {
            "request_no": charge.request_no,
            "amount_fen": charge.amount_fen,
            "currency": charge.currency,
            "subject": charge.subject[:120],
            "return_url": charge.return_url,
            "notify_url": charge.notify_url,
            "expires_at": charge.expires_at.isoformat(),
        }
        answer = self._ask("POST", "/v1/payments", data)
        return Started(pay_url=_text(answer, "pay_url"), provider_ref=_text(answer, "ref"))

    def ask(self, request_no: str) -> Answer:
        """Where a payment stands."""
        return self._standing("GET", f"/v1/payments/{_in_path(request_no)}")

    def close(self, request_no: str) -> Answer:
        """Close a payment; DONE if it was paid before."""
        return self._standing("POST", f"/v1/payments/{_in_path(request_no)}/close", {})

    def refund(self, order: RefundOrder) -> Answer:
        """Give money back."""
        amounts.check_outgoing(order.amount_fen, order.currency, accepted=_CURRENCIES)
        data = {
            "request_no": order.request_no,
            "payment_request_no": order.payment_request_no,
            "amount_fen": order.amount_fen,
            "currency": order.currency,
            "reason": order.reason,
            "notify_url": order.notify_url,
        }
        return _answer(self._ask("POST", "/v1/refunds", data))

    def ask_refund(self, order: RefundOrder) -> Answer:
        """Where a refund stands."""
        return self._standing("GET", f"/v1/refunds/{_in_path(order.request_no)}")

    def pay_out(self, order: PayoutOrder) -> Answer:
        """Give a shop its money."""
        amounts.check_outgoing(order.amount_fen, order.currency, accepted=_CURRENCIES)
        data = {
            "request_no": order.request_no,
            "amount_fen": order.amount_fen,
            "currency": order.currency,
            "account": order.account,
            "name": order.name,
            "reason": order.reason,
        }
        return _answer(self._ask("POST", "/v1/payouts", data))

    def ask_payout(self, order: PayoutOrder) -> Answer:
        """Where a payout stands."""
        return self._standing("GET", f"/v1/payouts/{_in_path(order.request_no)}")

    def bill(self, day: date) -> Iterable[BillRow]:
        """The bill of a day of China. Raises ProviderUnavailableError before the day is over."""
        reply = self._call("GET", f"/v1/bill/{day.isoformat()}", b"", limit=MAX_BILL_BYTES)
        if reply.status != 200:
            raise ProviderUnavailableError(f"no bill of {day}: {reply.status}")
        return [_bill_row(line) for line in reply.body.splitlines()]

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Notice:
        """Check a notice's signature, key, time and merchant and read it. Raises NoticeRefusedError."""
        lines = payloads.lower_names(headers)
        merchant, event_id = lines.get("sandbox-merchant", ""), lines.get("sandbox-nonce", "")
        if lines.get("sandbox-key") != self._key_id:
            raise NoticeRefusedError(NoticeFault.UNKNOWN_KEY)
        text = _to_sign("notice", merchant, lines.get("sandbox-time", ""), event_id, body=body)
        if not self._is_theirs(lines.get("sandbox-signature", ""), text):
            raise NoticeRefusedError(NoticeFault.SIGNATURE)
        sent_at = _moment(lines.get("sandbox-time", ""))
        payloads.check_window(sent_at, at)
        if merchant != self._merchant:
            raise NoticeRefusedError(NoticeFault.MERCHANT, merchant[:64])
        return _notice(body, event_id, sent_at)

    def _standing(self, method: str, path: str, data: Mapping[str, object] | None = None) -> Answer:
        """Ask; a number that the sandbox does not know is MISSING, not refused."""
        try:
            return _answer(self._ask(method, path, data))
        except _NotFoundError:
            return Answer(Standing.MISSING)

    def _ask(self, method: str, path: str, data: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Send a request and read the answer's object. Raises what every method of a provider may raise."""
        body = b"" if data is None else json.dumps(data).encode()
        reply = self._call(method, path, body)
        try:
            content = payloads.json_object(reply.body)
        except ValueError:
            raise ProviderUnavailableError("an answer that is not JSON") from None
        if reply.status == 200:
            return content
        code = _text(content, "code")
        if reply.status == _MISSING and code == "not_found":
            raise _NotFoundError
        if reply.status in _REFUSALS:
            raise ProviderRefusedError(code, _text(content, "message"))
        raise ProviderUnavailableError(f"answered {reply.status} {code}")

    def _call(self, method: str, path: str, body: bytes, *, limit: int = MAX_ANSWER_BYTES) -> Reply:
        """Sign and send a request; the answer's signature is right, and it is the answer to this request."""
        nonce, seconds = secrets.token_hex(16), str(int(time.time()))
        text = _to_sign("request", method, path, self._merchant, seconds, nonce, body=body)
        headers = {
            "Content-Type": "application/json",
            "Sandbox-Merchant": self._merchant,
            "Sandbox-Time": seconds,
            "Sandbox-Nonce": nonce,
            "Sandbox-Signature": base64.b64encode(self._own.sign(text.encode())).decode(),
        }
        reply = self._transport.send(method, f"{self._url}{path}", headers=headers, body=body, limit=limit)
        if reply.status >= 500:
            raise ProviderUnavailableError(f"answered {reply.status}")
        text = _to_sign("answer", str(reply.status), nonce, reply.headers.get("sandbox-time", ""), body=reply.body)
        if not self._is_theirs(reply.headers.get("sandbox-signature", ""), text):
            raise ProviderUnavailableError("an answer that the sandbox has not signed")
        return reply

    def _is_theirs(self, signature: str, text: str) -> bool:
        try:
            self._theirs.verify(payloads.strict_base64(signature), text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


class _NotFoundError(ProviderUnavailableError):
    """The number is not known there. Where money was to be moved that is as unclear as no answer."""


def _to_sign(*lines: str, body: bytes) -> str:
    """What is signed: the lines and the SHA-256 of the body."""
    return "\n".join([*lines, hashlib.sha256(body).hexdigest()])


def _answer(content: Mapping[str, Any]) -> Answer:
    try:
        return Answer(
            standing=_STANDINGS[_text(content, "status")],
            amount_fen=amounts.from_json(content.get("amount_fen")),
            currency=_text(content, "currency"),
            provider_ref=_text(content, "ref"),
            at=payloads.iso_time(_text(content, "at")),
            reason=_text(content, "reason"),
        )
    except (KeyError, ValueError):
        raise ProviderUnavailableError("an answer that cannot be read") from None


def _bill_row(line: bytes) -> BillRow:
    try:
        row = payloads.json_object(line)
        amount_fen, at = row.get("amount_fen"), payloads.iso_time(_text(row, "at"))
        if type(amount_fen) is not int or at is None:
            raise ValueError("no amount or no time")
        return BillRow(
            subject=Subject(_text(row, "subject")),
            request_no=_text(row, "request_no"),
            provider_ref=_text(row, "ref"),
            amount_fen=amount_fen,
            currency=_text(row, "currency"),
            at=at,
        )
    except ValueError:
        raise ProviderUnavailableError("a bill that cannot be read") from None


def _notice(body: bytes, event_id: str, sent_at: datetime) -> Notice:
    try:
        content = payloads.json_object(body)
        subject, request_no = Subject(_text(content, "subject")), _text(content, "request_no")
    except (ValueError, ProviderUnavailableError):
        raise NoticeRefusedError(NoticeFault.MALFORMED) from None
    return Notice(event_id=event_id, subject=subject, request_no=request_no, sent_at=sent_at)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(payloads.unix_seconds(text), UTC)
    except (ValueError, OverflowError):
        raise NoticeRefusedError(NoticeFault.MALFORMED, "no time") from None


def _text(content: Mapping[str, Any], name: str) -> str:
    try:
        return payloads.text_at(content, name)
    except ValueError:
        raise ProviderUnavailableError("an answer that cannot be read") from None


def _in_path(request_no: str) -> str:
    return quote(request_no, safe=":")


def _load(value: str, read: Callable[[bytes], _Key]) -> _Key:
    try:
        return read(keys.text_of(value).encode())
    except (ValueError, TypeError, binascii.Error):
        raise ImproperlyConfigured("The sandbox provider's keys cannot be read.") from None


def _private(pem: bytes) -> Ed25519PrivateKey:
    key = load_pem_private_key(pem, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")
    return key


def _public(pem: bytes) -> Ed25519PublicKey:
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return key
