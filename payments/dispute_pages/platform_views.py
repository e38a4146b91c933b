"""The platform's pages of disputes: the queue, and a decision in two steps. Only views read the clock."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from core.errors import Refusal
from core.photo_fields import accepts_photos
from payments import effect_words, whatif
from payments.choices import DISPUTE_OPEN, MoneyRole
from payments.dispute_pages.forms import DecideForm, WordForm
from payments.dispute_pages.queue import rows
from payments.dispute_pages.showing import frame
from payments.disputes import actions, reading, rules
from payments.disputes.actions import Decision
from payments.models import Dispute
from payments.platform_pages.access import admin_of, platform_page, show_page

PER_PAGE = 50


@require_safe
@platform_page
def dispute_list(request: HttpRequest) -> HttpResponse:
    """The queue: open disputes, the oldest due on top; `?closed=1` shows the closed ones."""
    at, closed = timezone.now(), request.GET.get("closed") == "1"
    disputes = Dispute.objects.for_queue()
    disputes = disputes.exclude(status__in=DISPUTE_OPEN) if closed else disputes.open()
    page = Paginator(disputes, PER_PAGE).get_page(request.GET.get("page", ""))
    context = {"page": page, "rows": rows(page.object_list, at=at), "closed": closed}
    return show_page(request, "payments/disputes/platform_list.html", context, section="disputes")


@require_http_methods(["GET", "HEAD", "POST"])
@platform_page
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """The record, and the decision: amounts and reasons, then what it does to everybody, then it is done."""
    dispute, at = _dispute(public_id), timezone.now()
    can_decide = rules.can_decide(dispute, at=at)
    if request.method != "POST":
        form = DecideForm(record=reading.record(dispute)) if can_decide else None
        return _page(request, dispute, at, form)
    form = DecideForm(request.POST, record=reading.record(dispute))
    if not form.is_valid():
        return _page(request, dispute, at, form, status=400)
    by, decision = admin_of(request), form.decision
    try:
        if request.POST.get("understood") != "yes":
            return _page(request, dispute, at, form, effect=_effect(dispute, decision, by, at))
        actions.decide(dispute=dispute, decision=decision, by=by, at=at)
    except Refusal as refusal:
        return _refused(request, public_id, at, form, refusal)
    messages.success(request, _("Decided. The owner and the shop are told."))
    return redirect("platform_disputes:list")


def _refused(request: HttpRequest, public_id: str, at: datetime, form: DecideForm, refusal: Refusal) -> HttpResponse:
    """The record as it is now, with what was typed and why it was refused; from here on that was read."""
    dispute = _dispute(public_id)
    data = request.POST.copy()
    data["seen"] = str(reading.record(dispute).last_event)
    form.data = data
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
    return _page(request, dispute, at, form, status=refusal.status)


@accepts_photos
@require_POST
@platform_page
def say(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask or tell something in the record."""
    dispute, at = _dispute(public_id), timezone.now()
    form = WordForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            actions.comment(dispute=dispute, role=MoneyRole.PLATFORM, said=form.said, by=admin_of(request), at=at)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        else:
            messages.success(request, _("Added."))
            return redirect("platform_disputes:detail", public_id)
    dispute = _dispute(public_id)
    decide = DecideForm(record=reading.record(dispute)) if rules.can_decide(dispute, at=at) else None
    return _page(request, dispute, at, decide, word_form=form, status=400)


def _effect(dispute: Dispute, decision: Decision, by: User, at: datetime) -> effect_words.EffectTable:
    effect = whatif.effect_of(
        lambda: actions.decide(dispute=dispute, decision=decision, by=by, at=at), then_settle=dispute.order, at=at
    )
    return effect_words.table(effect, dispute.order)


def _page(  # noqa: PLR0913, PLR0917  (the page and what was typed on it)
    request: HttpRequest,
    dispute: Dispute,
    at: datetime,
    form: DecideForm | None,
    effect: effect_words.EffectTable | None = None,
    word_form: WordForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        **frame(dispute, at=at),
        "form": form if rules.is_open(dispute) else None,
        "refused": form.non_field_errors() if form is not None and not rules.is_open(dispute) else None,
        "can_decide": rules.can_decide(dispute, at=at),
        "effect": effect,
        "word_form": word_form or WordForm(),
    }
    return show_page(request, "payments/disputes/platform_detail.html", context, section="disputes", status=status)


def _dispute(public_id: str) -> Dispute:
    return get_object_or_404(Dispute.objects.select_related("order__shop__city"), public_id=public_id)
