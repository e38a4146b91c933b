"""The design system's tags and filters. Every page is made of these and of the classes in `static/src/`."""

import logging
import re
from datetime import date, datetime
from functools import cache
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from django import forms, template
from django.conf import settings
from django.forms.boundfield import BoundField
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from lucide import IconDoesNotExist
from lucide.templatetags.lucide import lucide as lucide_svg

from core import day_words
from core.money import format_fen, format_fen_exact
from core.photo_fields import PhotoInput
from core.range_bar import PriceBand, draw_price_bar

register = template.Library()
logger = logging.getLogger(__name__)

Zone = ZoneInfo | str | None
BODY_CLASSES = ("sedan", "hatch", "suv", "mpv")
SHOP_KINDS = ("4s", "chain", "independent", "on_site")


# --- Icons, marks, small parts ------------------------------------------------------------------


@register.simple_tag
def icon(name: str, size: int = 20, label: str = "", css: str = "") -> SafeString:
    """A Lucide icon as inline SVG; decorative unless it gets a `label`.

    An unknown name raises under DEBUG and in tests; elsewhere (a name from the database) it becomes a plain circle.
    """
    try:
        return _icon(name, int(size), str(label), css)
    except IconDoesNotExist:
        if getattr(settings, "UI_STRICT_ICONS", settings.DEBUG):
            raise
        logger.error("unknown icon %r", name)
        return _icon("circle", int(size), str(label), css)


@cache
def _icon(name: str, size: int, label: str, css: str) -> SafeString:
    spoken = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    attrs = {"class": f"icon {css}".strip(), "stroke_width": "1.75", "focusable": "false", **spoken}
    return SafeString(re.sub(r"\s*\n\s*", "", lucide_svg(name, size=size, **attrs)))


@register.simple_tag
def badge(text: str, tone: str = "brand", icon_name: str = "", css: str = "") -> SafeString:
    """A state in words on its soft ground. Tones: brand info warn part qc ok bad mute."""
    drawn = icon(icon_name, 14) if icon_name else ""
    return format_html('<span class="badge tone-{} {}">{}{}</span>', tone, css, drawn, text)


@register.simple_tag
def plate(value: str, css: str = "") -> SafeString:
    """A number plate: blue, or green for the eight characters of a new-energy car. `沪AD8K21` → 沪A·D8K21."""
    text = plate_text(value)
    colour = "plate-green" if len(text.replace("·", "")) == 8 else ""
    return format_html('<span class="plate {} {}" translate="no">{}</span>', colour, css, text)


@register.filter
def plate_text(value: str) -> str:
    """A plate with its middle dot, for running text."""
    bare = str(value or "").replace("·", "").replace(" ", "")
    return f"{bare[:2]}·{bare[2:]}" if len(bare) > 2 else bare


@register.simple_tag
def avatar(name: str, css: str = "") -> SafeString:
    """A person's first character on a colour that stays theirs; a figure for who is known by a number only.

    Decorative: their name stands beside it.
    """
    first = (str(name).strip() or "?")[0].upper()
    initial = first if first.isalnum() else icon("user-round", 20)
    return format_html(
        '<span class="avatar avatar-{} {}" aria-hidden="true">{}</span>', crc32(str(name).encode()) % 6, css, initial
    )


@register.simple_tag
def shop_mark(name: str, kind: str = "independent", css: str = "") -> SafeString:
    """A shop's first character on its kind's colour. Decorative: the shop's name stands beside it."""
    initial = (str(name).strip() or "?")[0].upper()
    return format_html('<span class="shop-mark shop-mark-{} {}" aria-hidden="true">{}</span>', kind, css, initial)


@register.simple_tag
def bar(fraction: float, tone: str = "brand", height: int = 6) -> SafeString:
    """A plain horizontal bar filled to `fraction` (0–1). Decorative: write the number beside it."""
    width = max(0.0, min(1.0, float(fraction))) * 100
    return format_html(
        '<svg class="w-full tone-{0}" height="{1}" aria-hidden="true" focusable="false">'
        '<rect class="bar-track" width="100%" height="{1}" rx="{2}"/>'
        '<rect class="bar-fill" width="{3}%" height="{1}" rx="{2}"/></svg>',
        tone,
        height,
        height / 2,
        f"{width:.1f}",
    )


@register.inclusion_tag("ui/ring.html")
def ring(fraction: float, icon_name: str = "", tone: str = "brand", size: int = 48, text: str = "") -> dict[str, Any]:
    """A ring filled clockwise to `fraction` (0–1) round an icon or a short text. Say the same in words beside it."""
    stroke = 4
    filled = max(0.0, min(1.0, float(fraction))) * 100
    return {
        "icon_name": icon_name,
        "icon_size": round(size * 0.42),
        "tone": tone,
        "size": size,
        "text": text,
        "centre": size / 2,
        "radius": size / 2 - stroke / 2,
        "stroke": stroke,
        "dash": f"{filled:.1f} 100",
    }


# --- Navigation ---------------------------------------------------------------------------------

_MAIN_NAV = (
    ("book", "home", _("Book")),
    ("cars", "vehicles:garage", _("My cars")),
    ("visits", "bookings:list", _("My bookings")),
    ("prices", "catalog:service_list", _("Fair prices")),
)
_TAB_BAR = (
    ("book", "home", _("Home"), "house"),
    ("visits", "bookings:list", _("Bookings"), "calendar-check"),
    ("cars", "vehicles:garage", _("My cars"), "car-front"),
    ("me", "accounts:me", _("Me"), "user-round"),
)


@register.inclusion_tag("ui/main_nav.html", takes_context=True)
def main_nav(context: template.Context) -> dict[str, Any]:
    """The owner's navigation in the header of wide screens."""
    here = context.get("nav_section", "")
    return {"items": [{"url": _address(view), "label": text, "current": key == here} for key, view, text in _MAIN_NAV]}


@register.inclusion_tag("ui/tab_bar.html", takes_context=True)
def tab_bar(context: template.Context) -> dict[str, Any]:
    """The owner's navigation at the bottom of phones."""
    here = context.get("nav_section", "")
    return {
        "items": [
            {"url": _address(view), "label": text, "icon": name, "current": key == here}
            for key, view, text, name in _TAB_BAR
        ]
    }


def _address(view_name: str) -> str:
    try:
        return reverse(view_name)
    except NoReverseMatch:
        logger.error("no address for %r", view_name)
        return "#"


# --- Drawings -----------------------------------------------------------------------------------


@register.simple_tag
def car_art(body: str = "sedan", colour: str = "silver", css: str = "") -> SafeString:
    """A drawn car seen from its side. `body` is a body class or a segment that ends in one (`mid_suv`)."""
    shape = str(body).rsplit("_", 1)[-1]
    return _drawing(f"car_{shape if shape in BODY_CLASSES else 'sedan'}", colour, css)


@register.simple_tag
def shopfront_art(kind: str = "independent", css: str = "") -> SafeString:
    """A drawn shopfront in the colour of the shop's kind."""
    return _drawing(f"shop_{kind if kind in SHOP_KINDS else 'independent'}", "", css)


@register.simple_tag
def empty_art(name: str = "calendar", css: str = "empty-art") -> SafeString:
    """A small drawing for an empty state: calendar, garage, search, shop, road, fault, lock."""
    return _drawing(f"empty_{name}", "", css)


@cache
def _drawing(name: str, colour: str, css: str) -> SafeString:
    return SafeString(get_template(f"ui/illustrations/{name}.html").render({"colour": colour, "css": css}))


# --- Prices -------------------------------------------------------------------------------------


@register.filter
def money(fen: int | str | None) -> str:
    """Fen for lists: ¥268, ¥268.50, −¥20. Nothing for None."""
    return "" if fen is None or fen == "" else format_fen(int(fen))


@register.filter
def money_exact(fen: int | str | None) -> str:
    """Fen for bills: ¥268.00. Nothing for None."""
    return "" if fen is None or fen == "" else format_fen_exact(int(fen))


@register.filter
def money_bare(fen: int | str | None) -> str:
    """As `money` without the sign, for the end of a range: ¥240–330."""
    return money(fen).replace("¥", "")


@register.inclusion_tag("ui/range_bar.html")
def range_bar(band: PriceBand | None, price_fen: int | None = None, variant: str = "labels") -> dict[str, Any]:
    """A price on the usual range (P25–P75) of this service here.

    Variants: `labels` (ends in ¥ under the band), `line` (words, bar and sample size in one line), `bare` (bar only,
    for dense lists), `panel` (verdict, sample size, bar and ends on a sunken ground). Without a band it says so.
    """
    if band is None:
        return {"bar": None, "variant": variant}
    drawn = draw_price_bar(band, price_fen)
    return {
        "bar": drawn,
        "band": band,
        "variant": variant,
        "sample": sample_size(band.n),
        "label": _bar_label(band, drawn),
    }


@register.simple_tag
def price_verdict(band: PriceBand | None, price_fen: int, css: str = "") -> SafeString:
    """The fair-price mark as a badge: Fair price, Below usual or Above usual. Nothing without a band."""
    if band is None:
        return SafeString("")
    drawn = draw_price_bar(band, price_fen)
    return badge(drawn.verdict, drawn.tone, drawn.icon, css)


@register.filter
def sample_size(count: int) -> str:
    """How many prices a band was computed from."""
    return ngettext("%(count)s price", "%(count)s prices", count) % {"count": f"{count:,}"}


def _bar_label(band: PriceBand, drawn: Any) -> str:
    usual = gettext("Usual here: %(low)s to %(high)s, from %(sample)s.") % {
        "low": format_fen(band.low_fen),
        "high": format_fen(band.high_fen),
        "sample": sample_size(band.n),
    }
    return f"{drawn.spoken} {usual}".strip()


# --- Measures and times -------------------------------------------------------------------------


@register.filter
def km(value: int | str | None) -> str:
    """An odometer reading with thousands by comma: 58,263. Write the unit beside it."""
    return "" if value is None or value == "" else f"{int(value):,}"


@register.filter
def distance(metres: float | str | None) -> str:
    """Metres as people say them: 800 m, 1.2 km, 120 km."""
    if metres is None or metres == "":
        return ""
    metres = float(metres)
    if metres < 995:
        return f"{max(10, round(metres / 10) * 10)} m"
    kilometres = metres / 1000
    return f"{kilometres:.1f} km" if kilometres < 99.5 else f"{kilometres:,.0f} km"


def _zone(zone: Zone) -> ZoneInfo:
    if isinstance(zone, ZoneInfo):
        return zone
    return ZoneInfo(str(zone)) if zone else ZoneInfo(settings.TIME_ZONE)


def _local_day(at: datetime | date, zone: Zone) -> date:
    return at.astimezone(_zone(zone)).date() if isinstance(at, datetime) else at


@register.filter
def slot_day(at: datetime | date | None, zone: Zone = None) -> str:
    """Today, Tomorrow, Sun 22 Nov / 今天, 明天, 11月22日 周日, in the shop's `zone`."""
    if not at:
        return ""
    return day_words.near_day(_local_day(at, zone), today=_local_day(timezone.now(), zone))


@register.filter
def slot_day_short(at: datetime | date | None, zone: Zone = None) -> str:
    """Today, Tomorrow, Sun, then 28 Nov: for slot chips and the day strip."""
    if not at:
        return ""
    return day_words.near_day_short(_local_day(at, zone), today=_local_day(timezone.now(), zone))


@register.filter
def weekday(at: datetime | date | None, zone: Zone = None) -> str:
    """Sat / 周六."""
    return day_words.weekday(_local_day(at, zone)) if at else ""


@register.filter
def day(at: datetime | date | None, zone: Zone = None) -> str:
    """Sat 21 Nov / 11月21日 周六."""
    return day_words.weekday_day_month(_local_day(at, zone)) if at else ""


@register.filter
def full_day(at: datetime | date | None, zone: Zone = None) -> str:
    """21 Nov 2026 / 2026年11月21日: a day that may lie in another year."""
    return day_words.full_day(_local_day(at, zone)) if at else ""


@register.filter
def clock(at: datetime | None, zone: Zone = None) -> str:
    """14:30 on the wall clock of `zone`."""
    return f"{at.astimezone(_zone(zone)):%H:%M}" if at else ""


@register.filter
def day_time(at: datetime | None, zone: Zone = None) -> str:
    """Sat 21 Nov, 14:30 / 11月21日 周六 14:30."""
    return day_words.day_time(at, zone=_zone(zone)) if at else ""


@register.filter
def near_day_time(at: datetime | None, zone: Zone = None) -> str:
    """Today, 14:30 / 今天 14:30; further away as `day_time`."""
    return day_words.near_day_time(at, now=timezone.now(), zone=_zone(zone)) if at else ""


@register.filter
def within(said: str) -> str:
    """A near day or time inside a sentence: until today, 14:30."""
    return day_words.within(said)


@register.filter
def table_time(at: datetime | None, zone: Zone = None) -> str:
    """11-21 14:30, for tables."""
    return f"{at.astimezone(_zone(zone)):%m-%d %H:%M}" if at else ""


# --- Forms --------------------------------------------------------------------------------------


@register.inclusion_tag("ui/field.html")
def field(
    bound: BoundField, *, label: str = "", hint: str = "", icon_name: str = "", prefix: str = "", unit: str = ""
) -> dict[str, Any]:
    """A form field: label above, control, hint and error below, tied together for screen readers."""
    kind = _field_kind(bound.field.widget)
    own = bound.field.widget.attrs.get("class", "")
    base = {"choices": "", "check": "", "photos": "", "code": "input code-input"}.get(kind, "input")
    attrs: dict[str, str | bool] = {"class": f"{base} {own}".strip()} if base or own else {}
    return {
        "field": bound,
        "kind": kind,
        "control": "" if kind == "choices" else bound.as_widget(attrs=attrs | _described_by(bound, hint)),
        "label": label or bound.label,
        "hint": hint or bound.help_text,
        "hint_id": f"{bound.auto_id}_helptext",
        "error_id": f"{bound.auto_id}_error",
        "icon_name": icon_name,
        "prefix": prefix,
        "unit": unit,
        "optional": not bound.field.required and kind in ("input", "choices", "photos"),
    }


def _field_kind(widget: forms.Widget) -> str:
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, PhotoInput):
        return "photos"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "code" if widget.attrs.get("autocomplete") == "one-time-code" else "input"


def _described_by(bound: BoundField, hint: str) -> dict[str, str | bool]:
    """Django ties help text and errors to the control by itself; a hint given in the template needs the same."""
    if not hint or bound.help_text:
        return {}
    error_id = f" {bound.auto_id}_error" if bound.errors else ""
    return {"aria-describedby": f"{bound.auto_id}_helptext{error_id}"}


@register.inclusion_tag("ui/form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, Any]:
    """What is wrong with the form as a whole (not with one field)."""
    return {"errors": form.non_field_errors()}
