"""The shop's pages of disputes, for those who see its money. Only views read the clock."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import Refusal
from core.photo_fields import accepts_photos
from payments import effect_words, whatif
from payments.choices import MoneyRole
from payments.dispute_pages.forms import AnswerForm, WordForm
from payments.dispute_pages.queue import rows
from payments.dispute_pages.showing import frame
from payments.disputes import actions, rules
from payments.disputes.actions import Said
from payments.models import Dispute
from payments.shop_pages.pages import money_page
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop
from shops.views.pages import member

PER_PAGE = 30


@require_safe
def dispute_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Disputes about the shop's visits: open ones first, the one that is due next on top."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    page = Paginator(Dispute.objects.filter(order__shop=shop).for_queue(), PER_PAGE).get_page(
        request.GET.get("page", "")
    )
    return money_page(request, shop, "disputes", {"page": page, "rows": rows(page.object_list, at=at)})


@require_safe
def detail(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The record, with the answer that is still to come, or a word to add."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    try:
        return _page(request, shop, _of_shop(shop, public_id), at=at)
    except Refusal:  # closed between being read and being tried out: read again, nothing is tried any more
        return _page(request, shop, _of_shop(shop, public_id), at=at)


@accepts_photos
@require_POST
def answer(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Answer the dispute, or give back what is wanted."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    dispute, form = _of_shop(shop, public_id), AnswerForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, shop, dispute, at=at, form=form, status=400)
    try:
        actions.answer(dispute=dispute, said=form.said, agrees=form.agrees, by=member(request), at=at)
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        return _page(request, shop, _of_shop(shop, public_id), at=at, form=form, status=refusal.status)
    messages.success(
        request, _("The money goes back to the owner.") if form.agrees else _("Your answer is in the record.")
    )
    return redirect("shop_disputes:detail", slug, public_id)


@accepts_photos
@require_POST
def say(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Add a word or photos."""
    shop, at = get_staff_shop(request, slug, Permission.MONEY), timezone.now()
    dispute, form = _of_shop(shop, public_id), WordForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, shop, dispute, at=at, form=form, status=400)
    try:
        actions.comment(dispute=dispute, role=MoneyRole.SHOP, said=form.said, by=member(request), at=at)
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        return _page(request, shop, _of_shop(shop, public_id), at=at, form=form, status=refusal.status)
    messages.success(request, _("Added."))
    return redirect("shop_disputes:detail", slug, public_id)


def _page(
    request: HttpRequest,
    shop: Shop,
    dispute: Dispute,
    *,
    at: datetime,
    form: AnswerForm | WordForm | None = None,
    status: int = 200,
) -> HttpResponse:
    answers = rules.can_answer(dispute)
    context = {"section": "disputes", **frame(dispute, at=at), "shop": shop, "can_answer": answers}
    if answers:
        context["effect"] = _if_agreed(request, dispute, at)
        context["form"] = form if isinstance(form, AnswerForm) else AnswerForm()
        context["word_form"] = form if isinstance(form, WordForm) else WordForm()
    elif rules.is_open(dispute):
        context["word_form"] = form if isinstance(form, WordForm) else WordForm()
    if form is not None and form not in (context.get("form"), context.get("word_form")):
        context["refused"] = form.non_field_errors()
    return money_page(request, shop, "dispute", context, status=status)


def _if_agreed(request: HttpRequest, dispute: Dispute, at: datetime) -> effect_words.EffectTable:
    by = member(request)
    effect = whatif.effect_of(
        lambda: actions.answer(dispute=dispute, said=Said(""), agrees=True, by=by, at=at),
        then_settle=dispute.order,
        at=at,
    )
    return effect_words.table(effect, dispute.order)


def _of_shop(shop: Shop, public_id: str) -> Dispute:
    disputes = Dispute.objects.filter(order__shop=shop).select_related("order__shop__city")
    found = disputes.filter(public_id=public_id).first()
    if found is None:
        raise Http404(_("There is no such dispute here."))
    return found
