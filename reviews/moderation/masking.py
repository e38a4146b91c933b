"""Which stretches of a text readers do not see: the machines' proposal, as a moderator leaves or changes it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from reviews.choices import HintKind
from reviews.hints.found import MASKED

# What no moderator shows: a number or an address that was printed once is copied for ever.
ALWAYS = (HintKind.CONTACT,)
MAX_MASKS = 200


def chosen(masks: object, *, text: str, stored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The masks a moderator wants, in order, none across another.

    `masks` are `{"start", "end", "kind"}` as the model keeps them: those `stored`, without the ones switched off, with
    stretches added. Raises InvalidInput (field `masks`) for what does not fit the text, and where a stretch of contact
    data would be shown.
    """
    if not isinstance(masks, list) or len(masks) > MAX_MASKS:
        raise InvalidInput(_("These stretches do not fit the text."), field="masks")
    found = sorted((_mask(mask, len(text)) for mask in masks), key=lambda mask: mask["start"])
    if any(later["start"] < earlier["end"] for earlier, later in pairwise(found)):
        raise InvalidInput(_("These stretches do not fit the text."), field="masks")
    hidden = {place for mask in found for place in range(mask["start"], mask["end"])}
    for mask in stored:
        if mask["kind"] in ALWAYS and not hidden.issuperset(range(mask["start"], mask["end"])):
            raise InvalidInput(_("Contact data stays hidden."), field="masks")
    return found


def _mask(mask: object, length: int) -> dict[str, Any]:
    if isinstance(mask, dict):
        start, end, kind = mask.get("start"), mask.get("end"), mask.get("kind")
        if type(start) is int and type(end) is int and 0 <= start < end <= length and kind in MASKED:
            return {"start": start, "end": end, "kind": HintKind(kind).value}
    raise InvalidInput(_("These stretches do not fit the text."), field="masks")
