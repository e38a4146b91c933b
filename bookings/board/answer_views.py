"""What a shop says to a visit before it begins: no to a request, another one's place, did not come."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import actions, workshop
from bookings.actions import Actor
from bookings.board import swaps
from bookings.board.forms import DeclineForm, SwapForm
from bookings.board.pages import member, typed, visit_asked
from bookings.board.steps import VisitStep, visit_form
from bookings.choices import ActorRole, Status
from shops.access import get_staff_shop
from shops.choices import Permission


@require_http_methods(["GET", "POST"])
def decline(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Say no to a request, with the reason that its owner reads."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    form = DeclineForm(typed(request, shop=shop))

    def act() -> object:
        return workshop.decline(booking=booking, by=member(request), at=at, reason=form.cleaned_data["reason"])

    said = _("Declined: the owner is told why.")
    return visit_form(request, shop, booking, at, VisitStep(form, act, Status.CANCELLED, "decline", said))


@require_http_methods(["GET", "POST"])
def no_show(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The customer did not come; before it is said, what it will cost them."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    form = forms.Form(typed(request, shop=shop))

    def act() -> object:
        return workshop.mark_no_show(booking=booking, by=member(request), at=at)

    said = _("Marked as no-show. Everything it had claimed is free.")
    return visit_form(request, shop, booking, at, VisitStep(form, act, Status.NO_SHOW, "no_show", said))


@require_http_methods(["GET", "POST"])
def swap(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Let the visit change its start with another one of that day; either both move or neither."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    booking, at = visit_asked(shop, public_id), timezone.now()
    candidates = swaps.candidates(booking=booking, at=at)
    form = SwapForm(typed(request, shop=shop), candidates=candidates, zone=shop.zone)

    def act() -> object:
        by = Actor(ActorRole.STAFF, member(request))
        return actions.swap(booking=booking, other=form.chosen, by=by, at=at)

    step = VisitStep(form, act, None, "swap", _("Swapped: both owners are told."), {"candidates": candidates})
    return visit_form(request, shop, booking, at, step)
