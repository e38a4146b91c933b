"""The start page of /admin/: how the platform is doing, and what wants a look. Every number links to its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_permission_codename
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.choices import IN_SHOP, Status
from bookings.models import Booking
from catalog.models import Offer
from core.models import OutboxEvent
from notifications.choices import MessageStatus
from notifications.models import Message
from shops.models import Certificate, Shop

NEWEST = 8
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Figure:
    """A number, what it counts, and the list that shows exactly these rows. `wanted` says that it asks for action."""

    label: str | Promise
    icon: str
    count: int
    link: str
    wanted: bool = False


@dataclass(frozen=True)
class _Count:
    """What is counted: `lookups` for the database, and the same for the list's address."""

    label: str | Promise
    icon: str
    model: type[Model]
    lookups: dict[str, Any]
    wanted: bool = False

    def figure(self) -> Figure:
        options = self.model._meta
        query = dict(_address_part(name, value) for name, value in self.lookups.items())
        link = reverse(f"admin:{options.app_label}_{options.model_name}_changelist", query=query or None)
        count = self.model._default_manager.filter(**self.lookups).count()
        return Figure(self.label, self.icon, count, link, self.wanted and count > 0)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold asks for this. One query for each figure that the person may see, one for the newest bookings."""
    counts = [count for count in _counts(timezone.now()) if _may_see(request, count.model)]
    newest = Booking.objects.for_card().exclude(status__in=[Status.HELD, Status.EXPIRED]).order_by("-created_at", "-pk")
    return {
        **context,
        "figures": [count.figure() for count in counts],
        "newest": newest[:NEWEST] if _may_see(request, Booking) else (),
    }


def _counts(at: datetime) -> Iterable[_Count]:
    """What the platform looks at every morning; days are days of the platform's zone."""
    today = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    on_the_day = {"starts_at__gte": today, "starts_at__lt": today + timedelta(days=1)}
    last_week = {"starts_at__gte": today - WEEK, "starts_at__lt": today + timedelta(days=1)}
    return [
        _Count(_("Visits today"), "event", Booking, on_the_day),
        _Count(_("Still to come"), "event_upcoming", Booking, {"status": Status.CONFIRMED, "starts_at__gte": at}),
        _Count(_("Cars in shops now"), "garage", Booking, {"status__in": list(IN_SHOP)}),
        _Count(_("No-shows in 7 days"), "person_off", Booking, {"status": Status.NO_SHOW, **last_week}),
        _Count(_("Cancelled in 7 days"), "event_busy", Booking, {"status": Status.CANCELLED, **last_week}),
        _Count(_("Listed shops"), "storefront", Shop, {"is_listed": True}),
        _Count(_("Prices offered"), "sell", Offer, {"is_active": True}),
        _Count(_("People"), "person", User, {}),
        _Count(_("Certificates to check"), "verified", Certificate, {"verified_at": None}, wanted=True),
        _Count(_("Messages that failed"), "mail", Message, {"status": MessageStatus.FAILED}, wanted=True),
        _Count(_("Events given up"), "outbox", OutboxEvent, {"parked_at__isnull": False}, wanted=True),
    ]


def _address_part(name: str, value: Any) -> tuple[str, str]:
    """A lookup as the lists' filters write it in their address."""
    if value is None or name.endswith("__isnull"):
        field = name.removesuffix("__isnull")
        return f"{field}__isempty", "1" if value is None or value is True else "0"
    if isinstance(value, bool):
        return f"{name}__exact", "1" if value else "0"
    if isinstance(value, list):
        return name, ",".join(value)
    if isinstance(value, datetime):
        return name, value.isoformat()
    return f"{name}__exact", str(value)


def _may_see(request: HttpRequest, model: type[Model]) -> bool:
    options = model._meta
    return any(
        request.user.has_perm(f"{options.app_label}.{get_permission_codename(verb, options)}")
        for verb in ("view", "change")
    )
