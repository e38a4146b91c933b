"""The sandbox provider in a process of its own, and a client for its control interface: for tests, drills, journeys."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.test import Client

MERCHANT = "carkeeper-test"


@dataclass(frozen=True)
class SignedNotice:
    """A notice as the sandbox would have sent it now."""

    url: str
    headers: dict[str, str]
    body: bytes

    def post(self, client: Client | None = None) -> Any:
        """Post it to the platform's page that it is addressed to, without a network."""
        address = urlsplit(self.url)
        return (client or Client()).post(
            address.path, data=self.body, content_type="application/json", headers=self.headers
        )


class SandboxProcess:
    """One process with its own books, keys and port. Use it as a context manager: it is gone afterwards.

    It also ends when this process is killed, because its standard input is then closed.
    """

    def __init__(self, directory: Path, *, notify_url: str = "") -> None:
        self.directory, self._notify_url = directory, notify_url
        self.url = ""
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> SandboxProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # --- The process ----------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, or start it again on the same port with the same books; does nothing while it runs."""
        if self._process and self._process.poll() is None:
            return
        command = [sys.executable, "-m", "payments.sandbox", "--data", str(self.directory), "--port", str(self._port)]
        command += ["--merchant", MERCHANT, "--notify-url", self._notify_url, "--until-stdin-closes"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        word, _, self.url = self._process.stdout.readline().strip().partition(" ")
        assert word == "ready", "the sandbox did not start"
        self._port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def options(self, **changes: str) -> dict[str, str]:
        """What the platform is to be told of it: `settings.PAYMENT_PROVIDERS["sandbox"]`."""
        keys = {
            "merchant_key": str(self.directory / "merchant-private.pem"),
            "public_key": str(self.directory / "sandbox-public.pem"),
        }
        return {"url": self.url, "merchant": MERCHANT, **keys, **changes}

    # --- The payer and the bank -----------------------------------------------------------------

    def pay(self, request_no: str, **how: Any) -> dict[str, Any]:
        """The payer pays. `amount_fen`, `currency`: something else than was asked for. `after_close`: although it was
        closed. `how`: "once", "twice" or "unordered" notices."""
        return self.control("pay", request_no=request_no, **how)

    def decline(self, request_no: str) -> dict[str, Any]:
        """The payer says no."""
        return self.control("decline", request_no=request_no)

    def settle_refund(self, request_no: str, *, failure: str = "") -> dict[str, Any]:
        """Decide a pending refund (see `refunds_stay_pending`): done, or failed for a reason."""
        return self.control("settle", kind="refund", request_no=request_no, failure=failure)

    def settle_payout(self, request_no: str, *, failure: str = "") -> dict[str, Any]:
        """Decide a pending payout: done, or failed for a reason."""
        return self.control("settle", kind="payout", request_no=request_no, failure=failure)

    def withdraw(self, amount_fen: int) -> str:
        """Money leaves to the platform's bank account; the withdrawal's number."""
        return str(self.control("withdraw", amount_fen=amount_fen)["request_no"])

    # --- What goes wrong ------------------------------------------------------------------------

    def fault(self, call: str, kind: str, **details: Any) -> None:
        """Let calls go wrong: `call` is "*" or one of start, ask, close, refund, ask_refund, payout, ask_payout, bill;
        `kind` fail, lose, hang (`seconds`), garble, refuse (`code`) or pend; `request_no` for one number; `times`."""
        self.control("faults", call=call, kind=kind, **details)

    def lose_answer(self, call: str, *, request_no: str = "*", times: int = 1) -> None:
        """It is done, and the answer is an error."""
        self.fault(call, "lose", request_no=request_no, times=times)

    def hang(self, call: str, *, seconds: float, request_no: str = "*", times: int = 1) -> None:
        """It is done, and the answer comes late."""
        self.fault(call, "hang", request_no=request_no, seconds=seconds, times=times)

    def refuse(self, call: str, *, code: str = "declined", request_no: str = "*", times: int = 1) -> None:
        """It is refused; a refund or payout for good."""
        self.fault(call, "refuse", request_no=request_no, code=code, times=times)

    def stay_pending(self, call: str, *, request_no: str = "*", times: int = 1) -> None:
        """Refunds ("refund") or payouts ("payout") stay pending until they are settled."""
        self.fault(call, "pend", request_no=request_no, times=times)

    def clear_faults(self) -> None:
        """All goes well again."""
        self.control("faults/clear")

    # --- Notices --------------------------------------------------------------------------------

    def notices(self, request_no: str = "*", **rule: Any) -> None:
        """How notices are treated from now on: `hold`, `drop`, `shuffle`, `copies`, or with another `amount_fen`,
        `currency`, `merchant` in them. Without a rule they are sent."""
        self.control("notices/rule", request_no=request_no, rule=rule)

    def hold_notices(self, request_no: str = "*", **rule: Any) -> None:
        """Keep notices until `take` or `release`; further rules as in `notices`."""
        self.notices(request_no, hold=True, **rule)

    def take(self, request_no: str = "*", *, order: str = "fifo", keep: bool = False) -> list[SignedNotice]:
        """Held notices for a test to post itself (pull); `order` fifo, reverse or shuffle. `keep`: they stay held."""
        given = self.control("notices/take", request_no=request_no, order=order, keep=keep)
        return [SignedNotice(notice["url"], notice["headers"], notice["body"].encode()) for notice in given]

    def release(self, request_no: str = "*", *, order: str = "fifo") -> list[str]:
        """Send held notices now over HTTP, one after the other (push); what the receiver answered to each."""
        return [sent["answer"] for sent in self.control("notices/release", request_no=request_no, order=order)]

    def notice_log(self, request_no: str = "*") -> list[dict[str, Any]]:
        """Every notice so far: state, attempts, last_answer, body."""
        return list(self.control("notices/list", request_no=request_no))

    # --- Books, bills, clock --------------------------------------------------------------------

    def books(self) -> dict[str, Any]:
        """The provider's own books: in_fen, refunded_fen, fees_fen, paid_out_fen, withdrawn_fen, balance_fen, and
        payments, refunds, payouts."""
        return dict(self.control("books"))

    def change_bill(self, kind: str, day: date, request_no: str, **details: Any) -> None:
        """Make a day's bill wrong: "missing", "extra" or "amount"; `subject` (payment), `amount_fen` with its sign."""
        self.control("bill/change", kind=kind, day=day.isoformat(), request_no=request_no, **details)

    def allow_early_bills(self, *, allowed: bool = True) -> None:
        """Let today's bill be had today."""
        self.control("bill/early", allowed=allowed)

    def set_clock(self, at: datetime | None) -> None:
        """Let it believe that it is another time, as a test with a moved clock does; None: the real one again."""
        self.control("clock", at=at and at.isoformat())

    def empty(self) -> None:
        """Forget everything but the keys."""
        self.control("empty")

    def control(self, name: str, **data: Any) -> Any:
        """One call of the control interface. A refusal fails the test."""
        token = (self.directory / "control-token").read_text()
        headers = {"Authorization": f"Bearer {token}"}
        answer = self._session.post(f"{self.url}/control/{name}", json=data, headers=headers, timeout=10)
        assert answer.status_code == 200, f"{name}: {answer.status_code} {answer.text}"
        return answer.json()
