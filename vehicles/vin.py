"""Vehicle identification numbers: what is wrong with one, who built the car, and when.

GB 16735-2019 (China) and 49 CFR 565 (North America) require a check digit in position 9. Europe and Japan do not, so
imported cars may carry anything there. A wrong check digit is therefore an error for a VIN that begins with L or H
(China) or with 1 to 5 or 7 (North America), and is not looked at for any other.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _
from vininfo import Vin

from core.errors import InvalidInput
from vehicles.models import Make, Wmi

LENGTH = 17
_CHECKED_REGIONS = "LH123457"
_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10), *range(10)], strict=True)
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
# Position 10; the codes repeat every 30 years. I, O, Q, U, Z and 0 are not used.
_YEAR_CODES = "ABCDEFGHJKLMNPRSTVWXY123456789"
_FIRST_YEAR = 1980
_CYCLE_YEARS = 30


class VinError(InvalidInput):
    """A VIN that cannot be right; the message says what is wrong and where."""

    code = "invalid_vin"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="vin")


@dataclass(frozen=True)
class DecodedVin:
    """What a VIN says. `makes` are the makes of ours that the builder builds; there may be several or none."""

    vin: str
    maker: str
    makes: list[Make]
    model_years: list[int]
    is_check_digit_verified: bool

    @property
    def wmi(self) -> str:
        return self.vin[:3]


def normalise(text: str) -> str:
    """Half-width, upper case, without spaces and hyphens."""
    return re.sub(r"[\s\-]+", "", unicodedata.normalize("NFKC", text)).upper()


def validate(text: str) -> str:
    """The normalised VIN. Raises VinError, which names the characters and the position at fault."""
    vin = normalise(text)
    if wrong := sorted(set(re.sub(r"[A-Z0-9]", "", vin))):
        raise VinError(
            _("A VIN has only letters and digits, not %(characters)s.") % {"characters": " ".join(wrong[:5])}
        )
    if len(vin) != LENGTH:
        raise VinError(_("A VIN has 17 characters. This one has %(count)d.") % {"count": len(vin)})
    if found := re.search(r"[IOQ]", vin):
        raise VinError(
            _("A VIN never has the letters I, O or Q. Position %(position)d is %(letter)s; look again for 1 or 0.")
            % {"position": found.start() + 1, "letter": found.group()}
        )
    if has_check_digit(vin) and vin[8] != (expected := check_digit(vin)):
        raise VinError(
            _(
                "The check digit in position 9 is %(found)s, but the other characters give %(expected)s. "
                "One of them was probably misread."
            )
            % {"found": vin[8], "expected": expected}
        )
    return vin


def has_check_digit(vin: str) -> bool:
    """Whether the rules of the region where the car was built require a check digit."""
    return vin[0] in _CHECKED_REGIONS


def check_digit(vin: str) -> str:
    """The digit (or X) that position 9 must have, from the weighted sum of the others modulo 11."""
    remainder = sum(_VALUES[character] * weight for character, weight in zip(vin, _WEIGHTS, strict=True)) % 11
    return "X" if remainder == 10 else str(remainder)


def candidate_years(vin: str, *, this_year: int) -> list[int]:
    """The model years that position 10 can mean, the newest that is not after next year first; at most two."""
    index = _YEAR_CODES.find(vin[9])
    if index < 0:
        return []
    years = range(_FIRST_YEAR + index, this_year + 2, _CYCLE_YEARS)
    return sorted(years, reverse=True)[:2]


def decode(text: str, *, this_year: int) -> DecodedVin:
    """Validate a VIN and say what it tells. One query. Raises VinError."""
    vin = validate(text)
    wmis = list(Wmi.objects.filter(code=vin[:3]).select_related("make").order_by("make__name_en"))
    return DecodedVin(
        vin=vin,
        maker=" / ".join(dict.fromkeys(wmi.maker for wmi in wmis)) or _maker_by_standard_table(vin),
        makes=[wmi.make for wmi in wmis],
        model_years=candidate_years(vin, this_year=this_year),
        is_check_digit_verified=has_check_digit(vin),
    )


def _maker_by_standard_table(vin: str) -> str:
    """The builder by the table of `vininfo` (English only), empty if that does not know it either."""
    manufacturer = str(Vin(vin).manufacturer or "")
    return "" if manufacturer == "UnsupportedBrand" else manufacturer


def masked(vin: str) -> str:
    """The VIN as shown on a page that others may look at: LSVA•••2764."""
    return f"{vin[:4]}•••{vin[-4:]}" if vin else ""
