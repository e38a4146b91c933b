"""What we ask Stripe, and what we make of its answers. Its side is a server of the test with books of its own."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
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
from payments.providers.stripe_cards import StripeProvider
from tests.payments.providers.stand_in import NOW, Asked, Reply, StandIn

REFUND = RefundOrder("R5", "P7Q2", 10000, 26800, "CNY", "The filter was not changed")
PAYOUT = PayoutOrder("W3", 5000, "CNY", "acct_shop", "小拇指", "Settlement")
SECOND = int(NOW.timestamp())


@cache
def _made(url: str, options: tuple[tuple[str, str], ...]) -> StripeProvider:
    facts = {"api_key": "sk_test_made_here", "webhook_secret": "whsec_1", "gateway": url}
    return StripeProvider({**facts, **dict(options)})


def _provider(stand_in: StandIn, **options: str) -> StripeProvider:
    return _made(stand_in.url, tuple(options.items()))


def _charge(**changes: Any) -> Charge:
    facts: dict[str, Any] = {
        "request_no": "P7Q2",
        "amount_fen": 26800,
        "currency": "CNY",
        "subject": "小拇指 保养",
        "return_url": "https://shop.example/back",
        "notify_url": "https://shop.example/notices/",
        "expires_at": NOW,
    }
    return Charge(**{**facts, **changes})


def _page(**changes: Any) -> dict[str, Any]:
    page = {
        "id": "cs_1",
        "object": "checkout.session",
        "livemode": False,
        "status": "open",
        "url": "https://pay.example/1",
    }
    return {**page, "client_reference_id": "P7Q2", **changes}


def _taken(**changes: Any) -> dict[str, Any]:
    charge = {"id": "ch_1", "object": "charge", "livemode": False, "status": "succeeded", "created": SECOND}
    return {**charge, "payment_intent": "pi_1", "amount_captured": 26800, "currency": "cny", **changes}


def _refund(**changes: Any) -> dict[str, Any]:
    refund = {"id": "re_1", "object": "refund", "status": "succeeded", "amount": 10000, "currency": "cny"}
    return {**refund, "created": SECOND, "metadata": {"request_no": "R5"}, **changes}


def _transfer(**changes: Any) -> dict[str, Any]:
    transfer = {"id": "tr_1", "object": "transfer", "livemode": False, "amount": 5000, "currency": "cny"}
    return {
        **transfer,
        "created": SECOND,
        "transfer_group": "W3",
        "destination": "acct_shop",
        "reversed": False,
        **changes,
    }


@dataclass
class Books:
    """What Stripe has: lists by path, and what creating something answers."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    made: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        assert asked.headers["authorization"] == "Bearer sk_test_made_here"
        if asked.method == "POST":
            status, content = self.made[asked.path]
            return status, {"Content-Type": "application/json"}, json.dumps(content).encode()
        rows, after = self.lists.get(asked.path, []), asked.query.get("starting_after")
        start = next((at + 1 for at, row in enumerate(rows) if row["id"] == after), 0)
        # Two a page, so that every list has to be followed.
        found = {
            "object": "list",
            "url": asked.path,
            "data": rows[start : start + 2],
            "has_more": start + 2 < len(rows),
        }
        return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()


@pytest.fixture
def books(stand_in: StandIn) -> Books:
    books = Books()
    stand_in.answer = books.answer
    return books


def _posted(stand_in: StandIn) -> list[Asked]:
    return [asked for asked in stand_in.asked if asked.method == "POST"]


def _error(kind: str, code: str = "") -> dict[str, Any]:
    return {"error": {"type": kind, "code": code, "message": "because"}}


PAGES, CHARGES, REFUNDS, TRANSFERS = "/v1/checkout/sessions", "/v1/charges", "/v1/refunds", "/v1/transfers"

# --- Payments ---


def test_a_page_to_pay_the_exact_amount_once(stand_in: StandIn, books: Books) -> None:
    books.made[PAGES] = (200, _page())
    started = _provider(stand_in).start(_charge())
    assert (started.pay_url, started.provider_ref) == ("https://pay.example/1", "cs_1")
    asked = stand_in.asked[0]
    assert asked.headers["idempotency-key"] == "P7Q2"
    form = asked.form
    assert form["line_items[0][price_data][unit_amount]"] == "26800"
    assert form["line_items[0][price_data][currency]"] == "cny"
    assert form["client_reference_id"] == form["payment_intent_data[transfer_group]"] == "P7Q2"
    assert form["payment_intent_data[metadata][request_no]"] == "P7Q2"
    assert form["expires_at"] == str(SECOND + 1800)


def test_asking_for_the_page_again_is_the_same_request(stand_in: StandIn, books: Books) -> None:
    books.made[PAGES] = (200, _page())
    _provider(stand_in).start(_charge())
    _provider(stand_in).start(_charge())
    first, second = stand_in.asked
    assert first.body == second.body


@pytest.mark.usefixtures("no_calls")
@pytest.mark.parametrize("change", [{"amount_fen": 0}, {"amount_fen": 1.0}, {"amount_fen": True}, {"currency": "USD"}])
def test_an_amount_that_is_not_taken_is_refused_here(change: dict[str, Any]) -> None:
    with pytest.raises(ProviderRefusedError):
        _provider(StandIn("https://stripe.example")).start(_charge(**change))


@pytest.mark.parametrize(
    ("pages", "charges", "standing"),
    [
        ([], [], Standing.MISSING),
        ([_page(client_reference_id="P9")], [], Standing.MISSING),
        ([_page()], [], Standing.PENDING),
        ([_page()], [_taken(status="failed")], Standing.PENDING),
        ([_page(status="expired")], [], Standing.FAILED),
        ([_page(status="expired")], [_taken(status="pending")], Standing.PENDING),
        ([_page(status="complete")], [_taken(id="ch_0", status="failed"), _taken()], Standing.DONE),
        ([], [_taken()], Standing.DONE),
        ([_page(id=f"cs_{number}", client_reference_id="P9") for number in range(5)] + [_page()], [], Standing.PENDING),
    ],
)
def test_a_payment_stands_where_stripe_says(
    stand_in: StandIn, books: Books, pages: list[Any], charges: list[Any], standing: Standing
) -> None:
    books.lists = {PAGES: pages, CHARGES: charges}
    assert _provider(stand_in).ask("P7Q2").standing == standing
    assert stand_in.asked[-1].query["transfer_group"] == "P7Q2"


def test_a_payment_is_what_was_taken(stand_in: StandIn, books: Books) -> None:
    books.lists = {CHARGES: [_taken()]}
    assert _provider(stand_in).ask("P7Q2") == Answer(Standing.DONE, 26800, "CNY", "pi_1", NOW)


@pytest.mark.parametrize(
    "charge",
    [
        _taken(amount_captured=26800.0),
        _taken(amount_captured="26800"),
        _taken(created="today"),
        _taken(livemode=True),
        {"id": "ch_1"},
    ],
)
def test_an_answer_that_says_nothing_sure_is_no_answer(stand_in: StandIn, books: Books, charge: Any) -> None:
    books.lists = {CHARGES: [charge]}
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).ask("P7Q2")


@pytest.mark.parametrize(
    "reply",
    [
        (500, {}, b"{}"),
        (302, {"Location": "/elsewhere"}, b""),
        (401, {}, json.dumps(_error("invalid_request_error")).encode()),
        (429, {}, json.dumps(_error("invalid_request_error", "rate_limit")).encode()),
        (400, {}, json.dumps(_error("invalid_request_error")).encode()),
        (200, {}, b"<html>"),
        (200, {}, b"[]"),
        (200, {}, b"{}"),
    ],
)
def test_a_broken_answer_is_no_answer(stand_in: StandIn, reply: Reply) -> None:
    stand_in.answer = lambda _asked: reply
    with pytest.raises(ProviderUnavailableError) as error:
        _provider(stand_in).ask("P7Q2")
    assert "sk_test" not in str(error.value)
    assert len(stand_in.asked) == 1


def test_silence_is_no_answer(stand_in: StandIn) -> None:
    stand_in.answer = stand_in.never
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in, read_timeout="0.1").ask("P7Q2")
    assert len(stand_in.asked) == 1


def test_a_list_that_never_ends_is_no_answer(stand_in: StandIn) -> None:
    endless = json.dumps({"object": "list", "data": [_page(client_reference_id="P9")], "has_more": True}).encode()
    stand_in.answer = lambda _asked: (200, {}, endless)
    with pytest.raises(ProviderUnavailableError, match="does not end"):
        _provider(stand_in).ask("P7Q2")


def test_closing_ends_the_page_and_asks(stand_in: StandIn, books: Books) -> None:
    books.lists = {PAGES: [_page()]}
    books.made[f"{PAGES}/cs_1/expire"] = (200, _page(status="expired"))
    _provider(stand_in).close("P7Q2")
    assert [asked.path for asked in _posted(stand_in)] == [f"{PAGES}/cs_1/expire"]


def test_closing_what_was_paid_in_the_meantime_says_paid(stand_in: StandIn, books: Books) -> None:
    books.lists = {PAGES: [_page()], CHARGES: [_taken()]}
    books.made[f"{PAGES}/cs_1/expire"] = (400, _error("invalid_request_error"))
    assert _provider(stand_in).close("P7Q2").standing == Standing.DONE


# --- Refunds ---


def test_a_refund_is_made_once(stand_in: StandIn, books: Books) -> None:
    books.lists = {CHARGES: [_taken()]}
    books.made[REFUNDS] = (200, _refund())
    assert _provider(stand_in).refund(REFUND) == Answer(Standing.DONE, 10000, "CNY", "re_1", NOW)
    asked = _posted(stand_in)[0]
    assert asked.headers["idempotency-key"] == "R5"
    assert asked.form == {"charge": "ch_1", "amount": "10000", "metadata[request_no]": "R5"}


def test_a_refund_that_is_there_is_not_made_again_even_after_the_key_was_forgotten(
    stand_in: StandIn, books: Books
) -> None:
    books.lists = {CHARGES: [_taken()], REFUNDS: [_refund(id="re_0", metadata={}), _refund()]}
    assert _provider(stand_in).refund(REFUND).provider_ref == "re_1"
    assert _posted(stand_in) == []


@pytest.mark.parametrize(
    ("status", "standing"),
    [("pending", Standing.PENDING), ("requires_action", Standing.PENDING), ("failed", Standing.FAILED)],
)
def test_a_refund_stands_where_stripe_says(stand_in: StandIn, books: Books, status: str, standing: Standing) -> None:
    books.lists = {CHARGES: [_taken()], REFUNDS: [_refund(status=status)]}
    assert _provider(stand_in).ask_refund(REFUND).standing == standing


def test_a_missing_refund(stand_in: StandIn, books: Books) -> None:
    assert _provider(stand_in).ask_refund(REFUND).standing == Standing.MISSING
    books.lists = {CHARGES: [_taken()]}
    assert _provider(stand_in).ask_refund(REFUND).standing == Standing.MISSING


def test_a_refused_refund_names_the_code(stand_in: StandIn, books: Books) -> None:
    with pytest.raises(ProviderRefusedError, match="charge_missing"):
        _provider(stand_in).refund(REFUND)
    books.lists = {CHARGES: [_taken()]}
    books.made[REFUNDS] = (400, _error("invalid_request_error", "charge_already_refunded"))
    with pytest.raises(ProviderRefusedError) as refused:
        _provider(stand_in).refund(REFUND)
    assert refused.value.code == "charge_already_refunded"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "invalid_request_error"),
        (403, "invalid_request_error"),
        (409, "idempotency_error"),
        (400, "idempotency_error"),
        (429, "rate"),
        (500, "api_error"),
    ],
)
def test_a_refund_that_was_not_decided_is_unknown(stand_in: StandIn, books: Books, status: int, kind: str) -> None:
    books.lists = {CHARGES: [_taken()]}
    books.made[REFUNDS] = (status, _error(kind))
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).refund(REFUND)
    assert len(_posted(stand_in)) == 1


# --- Payouts ---


def test_a_payout_is_a_transfer_made_once(stand_in: StandIn, books: Books) -> None:
    books.made[TRANSFERS] = (200, _transfer())
    assert _provider(stand_in).pay_out(PAYOUT) == Answer(Standing.DONE, 5000, "CNY", "tr_1", NOW)
    asked = _posted(stand_in)[0]
    assert (asked.headers["idempotency-key"], asked.form["destination"]) == ("W3", "acct_shop")
    books.lists = {TRANSFERS: [_transfer()]}
    assert _provider(stand_in).pay_out(PAYOUT).provider_ref == "tr_1"
    assert len(_posted(stand_in)) == 1


def test_a_payout_stands_where_stripe_says(stand_in: StandIn, books: Books) -> None:
    assert _provider(stand_in).ask_payout(PAYOUT).standing == Standing.MISSING
    books.lists = {TRANSFERS: [_transfer(reversed=True)]}
    assert _provider(stand_in).ask_payout(PAYOUT).standing == Standing.FAILED


def test_a_payout_to_another_account_is_no_answer(stand_in: StandIn, books: Books) -> None:
    books.lists = {TRANSFERS: [_transfer(destination="acct_other")]}
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).ask_payout(PAYOUT)


def test_a_refused_payout_names_the_code(stand_in: StandIn, books: Books) -> None:
    books.made[TRANSFERS] = (400, _error("invalid_request_error", "balance_insufficient"))
    with pytest.raises(ProviderRefusedError, match="balance_insufficient"):
        _provider(stand_in).pay_out(PAYOUT)


# --- Bills ---


def _moved(kind: str, amount: int, fee: int, source: Any) -> dict[str, Any]:
    row = {"id": f"txn_{kind}", "object": "balance_transaction", "type": kind, "amount": amount, "fee": fee}
    return {**row, "currency": "cny", "created": SECOND, "source": source}


def test_a_bill_names_what_moved(stand_in: StandIn, books: Books) -> None:
    books.lists["/v1/balance_transactions"] = [
        _moved("charge", 26800, 950, {"id": "ch_1", "object": "charge", "metadata": {"request_no": "P7Q2"}}),
        _moved("refund", -10000, 0, {"id": "re_1", "object": "refund", "metadata": {"request_no": "R5"}}),
        _moved("transfer", -5000, 0, {"id": "tr_1", "object": "transfer", "metadata": {"request_no": "W3"}}),
        _moved("payout", -9000, 0, "po_1"),
        _moved("adjustment", -100, 1500, None),
    ]
    rows = list(_provider(stand_in).bill(date(2026, 11, 20)))
    assert [(row.subject, row.request_no, row.amount_fen, row.currency) for row in rows] == [
        (Subject.PAYMENT, "P7Q2", 26800, "CNY"),
        (Subject.FEE, "P7Q2", -950, "CNY"),
        (Subject.REFUND, "R5", -10000, "CNY"),
        (Subject.PAYOUT, "W3", -5000, "CNY"),
        (Subject.WITHDRAWAL, "", -9000, "CNY"),
        (Subject.OTHER, "", -100, "CNY"),
        (Subject.FEE, "", -1500, "CNY"),
    ]
    start = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
    query = stand_in.asked[0].query
    assert (query["created[gte]"], query["created[lt]"]) == (str(start), str(start + 86400))


def test_a_bill_of_a_day_that_is_not_over_is_not_ready(stand_in: StandIn) -> None:
    with pytest.raises(ProviderUnavailableError):
        _provider(stand_in).bill((datetime.now(UTC) + timedelta(hours=1)).date())
    assert stand_in.asked == []


def test_a_bill_with_a_float_is_not_read(stand_in: StandIn, books: Books) -> None:
    books.lists["/v1/balance_transactions"] = [_moved("charge", 268.0, 0, None)]  # type: ignore[arg-type]
    with pytest.raises(ProviderUnavailableError):
        list(_provider(stand_in).bill(date(2026, 11, 20)))


@pytest.mark.parametrize("name", ["api_key", "webhook_secret"])
def test_a_missing_option_is_named(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"PAYMENTS_STRIPE_{name.upper()}"):
        _provider(StandIn("https://stripe.example"), **{name: ""})
