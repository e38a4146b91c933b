"""Number plates of mainland China: ordinary ones of seven characters and new-energy ones of eight (GA 36-2018)."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from core.errors import InvalidInput

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# I and O are not used: they look like 1 and 0.
_LETTERS = "A-HJ-NP-Z"
# Small cars carry the energy letter first, large ones last. D and F are the common ones, A–K the later series.
_NEW_ENERGY = re.compile(rf"[A-HJK][{_LETTERS}0-9][0-9]{{4}}|[0-9]{{5}}[A-HJK]")
_FILLERS = re.compile(r"[\s·•・‧∙.\-_]+")


class PlateError(InvalidInput):
    """A number plate that cannot exist; the message says what is wrong."""

    code = "invalid_plate"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="plate")


def normalise(text: str) -> str:
    """The plate as it is stored: half-width, upper case, without spaces and dots: "沪a·d8k21" becomes "沪AD8K21"."""
    return _FILLERS.sub("", unicodedata.normalize("NFKC", text)).upper()


def validate(text: str) -> str:
    """The normalised plate. Raises PlateError, which says what is wrong."""
    plate = normalise(text)
    if not plate or plate[0] not in PROVINCES:
        raise PlateError(_("A plate starts with the character of a province, for example 沪."))
    if len(plate) not in (7, 8):
        raise PlateError(
            _("A plate has 7 characters, a new-energy one 8. This one has %(count)d.") % {"count": len(plate)}
        )
    if not re.fullmatch(rf"[{_LETTERS}]", plate[1]):
        raise PlateError(_("The second character is a letter from A to Z, without I and O."))
    if wrong := sorted(set(re.sub(rf"[{_LETTERS}0-9]", "", plate[2:]))):
        raise PlateError(_("A plate cannot have %(characters)s here.") % {"characters": ", ".join(wrong)})
    if len(plate) == 8 and not _NEW_ENERGY.fullmatch(plate[2:]):
        raise PlateError(
            _("A new-energy plate has a letter from A to K, mostly D or F, as its third or last character.")
        )
    return plate


def is_new_energy(plate: str) -> bool:
    """Whether a valid plate is one of the green ones."""
    return len(plate) == 8


def display(plate: str) -> str:
    """The plate as it looks on the car: 沪A·D8K21."""
    return f"{plate[:2]}·{plate[2:]}" if plate else ""
