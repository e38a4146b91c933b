"""What the desk shows: one item with everything known about it, the tabs, the figures, what can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from core.errors import Refusal
from reviews import rules
from reviews.choices import Dimension, HintKind, ItemKind, ReasonCode, RiskBand
from reviews.errors import OwnInterestError, TwoPeopleError
from reviews.hints import explanations
from reviews.limits import UNDO_WITHIN
from reviews.models import ModerationEvent, ModerationItem, ReviewPhoto, ReviewVersion
from reviews.moderation import appeals, masking, queue, reasons, undoing
from reviews.moderation.dossier import Dossier, ShopHistory, dossier
from reviews.names import public_name
from reviews.platform_pages import listing, marks
from reviews.shown_text import segments

# The chart of a shop's weeks, in user units.
_STEP, _BAR, _HEIGHT = 22, 17, 44

_YES, _NO = pgettext_lazy("would return", "Yes"), pgettext_lazy("would return", "No")


@dataclass(frozen=True, slots=True)
class Tab:
    label: str | Promise
    count: int
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Undo:
    """What the moderator did last and can still take back."""

    item: ModerationItem
    words: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason code with its key and what the author is told."""

    digit: int
    value: str
    label: str | Promise
    why: str | Promise


@dataclass(frozen=True, slots=True)
class Bar:
    """A week of the chart."""

    x: int
    y: int
    height: int
    week: date
    count: int
    is_now: bool


def load(  # noqa: PLR0913  (who looks at what, when, and what they had typed)
    item: ModerationItem | None, *, tab: str, words: str, by: User, at: datetime, typed: QueryDict | None, listed: int
) -> dict[str, Any]:
    """What the templates of the desk need: 5 queries, and for an item those of its dossier, of its checks and of the
    question whether `by` may decide about it."""
    counts = queue.waiting_counts()
    carried = f"?{urlencode({'q': words})}" if words else ""
    found = queue.figures(user=by, at=at)
    shown = {
        "item": item,
        "tab_key": tab,
        "tabs": [
            Tab(name, sum(counts[kind] for kind in kinds), _tab_url(key, words), key == tab)
            for key, (kinds, name) in listing.TABS.items()
        ],
        "q": words,
        "carried": carried,
        "list_url": _tab_url(tab, words),
        "unfiltered_url": _tab_url(tab, ""),
        "beyond": 0 if words else max(0, sum(counts[kind] for kind in listing.TABS[tab][0]) - listed),
        "undo": _undo(by, at=at),
        "figures": {
            "waiting": found.waiting,
            "late": found.over_service_level,
            "median": listing.duration(found.median_age) if found.median_age is not None else "",
            "today": found.decided_by_you,
        },
    }
    return {**shown, **_opened(item, by=by, at=at, typed=typed or QueryDict())} if item else shown


def masks_asked(posted: QueryDict, item: ModerationItem) -> list[dict[str, Any]] | None:
    """The masks that stay, where the form offered them to be switched off; None where it did not."""
    if "masks_offered" not in posted:
        return None
    stored, kept = (item.reply or item.version).masks, set(posted.getlist("mask"))
    return [mask for index, mask in enumerate(stored) if mask["kind"] in masking.ALWAYS or str(index) in kept]


def why_not(item: ModerationItem, file: Dossier, by: User, *, at: datetime) -> Refusal | None:
    """Why `by` cannot decide about an open item, known before they try; None if they can. Three queries at most."""
    if by.pk == file.review.author_id or rules.belongs_to(by, file.review.shop, at=at):
        return OwnInterestError()
    if item.removal is not None and item.removal.proposed_by_id == by.pk:
        return TwoPeopleError()
    if item.appeal is not None and (
        item.appeal.by_id == by.pk or appeals.took_part(by, file.review, item.version.number)
    ):
        return TwoPeopleError()
    return None


def photos_of(version: ReviewVersion) -> list[dict[str, str]]:
    """The photos of a version as `ui/photo_grid.html` shows them, at addresses for platform admins."""
    return [_photo(photo, number) for number, photo in enumerate(version.photos.all(), 1)]


def _opened(item: ModerationItem, *, by: User, at: datetime, typed: QueryDict) -> dict[str, Any]:
    file = dossier(item, at=at)
    text, kept = file.text, typed.getlist("mask") if "masks_offered" in typed else None
    promised, ready = file.visit.promised_at, file.visit.ready_at
    return {
        "item": file.item,
        "file": file,
        "announced": _announced(file),
        "tone": listing.BAND_TONES[RiskBand(item.band)],
        "marks": marks.marked(text.text, file.hints),
        "seen_by_readers": segments(text.text, text.masks),
        "masks": [_mask(mask, index, text.text, kept) for index, mask in enumerate(text.masks)],
        "hints": [(hint, explanations.explain(hint)) for hint in file.hints],
        "checks": explanations.checks(file.version),
        "photos": photos_of(file.version),
        "ratings": _ratings(file.version),
        "late_minutes": int((ready - promised) / timedelta(minutes=1))
        if promised and ready and ready > promised
        else 0,
        "zone": file.visit.booking.timezone,
        "bars": _bars(file.shop),
        "reasons": _reasons(),
        "why_not": why_not(file.item, file, by, at=at) if file.item.decided_at is None else None,
        "typed": typed,
        "waits": listing.duration((file.item.decided_at or at) - file.item.waiting_since),
    }


def _tab_url(key: str, words: str) -> str:
    query = {**({} if key == "risk" else {"tab": key}), **({"q": words} if words else {})}
    url = reverse("platform_reviews:queue")
    return f"{url}?{urlencode(query)}" if query else url


def _undo(by: User, *, at: datetime) -> Undo | None:
    item = undoing.undoable(by, at=at)
    lines = ModerationEvent.objects.filter(item=item, by=by).select_related("review__author").order_by("-pk")
    event = lines.first() if item is not None else None
    if item is None or event is None:
        return None
    author = public_name(event.review.author)
    words = _("%(act)s: %(name)s") % {"act": event.get_act_display(), "name": author}
    return Undo(item, words, max(1, int((event.at + UNDO_WITHIN - at).total_seconds())))


def _announced(file: Dossier) -> str:
    """The item in one line, for who does not see the screen."""
    return ", ".join(
        [
            *([] if file.item.kind == ItemKind.REVIEW else [str(file.item.get_kind_display())]),
            public_name(file.review.author),
            str(file.review.shop.name),
            _("%(n)d of 5 stars") % {"n": file.version.stars},
            _("risk: %(band)s") % {"band": file.item.get_band_display()},
        ]
    )


def _mask(mask: dict[str, Any], index: int, text: str, kept: list[str] | None) -> dict[str, Any]:
    is_fixed = mask["kind"] in masking.ALWAYS
    return {
        "index": index,
        "kind": HintKind(mask["kind"]),
        "text": text[mask["start"] : mask["end"]],
        "is_fixed": is_fixed,
        "is_on": is_fixed or kept is None or str(index) in kept,
    }


def _ratings(version: ReviewVersion) -> list[tuple[str | Promise, int | str | Promise]]:
    """What was rated beside the total, and whether they would return."""
    rated: list[tuple[str | Promise, int | str | Promise]] = [
        (dimension.label, stars) for dimension in Dimension if (stars := version.rating(dimension)) is not None
    ]
    if version.would_return is not None:
        rated.append((_("Would return"), _YES if version.would_return else _NO))
    return rated


def _photo(photo: ReviewPhoto, number: int) -> dict[str, str]:
    return {
        "url": reverse("platform_reviews:photo", args=[photo.public_id]),
        "thumbnail_url": reverse("platform_reviews:thumbnail", args=[photo.public_id]),
        "alt": _("Photo %(n)d of the review") % {"n": number},
    }


def _bars(shop: ShopHistory) -> list[Bar]:
    most = max(1, shop.busiest_week)
    bars = []
    for index, (week, count) in enumerate(shop.weeks):
        height = max(1, round(_HEIGHT * count / most))
        bars.append(Bar(index * _STEP, _HEIGHT - height, height, week, count, index == len(shop.weeks) - 1))
    return bars


def _reasons() -> list[Reason]:
    return [
        Reason(digit, reason.value, reason.label, reasons.explain(reason).why)
        for digit, reason in enumerate(ReasonCode, 1)
    ]
