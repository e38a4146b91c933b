"""Every write of a dispute.

Locks: the order, then the dispute, then what refunds lock; the ledger's accounts last. The order's lock is what keeps a
dispute and the settlement of its lines apart: whoever has it first wins, and the other finds it so. Amounts are fen,
instants UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import outbox
from core.errors import InvalidInput, NotAllowed
from core.photos import CleanPhoto, store
from payments import impartial, orders, postings, refunds
from payments.choices import (
    DISPUTE_OPEN,
    DisputeReason,
    DisputeStatus,
    DisputeStep,
    MoneyRole,
    RefundReason,
    SettlementKind,
)
from payments.disputes import rules
from payments.disputes.errors import (
    AnsweredError,
    AnswerFirstError,
    ClaimError,
    DisputeMovedOnError,
    DisputeOverError,
    DisputeRunningError,
    NotDisputableError,
    WordsError,
)
from payments.disputes.reading import disputable
from payments.errors import WindowClosedError
from payments.ledger import post
from payments.models import Dispute, DisputedLine, DisputeEvent, DisputePhoto, Order, Settlement


@dataclass(frozen=True, slots=True)
class Said:
    """Words, and photos that show what is meant."""

    text: str
    photos: Sequence[CleanPhoto] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What is given back of each line in dispute, by number of the order's line, and why.

    `seen` is the number of the last event that was read before deciding.
    """

    refunds: Mapping[int, int]
    text: str
    seen: int


@transaction.atomic
def open_dispute(
    *, order: Order, claims: Mapping[int, int], reason: DisputeReason, said: Said, by: User, at: datetime
) -> Dispute:
    """Dispute lines of a completed order: `claims` says what is wanted back of each, by number of the line.

    Raises NotAllowed for anybody but the payer, WindowClosedError after the window, NotDisputableError for lines that
    are settled, were disputed before or are another order's, DisputeRunningError, ClaimError, WordsError. Side effects,
    in order: the dispute, its lines, photos and first event, the whole of these lines is held back, outbox
    `dispute.opened`.
    """
    order = orders.locked_row(order)
    if order.payer_id != by.pk:
        raise NotAllowed(_("Only who paid for the visit can open a dispute about it."))
    if not rules.is_in_time(order, at=at):
        raise WindowClosedError
    if order.disputes.filter(status__in=DISPUTE_OPEN).exists():
        raise DisputeRunningError
    rows = _claimed(order, claims)
    dispute = Dispute.objects.create(
        order=order, reason=DisputeReason(reason), opened_at=at, opened_by=by, answer_due_at=at + rules.ANSWER_WITHIN
    )
    for row in rows:
        row.dispute = dispute
    DisputedLine.objects.bulk_create(rows)
    told = [{"line": row.line_id, "held_fen": row.held_fen, "claimed_fen": row.claimed_fen} for row in rows]
    _tell(dispute, DisputeStep.OPENED, MoneyRole.OWNER, said, by, at, lines=told)
    post(postings.dispute_held(dispute, sum(row.held_fen for row in rows)), at=at)
    return dispute


def _claimed(order: Order, claims: Mapping[int, int]) -> list[DisputedLine]:
    if not claims:
        raise InvalidInput(_("Choose what was not right."), field="lines")
    possible = {line.line.pk: line for line in disputable(order)}
    for number, fen in claims.items():
        if number not in possible:
            raise NotDisputableError(field="lines")
        if type(fen) is not int or not 0 < fen <= possible[number].most_fen:
            raise ClaimError(field=f"amount_{number}")
    return [
        DisputedLine(line_id=number, held_fen=possible[number].line.kept_fen, claimed_fen=fen)
        for number, fen in sorted(claims.items())
    ]


@transaction.atomic
def answer(*, dispute: Dispute, said: Said, agrees: bool, by: User, at: datetime) -> Dispute:
    """The shop answers, once; who may, the caller has asked. With `agrees` everything is given back as it was wanted.

    Raises DisputeOverError, AnsweredError, WordsError. Side effects: event and photos, outbox `dispute.answered`; where
    it agrees the closing (see `decide`) and outbox `dispute.decided`.
    """
    dispute = _locked(dispute)
    if not rules.can_answer(dispute):
        raise AnsweredError
    dispute.status, dispute.answered_at = DisputeStatus.ANSWERED, at
    dispute.save(update_fields=["status", "answered_at"])
    if not agrees:
        _tell(dispute, DisputeStep.ANSWERED, MoneyRole.SHOP, said, by, at)
        return dispute
    given = {row.line_id: row.claimed_fen for row in dispute.lines.all()}
    told = _tell(dispute, DisputeStep.ANSWERED, MoneyRole.SHOP, said, by, at, agreed=True, lines=_given(given))
    _close(dispute, DisputeStatus.DECIDED, given, by, at)
    outbox.emit(topic="dispute.decided", key=dispute.public_id, at=at, payload={"event": told.pk})
    return dispute


@transaction.atomic
def comment(*, dispute: Dispute, role: MoneyRole, said: Said, by: User, at: datetime) -> DisputeEvent:
    """Add a word or photos to an open dispute, as its owner, its shop or the platform; who may, the caller has asked.

    Raises DisputeOverError, WordsError. Side effects: event and photos, outbox `dispute.commented`.
    """
    return _tell(_locked(dispute), DisputeStep.COMMENTED, role, said, by, at)


@transaction.atomic
def decide(*, dispute: Dispute, decision: Decision, by: User, at: datetime) -> Dispute:
    """The platform decides what is given back of each line; who may, the caller has asked.

    Raises OwnInterestError for who pays for the visit or works at the shop, DisputeOverError, AnswerFirstError while
    the shop has time, DisputeMovedOnError where something was said since, ClaimError for an amount that is not 0 to
    what the owner paid for the line, or a line that is left out, WordsError. Side effects, in order: the event, what
    was held back is free again, the refunds, the settlement of the rest is due now, outbox `dispute.decided`.
    """
    dispute = _locked(dispute)
    impartial.ask(by, shop=dispute.order.shop, payer_id=dispute.order.payer_id)
    if not rules.can_decide(dispute, at=at):
        raise AnswerFirstError
    if dispute.events.filter(pk__gt=decision.seen).exists():
        raise DisputeMovedOnError
    _check_decision(dispute, decision.refunds)
    said = Said(decision.text)
    _tell(dispute, DisputeStep.DECIDED, MoneyRole.PLATFORM, said, by, at, lines=_given(decision.refunds))
    _close(dispute, DisputeStatus.DECIDED, decision.refunds, by, at)
    return dispute


def _check_decision(dispute: Dispute, given: Mapping[int, int]) -> None:
    rows = {row.line_id: row for row in dispute.lines.all()}
    if set(given) != set(rows):
        raise ClaimError(_("Say for each line what is given back."))
    most = {line.line.pk: line.most_fen for line in disputable(dispute.order, of=dispute)}
    for number, fen in given.items():
        if type(fen) is not int or not 0 <= fen <= most[number]:
            raise ClaimError(field=f"amount_{number}")


@transaction.atomic
def withdraw(*, dispute: Dispute, by: User, at: datetime) -> Dispute:
    """The owner takes the dispute back; its lines are settled as if there had been none. Cannot be taken back.

    Raises NotAllowed for anybody but the payer, DisputeOverError. Side effects as of `decide`, without a refund;
    outbox `dispute.withdrawn`.
    """
    dispute = _locked(dispute)
    if dispute.order.payer_id != by.pk:
        raise NotAllowed(_("Only who opened the dispute can withdraw it."))
    _tell(dispute, DisputeStep.WITHDRAWN, MoneyRole.OWNER, None, by, at)
    _close(dispute, DisputeStatus.WITHDRAWN, {}, by, at)
    return dispute


# --- Parts ------------------------------------------------------------------------------------------


def _locked(dispute: Dispute) -> Dispute:
    """The dispute as it is now, locked after its order. Raises DisputeOverError for a closed one."""
    order = orders.locked_row(dispute.order)
    dispute = Dispute.objects.select_for_update(of=("self",), no_key=True).get(pk=dispute.pk)
    dispute.order = order
    if not rules.is_open(dispute):
        raise DisputeOverError
    return dispute


def _close(dispute: Dispute, status: DisputeStatus, given: Mapping[int, int], by: User, at: datetime) -> None:
    """Free what was held back, refund what is given, settle the rest now."""
    order, rows = dispute.order, list(dispute.lines.select_related("line").order_by("pk"))
    postings.lock_all_of(order)
    post(postings.dispute_released(dispute, sum(row.held_fen for row in rows)), at=at)
    dispute.status, dispute.closed_at = status, at
    dispute.decided_by = by if status == DisputeStatus.DECIDED else None
    dispute.save(update_fields=["status", "closed_at", "decided_by"])
    for row in rows:
        if row.line_id in given:
            row.refund_fen = given[row.line_id]
            row.save(update_fields=["refund_fen"])
        if row.refund_fen:
            refunds.request(order, amount_fen=row.refund_fen, reason=RefundReason.DISPUTE, at=at, by=by, line=row.line)
    Settlement.objects.create(order=order, kind=SettlementKind.DISPUTE, dispute=dispute, due_at=at)


def _given(refunds_fen: Mapping[int, int]) -> list[dict[str, int]]:
    return [{"line": number, "refund_fen": fen} for number, fen in sorted(refunds_fen.items())]


def _tell(
    dispute: Dispute, step: DisputeStep, role: MoneyRole, said: Said | None, by: User, at: datetime, **data: Any
) -> DisputeEvent:
    """Write what was said and done into the record that everybody reads, and tell the others of it."""
    if said is not None:
        is_enough = bool(said.text.strip() or data.get("agreed") or (step == DisputeStep.COMMENTED and said.photos))
        _check(dispute, role, said, is_enough=is_enough)
        data["photos"] = _stored(dispute, role, said.photos, by, at)
    text = said.text.strip() if said else ""
    event = DisputeEvent.objects.create(dispute=dispute, at=at, step=step, actor=by, role=role, text=text, data=data)
    outbox.emit(topic=f"dispute.{step}", key=dispute.public_id, at=at, payload={"event": event.pk})
    return event


def _check(dispute: Dispute, role: MoneyRole, said: Said, *, is_enough: bool) -> None:
    text = said.text.strip()
    if "\x00" in text or len(text) > rules.MAX_WORDS or not is_enough:
        raise WordsError(field="text")
    kept = DisputePhoto.objects.filter(dispute=dispute, role=role).count() if said.photos else 0
    if len(said.photos) > rules.MAX_PHOTOS or kept + len(said.photos) > rules.MAX_PHOTOS_OF_SIDE:
        raise InvalidInput(_("There are too many photos."), field="photos")


def _stored(dispute: Dispute, role: MoneyRole, photos: Sequence[CleanPhoto], by: User, at: datetime) -> list[str]:
    """The photos' public ids, each photo kept with its files."""
    made = [store(DisputePhoto(dispute=dispute, role=role, uploaded_at=at, uploaded_by=by), photo) for photo in photos]
    return [photo.public_id for photo in made]
