"""Patterns over several reviews or votes: what was found, and closing it with a note. Only views read the clock."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.platform_access import admin_of, platform_page
from core.errors import Refusal
from reviews import signals as signal_actions
from reviews.hints import explanations
from reviews.models import Signal
from reviews.platform_pages.access import show_page
from reviews.platform_pages.forms import FoundForm

_SHOWN, _CLOSED_SHOWN, _PEOPLE_SHOWN = 100, 30, 12


@require_GET
@platform_page
def signals(request: HttpRequest) -> HttpResponse:
    """Open patterns by risk, and those closed last."""
    return _page(request, FoundForm(auto_id=False))


@require_POST
@platform_page
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a pattern with what was found."""
    signal, form = get_object_or_404(Signal, pk=pk), FoundForm(request.POST, auto_id=False)
    if not form.is_valid():
        return _page(request, form, wrong=signal, status=422)
    try:
        signal_actions.close(signal=signal, by=admin_of(request), at=timezone.now(), **form.cleaned_data)
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The pattern is closed."))
    return redirect("platform_reviews:signals")


def _page(request: HttpRequest, form: FoundForm, *, wrong: Signal | None = None, status: int = 200) -> HttpResponse:
    found = Signal.objects.select_related("shop", "closed_by")
    waiting = list(found.filter(closed_at=None).order_by("-points", "-last_seen_at", "-pk")[:_SHOWN])
    known = User.objects.in_bulk([pk for signal in waiting for pk in _ids(signal)])
    context = {
        "signals": [(signal, explanations.explain_signal(signal), _people(signal, known)) for signal in waiting],
        "closed": found.filter(closed_at__isnull=False).order_by("-closed_at", "-pk")[:_CLOSED_SHOWN],
        "form": form,
        "wrong": wrong,
    }
    return show_page(request, "reviews/platform/signals.html", context, section="signals", status=status)


def _ids(signal: Signal) -> list[int]:
    """The people who take part in a pattern, by number."""
    return sorted({*signal.data.get("users", []), *signal.data.get("authors", [])})


def _people(signal: Signal, known: dict[int, User]) -> list[User]:
    return [known[pk] for pk in _ids(signal) if pk in known][:_PEOPLE_SHOWN]
