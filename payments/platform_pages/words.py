"""What the platform's people read beside an alarm: what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.money import format_fen_exact
from payments.choices import AlarmKind
from payments.models import Alarm

WHAT_TO_DO: dict[str, str | Promise] = {
    AlarmKind.WRONG_AMOUNT: _(
        "More or less came than was asked for. It waits in suspense. Ask the payer, then send it back."
    ),
    AlarmKind.WRONG_CURRENCY: _("It came in another currency. It waits in suspense. Send it back."),
    AlarmKind.UNKNOWN_PAYMENT: _("Nobody was asked for this money. It waits in suspense. Send it back."),
    AlarmKind.NOTICE_REFUSED: _(
        "A notice could not be believed, and nothing was moved by it. Once may be a mistake. If it comes again, ask the"
        " provider and look at who sends it."
    ),
    AlarmKind.REFUND_FAILED: _(
        "The provider refused a refund; the money is still there and still the owner's. Find out why, then send it"
        " again."
    ),
    AlarmKind.PAYOUT_FAILED: _(
        "A payout came back; the shop is owed as before. Ask the shop for its account. The next batch pays it again."
    ),
    AlarmKind.SETTLEMENT_PARKED: _("A settlement failed again and again. Look at its last trouble, and put it right."),
    AlarmKind.FREEZE_ENDS: _("The provider soon releases money that is not settled. Settle or refund it before."),
    AlarmKind.DIFFERENCE: _("Our books and the provider's bill differ on this day. Look at each difference."),
    AlarmKind.BOOKS_OFF: _(
        "What the books hold is not what the rows say. Stop payouts until somebody has found out why."
    ),
    AlarmKind.BILL_MISSING: _("The provider's bill has been missing for two days. Ask the provider for it."),
}
_PLACES = {
    AlarmKind.WRONG_AMOUNT: "platform_money:suspense",
    AlarmKind.WRONG_CURRENCY: "platform_money:suspense",
    AlarmKind.UNKNOWN_PAYMENT: "platform_money:suspense",
    AlarmKind.REFUND_FAILED: "platform_money:suspense",
    AlarmKind.PAYOUT_FAILED: "platform_money:payouts",
    AlarmKind.BOOKS_OFF: "platform_money:overview",
    AlarmKind.BILL_MISSING: "platform_money:reconciliation",
}
# What the details of an alarm are called; others are shown by their own name.
_NAMES: dict[str, str | Promise] = {
    "provider": _("Provider"),
    "request_no": _("Our number"),
    "number": _("Our number"),
    "came_fen": _("Came"),
    "asked_fen": _("Asked for"),
    "amount_fen": _("Amount"),
    "fen": _("Amount"),
    "off_fen": _("Difference"),
    "books_fen": _("In the books"),
    "rows_fen": _("By the rows"),
    "off": _("How many are off"),
    "which": _("Which"),
    "count": _("How many"),
    "day": _("Day"),
    "shop": _("Shop"),
    "error": _("Trouble"),
    "currency": _("Currency"),
    "name": _("Equation"),
    "fault": _("What was wrong"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An alarm as it is shown."""

    alarm: Alarm

    @property
    def what_to_do(self) -> str | Promise:
        return WHAT_TO_DO.get(self.alarm.kind, "")

    @property
    def link(self) -> str:
        """Where it is dealt with; "" where nowhere but here."""
        if self.alarm.kind == AlarmKind.DIFFERENCE:
            provider, _colon, day = self.alarm.key.partition(":")
            return reverse("platform_money:day", args=[provider, day])
        view = _PLACES.get(AlarmKind(self.alarm.kind))
        return reverse(view) if view else ""

    @property
    def details(self) -> list[tuple[str | Promise, str]]:
        return [(_NAMES.get(name, name), _shown(name, value)) for name, value in self.alarm.data.items()]


def _shown(name: str, value: object) -> str:
    if name.endswith("fen") and type(value) is int:
        return format_fen_exact(value)
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
