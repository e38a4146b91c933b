"""Statements in the browser, and as files. Only views read the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from payments.choices import PayoutStatus
from payments.models import Payout, Statement
from payments.shop_pages.forms import FilterForm
from payments.shop_pages.pages import money_page, period_asked
from payments.statements import closing, files, paper, reading, sums, words
from payments.statements import period as periods
from payments.statements.period import Period, number_of
from payments.statements.reading import OrderRow
from payments.statements.sums import Kinds, Sums
from payments.statements.words import PAYOUT_LOOKS, Look
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop

STATEMENTS_PER_PAGE = 24
# An open period is listed until its statement is closed; more than these are open only while nothing agrees.
MAX_OPEN_SHOWN = 6


@require_safe
def statements(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop's statements: those that are still open, then the closed ones, newest first."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    closed = Statement.objects.filter(shop=shop).order_by("-starts_on")
    page = Paginator(closed, STATEMENTS_PER_PAGE).get_page(request.GET.get("page", ""))
    rows = [(row, periods.of_day(row.starts_on, shop.zone)) for row in page.object_list]
    open_ones = _open_periods(shop, at) if page.number == 1 else []
    return money_page(request, shop, "statements", {"page": page, "rows": rows, "open": open_ones})


def _open_periods(shop: Shop, at: datetime) -> list[tuple[Period, Sums]]:
    """Periods with movements that are not closed yet, newest first."""
    last = Statement.objects.filter(shop=shop).order_by("-starts_on").first()
    since = closing.first_movement(shop, Period(last.starts_on, shop.zone).ends_at if last else None)
    if since is None:
        return []
    period, found = periods.of_instant(since, shop.zone), []
    while period.starts_at <= at:
        found.append(period)
        period = period.next()
    return [(period, sums.of_period(shop, period)) for period in found[: -MAX_OPEN_SHOWN - 1 : -1]]


@require_safe
def statement(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """One statement, open or closed, order by order. Where it does not agree with the ledger it says so and raises an
    alarm."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    period = period_asked(shop, key, at=at)
    totals = sums.of_period(shop, period)
    if not totals.agrees:
        closing.check(shop=shop, period=period, sums=totals, at=at)
    return money_page(request, shop, "statement", _statement(request, shop, period, totals, at))


def _statement(request: HttpRequest, shop: Shop, period: Period, totals: Sums, at: datetime) -> dict[str, Any]:
    asked = FilterForm(request.GET)
    chosen = asked.cleaned_data if asked.is_valid() else {}
    tab = chosen.get("tab") or "all"
    tab = tab if tab in reading.TABS else "all"
    listing = reading.page_of(shop, period, tab=tab, words=chosen.get("q", ""), number=chosen.get("page", ""))
    payouts = list(reading.payouts_of(shop, period))
    held_fen, held_orders = reading.held_of(shop, period)
    return {
        "section": "statements",
        "period": period,
        "number": number_of(shop, period),
        "sums": totals,
        "agreement": paper.agreement_words(totals),
        "has_ended": period.has_ended(at),
        "look": look_of(totals, payouts),
        "payouts": [(payout, PAYOUT_LOOKS[PayoutStatus(payout.status)]) for payout in payouts],
        "held_fen": held_fen,
        "held_orders": held_orders,
        "parts": parts_of(totals.kinds),
        "page": listing.page,
        "rows": [seen(row) for row in listing.rows],
        "tabs": [(key, words.TABS[key], listing.counts[key], key == tab) for key in reading.TABS],
        "tab": tab,
        "q": chosen.get("q", ""),
    }


@dataclass(frozen=True)
class SeenRow:
    """An order's row with what is said of it."""

    row: OrderRow
    look: Look
    shares: list[words.Share]
    story: list[words.Step]


def seen(row: OrderRow) -> SeenRow:
    """A row with its words, in the reader's language."""
    return SeenRow(row, words.LOOKS[row.state], words.shares(row.earned), words.story(row))


OPEN = Look(gettext_lazy("Not closed yet"), "info", "clock")
CLOSED = Look(pgettext_lazy("a statement", "Closed"), "mute", "lock")


def look_of(totals: Sums, payouts: Sequence[Payout]) -> Look:
    """Where a statement stands: open, closed, or paid out with everything on it."""
    if not totals.agrees:
        return Look(_("Being checked"), "bad", "triangle-alert")
    if totals.written is None:
        return OPEN
    is_paid = payouts and all(payout.status == PayoutStatus.PAID for payout in payouts)
    return PAYOUT_LOOKS[PayoutStatus.PAID] if is_paid else CLOSED


@dataclass(frozen=True)
class Part:
    """A part of what owners paid, as a piece of the bar: where it begins and how wide it is, percent."""

    label: str | Promise
    fen: int
    css: str
    x: str
    width: str


def parts_of(kinds: Kinds) -> list[Part]:
    """Into what the price of the visits was divided; nothing where there is no price or a part is below zero."""
    taken = (
        (_("Commission"), kinds.commission_fen, "part-warn"),
        (_("Payment fee"), kinds.processing_fen, "part-part"),
        (_("Given back"), kinds.refunded_fen, "part-bad"),
        (_("Shop's coupon"), kinds.coupon_fen, "part-qc"),
    )
    left = kinds.price_fen - sum(fen for _label, fen, _css in taken)
    pieces = [(_("For the shop"), left, "part-brand"), *taken]
    if kinds.price_fen <= 0 or any(fen < 0 for _label, fen, _css in pieces):
        return []
    found, x = [], 0
    for label, fen, css in pieces:
        if fen:
            start, width = 1000 * x / kinds.price_fen, 1000 * fen / kinds.price_fen
            found.append(Part(label, fen, css, f"{start:.1f}", f"{max(width - 2, 1):.1f}"))
        x += fen
    return found


# --- Files --------------------------------------------------------------------------------------


@require_safe
def statement_csv(request: HttpRequest, slug: str, key: str) -> StreamingHttpResponse:
    """The statement line by line for a spreadsheet, sent while it is read."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    period = period_asked(shop, key, at=at)
    pieces = files.as_csv(shop, period, sums=sums.of_period(shop, period))
    return StreamingHttpResponse(
        pieces, content_type="text/csv; charset=utf-8", headers=_attached(number_of(shop, period), "csv")
    )


@require_safe
def statement_pdf(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """The statement on paper."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    period = period_asked(shop, key, at=at)
    content = paper.as_pdf(shop, period, sums=sums.of_period(shop, period), at=at)
    return HttpResponse(content, content_type="application/pdf", headers=_attached(number_of(shop, period), "pdf"))


def _attached(number: str, extension: str) -> dict[str, str]:
    name = files.name_of(number, extension)
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
