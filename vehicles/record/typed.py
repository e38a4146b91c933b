"""Kilometres as people type them: "58,240 km", full-width digits, miles by mistake, a digit too many. Pure."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from vehicles.limits import MAX_ODOMETER_KM

KM_PER_MILE = 1.609344
MAX_LENGTH = 40  # nobody types more to say how far a car has gone

_UNITS = r"(?:km|kms|公里|千米)"
_MILES = r"(?:mi|mile|miles|英里|哩)"
_NUMBER = r"(?P<number>[+-]?(?:\d{1,3}(?:[, ]\d{3})+|\d+)(?P<decimals>[.]\d+)?)"
_TYPED = re.compile(rf"{_NUMBER} ?(?:(?P<miles>{_MILES})|{_UNITS})?", re.ASCII)
_THOUSANDS = 3  # digits behind a point that is no decimal point: "58.240"


class Fault(StrEnum):
    """What is wrong with what was typed."""

    NO_NUMBER = "no_number"
    MILES = "miles"
    DECIMALS = "decimals"
    NEGATIVE = "negative"
    TOO_MANY_DIGITS = "too_many_digits"


class TypedKmError(ValueError):
    """It is no reading. `likely`: what the figure would be in kilometres, or without the digit too many."""

    def __init__(self, fault: Fault, *, number: int = 0, likely: int | None = None) -> None:
        super().__init__(fault)
        self.fault, self.number, self.likely = fault, number, likely


def kilometres(text: str, *, last_km: int | None = None) -> int:
    """Whole kilometres that an odometer can show. Raises TypedKmError; `last_km`, the reading before, tells which digit
    is too many."""
    found = _TYPED.fullmatch(unicodedata.normalize("NFKC", text[: MAX_LENGTH + 1]).strip().lower())
    if found is None or len(text) > MAX_LENGTH:
        raise TypedKmError(Fault.NO_NUMBER)
    digits = re.sub(r"[, ]", "", found["number"].partition(".")[0])
    number = int(digits)
    if digits.startswith("-") and (number or found["decimals"]):
        raise TypedKmError(Fault.NEGATIVE)
    if found["miles"]:
        likely = round(number * KM_PER_MILE)
        raise TypedKmError(Fault.MILES, number=number, likely=likely if likely <= MAX_ODOMETER_KM else None)
    if decimals := (found["decimals"] or "")[1:]:
        likely = int(f"{digits}{decimals}") if len(decimals) == _THOUSANDS else number
        raise TypedKmError(Fault.DECIMALS, number=number, likely=likely if likely <= MAX_ODOMETER_KM else None)
    if number > MAX_ODOMETER_KM:
        raise TypedKmError(Fault.TOO_MANY_DIGITS, number=number, likely=without_a_digit(number, last_km=last_km))
    return number


def without_a_digit(number: int, *, last_km: int | None = None) -> int | None:
    """The reading that was meant where one digit too many was typed: of what is left when one digit is struck, the
    first that is not below the last reading; without one, a digit that was typed twice is struck, else the last one.
    None where more than one digit is too many."""
    text = str(number)
    left = [int(text[:place] + text[place + 1 :]) for place in range(len(text))]
    possible = [km for km in left if km <= MAX_ODOMETER_KM]
    if not possible:
        return None
    if last_km is not None:
        ahead = [km for km in possible if km >= last_km]
        return min(ahead, default=None)
    doubled = [int(text[:place] + text[place + 1 :]) for place in range(1, len(text)) if text[place] == text[place - 1]]
    return doubled[0] if doubled else possible[-1]
