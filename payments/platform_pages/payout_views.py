"""Paying shops: a batch is looked at before it is made, goes to the bank as a file, and its answer is read back."""

from __future__ import annotations

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Refusal
from payments import bank_files, payout_accounts, payout_sending, payouts
from payments.choices import PayoutStatus, ProviderKey
from payments.models import Payout, PayoutAccount, PayoutBatch
from payments.platform_pages import reading
from payments.platform_pages.access import admin_of, platform_page, show_page
from payments.platform_pages.forms import AnswerFileForm, ChannelForm

_BATCHES_SHOWN = 30


@require_GET
@platform_page
def payout_list(request: HttpRequest) -> HttpResponse:
    """Who would be paid now through `?channel=`, accounts that wait to be verified, and the newest batches."""
    form = ChannelForm({"channel": request.GET.get("channel", ProviderKey.BANK)})
    channel = form.cleaned_data["channel"] if form.is_valid() else str(ProviderKey.BANK)
    accounts = [(account, reading.grouped(account.number)) for account in reading.accounts_to_verify()]
    context = {
        "form": ChannelForm(initial={"channel": channel}),
        "channel": channel,
        "channel_name": ProviderKey(channel).label,
        "preview": reading.preview(channel),
        "accounts": accounts,
        "batches": reading.batches(limit=_BATCHES_SHOWN),
        "least_fen": payouts.MIN_FEN,
    }
    return show_page(request, "payments/platform/payouts.html", context, section="payouts")


@require_POST
@platform_page
def make_batch(request: HttpRequest) -> HttpResponse:
    """Make a batch through a channel."""
    form = ChannelForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose through what it is paid."))
        return redirect("platform_money:payouts")
    made = payouts.make_batch(channel=form.cleaned_data["channel"], by=admin_of(request), at=timezone.now())
    if made.batch is None:
        messages.error(request, _("Nobody is to be paid through this channel now."))
        return redirect("platform_money:payouts")
    count = len(made.payouts)
    said = ngettext("%(count)d payout was made.", "%(count)d payouts were made.", count) % {"count": count}
    messages.success(request, said)
    return redirect("platform_money:batch", made.batch.public_id)


@require_http_methods(["GET", "POST"])
@platform_page
def batch(request: HttpRequest, public_id: str) -> HttpResponse:
    """A batch with its payouts. POST reads the bank's answer."""
    row = _batch(public_id)
    form = AnswerFileForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                closed = _read_answer(row, form.cleaned_data["file"])
            except Refusal as refusal:
                form.add_error("file", str(refusal.message))
            else:
                said = _("%(arrived)d payouts have arrived, %(came_back)d came back.")
                messages.success(request, said % {"arrived": closed.arrived, "came_back": closed.came_back})
                return redirect("platform_money:batch", row.public_id)
    rows = row.payouts.select_related("shop", "account").order_by("pk")
    context = {
        "batch": row,
        "payouts": rows,
        "total_fen": sum(payout.amount_fen for payout in rows),
        "form": form,
        "is_bank": row.channel == ProviderKey.BANK,
        "has_open": any(payout.status in payouts.OPEN for payout in rows),
        "to_hand_over": any(payout.status == PayoutStatus.CREATED for payout in rows),
    }
    return show_page(request, "payments/platform/batch.html", context, section="payouts", status=status)


def _read_answer(row: PayoutBatch, file: UploadedFile) -> bank_files.Confirmed:
    content = file.read(bank_files.MAX_ANSWER_BYTES + 1)
    return bank_files.confirm_from_bank(batch=row, rows=bank_files.read_answer(content), at=timezone.now())


@require_GET
@platform_page
def bank_file(request: HttpRequest, public_id: str) -> HttpResponse:  # noqa: ARG001  (every view gets it)
    """The file for the bank, as a download."""
    row = _batch(public_id, channel=ProviderKey.BANK)
    response = HttpResponse(bank_files.bank_file(row), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.number}.csv"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@platform_page
def hand_over(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write down that the bank has the file."""
    row = _batch(public_id, channel=ProviderKey.BANK)
    count = bank_files.hand_over(batch=row, at=timezone.now())
    messages.success(
        request, ngettext("%(n)d payout is on its way.", "%(n)d payouts are on their way.", count) % {"n": count}
    )
    return redirect("platform_money:batch", row.public_id)


@require_POST
@platform_page
def try_now(request: HttpRequest, public_id: str) -> HttpResponse:
    """Send a payout through its provider now, or ask where it stands; one that came back is made anew."""
    payout = get_object_or_404(Payout.objects.select_related("batch", "shop__city"), public_id=public_id)
    try:
        if payout.status == PayoutStatus.FAILED:
            payout = payouts.make_one(shop=payout.shop, by=admin_of(request), at=timezone.now())
        elif payout.batch.channel != ProviderKey.BANK:
            payout = payout_sending.send(payout_id=payout.pk, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Payout to %(shop)s: %(state)s.") % _said(payout))
    return redirect("platform_money:batch", payout.batch.public_id)


def _said(payout: Payout) -> dict[str, str]:
    return {"shop": payout.shop.name, "state": str(payout.get_status_display())}


@require_POST
@platform_page
def verify(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say that an account is the shop's; never by who added it."""
    account = get_object_or_404(PayoutAccount.objects.select_related("shop"), public_id=public_id)
    try:
        payout_accounts.verify_account(account=account, by=admin_of(request), at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("%(shop)s can be paid now.") % {"shop": account.shop.name})
    return redirect("platform_money:payouts")


def _batch(public_id: str, **asked: str) -> PayoutBatch:
    return get_object_or_404(PayoutBatch.objects.select_related("created_by"), public_id=public_id, **asked)
