"""The sandbox provider: a real process, both ways over HTTP."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from payments.providers import registry
from payments.providers.base import (
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
from payments.providers.sandbox import SandboxProvider
from tests.payments.sandbox_process import SandboxProcess, SignedNotice

NOTIFY_URL = "http://testserver/notices/"


@pytest.fixture
def provider(sandbox_psp: SandboxProcess) -> SandboxProvider:
    return registry.get("sandbox")


def _charge(request_no: str = "P1", **changes: Any) -> Charge:
    made = Charge(
        request_no=request_no,
        amount_fen=26_800,
        currency="CNY",
        subject="晨光汽修 · K7Q2",
        return_url="http://testserver/visits/K7Q2/",
        notify_url=NOTIFY_URL,
        expires_at=datetime.now(UTC) + timedelta(minutes=30),
    )
    return dataclasses.replace(made, **changes)


def _refund(request_no: str = "R1", **changes: Any) -> RefundOrder:
    made = RefundOrder(
        request_no=request_no,
        payment_request_no="P1",
        amount_fen=6_800,
        payment_fen=26_800,
        currency="CNY",
        reason="brake fluid was not changed",
        notify_url=NOTIFY_URL,
    )
    return dataclasses.replace(made, **changes)


def _payout(request_no: str = "O1", **changes: Any) -> PayoutOrder:
    made = PayoutOrder(request_no, 10_000, "CNY", account="acct_1", name="晨光汽修", reason="visits of a day")
    return dataclasses.replace(made, **changes)


@pytest.fixture
def paid(provider: SandboxProvider, sandbox_psp: SandboxProcess) -> SandboxProvider:
    provider.start(_charge())
    sandbox_psp.pay("P1")
    return provider


# --- Payments -----------------------------------------------------------------------------------


def test_payment_goes_from_start_to_paid(provider, sandbox_psp):
    started = provider.start(_charge())
    assert started.pay_url.startswith(f"{sandbox_psp.url}/pay/")
    waiting = provider.ask("P1")
    assert (waiting.standing, waiting.amount_fen, waiting.currency) == (Standing.PENDING, 26_800, "CNY")

    sandbox_psp.pay("P1")

    answer = provider.ask("P1")
    assert (answer.standing, answer.amount_fen, answer.currency) == (Standing.DONE, 26_800, "CNY")
    assert answer.provider_ref == started.provider_ref
    assert abs(answer.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_same_number_is_the_same_payment(provider, sandbox_psp):
    first = provider.start(_charge())
    assert provider.start(_charge(return_url="http://testserver/elsewhere/")) == first
    assert len(sandbox_psp.books()["payments"]) == 1


def test_same_number_with_another_amount_is_refused(provider, sandbox_psp):
    provider.start(_charge())
    with pytest.raises(ProviderRefusedError, match="number_used"):
        provider.start(_charge(amount_fen=1))
    assert provider.ask("P1").amount_fen == 26_800


def test_unknown_numbers_are_missing(provider):
    assert provider.ask("P9").standing == Standing.MISSING
    assert provider.close("P9").standing == Standing.MISSING
    assert provider.ask_refund(_refund("R9")).standing == Standing.MISSING
    assert provider.ask_payout(_payout("O9")).standing == Standing.MISSING


def test_declined_payment_failed(provider, sandbox_psp):
    provider.start(_charge())
    sandbox_psp.decline("P1")
    assert provider.ask("P1").standing == Standing.FAILED


def test_closed_payment_cannot_be_paid_nor_started_again(provider, sandbox_psp):
    started = provider.start(_charge())
    assert provider.close("P1").standing == Standing.FAILED
    assert provider.close("P1").standing == Standing.FAILED

    requests.post(started.pay_url, data={"choice": "once"}, timeout=5)

    assert sandbox_psp.books()["in_fen"] == 0
    with pytest.raises(ProviderRefusedError, match="payment_over"):
        provider.start(_charge())


def test_closing_a_paid_payment_says_that_it_is_paid(paid):
    assert paid.close("P1").standing == Standing.DONE


def test_payment_can_be_paid_after_it_was_closed_if_a_test_wants_it(provider, sandbox_psp):
    provider.start(_charge())
    provider.close("P1")
    sandbox_psp.pay("P1", after_close=True)
    assert provider.ask("P1").standing == Standing.DONE


def test_payment_expires_by_itself(provider, sandbox_psp):
    started = provider.start(_charge(expires_at=datetime.now(UTC) + timedelta(minutes=2)))
    assert provider.ask("P1").standing == Standing.PENDING

    sandbox_psp.set_clock(datetime.now(UTC) + timedelta(minutes=3))

    assert provider.ask("P1").standing == Standing.FAILED
    requests.post(started.pay_url, data={"choice": "once"}, timeout=5)
    assert sandbox_psp.books()["in_fen"] == 0


def test_another_amount_than_asked_for_is_told(provider, sandbox_psp):
    provider.start(_charge())
    sandbox_psp.pay("P1", amount_fen=1, currency="HKD")
    answer = provider.ask("P1")
    assert (answer.amount_fen, answer.currency) == (1, "HKD")


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"amount_fen": 0.01},
        {"amount_fen": True},
        {"amount_fen": 10**12},
        {"currency": "USD"},
        {"currency": ""},
        {"subject": "a\x00b"},
        {"subject": "half \ud800"},
        {"return_url": "javascript:alert(1)"},
        {"notify_url": "file:///etc/passwd"},
        {"notify_url": "http://[broken"},
        {"request_no": "a/b"},
        {"request_no": "x" * 65},
    ],
)
def test_bad_charge_is_refused_and_nothing_is_written(provider, sandbox_psp, changes):
    with pytest.raises(ProviderRefusedError):
        provider.start(_charge(**changes))
    assert sandbox_psp.books()["payments"] == []


# --- Refunds and payouts ------------------------------------------------------------------------


def test_refunds_up_to_what_was_paid(paid, sandbox_psp):
    assert paid.refund(_refund("R1", amount_fen=26_000)).standing == Standing.DONE
    with pytest.raises(ProviderRefusedError, match="more_than_paid"):
        paid.refund(_refund("R2", amount_fen=801))
    assert paid.ask_refund(_refund("R2", amount_fen=801)).standing == Standing.FAILED
    assert paid.refund(_refund("R3", amount_fen=800)).standing == Standing.DONE
    assert sandbox_psp.books()["refunded_fen"] == 26_800


def test_racing_refunds_never_give_back_more_than_was_paid(paid, sandbox_psp):
    def give(number: int) -> Standing:
        try:
            return paid.refund(_refund(f"R{number}", amount_fen=10_000)).standing
        except ProviderRefusedError:
            return Standing.FAILED

    with ThreadPoolExecutor(6) as pool:
        standings = list(pool.map(give, range(6)))
    assert standings.count(Standing.DONE) == 2
    assert sandbox_psp.books()["refunded_fen"] == 20_000


def test_same_refund_twice_is_one_refund(paid, sandbox_psp):
    assert paid.refund(_refund()) == paid.refund(_refund())
    with pytest.raises(ProviderRefusedError, match="number_used"):
        paid.refund(_refund(amount_fen=1))
    assert sandbox_psp.books()["refunded_fen"] == 6_800


def test_unpaid_payment_is_not_refunded(provider):
    provider.start(_charge())
    with pytest.raises(ProviderRefusedError, match="payment_not_paid"):
        provider.refund(_refund())


def test_refund_that_is_decided_later(paid, sandbox_psp):
    sandbox_psp.stay_pending("refund", times=2)
    assert paid.refund(_refund("R1")).standing == Standing.PENDING
    assert paid.refund(_refund("R2")).standing == Standing.PENDING

    sandbox_psp.settle_refund("R1")
    sandbox_psp.settle_refund("R2", failure="card_closed")

    assert paid.ask_refund(_refund("R1")).standing == Standing.DONE
    failed = paid.ask_refund(_refund("R2"))
    assert (failed.standing, failed.reason) == (Standing.FAILED, "card_closed")
    assert sandbox_psp.books()["refunded_fen"] == 6_800


def test_refused_payout_stays_refused(provider, sandbox_psp):
    sandbox_psp.refuse("payout", code="account_frozen", request_no="O1")
    for _ in range(2):
        with pytest.raises(ProviderRefusedError, match="account_frozen"):
            provider.pay_out(_payout())
    assert provider.ask_payout(_payout()).standing == Standing.FAILED
    assert provider.pay_out(_payout("O2")).standing == Standing.DONE
    assert sandbox_psp.books()["paid_out_fen"] == 10_000


# --- Lost and late answers ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lose", "garble"])
def test_lost_answer_is_unknown_and_asking_again_moves_nothing_twice(provider, sandbox_psp, kind):
    sandbox_psp.fault("payout", kind)
    with pytest.raises(ProviderUnavailableError):
        provider.pay_out(_payout())

    assert provider.ask_payout(_payout()).standing == Standing.DONE
    assert provider.pay_out(_payout()).standing == Standing.DONE
    assert sandbox_psp.books()["paid_out_fen"] == 10_000


def test_failed_call_did_nothing(provider, sandbox_psp):
    sandbox_psp.fault("payout", "fail")
    with pytest.raises(ProviderUnavailableError):
        provider.pay_out(_payout())
    assert provider.ask_payout(_payout()).standing == Standing.MISSING


def test_answer_that_takes_too_long_is_unknown(sandbox_psp):
    sandbox_psp.hang("payout", seconds=1)
    hasty = SandboxProvider(sandbox_psp.options(read_timeout="0.1"))
    with pytest.raises(ProviderUnavailableError):
        hasty.pay_out(_payout())
    assert hasty.ask_payout(_payout()).standing == Standing.DONE


def test_nobody_there_is_unknown(sandbox_psp):
    sandbox_psp.kill()
    with pytest.raises(ProviderUnavailableError):
        registry.get("sandbox").ask("P1")


# --- Signatures ---------------------------------------------------------------------------------


def test_stranger_cannot_speak_for_the_merchant(sandbox_psp, tmp_path):
    with SandboxProcess(tmp_path) as other:
        stranger = SandboxProvider(sandbox_psp.options(merchant_key=other.options()["merchant_key"]))
        deceived = SandboxProvider(other.options(public_key=sandbox_psp.options()["public_key"]))
        with pytest.raises(ProviderUnavailableError, match="401 signature"):
            stranger.start(_charge())
        with pytest.raises(ProviderUnavailableError, match="not signed"):
            deceived.ask("P1")
    assert sandbox_psp.books()["payments"] == []


def test_other_merchant_is_not_served(sandbox_psp):
    with pytest.raises(ProviderUnavailableError, match="403 merchant"):
        SandboxProvider(sandbox_psp.options(merchant="someone-else")).start(_charge())


def test_request_cannot_be_replayed_nor_changed_nor_kept(sandbox_psp, provider, monkeypatch):
    sent = []
    send = provider._transport.send
    monkeypatch.setattr(
        provider._transport, "send", lambda *args, **kwargs: sent.append((args, kwargs)) or send(*args, **kwargs)
    )
    provider.start(_charge())
    (method, url), kept = sent[0]

    def again(**changes: Any) -> str:
        answer = send(method, url, headers=kept["headers"], body=changes.get("body", kept["body"]))
        return str(json.loads(answer.body)["code"])

    assert again() == "replayed"
    assert again(body=kept["body"].replace(b"26800", b"26801")) == "signature"
    sandbox_psp.set_clock(datetime.now(UTC) + timedelta(minutes=6))
    assert again() == "stale"


def test_control_interface_needs_its_token(sandbox_psp):
    answer = requests.post(f"{sandbox_psp.url}/control/books", headers={"Authorization": "Bearer x"}, timeout=5)
    assert answer.status_code == 401


# --- Notices ------------------------------------------------------------------------------------


def _read(provider: SandboxProvider, notice: SignedNotice, **changes: Any) -> Any:
    given = {"headers": notice.headers, "body": notice.body, "at": datetime.now(UTC), **changes}
    return provider.read_notice(**given)


def test_notices_of_payment_and_refund_are_believed(paid, sandbox_psp):
    paid.refund(_refund())
    read = [_read(paid, notice) for notice in sandbox_psp.take()]
    assert [(notice.subject, notice.request_no) for notice in read] == [(Subject.PAYMENT, "P1"), (Subject.REFUND, "R1")]
    assert len({notice.event_id for notice in read}) == 2
    assert sandbox_psp.take() == []


def test_notice_of_a_payout_goes_to_the_merchants_own_address(provider, sandbox_psp):
    provider.pay_out(_payout())
    [notice] = sandbox_psp.take()
    assert notice.url == "http://testserver/payments/notices/sandbox/"
    assert (_read(provider, notice).subject, _read(provider, notice).request_no) == (Subject.PAYOUT, "O1")


def test_notice_with_one_byte_changed_is_not_believed(paid, sandbox_psp):
    [notice] = sandbox_psp.take()
    for position in range(len(notice.body)):
        changed = bytearray(notice.body)
        changed[position] ^= 1
        with pytest.raises(NoticeRefusedError) as refused:
            _read(paid, notice, body=bytes(changed))
        assert refused.value.reason == NoticeFault.SIGNATURE


@pytest.mark.parametrize("name", ["Sandbox-Merchant", "Sandbox-Time", "Sandbox-Nonce", "Sandbox-Signature"])
def test_notice_with_a_changed_or_missing_header_is_not_believed(paid, sandbox_psp, name):
    [notice] = sandbox_psp.take()
    for value in ("", "1" + notice.headers[name], "\x00", "é"):
        with pytest.raises(NoticeRefusedError) as refused:
            _read(paid, notice, headers={**notice.headers, name: value})
        assert refused.value.reason == NoticeFault.SIGNATURE


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24 * 365 * 25])
def test_notice_of_another_time_is_stale(paid, sandbox_psp, minutes):
    [notice] = sandbox_psp.take(keep=True)
    _read(paid, notice)
    sandbox_psp.set_clock(datetime.now(UTC) + timedelta(minutes=minutes))
    [notice] = sandbox_psp.take()
    with pytest.raises(NoticeRefusedError) as refused:
        _read(paid, notice)
    assert refused.value.reason == NoticeFault.STALE


def test_notice_for_another_merchant_is_refused(provider, sandbox_psp):
    sandbox_psp.hold_notices(merchant="someone-else")
    provider.start(_charge())
    sandbox_psp.pay("P1")
    [notice] = sandbox_psp.take()
    with pytest.raises(NoticeRefusedError) as refused:
        _read(provider, notice)
    assert refused.value.reason == NoticeFault.MERCHANT


def test_notice_signed_with_an_unknown_key_is_refused(paid, sandbox_psp):
    [notice] = sandbox_psp.take()
    with pytest.raises(NoticeRefusedError) as refused:
        _read(paid, notice, headers={**notice.headers, "Sandbox-Key": "0" * 16})
    assert refused.value.reason == NoticeFault.UNKNOWN_KEY


def test_notices_twice_and_in_reverse(provider, sandbox_psp):
    provider.start(_charge())
    sandbox_psp.pay("P1", how="unordered")
    provider.start(_charge("P2"))
    sandbox_psp.pay("P2", how="twice")

    taken = sandbox_psp.take(order="reverse")

    statuses = [(json.loads(notice.body)["request_no"], json.loads(notice.body)["status"]) for notice in taken]
    assert statuses == [("P2", "paid"), ("P2", "paid"), ("P1", "paid"), ("P1", "processing")]
    assert taken[0].body == taken[1].body
    assert taken[2].headers["Sandbox-Nonce"] != taken[3].headers["Sandbox-Nonce"]


def test_notice_with_another_amount_and_currency(provider, sandbox_psp):
    sandbox_psp.hold_notices("P1", amount_fen=1, currency="USD")
    provider.start(_charge())
    sandbox_psp.pay("P1")
    [notice] = sandbox_psp.take()
    assert (json.loads(notice.body)["amount_fen"], json.loads(notice.body)["currency"]) == (1, "USD")
    assert provider.ask("P1").amount_fen == 26_800


def test_dropped_notice_is_never_sent(provider, sandbox_psp):
    sandbox_psp.notices(drop=True)
    provider.start(_charge())
    sandbox_psp.pay("P1")
    assert [notice["state"] for notice in sandbox_psp.notice_log()] == ["dropped"]
    assert sandbox_psp.take() == []


class _Receiver(HTTPServer):
    """Acknowledges from the time on that it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Acknowledge)
        self.is_well, self.events = False, list[str]()
        self.heard = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/notices/"


class _Acknowledge(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        if self.server.is_well:
            self.wfile.write(b"success")
            self.server.events.append(self.headers["Sandbox-Nonce"])
        self.server.heard.set()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    server = _Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_notice_is_sent_again_until_acknowledged_also_by_the_next_process(provider, sandbox_psp, receiver):
    sandbox_psp.notices()
    provider.start(_charge(notify_url=receiver.url))
    sandbox_psp.pay("P1")
    _wait_for(receiver.heard.is_set)
    sandbox_psp.kill()
    receiver.is_well = True

    sandbox_psp.start()

    _wait_for(lambda: [notice["state"] for notice in sandbox_psp.notice_log()] == ["delivered"])
    assert receiver.events == [sandbox_psp.notice_log()[0]["event_id"]]


def test_held_notices_are_released_in_the_order_asked_for(provider, sandbox_psp, receiver):
    receiver.is_well = True
    for number in ("P1", "P2"):
        provider.start(_charge(number, notify_url=receiver.url))
        sandbox_psp.pay(number)
    expected = [notice["event_id"] for notice in sandbox_psp.notice_log()]

    assert sandbox_psp.release(order="reverse") == ["200 success", "200 success"]

    assert receiver.events == expected[::-1]


# --- Books and bills ----------------------------------------------------------------------------


def test_books_add_up_and_the_bill_has_every_movement(paid, sandbox_psp):
    paid.refund(_refund())
    paid.pay_out(_payout())
    withdrawal = sandbox_psp.withdraw(500)

    books = sandbox_psp.books()

    fee = 161  # 0.6 % of 268.00 is 160.8 fen
    sums = [books[f"{name}_fen"] for name in ("in", "refunded", "fees", "paid_out", "withdrawn", "balance")]
    assert sums == [26_800, 6_800, fee, 10_000, 500, 26_800 - 6_800 - fee - 10_000 - 500]
    [payment] = books["payments"]
    assert (payment["paid_fen"], payment["refunded_fen"], payment["fee_fen"]) == (26_800, 6_800, fee)

    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    with pytest.raises(ProviderUnavailableError):
        paid.bill(today)
    sandbox_psp.allow_early_bills()
    rows = [(row.subject, row.request_no, row.amount_fen) for row in paid.bill(today)]
    assert rows == [
        (Subject.PAYMENT, "P1", 26_800),
        (Subject.FEE, "P1", -fee),
        (Subject.REFUND, "R1", -6_800),
        (Subject.PAYOUT, "O1", -10_000),
        (Subject.WITHDRAWAL, withdrawal, -500),
    ]
    assert paid.bill(today - timedelta(days=1)) == []


def test_day_of_a_bill_is_a_day_of_china(provider, sandbox_psp):
    sandbox_psp.allow_early_bills()
    now = datetime.now(UTC)
    for number, at in (("P1", "2026-03-04T15:59:59+00:00"), ("P2", "2026-03-04T16:00:00+00:00")):
        provider.start(_charge(number, expires_at=now + timedelta(days=1)))
        sandbox_psp.set_clock(datetime.fromisoformat(at))
        sandbox_psp.pay(number)
        sandbox_psp.set_clock(None)

    def numbers(day: int) -> set[str]:
        return {row.request_no for row in provider.bill(date(2026, 3, day))}

    assert (numbers(4), numbers(5)) == ({"P1"}, {"P2"})


def test_bill_can_be_made_wrong(provider, sandbox_psp):
    sandbox_psp.allow_early_bills()
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    for number in ("P1", "P2"):
        provider.start(_charge(number))
        sandbox_psp.pay(number)
    sandbox_psp.change_bill("missing", today, "P1")
    sandbox_psp.change_bill("amount", today, "P2", amount_fen=26_801)
    sandbox_psp.change_bill("extra", today, "P3", amount_fen=-7, subject="refund")

    moved = {
        (row.subject, row.request_no): row.amount_fen for row in provider.bill(today) if row.subject != Subject.FEE
    }

    assert moved == {(Subject.PAYMENT, "P2"): 26_801, (Subject.REFUND, "P3"): -7}
    assert sandbox_psp.books()["in_fen"] == 53_600


@pytest.mark.parametrize(
    ("amount_fen", "fee_fen"), [(1, 0), (83, 0), (84, 1), (250, 2), (26_800, 161), (10_000_000, 60_000)]
)
def test_fee_is_rounded_half_up(provider, sandbox_psp, amount_fen, fee_fen):
    provider.start(_charge(amount_fen=amount_fen))
    sandbox_psp.pay("P1")
    assert sandbox_psp.books()["fees_fen"] == fee_fen


def test_killed_process_forgets_nothing(paid, sandbox_psp):
    paid.refund(_refund())
    paid.pay_out(_payout())
    sandbox_psp.stay_pending("refund")
    paid.refund(_refund("R2", amount_fen=1))
    before, notices = sandbox_psp.books(), sandbox_psp.notice_log()

    sandbox_psp.kill()
    sandbox_psp.start()

    assert (sandbox_psp.books(), sandbox_psp.notice_log()) == (before, notices)
    assert paid.pay_out(_payout()).standing == Standing.DONE
    assert sandbox_psp.books() == before


def test_two_processes_never_keep_the_same_books(sandbox_psp):
    command = [sys.executable, "-m", "payments.sandbox", "--data", str(sandbox_psp.directory)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert second.returncode == 1
    assert "Another sandbox keeps its books" in second.stderr


def test_process_ends_with_the_one_that_started_it(tmp_path):
    process = SandboxProcess(tmp_path)
    process.start()
    child = process._process
    child.stdin.close()
    assert child.wait(timeout=10) == 0
    child.stdout.close()


def test_it_shares_nothing_with_the_platform():
    program = (
        "import sys; import payments.sandbox.__main__;"
        "rooms = {name.split('.')[0] for name in sys.modules};"
        "ours = rooms & {'django', 'core', 'bookings', 'o2o_platform', 'psycopg2'};"
        "theirs = [name for name in sys.modules if name.startswith('payments.') and 'sandbox' not in name];"
        "print(ours, theirs)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout == "set() []\n"


def test_keys_are_readable_by_their_owner_only(sandbox_psp):
    for path in sandbox_psp.directory.iterdir():
        if path.suffix == ".pem" or path.name == "control-token":
            assert path.stat().st_mode & 0o777 == 0o600
