"""Disputes as rows of a list, for shop and platform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from payments.choices import DisputeStatus
from payments.dispute_pages.showing import STATUS_LOOKS
from payments.disputes import rules
from payments.models import Dispute


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A dispute of a list: how long it has been open, whether the shop has let its time go by."""

    dispute: Dispute
    tone: str
    icon: str
    claimed_fen: int
    age_days: int
    is_open: bool
    is_late: bool
    can_decide: bool


def rows(disputes: Iterable[Dispute], *, at: datetime) -> list[QueueRow]:
    """The rows of disputes that `for_queue` has read."""
    return [_row(dispute, at) for dispute in disputes]


def _row(dispute: Dispute, at: datetime) -> QueueRow:
    tone, icon = STATUS_LOOKS[DisputeStatus(dispute.status)]
    return QueueRow(
        dispute=dispute,
        tone=tone,
        icon=icon,
        claimed_fen=sum(row.claimed_fen for row in dispute.lines.all()),
        age_days=((dispute.closed_at or at) - dispute.opened_at).days,
        is_open=rules.is_open(dispute),
        is_late=rules.is_late(dispute, at=at),
        can_decide=rules.can_decide(dispute, at=at),
    )
