"""Bank cards by Stripe Checkout, with `stripe`. (Not called stripe.py: that name is the package's.)

Stripe finds nothing by a number of ours, and forgets an idempotency key after a day. So every object carries the number
twice: as `transfer_group`, by which charges and transfers can be listed at once, and in `metadata`. Whatever moves
money first looks whether it is there already; the idempotency key settles the race within the day.

Options (`PAYMENTS_STRIPE_*`): `api_key` (sk_… or rk_…), `webhook_secret` (whsec_…). Besides: `account` (acct_…: notices
that name another one are refused), `gateway`, `connect_timeout`, `read_timeout`, `proxy`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import stripe

from payments.providers import amounts
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
from payments.providers.http import Transport
from payments.providers.options import Options
from payments.providers.payloads import (
    check_window,
    expect,
    json_object,
    lower_names,
    object_at,
    text_at,
    understood,
    unix_seconds,
)

_CNY = frozenset({"CNY"})
_GATEWAY = "https://api.stripe.com"
_PAGE = 100
# 20 pages of 100: more open Checkout pages at once, or movements a day, than one installation has; never a false
# "missing".
_MAX_PAGES = 20
_MAX_BILL_PAGES = 500
# A Checkout page lives for a day at most; an hour for clocks that differ.
_SESSION_LIFE = timedelta(hours=25)
# Stripe takes no page that ends within 30 minutes. `close` ends it in time; this is when it would end by itself.
_LEAST_LIFE = timedelta(minutes=30)
_HEADER = re.compile(r"t=([0-9]{1,11})(?:,v[0-9]=[0-9a-f]{64})+", re.ASCII)
_REFUND = {
    "succeeded": Standing.DONE,
    "pending": Standing.PENDING,
    "requires_action": Standing.PENDING,
    "failed": Standing.FAILED,
    "canceled": Standing.FAILED,
}
_NOTICES = {
    "checkout.session": Subject.PAYMENT,
    "payment_intent": Subject.PAYMENT,
    "charge": Subject.PAYMENT,
    "refund": Subject.REFUND,
    "transfer": Subject.PAYOUT,
}
_BILL = {
    "charge": Subject.PAYMENT,
    "payment": Subject.PAYMENT,
    "refund": Subject.REFUND,
    "payment_refund": Subject.REFUND,
    "refund_failure": Subject.REFUND,
    "payment_refund_failure": Subject.REFUND,
    "transfer": Subject.PAYOUT,
    "transfer_refund": Subject.PAYOUT,
    "transfer_cancel": Subject.PAYOUT,
    "transfer_failure": Subject.PAYOUT,
    "payout": Subject.WITHDRAWAL,
    "payout_cancel": Subject.WITHDRAWAL,
    "payout_failure": Subject.WITHDRAWAL,
    "stripe_fee": Subject.FEE,
    "network_cost": Subject.FEE,
}


class StripeProvider:
    """Checkout pages for cards in yuan, refunds, transfers to connected accounts, notices and balance transactions."""

    key = "stripe"
    acknowledgement = (200, "application/json", b"{}")

    def __init__(self, options: Mapping[str, str]) -> None:
        read = Options(self.key, options)
        api_key = read.text("api_key")
        self._is_live = "_live_" in api_key
        self._account = read.text("account", "")
        self._webhook_secret = read.text("webhook_secret")
        transport = Transport(read)
        self._client = stripe.StripeClient(
            api_key,
            http_client=stripe.RequestsClient(timeout=transport.timeouts, session=transport.session()),
            base_addresses={"api": read.address("gateway", _GATEWAY)},
            # We ask again ourselves, with the same number.
            max_network_retries=0,
        )

    # --- Payments ---

    def start(self, charge: Charge) -> Started:
        """A Checkout page of its own. The same number gives the same page, for a day."""
        amounts.check_outgoing(charge.amount_fen, charge.currency, accepted=_CNY)
        number = {"request_no": charge.request_no}
        item = {"currency": "cny", "unit_amount": charge.amount_fen, "product_data": {"name": charge.subject[:250]}}
        params = {
            "mode": "payment",
            "payment_method_types": ["card"],
            "client_reference_id": charge.request_no,
            "line_items": [{"quantity": 1, "price_data": item}],
            "metadata": number,
            "payment_intent_data": {"metadata": number, "transfer_group": charge.request_no},
            "success_url": charge.return_url,
            "cancel_url": charge.return_url,
            # From the charge alone and not from the clock: asking again must be the same request.
            "expires_at": int((charge.expires_at + _LEAST_LIFE).timestamp()),
        }
        create = self._client.v1.checkout.sessions.create
        page = self._move(lambda: create(params=params, options=_once(charge.request_no)))
        with understood(self.key):
            expect(page, "client_reference_id", charge.request_no)
            return Started(pay_url=str(page["url"]), provider_ref=str(page["id"]))

    def ask(self, request_no: str) -> Answer:
        """The page first, then the charge: a payment in between is seen by the second look."""
        page = self._page(request_no)
        charges = self._listed(self._client.v1.charges.list, {"transfer_group": request_no})
        with understood(self.key):
            for charge in charges:
                if charge["status"] == "succeeded":
                    return _paid(charge)
            if any(charge["status"] == "pending" for charge in charges):
                return Answer(Standing.PENDING)
            if page is None:
                return Answer(Standing.MISSING)
            is_over = page["status"] == "expired"
            standing = Standing.FAILED if is_over else Standing.PENDING
            return Answer(standing, provider_ref=str(page["id"]), reason="expired" if is_over else "")

    def close(self, request_no: str) -> Answer:
        """End the page, then ask."""
        page = self._page(request_no)
        if page and page.get("status") == "open":
            # Paid or expired in the meantime: the next line says which.
            with suppress(ProviderRefusedError):
                self._move(lambda: self._client.v1.checkout.sessions.expire(page["id"]))
        return self.ask(request_no)

    def _page(self, request_no: str) -> dict[str, Any] | None:
        """The Checkout page of a payment, among those that can still be open."""
        since = int((datetime.now(UTC) - _SESSION_LIFE).timestamp())
        pages = self._each(self._client.v1.checkout.sessions.list, {"created": {"gte": since}}, _MAX_PAGES)
        return next((page for page in pages if page.get("client_reference_id") == request_no), None)

    # --- Refunds ---

    def refund(self, order: RefundOrder) -> Answer:
        """Give back a part of the charge, unless that was done before."""
        amounts.check_outgoing(order.amount_fen, order.currency, accepted=_CNY)
        charge = self._charge(order.payment_request_no)
        if charge is None:
            raise ProviderRefusedError("charge_missing", "there is no payment to give back")
        found = self._refund_of(charge, order.request_no)
        if found is None:
            params = {"charge": charge["id"], "amount": order.amount_fen, "metadata": {"request_no": order.request_no}}
            create = self._client.v1.refunds.create
            found = self._move(lambda: create(params=params, options=_once(order.request_no)))
        return _refunded(found)

    def ask_refund(self, order: RefundOrder) -> Answer:
        """Where a refund stands."""
        charge = self._charge(order.payment_request_no)
        found = charge and self._refund_of(charge, order.request_no)
        return _refunded(found) if found else Answer(Standing.MISSING)

    def _charge(self, payment_request_no: str) -> dict[str, Any] | None:
        """The one charge of a payment that took money."""
        charges = self._listed(self._client.v1.charges.list, {"transfer_group": payment_request_no})
        return next((charge for charge in charges if charge.get("status") == "succeeded"), None)

    def _refund_of(self, charge: Mapping[str, Any], request_no: str) -> dict[str, Any] | None:
        refunds = self._each(self._client.v1.refunds.list, {"charge": charge["id"]}, _MAX_PAGES)
        return next((refund for refund in refunds if _number(refund) == request_no), None)

    # --- Payouts ---

    def pay_out(self, order: PayoutOrder) -> Answer:
        """A transfer to the shop's connected account, unless that was done before."""
        amounts.check_outgoing(order.amount_fen, order.currency, accepted=_CNY)
        answer = self.ask_payout(order)
        if answer.standing is not Standing.MISSING:
            return answer
        params = {
            "amount": order.amount_fen,
            "currency": "cny",
            "destination": order.account,
            "description": order.reason[:250],
            "transfer_group": order.request_no,
            "metadata": {"request_no": order.request_no},
        }
        create = self._client.v1.transfers.create
        return _transferred(self._move(lambda: create(params=params, options=_once(order.request_no))), order)

    def ask_payout(self, order: PayoutOrder) -> Answer:
        """Where a transfer stands; one that was taken back is FAILED."""
        found = self._listed(self._client.v1.transfers.list, {"transfer_group": order.request_no})
        return _transferred(found[0], order) if found else Answer(Standing.MISSING)

    # --- Notices ---

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Notice:
        """JSON, signed over time and raw bytes with the endpoint's secret."""
        sent_at = self._check_signature(lower_names(headers).get("stripe-signature", ""), body)
        check_window(sent_at, at)
        try:
            return self._notice(json_object(body), sent_at)
        except ValueError as error:
            raise NoticeRefusedError(NoticeFault.MALFORMED, str(error)[:100]) from None

    def _check_signature(self, header: str, body: bytes) -> datetime:
        """The signed time. The SDK would also take " t=+1" or two times, and never looks whether a time is to come."""
        form = _HEADER.fullmatch(header)
        if form is None:
            raise NoticeRefusedError(NoticeFault.SIGNATURE, "no signature")
        try:
            stripe.WebhookSignature.verify_header(body, header, self._webhook_secret)
        except (stripe.SignatureVerificationError, ValueError):
            raise NoticeRefusedError(NoticeFault.SIGNATURE) from None
        return datetime.fromtimestamp(unix_seconds(form[1]), tz=UTC)

    def _notice(self, event: Mapping[str, Any], sent_at: datetime) -> Notice:
        if event.get("object") != "event" or not isinstance(event.get("data"), dict):
            raise ValueError("not an event")
        is_foreign = bool(self._account) and event.get("account", self._account) != self._account
        if event.get("livemode") is not self._is_live or is_foreign:
            raise NoticeRefusedError(NoticeFault.MERCHANT)
        about, event_id = event["data"].get("object"), text_at(event, "id")
        if not event_id or not isinstance(about, dict):
            raise ValueError("no number or no object")
        subject = _NOTICES.get(str(about.get("object")), Subject.OTHER)
        if subject is Subject.PAYMENT:
            amounts.from_json(about.get("amount_total", about.get("amount")))
        return Notice(event_id=event_id, subject=subject, request_no=_number(about), sent_at=sent_at)

    # --- Bills ---

    def bill(self, day: date) -> Iterable[BillRow]:
        """The balance transactions of a day in UTC, in the currency of the account's balance."""
        start = datetime.combine(day, time(), tzinfo=UTC)
        if datetime.now(UTC) < start + timedelta(days=1):
            raise ProviderUnavailableError("stripe: the day is not over")
        window = {"gte": int(start.timestamp()), "lt": int((start + timedelta(days=1)).timestamp())}
        return self._movements({"created": window, "expand": ["data.source"]})

    def _movements(self, params: Mapping[str, Any]) -> Iterator[BillRow]:
        for row in self._each(self._client.v1.balance_transactions.list, params, _MAX_BILL_PAGES):
            with understood(self.key):
                yield from list(_billed(row))

    # --- Calls ---

    def _move(self, call: Callable[[], Any]) -> dict[str, Any]:
        """Make a call that changes something.

        Refused only where Stripe looked at the request and said no. A wrong key, a number that was used with other
        words, "too fast" and 5xx leave open what an earlier request did.
        """
        try:
            return self._ours(_plain(call))
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            raise ProviderRefusedError(error.code or type(error).__name__, (error.user_message or "")[:200]) from None
        except stripe.StripeError as error:
            raise _no_answer(error) from None

    def _ours(self, found: dict[str, Any]) -> dict[str, Any]:
        if found.get("livemode", self._is_live) is not self._is_live:
            raise ProviderUnavailableError("stripe: an answer of the other mode (live or test)")
        return found

    def _each(self, call: Callable[..., Any], params: Mapping[str, Any], max_pages: int) -> Iterator[dict[str, Any]]:
        """Objects of a list, page by page, newest first. Raises ProviderUnavailableError rather than end too early."""
        after: dict[str, Any] = {}
        for _page in range(max_pages):
            try:
                page = _plain(partial(call, params={**params, **after, "limit": _PAGE}))
            except stripe.StripeError as error:
                raise _no_answer(error) from None
            with understood(self.key):
                rows, has_more = [dict(row) for row in page["data"]], bool(page["has_more"])
                after = {"starting_after": rows[-1]["id"]} if rows else {}
            yield from map(self._ours, rows)
            if not has_more or not rows:
                return
        raise ProviderUnavailableError("stripe: the list does not end")

    def _listed(self, call: Callable[..., Any], params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return list(self._each(call, params, _MAX_PAGES))


def _plain(call: Callable[[], Any]) -> dict[str, Any]:
    """What a call answers, as a plain dict. The SDK stumbles over answers that are JSON and still nothing."""
    try:
        return dict(call().to_dict())
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ProviderUnavailableError(f"stripe: answer not understood ({type(error).__name__})") from None


def _no_answer(error: Any) -> ProviderUnavailableError:
    return ProviderUnavailableError(f"stripe: {type(error).__name__} {error.code or ''}".strip())


def _once(request_no: str) -> dict[str, str]:
    return {"idempotency_key": request_no}


def _number(about: Mapping[str, Any]) -> str:
    """The number of ours that an object of Stripe's carries, "" for none. Raises ValueError."""
    return text_at(object_at(about, "metadata"), "request_no") or text_at(about, "client_reference_id")


def _at(seconds: object) -> datetime:
    if type(seconds) is not int:
        raise ValueError("not a time")
    return datetime.fromtimestamp(seconds, tz=UTC)


def _paid(charge: Mapping[str, Any]) -> Answer:
    return Answer(
        standing=Standing.DONE,
        amount_fen=amounts.from_json(charge["amount_captured"]),
        currency=str(charge["currency"]).upper(),
        provider_ref=text_at(charge, "payment_intent") or str(charge["id"]),
        at=_at(charge["created"]),
    )


def _refunded(refund: Mapping[str, Any]) -> Answer:
    with understood("stripe"):
        return Answer(
            standing=_REFUND[refund["status"]],
            amount_fen=amounts.from_json(refund["amount"]),
            currency=str(refund["currency"]).upper(),
            provider_ref=str(refund["id"]),
            at=_at(refund["created"]),
            reason=text_at(refund, "failure_reason"),
        )


def _transferred(transfer: Mapping[str, Any], order: PayoutOrder) -> Answer:
    with understood("stripe"):
        expect(transfer, "transfer_group", order.request_no)
        expect(transfer, "destination", order.account)
        is_back = transfer["reversed"] is True
        return Answer(
            standing=Standing.FAILED if is_back else Standing.DONE,
            amount_fen=amounts.from_json(transfer["amount"]),
            currency=str(transfer["currency"]).upper(),
            provider_ref=str(transfer["id"]),
            at=_at(transfer["created"]),
            reason="reversed" if is_back else "",
        )


def _billed(row: Mapping[str, Any]) -> Iterator[BillRow]:
    """A balance transaction, and its fee as a row of its own."""
    source = row.get("source")
    request_no = _number(source) if isinstance(source, dict) else ""
    amount, fee = row["amount"], row["fee"]
    if type(amount) is not int or type(fee) is not int:
        raise ValueError("not an amount")
    ref, currency, at = str(row["id"]), str(row["currency"]).upper(), _at(row["created"])
    yield BillRow(_BILL.get(row["type"], Subject.OTHER), request_no, ref, amount, currency, at)
    if fee:
        yield BillRow(Subject.FEE, request_no, ref, -fee, currency, at)
