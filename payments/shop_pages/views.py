"""A shop's money in the browser: overview, payouts, its account, an order's money, giving back. Only views read the
clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refusal
from core.money import format_fen_exact
from payments import effect_words, late_refunds, refund_sending, whatif
from payments.choices import OrderStatus, PayoutStatus, RefundStatus
from payments.models import LedgerEntry, LedgerTransaction, Order, OrderLine, Payout, PayoutAccount, Statement
from payments.shop_pages import actions, position
from payments.shop_pages.forms import AccountForm, GiveBackForm
from payments.shop_pages.pages import money_page, order_asked
from payments.statements import period as periods
from payments.statements import reading, words
from payments.statements.words import PAYOUT_LOOKS, Look
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop
from shops.views.pages import member, show

PAYOUTS_PER_PAGE = 30
REFUNDS_PER_PAGE = 30


@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """What the shop is owed now, what is on its way, what waits, and for when."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    last = Statement.objects.filter(shop=shop).order_by("-starts_on").first()
    context = {
        "now": position.of_shop(shop),
        "account": position.account_of(shop),
        "payouts": _looks(_payouts(shop)[:3]),
        "counter_count": position.counter_refunds(shop).filter(status=RefundStatus.REQUESTED).count(),
        "period": periods.of_instant(at, shop.zone),
        "last": last,
        "last_period": periods.of_day(last.starts_on, shop.zone) if last else None,
    }
    return money_page(request, shop, "overview", context)


@require_safe
def payouts(request: HttpRequest, slug: str) -> HttpResponse:
    """What was paid out, what is on its way and what came back, newest first."""
    shop = get_staff_shop(request, slug, Permission.MONEY)
    page = Paginator(_payouts(shop), PAYOUTS_PER_PAGE).get_page(request.GET.get("page", ""))
    context = {"page": page, "rows": _looks(page.object_list), "account": position.account_of(shop)}
    return money_page(request, shop, "payouts", context)


def _payouts(shop: Shop) -> QuerySet[Payout]:
    return Payout.objects.filter(shop=shop).select_related("account").order_by("-created_at", "-pk")


def _looks(rows: Iterable[Payout]) -> list[tuple[Payout, Look]]:
    return [(payout, PAYOUT_LOOKS[PayoutStatus(payout.status)]) for payout in rows]


# --- The account --------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest, slug: str) -> HttpResponse:
    """The account that the shop's money goes to: shown masked, replaced by another, verified by the platform."""
    shop = get_staff_shop(request, slug, Permission.MONEY)
    form, status = AccountForm(request.POST or None), 200
    if form.is_bound and form.is_valid():
        try:
            actions.name_account(shop=shop, **form.cleaned_data, by=member(request), at=timezone.now())
        except Refusal as refusal:
            status = show(refusal, form)
        else:
            messages.success(request, _("Saved. The platform verifies the account before anything is paid to it."))
            return redirect("money:account", slug)
    elif form.is_bound:
        status = 422
    rows = PayoutAccount.objects.filter(shop=shop).select_related("added_by")
    context = {"form": form, "account": position.account_of(shop), "accounts": rows.order_by("-added_at", "-pk")[:10]}
    return money_page(request, shop, "account", context, status=status)


# --- One order ----------------------------------------------------------------------------------


@require_safe
def order(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The money of one order from its price to the payout, with every entry in the books."""
    shop = get_staff_shop(request, slug, Permission.MONEY)
    found = order_asked(shop, public_id)
    row = reading.whole_row(found)
    entries = LedgerEntry.objects.select_related("account").order_by("pk")
    transactions = LedgerTransaction.objects.filter(order=found).prefetch_related(Prefetch("entries", queryset=entries))
    context = {
        "section": "statements",
        "order": found,
        "row": row,
        "shares": words.shares(row.earned),
        "story": words.story(row),
        "look": words.LOOKS[row.state],
        "transactions": transactions.order_by("at", "pk"),
        "lines": list(found.lines.order_by("position")),
        "refunds": found.refunds.select_related("payment", "line").order_by("requested_at", "pk"),
        "is_closed": found.status != OrderStatus.OPEN,
    }
    return money_page(request, shop, "order", context)


@require_http_methods(["GET", "HEAD", "POST"])
def give_back(request: HttpRequest, slug: str, public_id: str, number: int) -> HttpResponse:
    """Give an owner money of a line back: how much, then what it does to everybody, then it is done."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    found = order_asked(shop, public_id)
    line = get_object_or_404(OrderLine.objects.filter(order=found), position=number)
    left_fen = late_refunds.refundable_fen(found, line)
    context: dict[str, Any] = {"section": "statements", "order": found, "line": line, "left_fen": left_fen}
    form, status = GiveBackForm(request.POST or None), 200
    if form.is_bound and form.is_valid():
        try:
            if "understood" in request.POST:
                return _given_back(request, found, line, form, at)
            context["effect"] = _effect(found, line, form.cleaned_data["amount"], at)
            context["amount_fen"] = form.cleaned_data["amount"]
        except Refusal as refusal:
            status = show(refusal, form)
    elif form.is_bound:
        status = 422
    return money_page(request, shop, "give_back", {**context, "form": form}, status=status)


def _effect(order: Order, line: OrderLine, amount_fen: int, at: datetime) -> effect_words.EffectTable:
    effect = whatif.effect_of(
        lambda: late_refunds.give_back(order=order, line=line, amount_fen=amount_fen, by=None, note="", at=at),
        then_settle=order,
        at=at,
    )
    return effect_words.table(effect, order)


def _given_back(request: HttpRequest, order: Order, line: OrderLine, form: GiveBackForm, at: datetime) -> HttpResponse:
    amount_fen, note = form.cleaned_data["amount"], form.cleaned_data["note"]
    late_refunds.give_back(order=order, line=line, amount_fen=amount_fen, by=member(request), note=note, at=at)
    messages.success(request, _("%(yuan)s go back to the owner.") % {"yuan": format_fen_exact(amount_fen)})
    return redirect("money:order", order.shop.slug, order.public_id)


# --- At the counter -----------------------------------------------------------------------------


@require_safe
def counter_refunds(request: HttpRequest, slug: str) -> HttpResponse:
    """What the shop has to give back at its counter, and what it has given back."""
    shop = get_staff_shop(request, slug, Permission.CLOSE_DAY)
    rows = position.counter_refunds(shop)
    page = Paginator(rows, REFUNDS_PER_PAGE).get_page(request.GET.get("page", ""))
    waiting = rows.filter(status=RefundStatus.REQUESTED).order_by().aggregate(fen=Sum("amount_fen"))
    return money_page(request, shop, "counter_refunds", {"page": page, "waiting_fen": waiting["fen"] or 0})


@require_POST
def counter_refund_given(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Say that a refund was given back at the counter."""
    shop = get_staff_shop(request, slug, Permission.CLOSE_DAY)
    refund = position.counter_refunds(shop).filter(public_id=public_id).first()
    if refund is None:
        raise Http404(_("There is no such refund here."))
    refund_sending.confirm_at_shop(refund=refund, by=member(request), at=timezone.now())
    said = _("Given back: %(yuan)s for %(number)s.")
    messages.success(request, said % {"yuan": format_fen_exact(refund.amount_fen), "number": refund.order.number})
    return redirect("money:counter_refunds", slug)
