"""The list beside the desk: what waits in a tab, in the order in which it is to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from reviews.choices import ItemKind, RiskBand
from reviews.limits import SERVICE_LEVEL
from reviews.models import ModerationItem
from reviews.shown_text import segments

# So many are at hand; the rest is found by searching, or comes up as these are decided.
LISTED = 60
_PREVIEW = 120

# The tabs of the desk: what each holds, and its name.
TABS: dict[str, tuple[tuple[ItemKind, ...], str | Promise]] = {
    "risk": ((ItemKind.REVIEW, ItemKind.REPLY), gettext_lazy("By risk")),
    "appeals": ((ItemKind.APPEAL,), gettext_lazy("Appeals")),
    "removals": ((ItemKind.REMOVAL,), pgettext_lazy("moderation", "Removals")),
    "sampled": ((ItemKind.SAMPLE,), gettext_lazy("Sampled")),
}
BAND_TONES = {RiskBand.LOW: "mute", RiskBand.MEDIUM: "warn", RiskBand.HIGH: "bad"}


@dataclass(frozen=True, slots=True)
class Row:
    """An item in the list."""

    item: ModerationItem
    text: str
    waits: str
    is_late: bool

    @property
    def tone(self) -> str:
        return BAND_TONES[RiskBand(self.item.band)]


def tab_of(item: ModerationItem) -> str:
    """The key of the tab that an item stands in."""
    return next(key for key, (kinds, _name) in TABS.items() if item.kind in kinds)


def rows(tab: str, words: str, *, at: datetime) -> list[Row]:
    """What waits in a tab, `LISTED` at most; `words` narrow it down to a visit, a shop, an author. One query."""
    found = ModerationItem.objects.queue(*TABS[tab][0]).select_related(
        "shop", "review__author", "version", "reply", "appeal", "removal"
    )
    if words:
        found = found.filter(about(words))
    return [_row(item, at=at) for item in found[:LISTED]]


def about(words: str, prefix: str = "review__") -> Q:
    """What is about a visit, a shop or an author of this name; `prefix` leads to the review."""
    return (
        Q(**{f"{prefix}booking__number__iexact": words})
        | Q(**{f"{prefix}public_id__iexact": words})
        | Q(**{f"{prefix}shop__name_zh__icontains": words})
        | Q(**{f"{prefix}shop__name_en__icontains": words})
        | Q(**{f"{prefix}author__name__icontains": words})
        | Q(**{f"{prefix}author__email__iexact": words})
    )


def after(item: ModerationItem, found: list[Row]) -> ModerationItem | None:
    """What is looked at next when `item` is done: the one below it, else the first of the others."""
    items = [row.item for row in found]
    place = next((index for index, other in enumerate(items) if other.pk == item.pk), -1)
    return next((other for other in [*items[place + 1 :], *items[: max(place, 0)]] if other.pk != item.pk), None)


def duration(length: timedelta) -> str:
    """How long, in the largest unit that fits: 40 min, 26 h, 4 d."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    return _("%(n)d h") % {"n": minutes // 60} if minutes < 4 * 24 * 60 else _("%(n)d d") % {"n": minutes // 1440}


def _row(item: ModerationItem, *, at: datetime) -> Row:
    waited = at - item.waiting_since
    return Row(item, _preview(item), duration(waited), waited > SERVICE_LEVEL)


def _preview(item: ModerationItem) -> str:
    """The first words, without what readers would not see either."""
    if item.appeal is not None:
        return item.appeal.text[:_PREVIEW]
    written = item.reply or item.version
    return "".join(part.text or "•••" for part in segments(written.text[: _PREVIEW * 2], _within(written.masks)))[
        :_PREVIEW
    ]


def _within(masks: list[dict[str, int | str]]) -> list[dict[str, int | str]]:
    return [mask for mask in masks if int(mask["start"]) < _PREVIEW * 2]
