"""A car's health record as the shop may read it: the parts that the owner opened, for as long as they said."""

from __future__ import annotations

from typing import cast

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from bookings.board.pages import staff_page, visit_asked
from bookings.models import Booking
from core.photos import GridPhoto, Size, photo_response
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop
from vehicles.choices import RecordPart
from vehicles.models import HealthRecord, RecordDocument
from vehicles.record import sharing
from vehicles.record.reading import history
from vehicles.record_views.record import record_context


@never_cache
@require_GET
def record(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The record of a visit's car. Where the owner has opened nothing, the page says how they can."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking = visit_asked(shop, public_id)
    found = _record_of(booking)
    parts = sharing.readable_parts(found, shop.public_id, timezone.now()) if found else frozenset()
    context = {
        "booking": booking,
        "back_url": reverse("floor:card", args=[shop.slug, booking.public_id]),
        "may_see_visits": RecordPart.VISITS in parts,
        "may_see_measurements": RecordPart.MEASUREMENTS in parts,
        "may_see_documents": RecordPart.DOCUMENTS in parts,
        "may_see_something": bool(parts),
        "hide_measurements": RecordPart.MEASUREMENTS not in parts,
        "is_owner": False,
    }
    if found and parts:
        known = history(found, viewer=None, today=timezone.localdate(timezone=shop.zone))
        context = {**record_context(request, known, booking.car), **context}
    if found and RecordPart.DOCUMENTS in parts:
        context["photos"] = [_paper(shop, booking, document) for document in _documents(found)]
    return staff_page(request, shop, "floor/record.html", context)


@require_GET
def document(request: HttpRequest, slug: str, public_id: str, document_id: str, size: str) -> HttpResponseBase:
    """One of the owner's papers, while the shop may read them; otherwise it looks missing."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    found = _record_of(visit_asked(shop, public_id))
    paper = _documents(found).filter(public_id=document_id).first() if found else None
    if found is None or paper is None:
        raise Http404(_("There is no such photo here."))
    if not sharing.may_read(found, shop.public_id, RecordPart.DOCUMENTS, timezone.now()):
        raise Http404(_("There is no such photo here."))
    return photo_response(request, paper, cast(Size, size))


def _record_of(booking: Booking) -> HealthRecord | None:
    """The record of the visit's car, as long as it belongs to the visit's owner: a sold car's is not theirs to open."""
    record = booking.car.record if booking.car else None
    return record if record is not None and record.owner_id == booking.owner_id else None


def _documents(record: HealthRecord) -> QuerySet[RecordDocument]:
    """The present owner's papers; an earlier owner's are nobody's to open."""
    return record.documents.filter(holder=record.owner).select_related("entry")


def _paper(shop: Shop, booking: Booking, document: RecordDocument) -> GridPhoto:
    where = [shop.slug, booking.public_id, document.public_id]
    return GridPhoto(
        url=reverse("floor:record_document", args=[*where, "full"]),
        thumbnail_url=reverse("floor:record_document", args=[*where, "thumbnail"]),
        alt=document.title or _("Document"),
        caption=document.title,
    )
