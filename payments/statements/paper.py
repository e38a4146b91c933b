"""A statement as a PDF, in the reader's language: its sums, then a row for each order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core import day_words
from core.money import format_fen_exact
from payments.choices import StatementKind
from payments.statements.period import Period, number_of
from payments.statements.reading import lines_of
from payments.statements.sums import Kinds, Sums
from shops.models import Shop
from vehicles.record.exports.paper import BRAND, BRAND_SOFT, INK, INK2, INKS, SUNKEN, WHITE, Colour, Paper

_LEFT, _TOP, _WIDTH = 16.0, 16.0, 178.0
_GAP = 4.0
_ROW = 5.2
# A page has some forty orders, and a hundred pages take seconds: longer statements have their orders in the CSV only.
MAX_ORDERS = 1000
# Number and title, then seven columns of money, mm.
_COLUMNS = (25.0, 41.0, *[16.0] * 7)
_AT_SHOP = (StatementKind.PAID_AT_SHOP, StatementKind.REFUNDED_AT_SHOP)
_EARNED = (StatementKind.WORK, StatementKind.FEE)
_MONEY = ("price_fen", "refunded_fen", "commission_fen", "processing_fen", "coupon_fen", "at_shop_fen", "net_fen")


def as_pdf(shop: Shop, period: Period, *, sums: Sums, at: datetime) -> bytes:
    """The statement on paper, with its orders unless they are more than `MAX_ORDERS`. One query besides its sums."""
    number = number_of(shop, period)
    paper = Paper(f"{number} · {shop.name}")
    paper.set_title(number)
    paper.set_creator("CarKeeper")
    paper.add_page()
    _header(paper, shop, period, number, at)
    _balance(paper, sums)
    _kinds(paper, sums)
    _agreement(paper, sums)
    _orders(paper, shop, period, sums.kinds)
    return bytes(paper.output())


def order_sums(shop: Shop, period: Period) -> QuerySet[Any, dict[str, Any]]:
    """A row for each order of a statement with its amounts in the columns of the sums, in the order of handover."""
    title = "title_zh" if (get_language() or "zh").startswith("zh") else "title_en"
    earned, at_shop = Q(kind__in=_EARNED), Q(kind__in=_AT_SHOP)
    late_fen = Coalesce(Sum("gross_fen", filter=Q(kind=StatementKind.LATE_REFUND)), 0)
    named = lines_of(shop, period).values(number=F("order__number"), title=F(f"order__{title}"))
    return (
        named.annotate(
            price_fen=Coalesce(Sum("gross_fen", filter=earned), 0),
            refunded_fen=Sum("refunded_fen") - late_fen,
            commission_fen=Sum("commission_fen"),
            processing_fen=Sum("processing_fen"),
            coupon_fen=Sum("coupon_fen"),
            at_shop_fen=Coalesce(Sum("gross_fen", filter=at_shop), 0),
            net_fen=Sum("net_fen"),
        )
        .values("number", "title", *_MONEY)
        .order_by("order__closed_at", "order")
    )


def _header(paper: Paper, shop: Shop, period: Period, number: str, at: datetime) -> None:
    paper.box(_LEFT, _TOP, 9, 9, fill=BRAND)
    paper.set_xy(_LEFT, _TOP)
    paper.say("车", size=13, colour=WHITE, width=9, align="C", height=9)
    paper.set_xy(_LEFT + 12, _TOP)
    paper.say(_("CarKeeper"), size=11, bold=True, height=9)
    paper.set_xy(_LEFT, _TOP)
    made = _("Made on %(day)s") % {"day": day_words.full_day(at.astimezone(shop.zone).date())}
    paper.say(made, colour=INK2, width=_WIDTH, align="R", height=9)
    paper.set_xy(_LEFT, _TOP + 14)
    paper.tell(number, size=20, bold=True)
    paper.tell(f"{shop.name} · {period.name} · {period.days}", size=9.5, colour=INK2)
    paper.set_y(paper.get_y() + _GAP)


def _balance(paper: Paper, sums: Sums) -> None:
    """Four figures in a row: owed before, for the shop, paid out, owed after."""
    cells = (
        (_("Owed before"), sums.opening_fen),
        (_("For the shop"), sums.lines_net_fen),
        (_("Paid out"), -sums.paid_out_fen),
        (_("Owed after"), sums.closing_fen),
    )
    width, top = (_WIDTH - 3 * _GAP) / 4, paper.get_y()
    for place, (words, fen) in enumerate(cells):
        x = _LEFT + place * (width + _GAP)
        paper.box(x, top, width, 17, fill=BRAND_SOFT if place == 1 else SUNKEN)
        paper.set_xy(x + 3, top + 3)
        paper.say(format_fen_exact(fen), size=13, bold=True, width=width - 6, height=6.5)
        paper.set_xy(x + 3, top + 10)
        paper.say(words, size=8, colour=INK2, width=width - 6)
    paper.set_xy(_LEFT, top + 17 + _GAP)


def _kinds(paper: Paper, sums: Sums) -> None:
    kinds = sums.kinds
    orders = ngettext("%(count)s visit", "%(count)s visits", sums.order_count) % {"count": sums.order_count}
    lines = (
        (_("Price of the visits, %(visits)s") % {"visits": orders}, kinds.price_fen),
        (_("Given back to owners"), -kinds.refunded_fen),
        (_("Commission"), -kinds.commission_fen),
        (_("Payment fee"), -kinds.processing_fen),
        (_("Coupons of the shop"), -kinds.coupon_fen),
        (_("Paid and given back at the shop"), kinds.at_shop_fen),
    )
    for words, fen in lines:
        _line(paper, words, fen)
    paper.rule(paper.get_y() + 0.5)
    paper.set_y(paper.get_y() + 1)
    _line(paper, _("For the shop"), kinds.net_fen, bold=True)


def _line(paper: Paper, words: str, fen: int, *, bold: bool = False) -> None:
    top = paper.get_y()
    paper.set_xy(_LEFT, top)
    paper.say(words, bold=bold, height=_ROW, width=_WIDTH - 40)
    paper.say(format_fen_exact(fen), bold=bold, height=_ROW, width=40, align="R")
    paper.set_xy(_LEFT, top + _ROW)


def _agreement(paper: Paper, sums: Sums) -> None:
    text, colour = agreement_words(sums), INKS["ok"] if sums.agrees else INKS["bad"]
    paper.set_y(paper.get_y() + 2)
    paper.tell(text, size=8.5, colour=colour, width=_WIDTH)


def agreement_words(sums: Sums) -> str:
    """The line in which a statement verifies itself."""
    lines = ngettext("%(count)s line", "%(count)s lines", sums.line_count) % {"count": f"{sums.line_count:,}"}
    if sums.agrees:
        words = _("%(lines)s added up = the totals = the ledger: difference %(yuan)s")
    else:
        words = _("%(lines)s added up, the totals and the ledger do not agree: difference %(yuan)s")
    return words % {"lines": lines, "yuan": format_fen_exact(sums.difference_fen)}


def _orders(paper: Paper, shop: Shop, period: Period, kinds: Kinds) -> None:
    paper.set_y(paper.get_y() + _GAP)
    rows = list(order_sums(shop, period)[: MAX_ORDERS + 1])
    if len(rows) > MAX_ORDERS:
        said = _("This statement has more than %(count)s visits. They are in the CSV file, with the same sums.")
        paper.tell(said % {"count": f"{MAX_ORDERS:,}"}, colour=INK2, width=_WIDTH)
        return
    _heads(paper)
    for row in rows:
        if paper.get_y() + _ROW > paper.h - 18:
            paper.add_page()
            _heads(paper)
        _cells(paper, [row["number"], row["title"], *(_bare(row[name]) for name in _MONEY)])
    paper.room(2 * _ROW)
    paper.rule(paper.get_y() + 0.5)
    paper.set_y(paper.get_y() + 1)
    _cells(paper, [_("Sum"), "", *(_bare(getattr(kinds, name)) for name in _MONEY)], bold=True)


def _heads(paper: Paper) -> None:
    paper.box(_LEFT, paper.get_y(), _WIDTH, _ROW + 0.8, fill=SUNKEN, radius=0)
    money = [_("Price"), _("Given back"), _("Commission"), _("Payment fee"), _("Coupon"), _("At the shop")]
    _cells(paper, [_("Number"), _("What"), *money, _("For the shop")], colour=INK2)
    paper.set_y(paper.get_y() + 1.2)


def _cells(paper: Paper, texts: Sequence[str], *, bold: bool = False, colour: Colour = INK) -> None:
    top = paper.get_y()
    paper.set_xy(_LEFT, top)
    for place, (text, width) in enumerate(zip(texts, _COLUMNS, strict=True)):
        is_money = place > 1
        paper.say(
            text if is_money else _cut(text, width),
            size=7,
            bold=bold,
            colour=colour,
            width=width,
            align="R" if is_money else "L",
            height=_ROW,
        )
    paper.set_xy(_LEFT, top + _ROW)


def _cut(text: str, width: float) -> str:
    """As much of a text as fits into a column; Chinese characters are about as wide as they are high."""
    left = width - 2
    for place, character in enumerate(text):
        left -= 1.35 if character.isascii() else 2.5
        if left < 0:
            return f"{text[:place]}…"
    return text


def _bare(fen: int) -> str:
    return format_fen_exact(fen).replace("¥", "") if fen else "–"
