"""Geometry of a price on its usual range: where the band and the marker stand, and what that means."""

from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext

from core.money import format_fen


class PriceBand(Protocol):
    """The usual range of a service here: P25 and P75 in fen, and how many prices it was computed from."""

    @property
    def low_fen(self) -> int: ...
    @property
    def high_fen(self) -> int: ...
    @property
    def n(self) -> int: ...


@dataclass(frozen=True)
class PriceBar:
    """Positions are percentages of the track, as text ready for SVG attributes."""

    band_x: str
    band_width: str
    low_x: str
    high_x: str
    low_anchor: str
    high_anchor: str
    marker_x: str | None
    tone: str
    icon: str
    verdict: str
    spoken: str


_LEFT_MARGIN = 0.8  # of the band's width, left of the band; the right is wider because prices stray upward
_RIGHT_MARGIN = 1.6
_NARROW_BAND = 26  # percent of the track below which the two ends' labels would touch


def draw_price_bar(band: PriceBand, price_fen: int | None) -> PriceBar:
    """Lay out `price_fen` (None: only the band) on a track that leaves room on both sides of the band."""
    width = max(band.high_fen - band.low_fen, band.high_fen // 10, 100)
    start = band.low_fen - _LEFT_MARGIN * width
    end = band.high_fen + _RIGHT_MARGIN * width
    if price_fen is not None:
        start = min(start, price_fen - 0.2 * width)
        end = max(end, price_fen + 0.2 * width)

    def percent(fen: float) -> float:
        return (fen - start) / (end - start) * 100

    low, high = percent(band.low_fen), percent(band.high_fen)
    is_narrow = high - low < _NARROW_BAND
    tone, icon, verdict = _verdict(band, price_fen)
    return PriceBar(
        band_x=f"{low:.1f}%",
        band_width=f"{max(high - low, 0.5):.1f}%",
        low_x=f"{low:.1f}%",
        high_x=f"{high:.1f}%",
        low_anchor="start" if low < 8 else "end" if is_narrow else "middle",
        high_anchor="start" if is_narrow else "middle",
        marker_x=None if price_fen is None else f"{percent(price_fen):.1f}%",
        tone=tone,
        icon=icon,
        verdict=verdict,
        spoken=""
        if price_fen is None
        else gettext("%(price)s: %(verdict)s.") % {"price": format_fen(price_fen), "verdict": verdict},
    )


def _verdict(band: PriceBand, price_fen: int | None) -> tuple[str, str, str]:
    if price_fen is None:
        return "mute", "", ""
    if price_fen < band.low_fen:
        return "info", "arrow-down", gettext("Below usual")
    if price_fen > band.high_fen:
        return "warn", "arrow-up", gettext("Above usual")
    return "ok", "check", gettext("Fair price")
