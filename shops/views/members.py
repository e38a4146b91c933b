"""Members, invitations, and accepting one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.contacts import person_owns_contact
from accounts.models import User
from core.errors import Refusal
from shops import rules, session
from shops.access import SignInRequired, get_staff_shop, role_of
from shops.actions import members as actions
from shops.choices import Permission
from shops.context import shop_nav
from shops.forms.members import InvitationForm, RoleForm
from shops.models import Invitation, Shop, ShopMember
from shops.views.pages import member, show


@require_http_methods(["GET", "POST"])
def staff(request: HttpRequest, slug: str) -> HttpResponse:
    """Members and open invitations; POST invites somebody."""
    shop = get_staff_shop(request, slug, Permission.STAFF)
    at = timezone.now()
    by = member(request)
    form = InvitationForm(request.POST or None, roles=rules.grantable_roles(shop.viewer_role))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.invite(shop=shop, by=by, at=at, **form.cleaned_data)
            except Refusal as refusal:
                status = show(refusal, form)
            else:
                shown = {"contact": form.cleaned_data["contact"].shown}
                messages.success(request, _("%(contact)s is invited. The invitation is good for 7 days.") % shown)
                return redirect("shops:staff", shop.slug)
    return _staff_page(request, shop, form, at=at, status=status)


@require_POST
def change_role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give a member another role."""
    shop = get_staff_shop(request, slug, Permission.STAFF)
    row = get_object_or_404(ShopMember.objects.select_related("shop__city"), shop=shop, pk=pk)
    form = RoleForm(request.POST, roles=rules.grantable_roles(shop.viewer_role))
    if not form.is_valid():
        messages.error(request, _("Choose a role that you may give."))
        return redirect("shops:staff", shop.slug)
    return _do(
        request, shop, lambda at: actions.change_role(member=row, by=member(request), at=at, **form.cleaned_data)
    )


@require_POST
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a membership."""
    shop = get_staff_shop(request, slug, Permission.STAFF)
    row = get_object_or_404(ShopMember.objects.select_related("shop__city"), shop=shop, pk=pk)
    answer = _do(request, shop, lambda at: actions.remove(member=row, by=member(request), at=at))
    has_left = not ShopMember.objects.filter(shop=shop, user=member(request)).exists()
    if not has_left:
        return answer
    session.remember(request, member(request))
    return redirect("home")


@require_POST
def revoke(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Make an open invitation useless."""
    shop = get_staff_shop(request, slug, Permission.STAFF)
    invitation = get_object_or_404(Invitation.objects.select_related("shop__city"), shop=shop, public_id=public_id)
    return _do(request, shop, lambda at: actions.revoke(invitation=invitation, by=member(request), at=at))


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the invitation offers, and accepting it. Only who has proven the invited contact can accept."""
    row = get_object_or_404(Invitation.objects.select_related("shop__city", "invited_by"), public_id=public_id)
    if not isinstance(request.user, User):
        raise SignInRequired
    at = timezone.now()
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            actions.accept(invitation=row, user=request.user, at=at)
        except Refusal as error:
            refusal = error
        else:
            session.remember(request, request.user)
            messages.success(request, _("You now work at %(shop)s.") % {"shop": row.shop.name})
            return redirect("shops:my_shops")
    context = {
        "invitation": row,
        "refusal": refusal,
        "is_open": row.is_open(at=at),
        "is_theirs": person_owns_contact(request.user, email=row.email, phone=row.phone),
    }
    return render(request, "shops/invitation.html", context, status=refusal.status if refusal else 200)


def _do(request: HttpRequest, shop: Shop, act: Callable[[datetime], object]) -> HttpResponse:
    try:
        act(timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Your changes are saved."))
    return redirect("shops:staff", shop.slug)


def _staff_page(request: HttpRequest, shop: Shop, form: InvitationForm, *, at: datetime, status: int) -> HttpResponse:
    by = member(request)
    role = role_of(by, shop)
    rows = ShopMember.objects.filter(shop=shop).select_related("user").order_by("joined_at", "pk")
    roles = rules.grantable_roles(role)
    context = {
        "shop": shop,
        "shop_nav": shop_nav(shop, by, "staff"),
        "form": form,
        "members": [(row, row.user_id == by.pk, rules.may_grant(role, row.role)) for row in rows],
        "roles": roles,
        "invitations": Invitation.objects.open(at=at).filter(shop=shop).select_related("invited_by"),
    }
    return render(request, "shops/staff.html", context, status=status)
