"""The owner's pages of a dispute. Only views read the clock."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from core.errors import Refusal
from core.photo_fields import accepts_photos
from payments import effect_words, whatif
from payments.choices import DisputeReason, MoneyRole
from payments.dispute_pages.forms import OpenForm, WordForm
from payments.dispute_pages.showing import frame
from payments.disputes import actions, reading, rules
from payments.models import Dispute, Order


@accepts_photos
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say what was not right and what is wanted back. A dispute that is open is shown instead, and so is the
    last one where nothing is left to dispute."""
    order = get_object_or_404(
        Order.objects.visible_to(_person(request)).select_related("shop__city"), public_id=public_id
    )
    if (known := reading.open_dispute_of(order)) is not None:
        return redirect("disputes:detail", known.public_id)
    at = timezone.now()
    lines = reading.disputable(order) if rules.is_in_time(order, at=at) else []
    if not lines and (last := order.disputes.order_by("-pk").first()) is not None:
        return redirect("disputes:detail", last.public_id)
    form = OpenForm(request.POST or None, request.FILES or None, lines=lines)
    if request.method != "POST" or not form.is_valid():
        return _new_page(request, order, form, status=400 if form.errors else 200)
    try:
        opened = actions.open_dispute(
            order=order,
            claims=form.claims,
            reason=DisputeReason(form.cleaned_data["reason"]),
            said=form.said,
            by=_person(request),
            at=at,
        )
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        return _new_page(request, order, form, status=refusal.status)
    messages.success(request, _("Your dispute is open. The money for these lines waits until it is decided."))
    return redirect("disputes:detail", opened.public_id)


def _new_page(request: HttpRequest, order: Order, form: OpenForm, *, status: int) -> HttpResponse:
    context = {
        "nav_section": "visits",
        "order": order,
        "shop": order.shop,
        "zone": order.shop.zone,
        "form": form,
        "until": rules.closes_at(order),
        "answer_days": rules.ANSWER_WITHIN.days,
    }
    return render(request, "payments/disputes/new.html", context, status=status)


@never_cache
@login_required
@require_safe
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """The record, with what the owner can do now."""
    return _page(request, _own(request, public_id), WordForm())


@accepts_photos
@login_required
@require_POST
def say(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add a word or photos."""
    dispute = _own(request, public_id)
    form = WordForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, dispute, form, status=400)
    try:
        actions.comment(dispute=dispute, role=MoneyRole.OWNER, said=form.said, by=_person(request), at=timezone.now())
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        return _page(request, _own(request, public_id), form, status=refusal.status)
    messages.success(request, _("Added."))
    return redirect("disputes:detail", public_id)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """What withdrawing does to everybody; then it is done."""
    dispute, at, by = _own(request, public_id), timezone.now(), _person(request)
    if not rules.is_open(dispute):
        return redirect("disputes:detail", public_id)
    try:
        if request.method == "POST":
            actions.withdraw(dispute=dispute, by=by, at=at)
            messages.success(request, _("Withdrawn. The visit is settled as if there had been no dispute."))
            return redirect("disputes:detail", public_id)
        effect = whatif.effect_of(
            lambda: actions.withdraw(dispute=dispute, by=by, at=at), then_settle=dispute.order, at=at
        )
    except Refusal as refusal:  # decided at this moment
        messages.error(request, str(refusal.message))
        return redirect("disputes:detail", public_id)
    context = {"nav_section": "visits", "effect": effect_words.table(effect, dispute.order), **frame(dispute, at=at)}
    return render(request, "payments/disputes/withdraw.html", context)


def _page(request: HttpRequest, dispute: Dispute, form: WordForm, *, status: int = 200) -> HttpResponse:
    context = {"nav_section": "visits", "form": form, **frame(dispute, at=timezone.now())}
    return render(request, "payments/disputes/detail.html", context, status=status)


def _own(request: HttpRequest, public_id: str) -> Dispute:
    mine = Dispute.objects.visible_to(_person(request)).select_related("order__shop__city")
    return get_object_or_404(mine, public_id=public_id)


def _person(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101  (`login_required` has seen to it)
    return user
