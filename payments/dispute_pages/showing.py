"""The record of a dispute for the page: the same words and photos whoever reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.second_factor import lacks_second_factor
from core.photos import GridPhoto, Size, photo_response
from payments.choices import DisputeStatus, DisputeStep, MoneyRole
from payments.disputes import reading, rules
from payments.models import Dispute, DisputePhoto
from shops.choices import Permission, Role
from shops.rules import PERMISSIONS

_LOOKS = {
    DisputeStep.OPENED: ("message-square-warning", "part"),
    DisputeStep.ANSWERED: ("store", "info"),
    DisputeStep.COMMENTED: ("message-square", "mute"),
    DisputeStep.DECIDED: ("scale", "ok"),
    DisputeStep.WITHDRAWN: ("undo-2", "mute"),
}
# Badge of a dispute: words are the status's own.
STATUS_LOOKS = {
    DisputeStatus.OPEN: ("warn", "hourglass"),
    DisputeStatus.ANSWERED: ("info", "scale"),
    DisputeStatus.DECIDED: ("ok", "check"),
    DisputeStatus.WITHDRAWN: ("mute", "undo-2"),
}
_PHOTO_WORDS = {
    MoneyRole.OWNER: gettext_lazy("Photo of the owner"),
    MoneyRole.SHOP: gettext_lazy("Photo of the shop"),
    MoneyRole.PLATFORM: gettext_lazy("Photo of the platform"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A step of the record as it is shown."""

    at: datetime
    title: str | Promise
    who: str | Promise
    text: str
    icon: str
    tone: str
    photos: list[GridPhoto]
    given: list[tuple[str, int]]


def frame(dispute: Dispute, *, at: datetime) -> dict[str, Any]:
    """What every page of a dispute shows (its order, shop and city at hand)."""
    read = reading.record(dispute)
    return {
        "dispute": dispute,
        "order": dispute.order,
        "shop": dispute.order.shop,
        "zone": dispute.order.shop.zone,
        "record": read,
        "entries": [_entry(dispute, each) for each in read.events],
        "look": STATUS_LOOKS[DisputeStatus(dispute.status)],
        "is_open": rules.is_open(dispute),
        "is_late": rules.is_late(dispute, at=at),
        "age_days": (at - dispute.opened_at).days,
    }


def _entry(dispute: Dispute, each: reading.RecordEvent) -> Entry:
    event = each.event
    icon, tone = _LOOKS[DisputeStep(event.step)]
    title = _("Shop agreed") if each.agreed else event.get_step_display()
    return Entry(
        at=event.at,
        title=title,
        who=dispute.order.shop.name if event.role == MoneyRole.SHOP else event.get_role_display(),
        text=event.text,
        icon=icon,
        tone="ok" if each.agreed else tone,
        photos=[_grid(dispute, photo) for photo in each.photos],
        given=[(line.title, fen) for line, fen in each.given],
    )


def _grid(dispute: Dispute, photo: DisputePhoto) -> GridPhoto:
    def address(size: Size) -> str:
        return reverse("disputes:photo", args=[dispute.public_id, photo.public_id, size])

    return GridPhoto(
        url=address("full"), thumbnail_url=address("thumbnail"), alt=str(_PHOTO_WORDS[MoneyRole(photo.role)])
    )


@require_GET
def photo(request: HttpRequest, public_id: str, photo_id: str, size: Size) -> HttpResponseBase:
    """A photo of a dispute, for who paid, the people who see the shop's money, and the platform; else it is missing."""
    found = _seen_by(request, public_id).filter(public_id=photo_id).first() if request.user.is_authenticated else None
    if found is None:
        raise Http404(_("There is no such photo here."))
    return photo_response(request, found, size)


def _seen_by(request: HttpRequest, public_id: str) -> Any:
    user = request.user
    photos = DisputePhoto.objects.filter(dispute__public_id=public_id)
    if not isinstance(user, User):
        return photos.none()
    if user.is_staff and not lacks_second_factor(user):
        return photos
    roles = [role for role in Role if Permission.MONEY in PERMISSIONS[role]]
    works_there = Q(dispute__order__shop__members__user=user, dispute__order__shop__members__role__in=roles)
    return photos.filter(Q(dispute__order__payer=user) | works_there).distinct()
