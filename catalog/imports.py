"""A shop's price list as a CSV file: out, and in again, all or nothing.

The file has one line for each price. `target` is a variant's address, `make/model`, a make's key, a price class, or
empty for all cars, as `scope` says. Amounts are yuan with at most two decimals. `service_name` and `target_name` are
for the reader and are not read back.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from defusedcsv import csv as safe_csv
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from catalog import offer_actions
from catalog.choices import OfferScope
from catalog.models import MAX_PRICE_FEN, Offer, Service
from core.errors import Conflict, Refusal
from core.money import format_fen, format_yuan_plain, parse_yuan
from shops.models import Shop
from vehicles.choices import PriceClass
from vehicles.models import CarModel, Make, Variant

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 10_000
MAX_PROBLEMS = 100  # more at once help nobody
MAX_NOTE = 120
MINUTES = range(5, 601)

REQUIRED = ("service", "scope", "target", "labour_yuan", "parts_yuan")
OPTIONAL = ("parts_note", "minutes", "offered")
COLUMNS = ("service", "service_name", "scope", "target", "target_name", *REQUIRED[3:], *OPTIONAL)

_YES = {"", "yes", "y", "1", "true", "是"}
_NO = {"no", "n", "0", "false", "否"}
# What a defused cell starts with behind its apostrophe; a bar was written with a backslash before it.
_DEFUSED = ("@", "+", "-", "=", "%", "\\|")

Key = tuple[int, int | None, int | None, int | None, str | None]


@dataclass(frozen=True)
class Problem:
    """What is wrong with the file, where: line 1 is the header, the column is named as in the header."""

    message: str
    line: int | None = None
    column: str = ""

    def __str__(self) -> str:
        if self.line is None:
            return self.message
        where = {"line": self.line, "column": self.column, "message": self.message}
        if not self.column:
            return _("Line %(line)s: %(message)s") % where
        return _("Line %(line)s, column %(column)s: %(message)s") % where


class ImportRefusedError(Refusal):
    """The file cannot be taken over as it stands. Nothing was changed."""

    code = "price_list_refused"
    status = 422

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        count = len(self.problems)
        super().__init__(
            ngettext(
                "Nothing was changed: the file has %(count)s mistake.",
                "Nothing was changed: the file has %(count)s mistakes.",
                count,
            )
            % {"count": count},
            extra={"problems": [str(problem) for problem in self.problems[:MAX_PROBLEMS]]},
        )

    @property
    def shown(self) -> list[Problem]:
        """The first problems; after mending them the rest shows."""
        return self.problems[:MAX_PROBLEMS]


class PriceListChangedError(Conflict):
    """Somebody changed the price list after the preview was made."""

    code = "price_list_changed"

    def __init__(self) -> None:
        super().__init__(
            _("The price list changed after you looked at this preview. Here is a new one; check it again.")
        )


@dataclass(frozen=True)
class Row:
    """One line of the file, understood."""

    line: int
    service: Service
    target: offer_actions.Target
    price: offer_actions.Price
    is_active: bool

    @property
    def key(self) -> Key:
        """What makes an offer of a shop unique."""
        target = self.target
        ids = [getattr(part, "pk", None) for part in (target.make, target.model, target.variant)]
        return (self.service.pk, ids[0], ids[1], ids[2], target.price_class)


@dataclass
class Preview:
    """What taking the file over would change. `fingerprint` is the price list that it was compared with."""

    fingerprint: str
    new: list[Row] = field(default_factory=list)
    changed: list[tuple[Offer, Row]] = field(default_factory=list)
    retired: list[Offer] = field(default_factory=list)
    same: int = 0

    @property
    def changes_nothing(self) -> bool:
        return not (self.new or self.changed or self.retired)


# --- Out ----------------------------------------------------------------------------------------


def export(*, shop: Shop) -> str:
    """The shop's active prices as CSV text that reads back without a change; two queries. Formulas are defused."""
    out = io.StringIO()
    writer = safe_csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for offer in _price_list(shop).filter(is_active=True).order_by("service__position", "service__key", "scope", "pk"):
        writer.writerow(
            [
                offer.service.key,
                offer.service.name,
                offer.scope,
                target_text(offer),
                target_name(offer),
                format_yuan_plain(offer.labour_fen),
                format_yuan_plain(offer.parts_fen),
                _quoted(offer.parts_note),
                offer.minutes or "",
                "yes",
            ]
        )
    return out.getvalue()


def target_text(offer: Offer) -> str:
    """Which cars an offer is for, as the file says it."""
    if offer.variant is not None:
        return offer.variant.slug
    if offer.model is not None:
        return f"{offer.model.make.key}/{offer.model.key}"
    if offer.make is not None:
        return offer.make.key
    return offer.price_class or ""


def target_name(offer: Offer | offer_actions.Target) -> str:
    """Which cars an offer is for, in the reader's language."""
    if offer.variant is not None:
        return offer.variant.full_name
    if offer.model is not None:
        return offer.model.full_name
    if offer.make is not None:
        return offer.make.name
    return str(PriceClass(offer.price_class).label) if offer.price_class else str(OfferScope.ALL.label)


def _price_list(shop: Shop) -> Any:
    return Offer.objects.filter(shop=shop).select_related("service", "make", "model__make", "variant__model__make")


def _quoted(text: str) -> str:
    """A leading apostrophe is doubled: a single one is what defusing a formula adds, and is taken away on reading."""
    return f"'{text}" if text.startswith("'") else text


def _unquoted(text: str) -> str:
    if not text.startswith("'"):
        return text
    text = text[1:]
    return text.replace("\\|", "|") if text.startswith(_DEFUSED) else text


# --- In -----------------------------------------------------------------------------------------


def decode(content: bytes) -> str:
    """The file's text: UTF-8 with or without mark, UTF-16 with mark, else GB 18030 (what Excel writes in China).

    Raises ImportRefusedError for a file that is too large, has NUL characters, or is no text.
    """
    if len(content) > MAX_BYTES:
        raise ImportRefusedError([Problem(_("The file is larger than 2 MB."))])
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise ImportRefusedError([Problem(_("This is not a text file. Save the table as CSV (UTF-8)."))])


def parse(*, text: str, shop: Shop) -> list[Row]:
    """Understand every line. Raises ImportRefusedError with every mistake found; five queries."""
    lines, columns = _lines(text)
    known = _Known(shop)
    problems: list[Problem] = []
    rows: list[Row] = []
    first_line: dict[Key, int] = {}
    for number, cells in lines:
        if number > MAX_ROWS + 1:
            raise ImportRefusedError([Problem(_("The file has more than 10,000 lines."))])
        row = _row(number, cells, columns, known, problems)
        if row is None:
            continue
        if row.key in first_line:
            other = {"line": first_line[row.key]}
            problems.append(Problem(_("The same service and cars stand on line %(line)s.") % other, number, "target"))
        first_line.setdefault(row.key, number)
        rows.append(row)
    if problems:
        raise ImportRefusedError(problems)
    return rows


def _lines(text: str) -> tuple[Iterator[tuple[int, list[str]]], list[str]]:
    """Numbered lines after the header, without empty ones, and the header's column names."""
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
    except csv.Error:
        columns = []
    _check_header(columns)

    def numbered() -> Iterator[tuple[int, list[str]]]:
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            message = _("The line cannot be read: a quotation mark is open, or a cell is too long.")
            raise ImportRefusedError([Problem(message, reader.line_num)]) from error

    return numbered(), columns


def _check_header(columns: list[str]) -> None:
    problems = [
        Problem(_("The column is missing. The first line must name the columns."), 1, name)
        for name in REQUIRED
        if name not in columns
    ]
    problems += [
        Problem(_("There is no such column."), 1, name[:40]) for name in columns if name and name not in COLUMNS
    ]
    problems += [Problem(_("The column stands there twice."), 1, name) for name in COLUMNS if columns.count(name) > 1]
    if problems:
        raise ImportRefusedError(problems)


class _Known:
    """What the file can name, read once."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.services: dict[str, Service] = {}
        services = list(Service.objects.all())
        for service in services:
            self.services |= {service.name_en.lower(): service, service.name_zh: service}
        self.services |= {service.key: service for service in services}  # a key goes before another service's name
        self.makes = {make.key: make for make in Make.objects.all()}
        self.models = {f"{model.make.key}/{model.key}": model for model in CarModel.objects.select_related("make")}
        self.variants = {variant.slug: variant for variant in Variant.objects.with_names()}

    def service(self, text: str) -> Service:
        found = self.services.get(text) or self.services.get(text.lower())
        if found is None:
            raise ValueError(_("There is no service “%(text)s”.") % {"text": text[:40]})
        try:
            offer_actions.check_service(shop=self.shop, service=found)
        except offer_actions.OnSiteImpossibleError as error:
            raise ValueError(str(error.message)) from error
        return found

    def target(self, text: str, scope: OfferScope) -> offer_actions.Target:
        if scope == OfferScope.ALL:
            if text:
                raise ValueError(_("Leave this empty for a price for all cars."))
            return offer_actions.Target(scope)
        if scope == OfferScope.PRICE_CLASS:
            found: Any = text if text in PriceClass.values else None
        else:
            choices: dict[str, Mapping[str, Any]] = {
                "make": self.makes,
                "model": self.models,
                "variant": self.variants,
            }
            found = choices[scope].get(text)
        if found is None:
            raise ValueError(
                _("There is no “%(text)s” to price for (%(scope)s).") % {"text": text[:60], "scope": scope}
            )
        return offer_actions.Target(scope, **{scope.value: found})


def _row(number: int, cells: list[str], columns: list[str], known: _Known, problems: list[Problem]) -> Row | None:
    """One line; None, with its problems noted, if something is wrong with it."""
    if len(cells) != len(columns):
        numbers = {"found": len(cells), "wanted": len(columns)}
        problems.append(Problem(_("There are %(found)s cells, the header has %(wanted)s.") % numbers, number))
        return None
    values = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    before = len(problems)

    def read(column: str, reader: Callable[[str], Any]) -> Any:
        try:
            return reader(_unquoted(values.get(column, "")))
        except ValueError as error:
            problems.append(Problem(str(error), number, column))
            return None

    service = read("service", known.service)
    scope = read("scope", _scope)
    target: Any = read("target", partial(known.target, scope=scope)) if scope is not None else None
    labour, parts = read("labour_yuan", _amount), read("parts_yuan", _amount)
    note, minutes, offered = read("parts_note", _note), read("minutes", _minutes), read("offered", _offered)
    if len(problems) > before:
        return None
    return Row(number, service, target, offer_actions.Price(labour, parts, note, minutes), offered)


def _scope(text: str) -> OfferScope:
    if text not in OfferScope.values:
        raise ValueError(
            _("“%(text)s” is none of: %(known)s.") % {"text": text[:40], "known": ", ".join(OfferScope.values)}
        )
    return OfferScope(text)


def _amount(text: str) -> int:
    try:
        fen = parse_yuan(text)
    except ValueError as error:
        raise ValueError(
            _("“%(text)s” is not an amount. Write yuan with at most two decimals: 268 or 268.50.") % {"text": text[:40]}
        ) from error
    if fen > MAX_PRICE_FEN:
        raise ValueError(_("The most one price can be is %(limit)s.") % {"limit": format_fen(MAX_PRICE_FEN)})
    return fen


def _note(text: str) -> str:
    if len(text) > MAX_NOTE:
        raise ValueError(_("The note is longer than 120 characters."))
    if not text.isprintable():
        raise ValueError(_("The note has a line break or another character that cannot be shown."))
    return text


def _minutes(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) in MINUTES):
        raise ValueError(_("Write whole minutes from 5 to 600, or leave it empty for the standard time."))
    return int(text)


def _offered(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError(_("Write yes or no."))


# --- What would change, and changing it ---------------------------------------------------------


def preview(*, shop: Shop, rows: Iterable[Row], retire_missing: bool) -> Preview:
    """Compare the file with the price list; one query. With `retire_missing`, prices not in the file are retired."""
    offers = list(_price_list(shop).order_by("pk"))
    result = Preview(fingerprint=_fingerprint(offers))
    left = {_key(offer): offer for offer in offers}
    for row in rows:
        offer = left.pop(row.key, None)
        if offer is None:
            if row.is_active:
                result.new.append(row)
            else:
                result.same += 1
        elif offer.is_active and not row.is_active:
            result.retired.append(offer)
        elif _differs(offer, row):
            result.changed.append((offer, row))
        else:
            result.same += 1
    if retire_missing:
        result.retired += [offer for offer in left.values() if offer.is_active]
    return result


@transaction.atomic
def apply(*, shop: Shop, rows: Iterable[Row], retire_missing: bool, seen: str, by: User, at: datetime) -> Preview:
    """Take the file over, all or nothing; the number of queries does not depend on its length.

    `seen` is the fingerprint of the preview that the person agreed to. Raises PriceListChangedError if somebody changed
    the price list since.
    """
    offer_actions.lock_price_list(shop=shop)
    plan = preview(shop=shop, rows=rows, retire_missing=retire_missing)
    if plan.fingerprint != seen:
        raise PriceListChangedError
    written = [*plan.new, *(row for _offer, row in plan.changed)]
    offer_actions.replace(
        offers=[_offer_of(shop, row) for row in written],
        retired=[offer.pk for offer in plan.retired],
        by=by,
        at=at,
    )
    return plan


def _offer_of(shop: Shop, row: Row) -> Offer:
    prices = {name: getattr(row.price, name) for name in offer_actions.PRICE_FIELDS}
    return Offer(shop=shop, service=row.service, is_active=row.is_active, **row.target.columns(), **prices)


def _key(offer: Offer) -> Key:
    return (offer.service_id, offer.make_id, offer.model_id, offer.variant_id, offer.price_class)


def _differs(offer: Offer, row: Row) -> bool:
    if not offer.is_active and not row.is_active:
        return False
    prices = any(getattr(offer, name) != getattr(row.price, name) for name in offer_actions.PRICE_FIELDS)
    return prices or offer.is_active != row.is_active


def _fingerprint(offers: Iterable[Offer]) -> str:
    """Changes whenever anything that an import compares changes."""
    facts = [(_key(o), o.labour_fen, o.parts_fen, o.parts_note, o.minutes, o.is_active) for o in offers]
    return hashlib.sha256(repr(facts).encode()).hexdigest()
