"""Those who act from outside, each a thread: visitors of the site, payers at the provider, the provider's bank."""

from __future__ import annotations

import random
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

import requests
from django.db import connections

from payments.choices import PaymentStatus, ProviderKey
from payments.models import Payment
from tests.payments.sandbox_process import SandboxProcess


class Background(threading.Thread):
    """Does something again and again until it is stopped. What it could not go on with is raised by `stop`."""

    pause_seconds = 0.2

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.dice, self.over, self.trouble = random.Random(), threading.Event(), ""

    def once(self) -> None:
        """What it does."""
        raise NotImplementedError

    def run(self) -> None:
        try:
            while not self.over.wait(self.pause_seconds):
                self.once()
        except Exception:
            self.trouble = traceback.format_exc()
        finally:
            connections.close_all()

    def stop(self) -> None:
        """Let it end what it is doing."""
        self.over.set()
        self.join()
        assert not self.trouble, self.trouble


def told(call: Callable[..., Any], *arguments: Any, **how: Any) -> Any:
    """Tell the provider something; None where it is dead just now, or says no."""
    try:
        return call(*arguments, **how)
    except (requests.RequestException, AssertionError):
        return None


class Visitor(Background):
    """Somebody with the site open: one request after the other, each a random step with money."""

    pause_seconds = 0.02

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url, self._session = f"{url}/drill/step", requests.Session()
        self._session.trust_env = False
        self.steps: Counter[str] = Counter()
        self.errors: list[str] = []
        self.lost = 0

    def once(self) -> None:
        try:
            answer = self._session.post(self._url, data=str(self.dice.getrandbits(48)), timeout=30)
        except requests.RequestException:
            self.lost += 1
            self.over.wait(0.2)
            return
        if answer.status_code == 200:
            self.steps[answer.text] += 1
        else:
            self.errors.append(answer.text)


class Payer(Background):
    """The owners at the provider's page: they pay, once or twice or late, too much or too little, or decline."""

    pause_seconds = 0.08

    def __init__(self, psp: SandboxProcess) -> None:
        super().__init__()
        self._psp = psp

    def once(self) -> None:
        waiting = Payment.objects.filter(provider=ProviderKey.SANDBOX).exclude(status=PaymentStatus.PAID)
        rows = list(waiting.order_by("-pk").values_list("request_no", "status", "amount_fen")[:40])
        if not rows:
            return
        request_no, status, amount_fen = self.dice.choice(rows)
        if status != PaymentStatus.CLOSED:
            self._go_on(request_no, amount_fen)
        elif self.dice.random() < 0.1:
            told(self._pay_late, request_no)

    def _pay_late(self, request_no: str) -> None:
        # Nobody may ask about it any more: the notice has to arrive some day.
        self._psp.notices(request_no, drop=False)
        self._psp.pay(request_no, after_close=True)

    def _go_on(self, request_no: str, amount_fen: int) -> None:
        match self.dice.choices(["pay", "wait", "decline", "forged", "dollars"], weights=[70, 15, 10, 4, 1])[0]:
            case "pay":
                told(self._psp.pay, request_no, how=self.dice.choice(["once", "twice", "unordered"]))
            case "decline":
                told(self._psp.decline, request_no)
            case "forged":
                told(self._psp.pay, request_no, amount_fen=max(1, amount_fen + self.dice.choice([-1, 1, -500])))
            case "dollars":
                told(self._psp.pay, request_no, currency="USD")
            case _:
                pass


class Bank(Background):
    """Decides refunds and payouts that stay pending at the provider."""

    pause_seconds = 2

    def __init__(self, psp: SandboxProcess) -> None:
        super().__init__()
        self._psp = psp

    def once(self) -> None:
        decide_pending(self._psp, failures=0.2, dice=self.dice)


def decide_pending(psp: SandboxProcess, *, failures: float, dice: random.Random) -> None:
    """Decide what is pending, some of it with a no."""
    books = told(psp.books) or {"refunds": [], "payouts": []}
    for kind in ("refund", "payout"):
        for row in books[f"{kind}s"]:
            if row["status"] == "pending":
                failure = "account_closed" if dice.random() < failures else ""
                told(psp.control, "settle", kind=kind, request_no=row["request_no"], failure=failure)
