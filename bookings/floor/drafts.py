"""What a line is to say, as a person of the shop puts it: checked here, priced and judged by `bookings.floor.lines`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from bookings.choices import PriceBasis, Urgency
from bookings.floor import warranty
from catalog.choices import AdviceVerdict
from catalog.models import MAX_PRICE_FEN, OverMaintenanceRule, Service
from core.errors import InvalidInput

# A line is read on a phone; more parts than this are several lines (product decision).
MAX_PARTS = 12
MAX_QUANTITY = Decimal(999)
MAX_LABOUR_MINUTES = 3_000
# Verdicts against which a shop may still propose, if it says why; the owner sees both.
AGAINST = (AdviceVerdict.NOT_NEEDED, AdviceVerdict.MOSTLY_UNNECESSARY, AdviceVerdict.CAN_WAIT)


@dataclass(frozen=True, slots=True)
class Part:
    """A part with its price for one, fen. `quantity` may be a fraction: 4.3 litres."""

    name: str
    quantity: Decimal
    unit_fen: int
    code: str = ""

    @property
    def total_fen(self) -> int:
        """Rounded to the fen, half up, as bills are."""
        return int((self.quantity * self.unit_fen).quantize(Decimal(1), ROUND_HALF_UP))

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "code": self.code,
            "quantity": format(self.quantity.normalize(), "f"),
            "unit_fen": self.unit_fen,
        }


@dataclass(frozen=True, slots=True)
class Draft:
    """A line as proposed: one of the catalogue's services, one of its often-sold measures, or words of one's own.

    `labour_fen` None: price and parts from the shop's price list (`service` only). A price entered by hand needs
    `price_reason`. `extra_minutes` is what the work adds to the promise.
    """

    urgency: Urgency
    warranty: warranty.Terms
    service: Service | None = None
    measure: OverMaintenanceRule | None = None
    title: str = ""
    note: str = ""
    labour_minutes: int = 0
    labour_fen: int | None = None
    parts: tuple[Part, ...] = ()
    price_reason: str = ""
    extra_minutes: int = 0
    symptoms: tuple[str, ...] = ()
    fault_codes: tuple[str, ...] = ()
    against_reason: str = ""

    @property
    def price_basis(self) -> PriceBasis:
        return PriceBasis.OFFER if self.labour_fen is None else PriceBasis.ENTERED


def check(draft: Draft) -> None:
    """Whether a draft can be proposed at all. Raises InvalidInput with the field named; no query."""
    if draft.service and draft.measure:
        raise InvalidInput(_("Choose one thing: a service or a measure."), field="measure")
    if not (draft.service or draft.measure or draft.title.strip()):
        raise InvalidInput(_("Say what is to be done."), field="title")
    if draft.price_basis == PriceBasis.OFFER and draft.service is None:
        raise InvalidInput(_("Only services have a list price. Enter the price and say why."), field="labour_fen")
    if draft.price_basis == PriceBasis.ENTERED and not draft.price_reason.strip():
        raise InvalidInput(_("Say why this price: the owner reads it."), field="price_reason")
    if not 0 <= draft.labour_minutes <= MAX_LABOUR_MINUTES or not 0 <= draft.extra_minutes <= MAX_LABOUR_MINUTES:
        raise InvalidInput(_("Between 0 and 3,000 minutes."), field="labour_minutes")
    if draft.labour_fen is not None and not 0 <= draft.labour_fen <= MAX_PRICE_FEN:
        raise InvalidInput(_("Enter a price between ¥0 and ¥100,000."), field="labour_fen")
    _check_parts(draft.parts)
    warranty.check(draft.warranty)


def _check_parts(parts: tuple[Part, ...]) -> None:
    if len(parts) > MAX_PARTS:
        raise InvalidInput(_("Twelve parts at most. Add another line for the rest."), field="parts")
    for part in parts:
        if not part.name.strip():
            raise InvalidInput(_("Name each part."), field="parts")
        if not 0 < part.quantity <= MAX_QUANTITY or not 0 <= part.unit_fen <= MAX_PRICE_FEN:
            raise InvalidInput(_("Each part needs a quantity above 0 and a price."), field="parts")
    if sum(part.total_fen for part in parts) > MAX_PRICE_FEN:
        raise InvalidInput(_("Enter a price between ¥0 and ¥100,000."), field="parts")
