"""Patterns over several reviews or votes: what was found, and closing it with a note. Only views read the clock."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.platform_access import admin_of, platform_page
from core.errors import Refusal
from reviews.models import Signal
from reviews.platform_pages.access import show_page
from reviews.platform_pages.forms import FoundForm

_SHOWN, _CLOSED_SHOWN = 100, 30


@require_GET
@platform_page
def signals(request: HttpRequest) -> HttpResponse:
    """Open patterns by risk, and those closed last."""
    return _page(request, FoundForm(auto_id=False))


@require_POST
@platform_page
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a pattern with what was found."""
    from reviews import signals as signal_actions

    signal, form = get_object_or_404(Signal, pk=pk), FoundForm(request.POST, auto_id=False)
    if not form.is_valid():
        return _page(request, form, wrong=signal, status=422)
    note = form.cleaned_data["note"]
    try:
        signal_actions.close(signal=signal, by=admin_of(request), note=note, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The pattern is closed."))
    return redirect("platform_reviews:signals")


def _page(request: HttpRequest, form: FoundForm, *, wrong: Signal | None = None, status: int = 200) -> HttpResponse:
    found = Signal.objects.select_related("shop", "closed_by")
    context = {
        "signals": found.filter(closed_at=None).order_by("-points", "-last_seen_at", "-pk")[:_SHOWN],
        "closed": found.filter(closed_at__isnull=False).order_by("-closed_at", "-pk")[:_CLOSED_SHOWN],
        "form": form,
        "wrong": wrong,
    }
    return show_page(request, "reviews/platform/signals.html", context, section="signals", status=status)
