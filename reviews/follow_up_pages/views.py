"""The owner's pages of a follow-up. Only views read the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from core.errors import Refusal
from reviews.follow_up_pages.forms import AnswerForm
from reviews.follow_up_pages.showing import frame
from reviews.follow_ups import answers, offers, reading
from reviews.models import FollowUp, FollowUpOffer

_Act = Callable[..., FollowUpOffer]


@never_cache
@login_required
@require_safe
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the shop wrote and offers, and what the owner can say to it."""
    return _page(request, _own(request, public_id), AnswerForm())


@login_required
@require_POST
def accept(request: HttpRequest, public_id: str, offer_id: str) -> HttpResponse:
    """Accept an offer: it is carried out at once."""
    done = {
        "comeback": _("Accepted. Your visit is booked and costs nothing. You can move it like any visit."),
        "refund": _("Accepted. The money is on its way to you."),
        "voucher": _("Accepted. Your voucher is below."),
    }
    return _answer(request, public_id, offer_id, offers.accept, done)


@login_required
@require_POST
def decline(request: HttpRequest, public_id: str, offer_id: str) -> HttpResponse:
    """Decline an offer."""
    return _answer(request, public_id, offer_id, offers.decline, {})


@login_required
@require_POST
def say(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say whether it was put right."""
    follow_up, form = _own(request, public_id), AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, follow_up, form, status=400)
    by, text = _person(request), form.cleaned_data["text"]
    try:
        answers.say(follow_up=follow_up, by=by, put_right=form.is_put_right, text=text, at=timezone.now())
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        return _page(request, _own(request, public_id), form, status=refusal.status)
    messages.success(request, _("Thank you. The shop reads your answer."))
    return redirect("reviews:follow_up", public_id)


def _answer(request: HttpRequest, public_id: str, offer_id: str, act: _Act, done: dict[str, str]) -> HttpResponse:
    follow_up = _own(request, public_id)
    offer = get_object_or_404(FollowUpOffer.objects.filter(follow_up=follow_up), public_id=offer_id)
    try:
        act(offer=offer, by=_person(request), at=timezone.now())
    except Refusal as refusal:
        return _page(
            request, _own(request, public_id), AnswerForm(), refused=str(refusal.message), status=refusal.status
        )
    messages.success(request, done.get(offer.kind, _("Declined. The shop is told.")))
    return redirect("reviews:follow_up", public_id)


def _page(
    request: HttpRequest, follow_up: FollowUp, form: AnswerForm, *, refused: str = "", status: int = 200
) -> HttpResponse:
    now: datetime = timezone.now()
    context = {"nav_section": "visits", "form": form, "refused": refused, **frame(follow_up, at=now)}
    return render(request, "reviews/follow_up/detail.html", context, status=status)


def _own(request: HttpRequest, public_id: str) -> FollowUp:
    mine = reading.with_parts().filter(pk__in=FollowUp.objects.visible_to(_person(request)))
    return get_object_or_404(mine, public_id=public_id)


def _person(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101  (`login_required` has seen to it)
    return user
