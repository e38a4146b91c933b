"""Remembers in the session whether the person works at a shop, so that every page's menu knows it at no query.

Signing in sets it (`accounts.adapter`); here it is set anew when a membership begins or ends in a request.
"""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User
from shops.models import ShopMember

KEY = "shop_member"


def remember(request: HttpRequest, user: User) -> None:
    """Look again whether `user` works anywhere."""
    request.session[KEY] = ShopMember.objects.filter(user=user).exists()
