"""The record as a PDF, in the reader's language: to print, to send, to lay beside the car when it is sold.

Fonts are embedded (Inter; Noto Sans SC for Chinese), so it looks the same everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pylopdf_fonts_zh_cn
import unfold
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import MethodReturnValue

from core.money import format_fen
from vehicles.models import Car
from vehicles.record import charts, known_points
from vehicles.record.charts import Chart, Frame, MeasureBar
from vehicles.record.doubts import doubt_words
from vehicles.record.reading import Event, History

# fontTools tells at length which tables it leaves out.
logging.getLogger("fontTools").setLevel(logging.ERROR)

_INTER = Path(unfold.__file__).parent / "static/unfold/fonts/inter"
_CHINESE = Path(pylopdf_fonts_zh_cn.__file__).parent / "NotoSansSC-Regular.otf"

Colour = tuple[int, int, int]
# The light tokens of static/src/tokens.css.
INK, INK2, LINE, SUNKEN = (17, 32, 31), (72, 89, 87), (224, 230, 230), (238, 242, 242)
BRAND, BRAND_INK, BRAND_SOFT, WHITE = (11, 122, 110), (10, 102, 92), (227, 244, 241), (255, 255, 255)
FILLS: dict[str, Colour] = {"bad": (209, 52, 58), "warn": (194, 116, 10), "ok": (21, 128, 61), "mute": (123, 137, 135)}
INKS: dict[str, Colour] = {"bad": (168, 29, 40), "warn": (138, 75, 4), "ok": (17, 96, 47), "mute": (72, 89, 87)}

_LEFT, _RIGHT, _TOP, _BOTTOM = 16.0, 16.0, 16.0, 18.0
_WIDTH = 210.0 - _LEFT - _RIGHT
_GAP = 4.0


@cache
def _folder() -> TemporaryDirectory[str]:
    """Goes when the process ends."""
    return TemporaryDirectory(prefix="carkeeper-fonts-")


@cache
def _unpacked(packed: Path) -> Path:
    """The font as a TrueType file, once for each process: unpacking WOFF2 takes longer than all the rest of a paper."""
    unpacked = Path(_folder().name) / f"{packed.stem}.ttf"
    with TTFont(packed, recalcTimestamp=False) as font:
        font.flavor = None
        font.save(unpacked)
    return unpacked


class Paper(FPDF):
    """A4 pages with our fonts, and the page's number and the head hash at the foot of each."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self.foot = foot
        self.set_margins(_LEFT, _TOP, _RIGHT)
        self.c_margin = 0
        self.set_auto_page_break(True, margin=_BOTTOM)
        for style, name in (("", "Regular"), ("B", "Bold")):
            self.add_font("Inter", style, _unpacked(_INTER / f"Inter-{name}.woff2"))
        self.add_font("NotoSansSC", "", _CHINESE)
        self.set_fallback_fonts(["NotoSansSC"], exact_match=False)
        self.set_text_shaping(False)

    def footer(self) -> None:
        """Called by the library at the end of each page."""
        self.set_y(-12)
        self.say(self.foot, size=7, colour=INK2, width=_WIDTH - 20)
        self.set_xy(-_RIGHT - 20, -12)
        self.say(f"{self.page_no()} / {{nb}}", size=7, colour=INK2, width=20, align="R")

    def say(  # noqa: PLR0913  (how a line of words looks)
        self,
        text: str,
        *,
        size: float = 9,
        bold: bool = False,
        colour: Colour = INK,
        width: float = 0,
        align: str = "L",
        height: float | None = None,
    ) -> None:
        """One line of text at the place where the pen is; the pen goes to its end."""
        self._take_font(size, bold=bold)
        self.set_text_color(*colour)
        self.cell(width, height or size * 0.5, _printable(text), align=align)

    def tell(self, text: str, *, size: float = 9, colour: Colour = INK, width: float = 0, bold: bool = False) -> float:
        """Text broken into lines of `width`; returns the height that it took. The pen goes below it."""
        self._take_font(size, bold=bold)
        self.set_text_color(*colour)
        start = self.get_y()
        self.multi_cell(width, size * 0.5, _printable(text), new_x="LEFT", new_y="NEXT", align="L")
        return self.get_y() - start

    def _pen(self, size: float, bold: bool, colour: Colour) -> None:
        self.set_font("Inter", "B" if bold else "", size)
        # After words that begin in the fallback font the library takes this one for chosen though it is not.
        self.current_font_is_set_on_page = False
        self.set_text_color(*colour)

    def lines_of(self, text: str, *, size: float, width: float, bold: bool = False) -> int:
        """In how many lines `tell` would break the text."""
        self._take_font(size, bold=bold)
        broken = self.multi_cell(
            width, size * 0.5, _printable(text), dry_run=True, output=MethodReturnValue.LINES, align="L"
        )
        return len(broken) if isinstance(broken, list) else 1

    def _take_font(self, size: float, *, bold: bool) -> None:
        """Name our font again even if it was the last one: the text before may have ended in the fallback, and the
        library, which forgets that, would draw this one with the wrong letters."""
        self.font_family = ""
        self.set_font("Inter", "B" if bold else "", size)

    def box(self, x: float, y: float, width: float, height: float, *, fill: Colour, radius: float = 2.5) -> None:
        """A filled rectangle with round corners."""
        self.set_fill_color(*fill)
        self.rect(x, y, width, height, style="F", round_corners=radius > 0, corner_radius=radius)

    def rule(self, y: float, *, x: float = _LEFT, width: float = _WIDTH) -> None:
        self.set_draw_color(*LINE)
        self.set_line_width(0.25)
        self.line(x, y, x + width, y)

    def room(self, height: float) -> None:
        """Go to the next page unless that much fits on this one."""
        if self.get_y() + height > self.h - _BOTTOM:
            self.add_page()


def as_pdf(history: History, *, car: Car | None) -> bytes:
    """The record as the reader may see it. `car` names it; its plate is shown to its owner only."""
    head = history.head_hash
    paper = Paper(_("Health record · newest hash %(hash)s") % {"hash": f"{head[:16]}…{head[-8:]}"})
    name = car.variant.full_name if car else history.record.vin
    paper.set_title(_printable(f"{_('Health record')} · {name}"))
    paper.set_creator("CarKeeper")
    paper.add_page()
    _header(paper, history, car, name)
    _figures(paper, history)
    _curve(paper, history)
    points = known_points.known()
    _measurements(paper, charts.measure_bars(history.measurements.values(), points))
    _visits(paper, history.events)
    _how_to_verify(paper, history)
    return bytes(paper.output())


def _printable(text: str) -> str:
    """Without characters that no font has: line ends become spaces, other control characters go."""
    return "".join(character for character in text.replace("\n", " ") if character.isprintable())


def _header(paper: Paper, history: History, car: Car | None, name: str) -> None:
    paper.box(_LEFT, _TOP, 9, 9, fill=BRAND)
    paper.set_xy(_LEFT, _TOP)
    paper.say("车", size=13, colour=WHITE, width=9, align="C", height=9)
    paper.set_xy(_LEFT + 12, _TOP)
    paper.say(_("CarKeeper"), size=11, bold=True, height=9)
    paper.set_xy(_LEFT, _TOP)
    paper.say(
        _("Health record, %(day)s") % {"day": date_format(history.today, "DATE_FORMAT")},
        colour=INK2,
        width=_WIDTH,
        align="R",
        height=9,
    )
    paper.set_xy(_LEFT, _TOP + 14)
    paper.tell(name, size=20, bold=True)
    parts = [_("VIN %(vin)s") % {"vin": history.record.vin}] if history.record.vin else []
    if car and car.model_year:
        parts.append(_("model year %(year)s") % {"year": car.model_year})
    if car and car.delivered_on:
        parts.append(_("first registered %(day)s") % {"day": date_format(car.delivered_on, "DATE_FORMAT")})
    paper.tell(" · ".join(parts), size=9.5, colour=INK2)
    paper.set_y(paper.get_y() + _GAP)


def _figures(paper: Paper, history: History) -> None:
    """Four numbers in a row: kilometres, visits, shops, entries that fit."""
    latest = history.curve.latest
    visits = len(history.verified_events)
    cells = [
        (f"{latest.km:,} km" if latest else "–", _("odometer")),
        (str(visits), ngettext("verified visit", "verified visits", visits)),
        (str(history.shop_count), ngettext("shop", "shops", history.shop_count)),
        (
            str(len(history.entries)),
            _("entries verified") if not history.problems else _("entries: the chain is broken"),
        ),
    ]
    width, top = (_WIDTH - 3 * _GAP) / 4, paper.get_y()
    for number, (figure, words) in enumerate(cells):
        x = _LEFT + number * (width + _GAP)
        is_broken = number == 3 and bool(history.problems)
        paper.box(x, top, width, 17, fill=SUNKEN if not is_broken else (253, 235, 235))
        paper.set_xy(x + 3, top + 3)
        paper.say(figure, size=14, bold=True, colour=INKS["bad"] if is_broken else INK, width=width - 6, height=6.5)
        paper.set_xy(x + 3, top + 10)
        paper.say(words, size=8, colour=INK2, width=width - 6)
    paper.set_xy(_LEFT, top + 17 + _GAP)
    if history.record.complete_since_new:
        paper.tell(_("The owner states that nothing is missing since the car was new."), colour=INK2)


def _title(paper: Paper, text: str) -> None:
    paper.room(24)
    paper.set_xy(_LEFT, paper.get_y() + 3)
    paper.tell(text, size=12.5, bold=True)
    paper.set_y(paper.get_y() + 1.5)


# --- The odometer -------------------------------------------------------------------------------

_UNITS_PER_MM = 3.6
_FRAME = Frame(width=round(_WIDTH * _UNITS_PER_MM), height=210, left=46, right=10, top=10, bottom=22)


def _curve(paper: Paper, history: History) -> None:
    chart = charts.odometer_chart(history.curve, today=history.today, frame=_FRAME)
    if chart is None:
        return
    _title(paper, _("Odometer"))
    top = paper.get_y()

    def at(x: str, y: str) -> tuple[float, float]:
        return _LEFT + float(x) / _UNITS_PER_MM, top + float(y) / _UNITS_PER_MM

    for line in chart.km_lines:
        _x, y = at("0", line.at)
        paper.rule(y, x=_LEFT + _FRAME.left / _UNITS_PER_MM, width=(_FRAME.width - 56) / _UNITS_PER_MM)
        paper.set_xy(_LEFT, y - 2)
        paper.say(line.text, size=7.5, colour=INK2, width=_FRAME.left / _UNITS_PER_MM - 2, align="R", height=4)
    for line in chart.year_lines:
        x, y = at(line.at, chart.bottom)
        paper.set_xy(x - 8, y + 1.2)
        paper.say(line.text, size=7.5, colour=INK2, width=16, align="C")
    _draw_curve(paper, chart, at)
    paper.set_xy(_LEFT, top + _FRAME.height / _UNITS_PER_MM + 1)
    rate = history.curve.rate
    if rate is not None:
        paper.tell(
            _("About %(km)s km a month, by the car's own readings.")
            % {"km": f"{round(rate.km_per_day * 30.4, -1):,.0f}"},
            colour=INK2,
        )
    for row in history.curve.questioned:
        paper.tell(
            _("Questioned: %(km)s km on %(day)s. %(why)s")
            % {
                "km": f"{row.point.km:,}",
                "day": date_format(row.point.on, "DATE_FORMAT"),
                "why": doubt_words(row.doubt),
            },
            colour=INKS["bad"],
        )


def _draw_curve(paper: Paper, chart: Chart, place: Callable[[str, str], tuple[float, float]]) -> None:
    points = [place(dot.x, dot.y) for dot in chart.dots]
    paper.set_draw_color(*BRAND)
    paper.set_line_width(0.7)
    paper.polyline(points)
    if chart.forecast:
        _start, end = chart.forecast[1:].split(" L")
        paper.set_draw_color(*FILLS["warn"])
        paper.set_dash_pattern(dash=1.2, gap=1)
        paper.line(*points[-1], *place(*end.split(" ")))
        paper.set_dash_pattern()
    paper.set_line_width(0.5)
    for x, y in points if len(points) <= 40 else points[-1:]:
        paper.set_draw_color(*BRAND)
        paper.set_fill_color(*WHITE)
        paper.circle(x, y, 0.9, style="DF")
    for dot in chart.questioned:
        paper.set_draw_color(*FILLS["bad"])
        paper.set_fill_color(*WHITE)
        x, y = place(dot.x, dot.y)
        paper.circle(x, y, 0.9, style="DF")


# --- Measurements and visits --------------------------------------------------------------------


def _measurements(paper: Paper, bars: Sequence[MeasureBar]) -> None:
    if not bars:
        return
    _title(paper, _("Latest measurements"))
    width, height = (_WIDTH - 3 * _GAP) / 4, 23.0
    for start in range(0, len(bars), 4):
        paper.room(height)
        top = paper.get_y()
        for number, bar in enumerate(bars[start : start + 4]):
            _measure(paper, bar, x=_LEFT + number * (width + _GAP), y=top, width=width)
        paper.set_y(top + height)


def _measure(paper: Paper, bar: MeasureBar, *, x: float, y: float, width: float) -> None:
    tone = charts.tone_class(bar.measured.tone)
    paper.set_xy(x, y)
    paper.say(bar.name, size=8, colour=INK2, width=width)
    paper.set_xy(x, y + 4.5)
    paper.say(
        f"{charts.signed(bar.measured.value)} {bar.measured.unit}", size=12, bold=True, colour=INKS[tone], width=width
    )
    for zone in bar.zones:
        left, part = (float(value[:-1]) / 100 * width for value in (zone.x, zone.width))
        paper.box(x + left, y + 12, max(part - 0.4, 0.2), 1.6, fill=FILLS[zone.tone], radius=0)
    marker = x + float(bar.marker_x[:-1]) / 100 * width
    paper.set_draw_color(*INK)
    paper.set_fill_color(*WHITE)
    paper.set_line_width(0.6)
    paper.circle(marker, y + 12.8, 1.4, style="DF")
    paper.set_xy(x, y + 15.5)
    limit = _("limit %(limit)s %(unit)s") % {"limit": charts.signed(bar.limit), "unit": bar.measured.unit}
    day = date_format(bar.measured.event.occurred_on, "SHORT_DATE_FORMAT")
    paper.say(f"{limit} · {day}", size=7, colour=INK2, width=width)


def _visits(paper: Paper, events: Sequence[Event]) -> None:
    _title(paper, _("Visits, across all shops"))
    if not events:
        paper.tell(_("Nothing has been entered yet."), colour=INK2)
    for event in events:
        _visit(paper, event)


def _visit(paper: Paper, event: Event) -> None:
    body = _visit_lines(event)
    width = _WIDTH - 34 - 26
    height = 6.5 + sum(paper.lines_of(text, size=8.5, width=width) * 4.4 for text, _colour in body) + 3
    paper.room(min(height, 120))
    top = paper.get_y()
    paper.rule(top)
    paper.set_xy(_LEFT, top + 2.2)
    paper.say(date_format(event.occurred_on, "DATE_FORMAT"), size=9, bold=True, width=34)
    if event.odometer_km is not None:
        paper.set_xy(_LEFT, top + 7)
        paper.say(f"{event.odometer_km:,} km", size=8.5, colour=INK2, width=34)
    paper.set_xy(_LEFT + 34, top + 2.2)
    where = f"{event.shop_name} · {event.shop_city}" if event.shop_city else event.shop_name
    paper.say(where or _("Added by the owner"), size=9.5, bold=True, width=width)
    paper.set_xy(_LEFT + _WIDTH - 30, top + 2.2)
    mark = _("Verified visit") if event.is_verified else _("Not verified")
    colour = INKS["ok"] if event.is_verified else INK2
    paper.say(mark, size=8, bold=event.is_verified, colour=colour, width=30, align="R")
    if event.total_fen is not None:
        paper.set_xy(_LEFT + _WIDTH - 30, top + 7)
        paper.say(format_fen(event.total_fen), size=9, width=30, align="R")
    paper.set_y(top + 7.2)
    for text, ink in body:
        paper.set_x(_LEFT + 34)
        paper.tell(text, size=8.5, colour=ink, width=width)
    paper.set_xy(_LEFT, max(paper.get_y(), top + 11.5) + 2.2)


def _visit_lines(event: Event) -> list[tuple[str, Colour]]:
    comma = ", " if _("CarKeeper").isascii() else "、"
    lines = [(comma.join(event.done), INK)] if event.done else []
    for words, names in (
        (_("Declined: %(what)s"), event.declined),
        (_("Deferred: %(what)s"), event.deferred),
        (_("Found not needed: %(what)s"), event.not_needed),
    ):
        if names:
            lines.append((words % {"what": comma.join(names)}, INKS["warn"]))
    parts = [
        f"{part['name']} × {part['quantity']}"
        for item in event.facts["items"]
        if item["outcome"] == "done"
        for part in item["parts"]
    ]
    if parts:
        lines.append((_("Parts: %(what)s") % {"what": comma.join(parts)}, INK2))
    if event.facts["fault_codes"]:
        lines.append((_("Fault codes: %(codes)s") % {"codes": comma.join(event.facts["fault_codes"])}, INK2))
    if event.is_corrected:
        day = date_format(event.newest.recorded_at, "DATE_FORMAT")
        lines.append((_("Corrected on %(day)s; what was said before is kept.") % {"day": day}, INK2))
    return lines


def _how_to_verify(paper: Paper, history: History) -> None:
    paper.room(34)
    top = paper.get_y() + 4
    paper.box(_LEFT, top, _WIDTH, 27, fill=BRAND_SOFT)
    paper.set_xy(_LEFT + 5, top + 4)
    paper.say(_("How to verify this"), size=10, bold=True, colour=BRAND_INK)
    paper.set_xy(_LEFT + 5, top + 10)
    paper.tell(
        _(
            "Each entry carries a hash of itself and of the one before it, so nothing can be changed or left out "
            "unnoticed. Ask for the JSON export and check it with the ten-line program of the platform, or compare the "
            "newest hash:"
        ),
        size=8,
        colour=BRAND_INK,
        width=_WIDTH - 10,
    )
    paper.set_x(_LEFT + 5)
    paper.say(history.head_hash, size=7.5, colour=BRAND_INK)
    paper.set_y(top + 29)
    paper.tell(_("Private details of owners are left out for everybody but themselves."), size=8, colour=INK2)
