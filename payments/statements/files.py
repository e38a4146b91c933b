"""A statement as CSV: a row for each line, streamed, with the sums at its end."""

from __future__ import annotations

import csv as plain_csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from defusedcsv import csv
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from payments.choices import StatementKind
from payments.models import StatementLine
from payments.statements.period import Period
from payments.statements.reading import lines_of
from payments.statements.sums import Sums
from shops.models import Shop

CHUNK_ROWS = 500
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # Excel takes a CSV file for UTF-8 only with it
_MONEY = ("gross_fen", "refunded_fen", "commission_fen", "processing_fen", "coupon_fen", "net_fen")
_AT_SHOP = (StatementKind.PAID_AT_SHOP, StatementKind.REFUNDED_AT_SHOP)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def yuan(fen: int) -> str:
    """An amount for a spreadsheet, always with both decimals and an ASCII minus: `-1693.20`."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"


def as_csv(shop: Shop, period: Period, *, sums: Sums) -> Iterator[str]:
    """The statement's rows as text, one at a time from a cursor of the server's: memory does not grow with its length.

    The first piece comes before the database is asked for rows; the last rows are the sums of those above and those of
    the statement, so that whoever opens the file can compare them. A leading = + - @ in words cannot become a formula;
    amounts are numbers. Words are looked up now, while the reader's language is known.
    """
    words, language = _Words(shop.zone), get_language() or "zh"
    headings, ends = _headings(), (_("Sum of the rows above"), _("Sum of the statement"))
    rows = _rows(lines_of(shop, period), language)
    return _pieces(headings, rows, words, ends, _statement_figures(sums))


def _pieces(
    headings: list[str], rows: Iterator[dict[str, Any]], words: _Words, ends: tuple[str, str], sums: dict[str, int]
) -> Iterator[str]:
    writer = csv.writer(_Echo(), quoting=plain_csv.QUOTE_MINIMAL)
    yield _BYTE_ORDER_MARK + writer.writerow(headings)
    added = dict.fromkeys(_COLUMNS, 0)
    for row in rows:
        figures = _figures(row)
        for name, fen in figures.items():
            added[name] += fen
        yield writer.writerow([*words.of(row), *map(yuan, figures.values())])
    for label, figures in zip(ends, (added, sums), strict=True):
        yield writer.writerow([label, "", "", "", "", "", *map(yuan, figures.values())])


def name_of(number: str, extension: str) -> str:
    """A file name in plain letters: statement-ST-202611A-XUHUI.csv."""
    return f"statement-{number}.{extension}"


_COLUMNS = ("price", "refunded", "commission", "processing", "coupon", "at_shop", "net")


def _headings() -> list[str]:
    words = [_("Time"), _("Number"), _("What"), _("Kind"), _("Rules"), _("Payout")]
    money = [_("Price, yuan"), _("Given back, yuan"), _("Commission, yuan"), _("Payment fee, yuan")]
    return [*words, *money, _("Shop's coupon, yuan"), _("At the shop, yuan"), _("For the shop, yuan")]


def _rows(lines: QuerySet[StatementLine], language: str) -> Iterator[dict[str, Any]]:
    title = "title_zh" if language.startswith("zh") else "title_en"
    names = (f"line__{title}", f"order__{title}", "order__number", "at", "kind")
    numbers = ("rule__schedule__version", "rule__position", "payout__request_no")
    rows = lines.order_by("at", "pk").values(*names, *numbers, *_MONEY)
    for row in rows.iterator(chunk_size=CHUNK_ROWS):
        yield {**row, "title": row[f"line__{title}"] or row[f"order__{title}"]}


class _Words:
    """The words of a row. Labels are looked up once: the file is written after the request's language is gone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.kinds = {str(kind): str(kind.label) for kind in StatementKind}

    def of(self, row: dict[str, Any]) -> list[str]:
        at: datetime = row["at"].astimezone(self.zone)
        version, position = row["rule__schedule__version"], row["rule__position"]
        rule = "" if version is None else f"v{version}/{position}"
        return [
            f"{at:%Y-%m-%d %H:%M}",
            row["order__number"],
            row["title"],
            self.kinds[row["kind"]],
            rule,
            row["payout__request_no"] or "",
        ]


def _figures(row: dict[str, Any]) -> dict[str, int]:
    """A line's amounts in the columns of a statement."""
    gross, kind = row["gross_fen"], row["kind"]
    is_late = kind == StatementKind.LATE_REFUND
    return {
        "price": 0 if is_late or kind in _AT_SHOP else gross,
        "refunded": row["refunded_fen"] - (gross if is_late else 0),
        "commission": row["commission_fen"],
        "processing": row["processing_fen"],
        "coupon": row["coupon_fen"],
        "at_shop": gross if kind in _AT_SHOP else 0,
        "net": row["net_fen"],
    }


def _statement_figures(sums: Sums) -> dict[str, int]:
    kinds = sums.kinds
    return {name: getattr(kinds, f"{name}_fen") for name in _COLUMNS}
