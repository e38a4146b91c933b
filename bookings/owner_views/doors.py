"""The two doors to a visit's live page: the owner's account, and the link that was sent to the owner.

What is behind them is the same page. A view says what it does with a `Door`; `by_account` and `by_link` see who comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from allauth.core.internal import ratelimit  # the public one counts no GET
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from redis.exceptions import RedisError

from accounts.models import User
from bookings.actions import Actor
from bookings.choices import ActorRole, DecisionWay
from bookings.errors import LinkOverError
from bookings.floor import links
from bookings.floor.deciding import Voice
from bookings.floor.messages import Speaker
from bookings.models import Booking, VisitLink
from bookings.owner_views import polling, wishes

logger = logging.getLogger(__name__)

# Longer than any token of ours: such an address is not worth a look.
MAX_TOKEN = 64


@dataclass(frozen=True, slots=True)
class Door:
    """Whose visit, and how they came to it: signed in (`user`), or by the link in an SMS or e-mail (`link`)."""

    booking: Booking
    key: str
    user: User | None = None
    link: VisitLink | None = None

    @property
    def is_link(self) -> bool:
        return self.link is not None

    @property
    def way(self) -> DecisionWay:
        return DecisionWay.LINK if self.is_link else DecisionWay.ACCOUNT

    @property
    def actor(self) -> Actor:
        """Whoever has the link acts for the owner; that they came by it is kept with what they did."""
        return Actor(ActorRole.OWNER, self.user)

    @property
    def voice(self) -> Voice:
        return Voice(way=self.way, owner=self.user)

    @property
    def speaker(self) -> Speaker:
        return Speaker(is_owner=True, user=self.user)

    @property
    def page_url(self) -> str:
        return reverse("bookings:link" if self.is_link else "bookings:detail", args=[self.key])

    @property
    def poll_url(self) -> str:
        if self.link is not None:
            return polling.links_address(self.booking, self.link)
        assert self.user is not None  # noqa: S101  (for the type checker: one of the two is given)
        return polling.owners_address(self.booking, self.user)

    def url(self, name: str, *args: str) -> str:
        """The address of an action of the page, on this side of the door."""
        return reverse(f"bookings:{'link' if self.is_link else 'visit'}_{name}", args=[self.key, *args])


Behind = Callable[..., HttpResponseBase]


def _not_kept(view: Behind) -> Behind:
    """`never_cache` for answers that do not say themselves how long they are kept. It would take a photo's own header
    away, and every poll that draws the page anew would fetch them all again."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        if "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response

    return answered


def by_account(view: Behind) -> Behind:
    """For the owner who is signed in; anybody else's visit looks like a missing one. The answer is kept by nobody,
    unless the view has said how long (photos)."""

    @_not_kept
    @login_required
    @wraps(view)
    def checked(request: HttpRequest, public_id: str, **kwargs: str) -> HttpResponseBase:
        user = wishes.person(request)
        assert user is not None  # noqa: S101  (login_required saw to it)
        rows = Booking.objects.visible_to(user).select_related(*_AT_HAND)
        booking = get_object_or_404(rows, public_id=public_id)
        return view(request, Door(booking, public_id, user=user), **kwargs)

    return checked


def by_link(view: Behind) -> Behind:
    """For whoever has the link. The answer is kept by nobody (unless the view has said how long), found by no search
    engine, and tells no other site its address; a token that opens nothing is answered in words, and counted against
    guessing."""

    @_not_kept
    @wraps(view)
    def checked(request: HttpRequest, token: str, **kwargs: str) -> HttpResponseBase:
        response = _behind_link(view, request, token, kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        # "no-referrer" would make browsers send "Origin: null", which the check against forged requests refuses.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return checked


def _behind_link(view: Behind, request: HttpRequest, token: str, kwargs: dict[str, str]) -> HttpResponseBase:
    try:
        if len(token) > MAX_TOKEN:
            raise LinkOverError
        link = links.find(token, at=timezone.now())
    except LinkOverError:
        return _over(request)
    is_page = request.resolver_match is not None and request.resolver_match.url_name == "link"
    if is_page and request.method == "GET" and _is_owner(request, link.booking):
        return redirect("bookings:detail", link.booking.public_id)
    return view(request, Door(link.booking, token, link=link), **kwargs)


def _is_owner(request: HttpRequest, booking: Booking) -> bool:
    user = wishes.person(request)
    return user is not None and user.pk == booking.owner_id


def _over(request: HttpRequest) -> HttpResponse:
    if not _may_try(request):
        return render(request, "429.html", status=429)
    response = render(request, "bookings/live/link_over.html", status=LinkOverError.status)
    if request.headers.get("HX-Request"):
        response.headers["HX-Refresh"] = "true"  # the page that asked shows itself as ended
    return response


def _may_try(request: HttpRequest) -> bool:
    """Count a link that opens nothing; False once this network address had enough. A link that opens is never refused:
    many people share an address. Without a cache nobody is refused."""
    try:
        return bool(ratelimit.consume(request, app="allauth.account", action="visit_link_missed", limit_get=True))
    except RedisError:
        logger.warning("links that open nothing are not limited: no cache")
        return True


_AT_HAND = ("shop__city", "service", "variant__model__make", "car", "owner")
