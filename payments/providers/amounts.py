"""Fen at a provider's edge: integers here, decimal text there, and nothing between (no float ever)."""

import re
from decimal import Decimal

from payments.providers.base import ProviderRefusedError

# Currencies with two decimals that we deal in; yen (none) or dinars (three) would be wrong by a factor, so are refused.
TWO_DECIMALS = frozenset({"CNY", "HKD", "USD", "EUR"})
# 10 million yuan for one movement: more is a mistake (product decision).
MAX_FEN = 1_000_000_000
# As many digits as from_text takes.
_MOST = 10**12
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,8}))?", re.ASCII)


class AmountError(ValueError):
    """An amount that a provider sent and that is not exactly a whole number of fen."""


def check_outgoing(amount_fen: int, currency: str, *, accepted: frozenset[str]) -> None:
    """Raise ProviderRefusedError, before anything is sent, unless this is a positive amount that the provider takes."""
    if currency not in accepted or currency not in TWO_DECIMALS:
        raise ProviderRefusedError("CURRENCY", f"{currency or 'no currency'} is not taken")
    if type(amount_fen) is not int or not 0 < amount_fen <= MAX_FEN:
        raise ProviderRefusedError("AMOUNT", "not a positive whole number of fen")


def to_text(amount_fen: int) -> str:
    """26800 → "268.00". Raises AmountError for anything but a whole number that is not negative."""
    if type(amount_fen) is not int or amount_fen < 0:
        raise AmountError("not a whole number of fen")
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def from_text(text: object, *, signed: bool = False, padding: int = 0) -> int:
    """ "268.00" → 26800, from text only. `padding` is how many zeros may follow the fen (WeChat writes fees as
    0.06000).

    Raises AmountError for numbers that are not text, exponents, signs (unless `signed`), and parts of a fen.
    """
    found = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    if found is None or (found[1] and not signed):
        raise AmountError("not an amount in yuan")
    decimals = found[3] or ""
    if len(decimals) > 2 + padding or decimals[2:].strip("0"):
        raise AmountError("not a whole number of fen")
    return int(Decimal(found[0]).scaleb(2))


def from_json(value: object) -> int:
    """A JSON whole number of minor units. Raises AmountError for true, 1.0, "1" and negative numbers."""
    if type(value) is not int or not 0 <= value <= _MOST:
        raise AmountError("not a whole number of minor units")
    return value
