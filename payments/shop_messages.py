"""Telling the people of a shop who see its money what was settled: a payout arrived or came back, a statement is
closed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications import keys, telling
from notifications.telling import Word
from payments.choices import PayoutStatus
from payments.message_kinds import PAYOUT_FAILED, PAYOUT_PAID, STATEMENT
from payments.models import Payout, Statement
from payments.statements import period as periods
from shops.access import people_who_may
from shops.choices import Permission
from shops.models import Shop


def connect() -> None:
    """Subscribe to payouts and statements; called once when the app is ready."""
    outbox.subscribe("payout.paid")(tell_payout)
    outbox.subscribe("payout.failed")(tell_payout)
    outbox.subscribe("statement.closed")(tell_statement)


def tell_payout(event: OutboxEvent) -> None:
    """Say that a payout has arrived, or that it came back and goes out again with the next one."""
    payout = Payout.objects.select_related("shop__city", "account").filter(public_id=event.key).first()
    if payout is None or payout.status not in _KINDS:
        return
    path = reverse("money:payouts", args=[payout.shop.slug])
    _tell(_KINDS[payout.status], payout.shop, payout.public_id, path, partial(_payout_facts, payout))


def tell_statement(event: OutboxEvent) -> None:
    """Say that half a month is closed, with what it came to."""
    statement = Statement.objects.select_related("shop__city").filter(number=event.key).first()
    if statement is None:
        return
    period = periods.of_day(statement.starts_on, statement.shop.zone)
    path = reverse("money:statement", args=[statement.shop.slug, period.key])
    _tell(STATEMENT, statement.shop, statement.number, path, partial(_statement_facts, statement, period))


_KINDS: dict[str, str] = {PayoutStatus.PAID: PAYOUT_PAID, PayoutStatus.FAILED: PAYOUT_FAILED}


def _tell(kind: str, shop: Shop, subject: str, path: str, facts: Callable[[], dict[str, str]]) -> None:
    words = [
        Word(kind=kind, key=keys.make(kind, subject, person.pk), to=person, context=facts, path=path)
        for person in people_who_may(shop, Permission.MONEY)
    ]
    telling.tell_all(words, at=timezone.now())


def _payout_facts(payout: Payout) -> dict[str, str]:
    return {
        "shop_name": payout.shop.name,
        "amount": format_fen(payout.amount_fen),
        "number": payout.request_no,
        "action_words": _("See the payouts"),
    }


def _statement_facts(statement: Statement, period: periods.Period) -> dict[str, str]:
    return {
        "shop_name": statement.shop.name,
        "period": period.name,
        "net": format_fen(statement.net_fen),
        "paid_out": format_fen(statement.paid_out_fen),
        "owed": format_fen(statement.closing_fen),
        "action_words": _("See the statement"),
    }
