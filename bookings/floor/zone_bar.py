"""A measured value on its red, yellow and green zones, as fractions for a drawn bar. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bookings.floor.inspecting import plain
from catalog.choices import Direction, PointKind
from catalog.points import Point

# A disc is about this much thicker when new than its least thickness, mm; for the length of its bar only.
_NEW_DISC_ABOVE_LIMIT = Decimal(3)
_HALF = Decimal("0.5")
# A digit under the bar on the narrowest phone, in percent of the bar's length, and what keeps two numbers apart.
_DIGIT = Decimal("2.4")
_GAP = Decimal("1.5")


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of the bar, in percent of its length."""

    tone: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Label:
    """A number under the bar; `anchor` as SVG has it."""

    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What the template draws and the script moves. `lowest` and `highest` are the ends in the point's unit."""

    zones: tuple[Zone, ...]
    labels: tuple[Label, ...]
    lowest: str
    highest: str
    red: str
    yellow: str
    marker: str


def bar_of(point: Point, new_value: Decimal | None, value: Decimal | None, limits: Mapping[str, Decimal]) -> Bar | None:
    """The bar of a measured point, None where no limit is known (that of a worn part: once it has been read)."""
    red, yellow = _limits(point, limits)
    if point.kind != PointKind.MEASURE or red is None or yellow is None:
        return None
    low_is_bad = point.direction == Direction.LOW_IS_BAD
    low, high = _ends(red, yellow, new_value, low_is_bad=low_is_bad, has_own_limit=bool(point.limit_from))
    if not low < min(red, yellow) <= max(red, yellow) < high:
        return None

    def at(number: Decimal) -> Decimal:
        return (min(max(number, low), high) - low) / (high - low) * 100

    first, second = (red, yellow) if low_is_bad else (yellow, red)
    tones = ("bad", "warn", "ok") if low_is_bad else ("ok", "warn", "bad")
    edges = (low, first, second, high)
    zones = tuple(
        Zone(tone, _percent(at(start)), _percent(at(end) - at(start)))
        for tone, start, end in zip(tones, edges, edges[1:], strict=False)
        if end > start
    )
    return Bar(
        zones=zones,
        labels=_labels(edges, [at(edge) for edge in edges]),
        lowest=plain(low),
        highest=plain(high),
        red=plain(red),
        yellow=plain(yellow),
        marker="" if value is None else _percent(min(max(at(value), Decimal(2)), Decimal(98))),
    )


def _limits(point: Point, limits: Mapping[str, Decimal]) -> tuple[Decimal | None, Decimal | None]:
    if not point.limit_from:
        return point.red_at, point.yellow_at
    red = limits.get(point.limit_from)
    return (red, red + point.yellow_at) if red is not None and point.yellow_at is not None else (None, None)


def _ends(
    red: Decimal, yellow: Decimal, new_value: Decimal | None, *, low_is_bad: bool, has_own_limit: bool
) -> tuple[Decimal, Decimal]:
    if has_own_limit:
        return red - 1, red + _NEW_DISC_ABOVE_LIMIT
    if low_is_bad:
        high = new_value if new_value is not None else yellow * 2
        # Where the limit lies close to the value when new (12.2 of 12.7 V), a bar from zero would show nothing.
        return (Decimal(0) if red < high * Decimal("0.85") else red - (high - red)), high
    low = new_value if new_value is not None else Decimal(0)
    return low, red + (red - low) * _HALF


def _labels(edges: tuple[Decimal, ...], places: list[Decimal]) -> tuple[Label, ...]:
    """The numbers at the edges of the zones; where two would touch, the limit of red goes before the others."""
    texts = [plain(edge.quantize(Decimal("0.01"))) for edge in edges]
    anchors = ("start", "middle", "middle", "end")
    kept: list[tuple[Decimal, Decimal]] = []
    labels: dict[int, Label] = {}
    for number in (1, 2, 0, 3):
        half = _DIGIT * len(texts[number]) / 2
        middle = {"start": half, "end": 100 - half}.get(anchors[number], places[number])
        span = (middle - half - _GAP, middle + half + _GAP)
        if all(span[1] <= start or end <= span[0] for start, end in kept):
            kept.append((middle - half, middle + half))
            labels[number] = Label(_percent(places[number]), texts[number], anchors[number])
    return tuple(labels[number] for number in sorted(labels))


def _percent(number: Decimal) -> str:
    return f"{number:.1f}%"
