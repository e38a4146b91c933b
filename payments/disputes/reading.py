"""What pages read of disputes: what can be disputed, the record that everybody reads, the queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from payments.choices import DISPUTE_OPEN, StatementKind
from payments.late_refunds import refundable_fen
from payments.models import Dispute, DisputedLine, DisputeEvent, DisputePhoto, Order, OrderLine, StatementLine


@dataclass(frozen=True, slots=True)
class DisputableLine:
    """A line of an order and the most that can be wanted back of it, fen."""

    line: OrderLine
    most_fen: int


def disputable(order: Order, *, of: Dispute | None = None) -> list[DisputableLine]:
    """The lines of an order that a dispute can still be about: not settled, never disputed, and paid by the owner.

    With `of`, the lines of that open dispute instead.
    """
    lines = order.lines.order_by("position", "pk")
    if of is not None:
        lines = lines.filter(disputed__dispute=of)
    else:
        settled = StatementLine.objects.filter(order=order, kind__in=[StatementKind.WORK, StatementKind.FEE])
        lines = lines.exclude(pk__in=settled.values("line")).exclude(
            pk__in=DisputedLine.objects.filter(line__order=order).values("line")
        )
    found = [DisputableLine(line, refundable_fen(order, line)) for line in lines]
    return found if of is not None else [line for line in found if line.most_fen]


def open_dispute_of(order: Order) -> Dispute | None:
    """The open dispute about an order, None if there is none."""
    return Dispute.objects.filter(order=order, status__in=DISPUTE_OPEN).first()


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """A step of the record with its photos, and what was given back by it (line, fen)."""

    event: DisputeEvent
    photos: list[DisputePhoto]
    given: list[tuple[OrderLine, int]] = field(default_factory=list)

    @property
    def agreed(self) -> bool:
        return bool(self.event.data.get("agreed"))


@dataclass(frozen=True, slots=True)
class Record:
    """A dispute as owner, shop and platform read it."""

    dispute: Dispute
    lines: list[DisputedLine]
    events: list[RecordEvent]
    photo_count: int

    @property
    def claimed_fen(self) -> int:
        return sum(row.claimed_fen for row in self.lines)

    @property
    def held_fen(self) -> int:
        return sum(row.held_fen for row in self.lines)

    @property
    def refund_fen(self) -> int:
        return sum(row.refund_fen or 0 for row in self.lines)

    @property
    def last_event(self) -> int:
        """The number of the last event: what a decision is based on."""
        return max((entry.event.pk for entry in self.events), default=0)


def record(dispute: Dispute) -> Record:
    """The whole record, oldest event first. Three queries."""
    lines = list(dispute.lines.select_related("line").order_by("line__position", "pk"))
    by_number = {row.line_id: row.line for row in lines}
    photos = {photo.public_id: photo for photo in dispute.photos.order_by("uploaded_at", "pk")}
    events = dispute.events.select_related("actor").order_by("at", "pk")
    return Record(dispute, lines, [_entry(event, photos, by_number) for event in events], len(photos))


def _entry(event: DisputeEvent, photos: Mapping[str, DisputePhoto], lines: Mapping[int, OrderLine]) -> RecordEvent:
    data: dict[str, Any] = event.data
    shown = [photos[public_id] for public_id in data.get("photos", []) if public_id in photos]
    given = [
        (lines[part["line"]], part["refund_fen"])
        for part in data.get("lines", [])
        if "refund_fen" in part and part["line"] in lines
    ]
    return RecordEvent(event, shown, given)
