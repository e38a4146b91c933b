"""The design system: tags, filters, the frame of every page. Nothing here touches the database."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.template import engines
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import translation
from lucide import IconDoesNotExist

from core import context_processors, day_words
from core.money import format_fen, format_fen_exact, format_yuan_plain, parse_yuan
from core.range_bar import draw_price_bar
from core.styleguide import sample_context
from core.templatetags import ui

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)  # Saturday, 14:30 in Shanghai


@dataclass(frozen=True)
class Band:
    low_fen: int = 24000
    high_fen: int = 33000
    n: int = 42


def render(source: str, **context: Any) -> str:
    return engines["django"].from_string("{% load ui %}" + source).render(context)


@pytest.fixture
def page_request(rf: RequestFactory) -> HttpRequest:
    request = rf.get("/services/?q=oil&page=2")
    request.user = AnonymousUser()
    request.session = {}  # type: ignore[assignment]
    request.resolver_match = None
    request._messages = []  # type: ignore[attr-defined]
    return request


# --- Money --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fen", "in_lists", "on_bills", "typed"),
    [
        (26800, "¥268", "¥268.00", "268"),
        (26850, "¥268.50", "¥268.50", "268.50"),
        (-2000, "−¥20", "−¥20.00", "-20"),
        (-169320, "−¥1,693.20", "−¥1,693.20", "-1693.20"),
        (2864000, "¥28,640", "¥28,640.00", "28640"),
        (5, "¥0.05", "¥0.05", "0.05"),
        (0, "¥0", "¥0.00", "0"),
    ],
)
def test_format_fen_for_lists_bills_and_fields(fen: int, in_lists: str, on_bills: str, typed: str) -> None:
    assert format_fen(fen) == in_lists
    assert format_fen_exact(fen) == on_bills
    assert format_yuan_plain(fen) == typed


@pytest.mark.parametrize(
    ("text", "fen"),
    [("268", 26800), ("268.5", 26850), (" ¥1,268.05 ", 126805), ("￥88", 8800), ("0", 0), ("0.1", 10)],
)
def test_parse_yuan_accepted(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text", ["", "-1", "1.234", "1e5", "12,34", "abc", "１２", "1 2", "¥", "9" * 10, "1\x00", "NaN", "1,234,567,890"]
)
def test_parse_yuan_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        parse_yuan(text)


def test_money_filters_show_nothing_for_unknown() -> None:
    assert render("[{{ a|money }}{{ a|money_exact }}{{ a|km }}{{ a|distance }}{{ a|clock }}]", a=None) == "[]"


# --- Icons, marks -------------------------------------------------------------------------------


def test_icon_beside_words_is_hidden_from_screen_readers() -> None:
    svg = ui.icon("calendar", 18)
    assert 'aria-hidden="true"' in svg
    assert 'width="18"' in svg
    assert 'stroke-width="1.75"' in svg
    assert "\n" not in svg


def test_icon_alone_speaks() -> None:
    svg = ui.icon("calendar", label='Say "when"')
    assert 'role="img"' in svg
    assert 'aria-label="Say &quot;when&quot;"' in svg
    assert "aria-hidden" not in svg


def test_icon_unknown_raises_where_we_look(settings: Any) -> None:
    settings.UI_STRICT_ICONS = True
    with pytest.raises(IconDoesNotExist):
        ui.icon("no-such-icon")


def test_icon_unknown_becomes_a_circle_where_people_look(settings: Any) -> None:
    settings.UI_STRICT_ICONS = False
    assert "<circle" in ui.icon("no-such-icon")


@pytest.mark.parametrize(
    ("value", "shown", "is_green"),
    [("沪AD8K21", "沪A·D8K21", False), ("沪AD12345", "沪A·D12345", True), ("沪A·D8K21", "沪A·D8K21", False)],
)
def test_plate_has_its_dot_and_colour(value: str, shown: str, is_green: bool) -> None:
    html = ui.plate(value)
    assert f">{shown}<" in html
    assert ("plate-green" in html) is is_green


def test_marks_escape_what_people_typed() -> None:
    html = render("{% avatar name %}{% shop_mark name %}{% badge name %}{% plate name %}", name="<b>x")
    assert "<b>" not in html


def test_avatar_keeps_a_persons_colour() -> None:
    assert ui.avatar("陈建国") == ui.avatar("陈建国")
    assert ui.avatar("") == ui.avatar("")


# --- Price bar ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "tone", "verdict"),
    [
        (23999, "info", "Below usual"),
        (24000, "ok", "Fair price"),
        (33000, "ok", "Fair price"),
        (33001, "warn", "Above usual"),
    ],
)
def test_price_bar_verdict_at_the_ends_of_the_band(price: int, tone: str, verdict: str) -> None:
    with translation.override("en"):
        drawn = draw_price_bar(Band(), price)
    assert (drawn.tone, drawn.verdict) == (tone, verdict)


@pytest.mark.parametrize("price", [100, 23000, 28000, 33000, 60000, 5_000_000])
@pytest.mark.parametrize("band", [Band(), Band(low_fen=30000, high_fen=30000), Band(low_fen=0, high_fen=1)])
def test_price_bar_stays_on_its_track_in_order(price: int, band: Band) -> None:
    drawn = draw_price_bar(band, price)
    low, width, marker = (float(text.rstrip("%")) for text in (drawn.band_x, drawn.band_width, drawn.marker_x or ""))
    assert 0 <= low <= low + width <= 100.6
    assert 0 <= marker <= 100
    assert (marker < low) == (price < band.low_fen) or abs(marker - low) < 0.2


def test_range_bar_says_everything_to_screen_readers() -> None:
    with translation.override("en"):
        html = render("{% range_bar band 26800 %}", band=Band())
    assert 'aria-label="¥268: Fair price. Usual here: ¥240 to ¥330, from 42 prices."' in html
    assert ">¥240<" in html
    assert ">¥330<" in html


@pytest.mark.parametrize("variant", ["labels", "line", "bare", "panel"])
def test_range_bar_without_a_band_says_so(variant: str) -> None:
    with translation.override("en"):
        html = render("{% range_bar None 26800 variant=variant %}", variant=variant)
    assert "Too few prices here to compare" in html
    assert "<svg" not in html


@pytest.mark.parametrize("variant", ["labels", "line", "bare", "panel"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_range_bar_numbers_are_valid_svg_in_every_language(variant: str, language: str) -> None:
    with translation.override(language):
        html = render(
            "{% range_bar band 26800 variant=variant %}{% ring 0.333 'wrench' %}{% bar 0.5 %}",
            band=Band(),
            variant=variant,
        )
    numbers = re.findall(r' (?:x|cx|r|width|height)="([^"]*)"', html)
    assert numbers
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)?%?", number) for number in numbers)


# --- Words for days and measures ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "english", "chinese"),
    [
        (date(2026, 11, 21), "Today", "今天"),
        (date(2026, 11, 22), "Tomorrow", "明天"),
        (date(2026, 11, 24), "Tue 24 Nov", "11月24日 周二"),
        (date(2027, 1, 3), "Sun 3 Jan", "1月3日 周日"),
    ],
)
def test_near_day_in_both_languages(day: date, english: str, chinese: str) -> None:
    today = date(2026, 11, 21)
    with translation.override("en"):
        assert day_words.near_day(day, today=today) == english
    with translation.override("zh-hans"):
        assert day_words.near_day(day, today=today) == chinese


def test_near_day_short_leaves_the_date_out_within_a_week() -> None:
    today = date(2026, 11, 21)
    with translation.override("en"):
        assert day_words.near_day_short(date(2026, 11, 27), today=today) == "Fri"
        assert day_words.near_day_short(date(2026, 11, 28), today=today) == "28 Nov"
    with translation.override("zh-hans"):
        assert day_words.near_day_short(date(2026, 11, 27), today=today) == "周五"
        assert day_words.near_day_short(date(2026, 11, 28), today=today) == "11月28日"


def test_times_are_on_the_shops_wall_clock(time_machine: Any) -> None:
    time_machine.move_to(NOW)
    late = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)  # 00:30 of the next day in Shanghai, 08:30 in Los Angeles
    with translation.override("en"):
        assert ui.slot_day(late, SHANGHAI) == "Tomorrow"
        assert ui.slot_day(late, "America/Los_Angeles") == "Tomorrow"
        assert ui.clock(late, "America/Los_Angeles") == "08:30"
        assert ui.day_time(NOW) == "Sat 21 Nov, 14:30"
        assert ui.near_day_time(NOW) == "Today, 14:30"
        assert ui.within(ui.near_day_time(NOW)) == "today, 14:30"
        assert ui.within(ui.day_time(NOW)) == "Sat 21 Nov, 14:30"
        assert ui.table_time(NOW) == "11-21 14:30"
    with translation.override("zh-hans"):
        assert ui.day_time(NOW) == "11月21日 周六 14:30"
        assert ui.near_day_time(NOW) == "今天 14:30"
        assert ui.within(ui.near_day_time(NOW)) == "今天 14:30"


@pytest.mark.parametrize(
    ("metres", "words"),
    [(0, "10 m"), (804, "800 m"), (994, "990 m"), (995, "1.0 km"), (1240, "1.2 km"), (99_600, "100 km")],
)
def test_distance_as_people_say_it(metres: float, words: str) -> None:
    assert ui.distance(metres) == words


def test_km_has_thousands_by_comma() -> None:
    assert ui.km(58263) == "58,263"


# --- Forms --------------------------------------------------------------------------------------


class VisitForm(forms.Form):
    phone = forms.CharField(help_text="For news about this visit.")
    note = forms.CharField(required=False)
    pay = forms.ChoiceField(choices=[("shop", "At the shop"), ("now", "Now")], widget=forms.RadioSelect)
    agree = forms.BooleanField()
    code = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}))


def test_field_ties_label_hint_and_error_to_the_control() -> None:
    form = VisitForm({"phone": ""})
    html = render("{% field form.phone %}", form=form)
    assert '<label class="field-label" for="id_phone">' in html
    assert 'aria-describedby="id_phone_helptext id_phone_error"' in html
    assert 'id="id_phone_helptext"' in html
    assert 'id="id_phone_error"' in html
    assert 'aria-invalid="true"' in html


def test_field_keeps_what_was_typed() -> None:
    html = render("{% field form.note %}", form=VisitForm({"note": '"kept" <b>'}))
    assert 'value="&quot;kept&quot; &lt;b&gt;"' in html


def test_field_with_a_hint_of_the_template_is_described_by_it() -> None:
    html = render('{% field form.note hint="As on the dial." unit="km" %}', form=VisitForm())
    assert 'aria-describedby="id_note_helptext"' in html
    assert ">As on the dial.<" in html
    assert ">km<" in html


def test_field_kinds() -> None:
    form = VisitForm()
    assert "<fieldset" in render("{% field form.pay %}", form=form)
    assert 'class="check"' in render("{% field form.agree %}", form=form)
    assert "data-code-field" in render("{% field form.code %}", form=form)
    with translation.override("en"):
        assert "(optional)" in render("{% field form.note %}", form=form)
        assert "(optional)" not in render("{% field form.phone %}", form=form)


def test_form_renders_every_field_and_its_own_errors_through_the_primitives() -> None:
    form = VisitForm({"phone": "1"})
    form.is_valid()
    form.add_error(None, "That slot has just gone.")
    html = str(form)
    assert html.count('class="field-error"') == 3
    assert 'role="alert"' in html
    assert "That slot has just gone." in html


# --- The frame of every page --------------------------------------------------------------------


class _Inspector(HTMLParser):
    """Collects what a strict CSP would block and what a phone would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked: list[str] = []
        self.addresses: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.blocked += [f"{tag} {name}" for name in names if name == "style" or name.startswith(("on", "hx-on"))]
        self.blocked += ["inline script"] if tag == "script" and "src" not in names else []
        self.blocked += ["inline style"] if tag == "style" else []
        self.addresses += [names[name] or "" for name in ("src", "href") if name in names and tag != "a"]


def inspect(html: str) -> _Inspector:
    inspector = _Inspector()
    inspector.feed(html)
    return inspector


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("template", ["base.html", "404.html", "403.html", "shop_base.html"])
def test_pages_have_nothing_a_strict_csp_would_block(page_request: HttpRequest, template: str, language: str) -> None:
    with translation.override(language):
        html = render_to_string(template, {"shop_nav": [], "csrf": True}, request=page_request)
    seen = inspect(html)
    assert seen.blocked == []
    assert f'lang="{language}"' in html
    own = (django_settings.STATIC_URL, django_settings.SITE_URL, "/")
    assert all(address.startswith(own) for address in seen.addresses)


def test_styleguide_shows_every_primitive_in_both_themes_within_the_csp(page_request: HttpRequest) -> None:
    html = render_to_string("ui/styleguide.html", sample_context(NOW), request=page_request)
    assert inspect(html).blocked == []
    assert html.count('class="specimen"') == 2
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_500_page_needs_no_context() -> None:
    with translation.override("en"):
        html = get_template("500.html").render()
    assert "Something broke on our side" in html
    assert inspect(html).blocked == []


def test_language_switch_keeps_the_address(page_request: HttpRequest) -> None:
    html = render_to_string("base.html", {}, request=page_request)
    assert '<input type="hidden" name="next" value="/services/?q=oil&amp;page=2">' in html


def test_frame_links_to_nothing_that_does_not_exist(page_request: HttpRequest) -> None:
    html = render_to_string("base.html", {}, request=page_request)
    assert 'href="#"' not in html
    assert 'href=""' not in html
    assert 'action=""' not in html


@pytest.mark.parametrize("theme", ["light", "dark", "system"])
def test_theme_is_set_by_the_server(page_request: HttpRequest, theme: str) -> None:
    page_request.theme = theme  # type: ignore[attr-defined]
    html = render_to_string("base.html", {}, request=page_request)
    assert f'data-theme="{theme}">' in html
    assert re.search(rf'value="{theme}" aria-pressed="true"', html)


def test_theme_nobody_knows_follows_the_device(page_request: HttpRequest) -> None:
    page_request.COOKIES["theme"] = '"><script>'
    assert context_processors.site(page_request)["theme"] == "system"


def test_messages_are_toasts_but_errors_stay(page_request: HttpRequest) -> None:
    page_request._messages = [Message(25, "Moved."), Message(40, "Not moved.")]  # type: ignore[attr-defined]
    html = render_to_string("base.html", {}, request=page_request)
    toasts = html[html.index('id="toasts"') :]
    assert "Moved." in toasts
    assert "Not moved." not in toasts
    assert 'role="alert"' in html[: html.index('id="toasts"')]


def test_no_template_needs_what_the_csp_forbids() -> None:
    """Read as text: also templates no test renders. Mails are exempt, no policy applies to them."""
    root = Path(django_settings.BASE_DIR) / "templates"
    pages = [path for path in root.rglob("*.html") if "emails" not in path.parts]
    assert len(pages) > 40
    guilty = [
        path.relative_to(root)
        for path in pages
        if re.search(
            r"<[^>]*\s(style|on[a-z]+|hx-on[:a-z-]*)=|<style|<script(?![^>]*(src=|ld\+json))", path.read_text("utf-8")
        )
    ]
    assert guilty == []
