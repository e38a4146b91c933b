"""The day's closing list: every visit with its final state, what is still open, and what was taken. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from bookings.board import reading
from bookings.board.day import Card
from bookings.choices import IN_SHOP, Status
from shops.models import Shop

# What a day must not end with; a hold that nobody confirmed ends by itself.
OPEN = (Status.CONFIRMED, *IN_SHOP)


@dataclass(frozen=True)
class TechnicianLine:
    """What a technician did: visits handed over, and their sum."""

    name: str
    visits: int
    total_fen: int


@dataclass(frozen=True)
class Closing:
    """A local day of a shop, closed or not."""

    date: date
    cards: list[Card]

    @property
    def open(self) -> list[Card]:
        """Visits that must still be handed over, marked as no-show, cancelled or moved."""
        return [card for card in self.cards if card.booking.status in OPEN]

    @property
    def by_state(self) -> list[tuple[str, int]]:
        """How many visits ended (or stand) in each state, in the order of a visit."""
        counts = Counter(card.booking.status for card in self.cards)
        return [(status, counts[status]) for status in Status.values if counts[status]]

    @property
    def handed_over(self) -> list[Card]:
        return [card for card in self.cards if card.booking.status == Status.COMPLETED]

    @property
    def total_fen(self) -> int:
        return sum(card.booking.total_fen for card in self.handed_over)

    @property
    def technicians(self) -> list[TechnicianLine]:
        """Handed-over visits by technician, the most first."""
        visits: Counter[str] = Counter()
        fen: Counter[str] = Counter()
        for card in self.handed_over:
            name = card.technician.name if card.technician else ""
            visits[name] += 1
            fen[name] += card.booking.total_fen
        return [TechnicianLine(name, count, fen[name]) for name, count in visits.most_common()]


def load(*, shop: Shop, day: date, at: datetime) -> Closing:
    """The closing list of a local day. Four queries. A visit belongs to the day on which it starts; today also every
    car still in the shop from days before.
    """
    rows = reading.visits(shop=shop, day=day, at=at).exclude(status=Status.HELD).for_card()
    rows = rows.prefetch_related("lines")  # the next step of what is open asks them
    mine = [row for row in rows if row.starts_at.astimezone(shop.zone).date() == day or row.status in IN_SHOP]
    return Closing(day, [Card(row, at) for row in mine])
