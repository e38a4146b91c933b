"""What the platform asks of a payment service provider, and the words in which each of them answers.

Amounts are integer minor units (fen) with a currency (ISO 4217). Instants are aware UTC datetimes. A provider does I/O
and nothing else: it reads no rows and writes none. It is called with no lock held and outside of transactions.

Every call that moves money carries a number of ours (`request_no`) that was stored and committed before; asking again
with the same number is the same request. After `ProviderUnavailableError` it is *unknown* whether the call arrived: ask
(`ask`, `ask_refund`, `ask_payout`), never send a new number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class ProviderError(Exception):
    """Something between the platform and a provider."""


class ProviderUnavailableError(ProviderError):
    """No answer, a broken one, or "try again later": whether the call took effect is not known. Ask again."""


class ProviderRefusedError(ProviderError):
    """The provider understood and said no: nothing has moved and nothing will. `code` is the provider's own."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}" if message else code)


class NoticeRefusedError(ProviderError):
    """A notice that is not believed. `reason` is one of `NoticeFault`."""

    def __init__(self, reason: NoticeFault, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}" if detail else str(reason))


class NoticeFault(StrEnum):
    """Why a notice is not believed."""

    SIGNATURE = "signature"  # not signed by the provider, or a byte was changed
    STALE = "stale"  # its signed time is outside the replay window
    MERCHANT = "merchant"  # signed by the provider, for another merchant or app
    MALFORMED = "malformed"  # cannot be read
    UNKNOWN_KEY = "unknown_key"  # names a key that we do not know (never fetched in answer to a notice)


class Standing(StrEnum):
    """Where a payment, a refund or a payout stands at the provider."""

    MISSING = "missing"  # the provider has never heard of the number
    PENDING = "pending"  # accepted, not decided
    DONE = "done"  # the money has moved
    FAILED = "failed"  # closed, declined or expired: it will not move under this number


class Subject(StrEnum):
    """What a notice or a row of a bill is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    PAYOUT = "payout"
    FEE = "fee"
    WITHDRAWAL = "withdrawal"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Charge:
    """Money to be collected from an owner."""

    request_no: str
    amount_fen: int
    currency: str
    # Shown to the payer on the provider's page: the shop and the visit's number, at most 120 characters.
    subject: str
    # Where the payer's browser comes back to, and where the provider sends its notices.
    return_url: str
    notify_url: str
    expires_at: datetime
    client_ip: str = ""
    # Whether the payer is on a telephone: some providers have a page of their own for it.
    is_phone: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """How the payer goes on: to an address, or by scanning a code with the provider's app. One of them is set."""

    pay_url: str = ""
    code_text: str = ""
    provider_ref: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider says of a payment, a refund or a payout. The amount is the one *it* knows, not the one we asked
    for; None where it says none. `provider_ref` is its own number."""

    standing: Standing
    amount_fen: int | None = None
    currency: str = ""
    provider_ref: str = ""
    at: datetime | None = None
    # Why it failed, in the provider's words; for the log.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money to be given back of one payment."""

    request_no: str
    payment_request_no: str
    amount_fen: int
    # The whole of the payment.
    payment_fen: int
    currency: str
    reason: str
    notify_url: str = ""


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """Money to be given to a shop. `account` is the shop's account at the provider (split receiver, connected
    account)."""

    request_no: str
    amount_fen: int
    currency: str
    account: str
    name: str
    reason: str
    # The provider's number (`Answer.provider_ref`) of the payment that the money comes from: WeChat Pay splits one
    # payment.
    payment_ref: str = ""
    # Whether nothing more will be split of that payment: then WeChat Pay releases the rest of it to the platform.
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice (webhook) whose signature, key, time and merchant were found right. Only a hint: what is true is
    asked."""

    event_id: str
    subject: Subject
    # Our number of the payment, refund or payout; "" where the notice names none.
    request_no: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class BillRow:
    """A row of the provider's bill of one day: what moved through our account there. Money in is positive, out
    negative.

    A fee that the provider keeps is a row of its own (FEE, negative) with the number of what it was kept for.
    """

    subject: Subject
    request_no: str
    provider_ref: str
    amount_fen: int
    currency: str
    at: datetime


class Provider(Protocol):
    """A payment service provider. Every method may raise ProviderUnavailableError; those that move money also
    ProviderRefusedError."""

    key: str  # "alipay"; one of `payments.choices.ProviderKey`
    # The part of a notice's answer that makes the provider stop sending it: (status, content type, body).
    acknowledgement: tuple[int, str, bytes]

    def start(self, charge: Charge) -> Started:
        """Announce a payment. The same number again gives a way to pay the same payment."""

    def ask(self, request_no: str) -> Answer:
        """Where a payment stands."""

    def close(self, request_no: str) -> Answer:
        """Make sure that a payment can no longer be made, and say where it stands then: DONE if it was paid before."""

    def refund(self, order: RefundOrder) -> Answer:
        """Give money back. PENDING where the provider decides later."""

    def ask_refund(self, order: RefundOrder) -> Answer:
        """Where a refund stands."""

    def pay_out(self, order: PayoutOrder) -> Answer:
        """Give a shop its money (profit split, transfer)."""

    def ask_payout(self, order: PayoutOrder) -> Answer:
        """Where a payout stands."""

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Notice:
        """Check a notice and read it. No outbound call is ever made here. Raises NoticeRefusedError."""

    def bill(self, day: date) -> Iterable[BillRow]:
        """The provider's bill of a day in its own zone (Asia/Shanghai; UTC for Stripe). Raises ProviderUnavailableError
        while it is not ready yet."""
