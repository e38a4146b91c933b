"""Secret calendar addresses: an owner's visits, and the days of a bay or a person of a shop.

Whoever has the address can read it, so it says no more than its reader needs: a shop's calendars name plate, service
and number, never a customer's name, number or address. Times UTC.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Prefetch, Q, Subquery
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.calendar_files import OFF, Entry, render, status_of, uid_of, visit_entry
from bookings.choices import IN_SHOP, LAPSING, AllocationKind, EventKind, Status
from bookings.engine.claims import span_of
from bookings.models import Allocation, BookedService, Booking, BookingEvent, CalendarFeed
from shops.models import Resource, Shop, ShopMember
from shops.querysets import ResourceQuerySet

# How far a feed looks back and ahead (product decision): the past for what was just done or cancelled; ahead as far as
# a shop takes bookings at most.
BEHIND = timedelta(days=30)
AHEAD = timedelta(days=90)
# 256 bits; written in base 64 that is 43 characters.
TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,64}")
# More than a bay can do in that time at a visit every hour; beyond it the latest are left out.
MOST_ENTRIES = 3000

# What rooms above know of an owner's cars; they say it here, for nothing of theirs can be imported.
Extra = Callable[[User, datetime], Iterable[Entry]]
_extras: list[Extra] = []


def register_extra(provider: Extra) -> None:
    """Have owners' calendars show more than visits: `provider` gives the entries as of a moment, in the active
    language. An owner can leave all of it away."""
    _extras.append(provider)


# --- Addresses --------------------------------------------------------------------------------------


def address(feed: CalendarFeed) -> str:
    """The feed's full address."""
    return _url("bookings:feed", feed.token)


def _url(name: str, *args: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{reverse(name, args=args)}"


def of_user(user: User) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(user=user).first()


def of_resource(resource: Resource) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(resource=resource).first()


@transaction.atomic
def switch_on(*, user: User | None = None, resource: Resource | None = None) -> CalendarFeed:
    """The feed of a person or a resource (one of the two), made if there is none."""
    feed, _made = CalendarFeed.objects.get_or_create(user=user, resource=resource, defaults={"token": _new_token()})
    return feed


@transaction.atomic
def renew(*, at: datetime, user: User | None = None, resource: Resource | None = None) -> CalendarFeed:
    """Give the feed another address. The old one is worthless at once."""
    fresh = {"token": _new_token(), "created_at": at}
    feed, _made = CalendarFeed.objects.update_or_create(user=user, resource=resource, defaults=fresh)
    return feed


@transaction.atomic
def show_needs(*, user: User, shows: bool) -> None:
    """Have the person's feed show what their cars need too, or visits alone. Without a feed nothing happens."""
    CalendarFeed.objects.filter(user=user).update(shows_needs=shows)


@transaction.atomic
def switch_off(*, user: User | None = None, resource: Resource | None = None) -> None:
    """Remove the feed. Switched on again it has another address."""
    CalendarFeed.objects.filter(user=user, resource=resource).delete()


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def resources_for(user: User, shop: Shop, *, may_all: bool) -> ResourceQuerySet:
    """The resources of the shop whose calendar the person may have: all in use, or those that are themselves."""
    rows = (
        Resource.objects.in_use().filter(shop=shop).select_related("calendar_feed").order_by("kind", "position", "pk")
    )
    return rows if may_all else rows.filter(technician__user=user)


def workplaces(user: User) -> ResourceQuerySet:
    """The technicians and advisors in use that are this person, at shops where they still work."""
    own = Resource.objects.in_use().filter(technician__user=user, shop__members__user=user)
    return own.select_related("shop").order_by("shop__slug", "position", "pk")


# --- Reading ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Feed:
    """What a calendar gets: its name, its zone (for display only) and its entries."""

    name: str
    zone: str
    entries: list[Entry]

    @property
    def etag(self) -> str:
        """Changes whenever the file would."""
        content = repr((self.name, self.zone, self.entries))
        return f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'

    def as_ical(self) -> bytes:
        return render(self.entries, name=self.name, zone=self.zone)


def read(*, token: str, at: datetime) -> Feed | None:
    """The feed at a secret address as of `at`, in its reader's language; None if there is none.

    Four queries at most, and what rooms above need for theirs. A person who has left the shop, and a resource that is
    out of use, have no feed.
    """
    if not _TOKEN.fullmatch(token):
        return None
    rows = CalendarFeed.objects.select_related("user", "resource__shop__city", "resource__technician__user")
    feed = rows.filter(token=token).first()
    if feed is None:
        return None
    with translation.override(_language(feed)):
        if feed.user is not None:
            return _of_owner(feed.user, at, shows_needs=feed.shows_needs) if feed.user.is_active else None
        if feed.resource is not None and _may_still_read(feed.resource):
            return _of_resource(feed.resource, at)
    return None


def _language(feed: CalendarFeed) -> str:
    reader = feed.user or (_person(feed.resource) if feed.resource else None)
    return (reader.language if reader else "") or settings.LANGUAGE_CODE


def _person(resource: Resource) -> User | None:
    profile = getattr(resource, "technician", None)
    return profile.user if profile else None


def _may_still_read(resource: Resource) -> bool:
    if not resource.is_active:
        return False
    person = _person(resource)
    if person is None:
        return True
    return person.is_active and ShopMember.objects.filter(shop=resource.shop_id, user=person).exists()


def _of_owner(user: User, at: datetime, *, shows_needs: bool) -> Feed:
    """Visits that stand from `BEHIND` on, and those called off since then that somebody had in their calendar; then
    what their cars need."""
    since = at - BEHIND
    visits = Booking.objects.visible_to(user).annotate(changed_at=_last_change("pk"))
    standing = Q(status__in=[Status.CONFIRMED, *IN_SHOP, Status.COMPLETED], ends_at__gte=since)
    asked = Q(status=Status.REQUESTED, hold_expires_at__gt=at)
    had = BookingEvent.objects.filter(booking=OuterRef("pk"), kind__in=[EventKind.REQUESTED, EventKind.CONFIRMED])
    visits = visits.filter(standing | asked | Q(Exists(had), status__in=OFF, changed_at__gte=since))
    services = Prefetch("booked_services", BookedService.objects.select_related("service"))
    rows = visits.select_related("shop__city", "service").prefetch_related(services).order_by("starts_at", "pk")
    entries = [_visit(row) for row in rows[:MOST_ENTRIES]]
    if shows_needs:
        entries += [entry for extra in _extras for entry in extra(user, at)]
    return Feed(_("My car visits"), settings.TIME_ZONE, entries)


def _last_change(booking: str) -> Subquery:
    """When the visit in the column `booking` last changed."""
    events = BookingEvent.objects.filter(booking=OuterRef(booking)).order_by()
    return Subquery(events.values("booking").annotate(last=Max("at")).values("last"))


def _visit(booking: Booking) -> Entry:
    url = _url("bookings:detail", booking.public_id)
    return visit_entry(booking, url=url, changed_at=booking.changed_at)  # type: ignore[attr-defined]


def _of_resource(resource: Resource, at: datetime) -> Feed:
    """Work, ways, breaks and blocks from `BEHIND` to `AHEAD`. Holds that nobody has confirmed are left out."""
    claims = Allocation.objects.filter(resource=resource)
    claims = claims.filter(during__startswith__gte=at - BEHIND, during__startswith__lt=at + AHEAD)
    gone = Q(booking__status=Status.HELD) | Q(booking__status__in=LAPSING, booking__hold_expires_at__lte=at)
    services = Prefetch("booking__booked_services", BookedService.objects.select_related("service"))
    rows = claims.exclude(gone).annotate(changed_at=_last_change("booking")).select_related("booking__service")
    rows = rows.prefetch_related(services).order_by("during__startswith", "pk")
    met: Counter[int | None] = Counter()
    entries = []
    for row in rows[:MOST_ENTRIES]:
        met[row.booking_id] += 1
        entries.append(_claim(row, resource, met[row.booking_id]))
    shop = resource.shop
    return Feed(f"{resource.name} · {shop.name}", shop.city.timezone, entries)


def _claim(row: Allocation, resource: Resource, number: int) -> Entry:
    """A claim as the shop's calendars show it: the `number`th of its visit on this resource."""
    starts_at, ends_at = span_of(row)
    booking, shop = row.booking, resource.shop
    if booking is None:
        # A row's own number would tell how much the platform does.
        name = salted_hmac("bookings.feeds", str(row.pk)).hexdigest()[:24]
        return Entry(uid_of(name), 0, starts_at, ends_at, str(AllocationKind(row.kind).label), "CONFIRMED")
    work = " · ".join(part for part in (booking.plate, booking.title) if part)
    is_travel = row.kind == AllocationKind.TRAVEL
    return Entry(
        uid=uid_of(f"{booking.public_id}-{resource.public_id}-{number}"),
        sequence=booking.revision,
        starts_at=starts_at,
        ends_at=ends_at,
        summary=f"{AllocationKind.TRAVEL.label}: {work}" if is_travel else work,
        status=status_of(booking),
        changed_at=row.changed_at,  # type: ignore[attr-defined]
        description=_("Number %(number)s") % {"number": booking.number},
        location="" if shop.is_on_site else f"{shop.name}, {shop.district} {shop.address}",
        url=_url("board:visit", shop.slug, booking.public_id),
    )
