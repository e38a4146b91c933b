"""Asking whether a visit has moved on, at the price of one query.

A page that shows a visit carries a signed address that says which visit and whose eyes. The address is asked every few
seconds without looking up session or person: whoever has it learns only that something changed. What changed is then
fetched the normal way, with every check. It ends after `LIFE`; the page then fetches itself a new one.
"""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django_htmx.http import trigger_client_event

from accounts.models import User
from bookings.models import Booking, VisitLink

# A page that is left open over a working day asks on; one that is forgotten in a drawer does not (product decision).
LIFE = timedelta(hours=12)
# What the parts of a page wait for (`hx-trigger="visitChanged from:body"`).
CHANGED = "visitChanged"
_SALT = "bookings.polling"
_OWNER, _LINK = "owner", "link"


def owners_address(booking: Booking, owner: User) -> str:
    """Where the owner's page asks."""
    return _address(booking, _OWNER, owner.pk)


def links_address(booking: Booking, link: VisitLink) -> str:
    """Where the page of a link asks, as long as the link lives."""
    return _address(booking, _LINK, link.pk)


def _address(booking: Booking, kind: str, viewer: int) -> str:
    token = signing.dumps([booking.pk, kind, viewer], salt=_SALT, compress=False)
    return reverse("bookings:poll", args=[token])


@never_cache
@require_GET
def poll(request: HttpRequest, token: str) -> HttpResponse:
    """204 while the visit is as in `?seen=<revision>`; otherwise 200 with the event `visitChanged` for htmx.

    One query. A token that has ended answers as if something had changed, so that the page asks anew with its checks.
    """
    try:
        booking_id, kind, viewer = signing.loads(token, salt=_SALT, max_age=LIFE)
    except signing.SignatureExpired:
        return _changed()
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise Http404(_("There is nothing at this address.")) from error
    revision = _revision(booking_id, kind, viewer)
    if revision is not None and request.GET.get("seen") == str(revision):
        return HttpResponse(status=204)
    return _changed()


def _changed() -> HttpResponse:
    return trigger_client_event(HttpResponse(), CHANGED)


def _revision(booking_id: int, kind: str, viewer: int) -> int | None:
    """The visit's revision as far as the viewer may still see the visit."""
    visits = Booking.objects.filter(pk=booking_id)
    if kind == _OWNER:
        visits = visits.filter(owner=viewer)
    else:
        link = VisitLink.objects.valid(at=timezone.now()).filter(pk=viewer, booking=OuterRef("pk"))
        visits = visits.filter(Exists(link))
    return visits.values_list("revision", flat=True).first()
