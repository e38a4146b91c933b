"""Geometry of the record's drawings: the odometer's curve and the zones of a measurement. Pure; templates draw it.

Numbers are text ready for SVG attributes. The chart is drawn in a fixed frame and scaled by the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from vehicles.record.known_points import KnownPoint
from vehicles.record.odometer import Curve, Doubt, Point, Projection
from vehicles.record.reading import Measured

AHEAD = timedelta(days=180)  # how far the forecast is drawn
MOST_AHEAD = timedelta(days=730)  # with marks to come: as far as the last of them, but no further
MARK_RADIUS = 9
_STEPS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000)
_MAX_LINES = 5


@dataclass(frozen=True)
class Frame:
    """The area of the curve in user units; words stand left of it, below it and above it."""

    width: int = 640
    height: int = 260
    left: int = 58
    right: int = 16
    top: int = 18
    bottom: int = 28


WIDE = Frame()
NARROW = Frame(width=340, height=250, left=50, right=12)


@dataclass(frozen=True)
class Dot:
    x: str
    y: str
    point: Point
    doubt: Doubt | None = None
    anchor: str = "start"
    label_x: str = ""


@dataclass(frozen=True)
class Line:
    """A grid line with its words."""

    at: str
    text: str


@dataclass(frozen=True)
class Due:
    """Something that is due at so many kilometres: the day when the car gets there, with its range, and its name."""

    km: int
    on: date
    earliest: date
    latest: date
    name: str


@dataclass(frozen=True)
class Mark:
    """Where the forecast crosses what is due: one number for all that is due thereabouts. `x_first` to `x_last` is the
    range of its days."""

    number: int
    dues: list[Due]
    x: str
    y: str
    x_first: str
    x_last: str


@dataclass(frozen=True)
class Chart:
    """Everything that the odometer's drawing shows."""

    frame: Frame
    dots: list[Dot]
    questioned: list[Dot]
    path: str
    area: str
    forecast: str
    range_area: str
    km_lines: list[Line]
    year_lines: list[Line]
    bottom: str
    right: str
    newest: Dot
    marks: list[Mark]


def odometer_chart(curve: Curve, *, today: date, frame: Frame = WIDE, dues: Iterable[Due] = ()) -> Chart | None:
    """The curve of believed readings with the forecast of half a year, or until the last of `dues`; None without a
    believed reading.

    Questioned readings are drawn where they are, or at the edge where they would stretch the drawing. What was due
    before the newest reading, and what lies beyond the drawing, has no mark; without a forecast nothing has.
    """
    if curve.latest is None:
        return None
    now = max(today, curve.latest.on)
    latest_km = curve.latest.km
    coming = [due for due in dues if due.km > latest_km and now - AHEAD <= due.on <= now + MOST_AHEAD]
    far = max((due.on - now + AHEAD / 6 for due in coming), default=AHEAD)
    ahead = curve.at(now + max(AHEAD, min(far, MOST_AHEAD)))
    scale = _Scale(curve, ahead, frame)
    dots = [Dot(scale.x(point.on), scale.y(point.km), point) for point in curve.believed]
    line = " L".join(f"{dot.x} {dot.y}" for dot in dots)
    bottom = scale.y(0)
    return Chart(
        frame=frame,
        dots=dots,
        questioned=[scale.questioned(row.point, row.doubt) for row in curve.questioned],
        path=f"M{line}",
        area=f"M{line} L{dots[-1].x} {bottom} L{dots[0].x} {bottom} Z",
        forecast=f"M{dots[-1].x} {dots[-1].y} L{scale.x(ahead.on)} {scale.y(ahead.km)}" if ahead else "",
        range_area=(
            f"M{dots[-1].x} {dots[-1].y} L{scale.x(ahead.on)} {scale.y(ahead.high_km)}"
            f" L{scale.x(ahead.on)} {scale.y(ahead.low_km)} Z"
            if ahead
            else ""
        ),
        km_lines=[Line(scale.y(km), f"{km:,}") for km in scale.km_ticks],
        year_lines=[Line(scale.x(day), str(day.year)) for day in scale.year_ticks],
        bottom=bottom,
        right=str(frame.width - frame.right),
        newest=dots[-1],
        marks=_marks(coming, scale) if ahead else [],
    )


def _marks(dues: Iterable[Due], scale: _Scale) -> list[Mark]:
    """Dues whose marks would cover each other share one, at the first of them."""
    marks: list[Mark] = []
    for due in sorted(dues, key=lambda due: (due.on, due.km, due.name)):
        x, y = scale.x(due.on), scale.y(due.km)
        if marks and float(x) - float(marks[-1].x) < 2 * MARK_RADIUS + 2:
            marks[-1].dues.append(due)
            continue
        first, last = scale.x(due.earliest), scale.x(due.latest)
        marks.append(Mark(len(marks) + 1, [due], x, y, first, last))
    return marks


class _Scale:
    """Days to x, kilometres to y."""

    def __init__(self, curve: Curve, ahead: Projection | None, frame: Frame) -> None:
        assert curve.latest is not None  # noqa: S101  (the caller has looked)
        self.frame = frame
        first, last = curve.believed[0].on, ahead.on if ahead else curve.latest.on
        pad = max((last - first) // 40, timedelta(days=3))
        self.start, self.end = first - pad, last + pad
        highest = max(ahead.high_km if ahead else 0, curve.latest.km, 1_000)
        step = next((step for step in _STEPS if highest / step <= _MAX_LINES), _STEPS[-1])
        self.top_km = -(-highest * 105 // 100 // step) * step
        self.km_ticks = range(0, self.top_km + 1, step)

    def x(self, day: date) -> str:
        inner = self.frame.width - self.frame.left - self.frame.right
        share = (day - self.start).days / max((self.end - self.start).days, 1)
        return f"{self.frame.left + min(max(share, 0), 1) * inner:.1f}"

    def y(self, km: int) -> str:
        inner = self.frame.height - self.frame.top - self.frame.bottom
        return f"{self.frame.height - self.frame.bottom - min(km / self.top_km, 1) * inner:.1f}"

    def questioned(self, point: Point, doubt: Doubt) -> Dot:
        x = self.x(point.on)
        is_right = float(x) > self.frame.width * 0.55
        return Dot(
            x,
            self.y(point.km),
            point,
            doubt,
            anchor="end" if is_right else "start",
            label_x=f"{float(x) + (-9 if is_right else 9):.1f}",
        )

    @property
    def year_ticks(self) -> list[date]:
        years = [date(year, 1, 1) for year in range(self.start.year + 1, self.end.year + 1)]
        every = -(-len(years) // (self.frame.width // 62))
        return years[:: max(every, 1)]


# --- Measurements -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Zone:
    """A stretch of a measurement's bar, in percent of its width."""

    tone: str
    x: str
    width: str


@dataclass(frozen=True)
class MeasureBar:
    """The newest value of a group of points on its red, yellow and green zones."""

    name: str
    measured: Measured
    zones: list[Zone]
    marker_x: str
    limit: str


_TONE_RANK = {"red": 0, "yellow": 1, "green": 2, "": 3}
_TONE_CLASS = {"red": "bad", "yellow": "warn", "green": "ok"}


def measure_bars(measurements: Iterable[Measured], points: dict[str, KnownPoint]) -> list[MeasureBar]:
    """A bar for the worst of each group of measured points that is known, the worst groups first.

    Points with a limit come first. A value without a known point or limit has no zones, and is left to the table.
    """
    worst: dict[str, tuple[tuple[int, Decimal], Measured, KnownPoint]] = {}
    for measured in measurements:
        point = points.get(measured.point)
        if point is None or not point.is_measured or (point.red_at is None and point.yellow_at is None):
            continue
        value = Decimal(measured.value)
        rank = (_TONE_RANK[measured.tone], value if point.is_low_bad else -value)
        group = point.group or point.key
        if group not in worst or rank < worst[group][0]:
            worst[group] = (rank, measured, point)
    rows = sorted(worst.values(), key=lambda row: row[0][0])
    return [_bar(measured, point) for _rank, measured, point in rows]


def _bar(measured: Measured, point: KnownPoint) -> MeasureBar:
    value = Decimal(measured.value)
    limits = [limit for limit in (point.red_at, point.yellow_at) if limit is not None]
    end = max(*limits, value, point.new_value or max(limits) * 2) * Decimal("1.04")
    start = min(Decimal(0), value)
    if min(limits) > end / 2:  # volts of a battery: nothing of interest happens near nought
        start = min(min(limits) - (end - min(limits)) / 2, value)

    def share(number: Decimal) -> Decimal:
        return (number - start) / (end - start) * 100

    first, second = (point.red_at, point.yellow_at) if point.is_low_bad else (point.yellow_at, point.red_at)
    tones = ("red", "yellow", "green") if point.is_low_bad else ("green", "yellow", "red")
    middle_from = first if first is not None else second
    middle_to = second if second is not None else first
    assert middle_from is not None  # noqa: S101  (measure_bars takes only points with a limit)
    assert middle_to is not None  # noqa: S101
    edges = (Decimal(0), share(middle_from), share(middle_to), Decimal(100))
    zones = [
        Zone(_TONE_CLASS[tone], f"{low:.1f}%", f"{high - low:.1f}%")
        for tone, low, high in zip(tones, edges, edges[1:], strict=False)
        if high > low
    ]
    marker = min(max(share(value), Decimal(3)), Decimal(97))
    limit = point.red_at if point.red_at is not None else point.yellow_at
    return MeasureBar(point.group_name, measured, zones, f"{marker:.1f}%", _plain(limit))


def signed(value: str) -> str:
    """A number as text, with a real minus sign."""
    return f"\N{MINUS SIGN}{value[1:]}" if value.startswith("-") else value


def _plain(number: Decimal | None) -> str:
    """Without zeros at the end: a limit of 3.00 is 3."""
    if number is None:
        return ""
    whole = number.to_integral_value()
    return f"{whole:f}" if whole == number else f"{number.normalize():f}"


def tone_class(tone: str) -> str:
    """The design system's tone for a measurement's."""
    return _TONE_CLASS.get(tone, "mute")


def table_rows(measurements: Sequence[Measured]) -> list[Measured]:
    """All newest values, the worst first."""
    return sorted(measurements, key=lambda row: (_TONE_RANK[row.tone], row.point))
