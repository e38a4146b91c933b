"""The overview, reconciliation, alarms, and money that waits for somebody. Only views read the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Refusal
from payments import alarms as alarm_actions
from payments import ledger, refund_sending, suspense
from payments.choices import AccountKind, Bucket, RefundStatus
from payments.models import Alarm, Difference, ProviderBill, Refund
from payments.platform_pages import overview as overview_reading
from payments.platform_pages import reading
from payments.platform_pages.access import admin_of, platform_page, show_page
from payments.platform_pages.forms import NoteForm
from payments.platform_pages.words import Shown
from payments.reconciliation import comparing

_PAGE = 100
_CLOSED_SHOWN = 30
_FIRST_YEAR, _LAST_YEAR = 2020, 2100


@require_GET
@platform_page
def overview(request: HttpRequest) -> HttpResponse:
    """Today's and the month's money, where money stands, and whether the books agree."""
    shown = overview_reading.load(at=timezone.now())
    return show_page(request, "payments/platform/overview.html", {"overview": shown}, section="overview")


# --- Reconciliation ---------------------------------------------------------------------------------


@require_GET
@platform_page
def reconciliation(request: HttpRequest) -> HttpResponse:
    """The bills of the last month with their buckets, and the open differences by age."""
    today = timezone.localdate()
    differences = Difference.objects.filter(resolved_at__isnull=True).order_by("day", "pk")
    shown = Paginator(differences, _PAGE).get_page(request.GET.get("page"))
    context = {
        "days": reading.day_rows(since=today - timedelta(days=reading.DAYS_SHOWN)),
        "buckets": Bucket,
        "balances": reading.balances(),
        "differences": shown,
        "ages": reading.ages(differences, today=today),
        "form": NoteForm(auto_id=False),
    }
    return show_page(request, "payments/platform/reconciliation.html", context, section="reconciliation")


@require_GET
@platform_page
def day(request: HttpRequest, provider: str, day: str) -> HttpResponse:
    """A provider's bill of a day: `?bucket=` drills into its movements, `?page=`."""
    bill = get_object_or_404(ProviderBill, provider=provider, day=_day(day))
    cells = reading.cells(bill)
    asked = request.GET.get("bucket", "")
    chosen = next((cell for cell in cells if cell.bucket == asked), None) or _telling(cells)
    number = _page_number(request)
    context = {
        "bill": bill,
        "cells": cells,
        "chosen": chosen,
        "pairs": comparing.pairs(
            provider=provider, day=bill.day, bucket=chosen.bucket, offset=(number - 1) * _PAGE, limit=_PAGE
        ),
        "page": number,
        "has_more": chosen.count > number * _PAGE,
        "differences": Difference.objects.filter(provider=provider, day=bill.day).select_related("resolved_by"),
        "taken_in": bill.lines.filter(transaction__isnull=False).count(),
        "form": NoteForm(auto_id=False),
    }
    return show_page(request, "payments/platform/day.html", context, section="reconciliation")


def _telling(cells: list[reading.Cell]) -> reading.Cell:
    """The bucket to look at first: one that is off, else what matched."""
    off = [cell for cell in cells if cell.count and cell.tone == "bad"]
    return off[0] if off else cells[0]


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise Http404
    return found


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


@require_POST
@platform_page
def close_difference(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a difference with a note."""
    difference = get_object_or_404(Difference, pk=pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _not_valid(request, form, "platform_money:reconciliation")
    return _done(
        request,
        lambda: comparing.resolve(
            difference=difference, by=admin_of(request), note=form.cleaned_data["note"], at=timezone.now()
        ),
        _("The difference is closed."),
        "platform_money:reconciliation",
    )


# --- Alarms -----------------------------------------------------------------------------------------


@require_GET
@platform_page
def alarms(request: HttpRequest) -> HttpResponse:
    """Open alarms, what to do about each, and those closed last."""
    found = Alarm.objects.filter(resolved_at__isnull=True).order_by("-raised_at", "-pk")
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    closed = Alarm.objects.filter(resolved_at__isnull=False).select_related("resolved_by")
    context = {
        "page": page,
        "alarms": [Shown(alarm) for alarm in page],
        "closed": closed.order_by("-resolved_at", "-pk")[:_CLOSED_SHOWN],
        "form": NoteForm(auto_id=False),
    }
    return show_page(request, "payments/platform/alarms.html", context, section="alarms")


@require_POST
@platform_page
def close_alarm(request: HttpRequest, pk: int) -> HttpResponse:
    """Close an alarm with what was found."""
    alarm = get_object_or_404(Alarm, pk=pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _not_valid(request, form, "platform_money:alarms")
    note = form.cleaned_data["note"]
    return _done(
        request,
        lambda: alarm_actions.resolve(alarm=alarm, by=admin_of(request), note=note, at=timezone.now()),
        _("The alarm is closed."),
        "platform_money:alarms",
    )


# --- What waits for somebody ------------------------------------------------------------------------


@require_GET
@platform_page
def waiting(request: HttpRequest) -> HttpResponse:
    """Money that nobody can explain, and refunds that a provider refused."""
    open_ones = Alarm.objects.filter(kind__in=suspense.KINDS, resolved_at__isnull=True).order_by("raised_at", "pk")
    refunds = Refund.objects.filter(status=RefundStatus.FAILED).select_related("order__shop", "payment")
    context = {
        "alarms": [Shown(alarm) for alarm in open_ones[:_PAGE] if suspense.can_send_back(alarm)],
        "suspense_fen": ledger.totals().get((AccountKind.SUSPENSE, "CNY"), 0),
        "refunds": refunds.order_by("requested_at", "pk")[:_PAGE],
    }
    return show_page(request, "payments/platform/suspense.html", context, section="overview")


@require_POST
@platform_page
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Give unexplained money back to whoever paid it."""
    alarm = get_object_or_404(Alarm, pk=pk, kind__in=suspense.KINDS)
    try:
        is_back = suspense.send_back(alarm=alarm, by=admin_of(request), at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        said = _("The money was sent back.") if is_back else _("The provider has not decided yet. Ask again later.")
        messages.success(request, said)
    return redirect("platform_money:suspense")


@require_POST
@platform_page
def retry_refund(request: HttpRequest, public_id: str) -> HttpResponse:
    """Send a refund again that its provider refused."""
    refund = get_object_or_404(Refund, public_id=public_id)
    return _done(
        request,
        lambda: refund_sending.send_again(refund=refund, by=admin_of(request), at=timezone.now()),
        _("The refund is sent again."),
        "platform_money:suspense",
    )


def _not_valid(request: HttpRequest, form: NoteForm, back: str) -> HttpResponse:
    messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect(_back(request, back))


def _done(request: HttpRequest, act: Callable[[], object], said: str, back: str) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, said)
    return redirect(_back(request, back))


def _back(request: HttpRequest, view: str) -> str:
    """The page that the form says it stands on, else where it belongs."""
    asked = request.POST.get("next", "")
    is_ours = asked.startswith("/platform/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if is_ours else view
