"""Batches of payouts through the bank: the file for its batch transfer, and the bank's answer read back.

The columns are what batch transfers in yuan need (product decision: each bank's template differs, and a person maps
these onto it once); UTF-8 with a byte order mark, so that it opens in a spreadsheet, where no cell is taken for a
formula.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from defusedcsv import csv
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from payments import payouts
from payments.choices import PayoutStatus, ProviderKey
from payments.models import Payout, PayoutBatch

COLUMNS = ("序号", "收款户名", "收款账号", "收款银行", "金额(元)", "用途", "业务编号")
ANSWER_COLUMNS = ("业务编号", "金额(元)", "状态", "失败原因")
PAID, FAILED = "成功", "失败"
MAX_ANSWER_BYTES = 2_000_000


class BankAnswerError(InvalidInput):
    """A bank's answer that cannot be believed as it is; `message` names the row. Nothing was recorded."""

    code = "bank_answer"


@dataclass(frozen=True, slots=True)
class BankRow:
    """What the bank says of one payout; `reason` only where it came back."""

    number: int
    request_no: str
    amount: str
    is_paid: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How many payouts an answer closed; those closed before are not counted."""

    arrived: int
    came_back: int


def bank_file(batch: PayoutBatch) -> bytes:
    """The file for the bank: the payouts of a batch that are not closed, one a row. The same as often as it is asked
    for; a payout is one transfer by its number."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    rows = batch.payouts.filter(status__in=payouts.OPEN).select_related("account").order_by("pk")
    for number, payout in enumerate(rows, start=1):
        account = payout.account
        purpose = f"车管家结算 {batch.number}"
        writer.writerow(
            [number, account.holder, account.number, account.bank, yuan(payout.amount_fen), purpose, payout.request_no]
        )
    return text.getvalue().encode("utf-8-sig")


@transaction.atomic
def hand_over(*, batch: PayoutBatch, at: datetime) -> int:
    """Write down that the file of a batch was given to the bank; how many payouts are on their way since then."""
    waiting = batch.payouts.select_for_update().filter(status=PayoutStatus.CREATED)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    return Payout.objects.filter(pk__in=ids).update(status=PayoutStatus.SENT, sent_at=at)


def yuan(fen: int) -> str:
    """An amount as banks write it: 1234.05."""
    return f"{fen // 100}.{fen % 100:02d}"


def read_answer(content: bytes) -> list[BankRow]:
    """The rows of a bank's answer, a CSV in UTF-8 or GB 18030 with `ANSWER_COLUMNS`. Raises BankAnswerError."""
    if len(content) > MAX_ANSWER_BYTES:
        raise BankAnswerError(_("This file is too large."), field="file")
    try:
        rows = list(csv.reader(io.StringIO(_text(content)), strict=True))
    except csv.Error:
        raise BankAnswerError(_("This is not a CSV file."), field="file") from None
    if not rows or tuple(cell.strip() for cell in rows[0]) != ANSWER_COLUMNS:
        columns = ", ".join(ANSWER_COLUMNS)
        raise BankAnswerError(_("The first row must be: {columns}").format(columns=columns), field="file")
    return [_row(number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise BankAnswerError(_("This is not a CSV file."), field="file")


def _row(number: int, cells: Sequence[str]) -> BankRow:
    if len(cells) != len(ANSWER_COLUMNS):
        raise _wrong(number, _("it has too many or too few cells"))
    request_no, amount, state, reason = (cell.strip() for cell in cells)
    if state not in {PAID, FAILED}:
        raise _wrong(number, _("the state is neither 成功 nor 失败"))
    if state == FAILED and not reason:
        raise _wrong(number, _("it does not say why the transfer came back"))
    return BankRow(number, request_no, amount, state == PAID, reason[:300])


def confirm_from_bank(*, batch: PayoutBatch, rows: Sequence[BankRow], at: datetime) -> Confirmed:
    """Record what the bank says: payouts have arrived or came back. The same answer again changes nothing.

    All rows are checked before the first is recorded. Raises BankAnswerError for a batch that is not the bank's, a
    payout that is not in it or twice in the answer, another amount, or one that was closed otherwise before. Payouts
    that the answer does not name stay on their way.
    """
    if batch.channel != ProviderKey.BANK:
        raise BankAnswerError(_("This batch does not go through the bank."))
    of_batch = {payout.request_no: payout for payout in batch.payouts.all()}
    _check(rows, of_batch)
    arrived = came_back = 0
    for row in rows:
        payout = of_batch[row.request_no]
        if payout.status not in payouts.OPEN:
            continue
        if row.is_paid:
            payouts.arrived(payout_id=payout.pk, at=at)
            arrived += 1
        else:
            payouts.came_back(payout_id=payout.pk, reason=row.reason, at=at)
            came_back += 1
    return Confirmed(arrived, came_back)


def _check(rows: Sequence[BankRow], of_batch: dict[str, Payout]) -> None:
    if not rows:
        raise BankAnswerError(_("There is no row in it."), field="file")
    seen = set()
    for row in rows:
        payout = of_batch.get(row.request_no)
        if payout is None:
            raise _wrong(row.number, _("the number is not one of this batch"))
        if row.request_no in seen:
            raise _wrong(row.number, _("the number is there twice"))
        seen.add(row.request_no)
        if row.amount != yuan(payout.amount_fen):
            raise _wrong(row.number, _("the amount is not {amount}").format(amount=yuan(payout.amount_fen)))
        closed = {PayoutStatus.PAID: True, PayoutStatus.FAILED: False}.get(PayoutStatus(payout.status))
        if closed is not None and closed != row.is_paid:
            raise _wrong(row.number, _("this payout was closed otherwise before"))


def _wrong(number: int, what: str) -> BankAnswerError:
    return BankAnswerError(_("Row {number}: {what}.").format(number=number, what=what), field="file")
