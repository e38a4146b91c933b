"""The one way in to a shop's own pages."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from shops import rules
from shops.choices import Role
from shops.models import Shop, ShopMember


class SignInRequired(Exception):
    """The page is for members and nobody is signed in; `StaffAccessMiddleware` answers with the way to sign in."""


def get_staff_shop(request: HttpRequest, slug: str, permission: str) -> Shop:
    """The shop at `slug` for a member who has `permission` there, with its city at hand; one query.

    `shop.viewer_role` is the member's role. Raises SignInRequired when nobody is signed in, Http404 when the person
    does not work there (a foreign shop looks like a missing one), PermissionDenied when the role does not suffice.
    """
    if not isinstance(request.user, User):
        raise SignInRequired
    member = ShopMember.objects.select_related("shop__city").filter(shop__slug=slug, user=request.user).first()
    if member is None:
        raise Http404(_("There is no such shop here."))
    if not rules.may(member.role, permission):
        raise PermissionDenied(_("Your role at this shop does not include this."))
    member.shop.viewer_role = member.role
    return member.shop


def role_of(user: User, shop: Shop) -> str | None:
    """The person's role at the shop, None if they do not work there. No query after `get_staff_shop`."""
    if shop.viewer_role is None:
        shop.viewer_role = ShopMember.objects.filter(shop=shop, user=user).values_list("role", flat=True).first()
    return shop.viewer_role


def people_who_may(shop: Shop, *permissions: str) -> list[User]:
    """Who works at the shop in a role that has all of `permissions`. One query."""
    roles = [role for role in Role if all(rules.may(role, permission) for permission in permissions)]
    members = ShopMember.objects.filter(shop=shop, role__in=roles).select_related("user")
    return [member.user for member in members.order_by("pk")]
