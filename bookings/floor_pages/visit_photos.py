"""Photos of a visit on the staff's pages: their addresses, their words, and the photos themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bookings.models import Booking, VisitPhoto
from core.photos import GridPhoto, Size, photo_response
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop


def address(shop: Shop, booking: Booking, photo: VisitPhoto, size: Size = "full") -> str:
    """Where the staff of the shop see a photo."""
    return reverse("floor:photo", args=[shop.slug, booking.public_id, photo.public_id, size])


def grid(shop: Shop, booking: Booking, photos: Iterable[VisitPhoto]) -> list[GridPhoto]:
    """The photos for `ui/photo_grid.html`."""
    return [
        GridPhoto(
            url=address(shop, booking, photo),
            thumbnail_url=address(shop, booking, photo, "thumbnail"),
            alt=photo.get_kind_display(),
            caption=photo.caption,
        )
        for photo in photos
    ]


@require_GET
def photo(request: HttpRequest, slug: str, public_id: str, photo_id: str, size: str) -> HttpResponseBase:
    """A photo of a visit at this shop, for everybody who works there; any other looks missing."""
    shop = get_staff_shop(request, slug, Permission.BOARD)
    photos = VisitPhoto.objects.filter(booking__shop=shop, booking__public_id=public_id)
    found = photos.filter(public_id=photo_id).first()
    if found is None:
        raise Http404(_("There is no such photo here."))
    return photo_response(request, found, cast(Size, size))
