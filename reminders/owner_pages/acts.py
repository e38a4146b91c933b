"""What an owner says about one thing that is due: done, put off, not to be done, or after all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Conflict, Refusal
from reminders import actions, words
from reminders.models import DueItem
from reminders.owner_pages import due
from reminders.owner_pages.forms import DeferForm, DismissForm, DoneForm
from vehicles.models import Car
from vehicles.record_views.asked import own_car, person, show_refusal

LATER = timedelta(days=30)  # what the form of putting off proposes


@dataclass(frozen=True)
class Act:
    """A form with its words, and the action that it asks for."""

    name: str
    title: str | Promise
    button: str | Promise
    said: str | Promise
    form: type[DoneForm | DeferForm | DismissForm]
    action: Callable[..., Any]


_DONE = Act("done", _("Done already"), _("Mark as done"), _("Marked as done."), DoneForm, actions.done)
_DEFER = Act("defer", _("Put it off"), _("Put it off"), _("Put off."), DeferForm, actions.defer)
_DISMISS = Act(
    "dismiss", _("Not needed"), pgettext_lazy("due item", "Dismiss"), _("Dismissed."), DismissForm, actions.dismiss
)


@login_required
@require_http_methods(["GET", "POST"])
def done(request: HttpRequest, public_id: str, item_id: str) -> HttpResponse:
    """It was done already: when, and at how many kilometres."""
    return _act(request, public_id, item_id, _DONE)


@login_required
@require_http_methods(["GET", "POST"])
def defer(request: HttpRequest, public_id: str, item_id: str) -> HttpResponse:
    """Put it off until a day."""
    return _act(request, public_id, item_id, _DEFER)


@login_required
@require_http_methods(["GET", "POST"])
def dismiss(request: HttpRequest, public_id: str, item_id: str) -> HttpResponse:
    """It is not to be done, for a reason."""
    return _act(request, public_id, item_id, _DISMISS)


@login_required
@require_POST
def reopen(request: HttpRequest, public_id: str, item_id: str) -> HttpResponse:
    """Take up again what the owner closed or put off."""
    car = own_car(request, public_id)
    item = _item(car, item_id)
    try:
        actions.reopen(item=item, by=person(request), at=timezone.now())
    except Refusal as refusal:
        return _answer(request, car, str(refusal.message), is_refused=True)
    return _answer(request, car, str(_("It is back on the list.")))


def _act(request: HttpRequest, public_id: str, item_id: str, act: Act) -> HttpResponse:
    car = own_car(request, public_id)
    item = _item(car, item_id)
    if request.method == "GET":
        return _form(request, car, item, act, act.form(item=item, initial=_proposed(act)))
    form = act.form(request.POST, item=item)
    if form.is_valid():
        try:
            act.action(item=item, by=person(request), at=timezone.now(), **form.cleaned_data)
        except Conflict as refusal:
            if not refusal.field:  # settled meanwhile: there is nothing to correct
                return _answer(request, car, str(refusal.message), is_refused=True)
            show_refusal(refusal, form)
        except Refusal as refusal:
            show_refusal(refusal, form)
        else:
            return _answer(request, car, str(act.said))
    return _form(request, car, item, act, form)


def _item(car: Car, item_id: str) -> DueItem:
    """An item of the car. Raises Http404."""
    item = get_object_or_404(DueItem, car=car, public_id=item_id)
    item.car = car
    return item


def _proposed(act: Act) -> dict[str, Any]:
    today = timezone.localdate()
    return {"on": today} if act is _DONE else {"until": today + LATER} if act is _DEFER else {}


def _form(
    request: HttpRequest, car: Car, item: DueItem, act: Act, form: DoneForm | DeferForm | DismissForm
) -> HttpResponse:
    """The form: in its place on the page, or as a page of its own."""
    context = {"car": car, "item": item, "act": act, "form": form, "title": words.title(item)}
    template = "reminders/_act_form.html" if request.headers.get("HX-Request") else "reminders/act.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _answer(request: HttpRequest, car: Car, said: str, *, is_refused: bool = False) -> HttpResponse:
    """What is due now, with what was said about it: in its place, or by way of the page."""
    if not request.headers.get("HX-Request"):
        (messages.error if is_refused else messages.success)(request, said)
        return redirect(f"{reverse('reminders:health', args=[car.public_id])}#due")
    now, today = timezone.now(), timezone.localdate()
    due.refresh(car, today=today, at=now)
    context = {
        "car": car,
        "due": due.due_of(car, today=today, at=now),
        "said": said,
        "is_refused": is_refused,
    }
    response = render(request, "reminders/_due_answer.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#due", "outerHTML"
    return response
