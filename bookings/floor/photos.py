"""Photos of a visit: kept beside it, seen by its owner, by whoever holds its link, and by the shop's people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.choices import PhotoKind
from bookings.models import Booking, InspectionItem, Line, VisitMessage, VisitPhoto
from core import photos
from core.errors import Conflict
from core.photos import CleanPhoto

# Enough for every panel of a car and every check point; it also bounds the pages (product decision).
MAX_PHOTOS = 200


class TooManyPhotosError(Conflict):
    code = "too_many_photos"
    message = _("This visit has reached the limit of 200 photos. Nothing was added.")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a photo shows: its kind, and the check point result, line or message that it belongs to."""

    kind: PhotoKind
    item: InspectionItem | None = None
    line: Line | None = None
    message: VisitMessage | None = None
    caption: str = ""


@transaction.atomic
def attach(
    *, booking: Booking, cleaned: Sequence[CleanPhoto], shown: Shown, by: User | None, at: datetime
) -> list[VisitPhoto]:
    """Keep cleaned photos with a visit. `by` is None for somebody who came by the visit's link.

    Raises TooManyPhotosError (nothing is kept then). Tells nobody: the caller writes the event that they belong to.
    """
    if VisitPhoto.objects.filter(booking=booking).count() + len(cleaned) > MAX_PHOTOS:
        raise TooManyPhotosError(field="photo")
    return [
        photos.store(
            VisitPhoto(
                booking=booking,
                kind=shown.kind,
                item=shown.item,
                line=shown.line,
                message=shown.message,
                caption=shown.caption,
                uploaded_by=by,
                uploaded_at=at,
            ),
            one,
        )
        for one in cleaned
    ]
