"""What the room of money tells people; registered when the app is ready."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from notifications import keys, kinds
from notifications.choices import Channel, Topic
from notifications.kinds import Kind
from notifications.models import Notice
from payments.choices import DISPUTE_OPEN, DisputeStep
from payments.models import Alarm, Dispute

PAID, REFUNDED = "payments/paid", "payments/refunded"
DISPUTE, SHOP_DISPUTE = "payments/dispute", "payments/shop_dispute"
PAYOUT_PAID, PAYOUT_FAILED, STATEMENT = "payments/payout_paid", "payments/payout_failed", "payments/statement"
ALARM = "payments/alarm"

# News of money is on the page of the order or of the shop's money: after so long it stands there and in the inbox only.
_LIVES = timedelta(days=3)


def connect() -> None:
    """Register the kinds; called once when the app is ready."""
    kinds.register(
        Kind(PAID, Topic.MONEY, _("Payment received"), lives=_LIVES),
        Kind(REFUNDED, Topic.MONEY, _("Money given back"), lives=_LIVES, waits_for_morning=True),
        Kind(DISPUTE, Topic.MONEY, _("News of your dispute"), lives=_LIVES, waits_for_morning=True),
        Kind(
            SHOP_DISPUTE, Topic.SHOP, _("News of a dispute"), lives=_LIVES, waits_for_morning=True, still=_is_to_answer
        ),
        Kind(PAYOUT_PAID, Topic.SHOP, _("Paid out to the shop"), lives=_LIVES, waits_for_morning=True),
        Kind(PAYOUT_FAILED, Topic.SHOP, _("A payout came back"), lives=_LIVES, waits_for_morning=True),
        Kind(STATEMENT, Topic.SHOP, _("A statement is closed"), lives=_LIVES, waits_for_morning=True),
        Kind(
            ALARM,
            Topic.PLATFORM,
            _("Money: somebody has to look"),
            channels=frozenset({Channel.EMAIL, Channel.PUSH}),
            still=_is_open,
        ),
    )


def _is_to_answer(notice: Notice) -> bool:
    """What asks for an answer is not sent once there is one; the rest happened and stays true."""
    if keys.rest(notice)[0] != DisputeStep.OPENED:
        return True
    waiting = Dispute.objects.filter(status__in=DISPUTE_OPEN, answered_at=None)
    return waiting.filter(public_id=keys.subject(notice)).exists()


def _is_open(notice: Notice) -> bool:
    return Alarm.objects.filter(pk=int(keys.subject(notice)), resolved_at=None).exists()
