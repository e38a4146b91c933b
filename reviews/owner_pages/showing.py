"""What the author's pages show of a review: how it stands, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from bookings.models import Booking
from core.errors import Refusal
from core.photos import GridPhoto
from reviews import rules
from reviews.choices import ItemOutcome, ReasonCode, RemovalStatus, ReviewStatus, Side, VersionStatus
from reviews.models import Appeal, ModerationItem, Removal, Review, ReviewPhoto, ReviewVersion
from reviews.moderation import appeals
from reviews.visit_facts import VisitFacts, facts_of


@dataclass(frozen=True, slots=True)
class Look:
    """How a review stands: a short word with its tone and icon, and what it means for the author."""

    tone: str
    icon: str
    word: str
    text: str


def look_of(review: Review, newest: ReviewVersion) -> Look:
    """How a review stands, from its newest version. Pure."""
    if review.status == ReviewStatus.WITHDRAWN:
        return Look("mute", "undo-2", _("Withdrawn"), _("You took this review back. It is no longer shown or counted."))
    if review.status == ReviewStatus.REMOVED:
        return Look("bad", "circle-x", _("Removed"), _("Two people of the platform took it down. Here is why."))
    if review.status == ReviewStatus.REJECTED:
        return Look("bad", "circle-x", _("Not published"), _("Here is why, and what you can do."))
    if review.status == ReviewStatus.WAITING:
        return Look(
            "warn",
            "hourglass",
            pgettext("reviews", "Being checked"),
            _("It is shown once checked, usually within a day."),
        )
    if newest.status == VersionStatus.WAITING:
        meanwhile = _(
            "Your change is being checked, usually within a day. Readers see the version before it meanwhile."
        )
        return Look("warn", "hourglass", _("Change being checked"), meanwhile)
    if newest.status == VersionStatus.REJECTED:
        kept = _("Your change is not shown, here is why. Readers see the version before it.")
        return Look("warn", "circle-alert", _("Change not published"), kept)
    return Look("ok", "check", _("Published"), _("Everybody can read it."))


@dataclass(frozen=True, slots=True)
class Own:
    """One review as its author sees it. `reason` is why it, or its newest version, is not shown."""

    review: Review
    versions: Sequence[ReviewVersion]
    look: Look
    reason: ReasonCode | None
    appeal: Appeal | None
    can_edit: bool
    can_appeal: bool

    @property
    def newest(self) -> ReviewVersion:
        return self.versions[0]

    @property
    def can_withdraw(self) -> bool:
        return self.review.status != ReviewStatus.WITHDRAWN

    @property
    def photos(self) -> list[GridPhoto]:
        return [grid_photo(photo) for photo in self.newest.photos.all()]

    @property
    def facts(self) -> VisitFacts:
        return facts_of(self.review.booking)


def own_review(review: Review, *, at: datetime) -> Own:
    """A review with its versions, newest first, and what its author can do. The number of queries is constant."""
    versions = list(review.versions.order_by("-number").prefetch_related("photos"))
    appeal = Appeal.objects.filter(review=review, side=Side.AUTHOR).order_by("-made_at", "-pk").first()
    return Own(
        review=review,
        versions=versions,
        look=look_of(review, versions[0]),
        reason=_reason(review, versions[0]),
        appeal=appeal,
        can_edit=rules.why_not_edit(review, at=at) is None,
        can_appeal=appeals.appealable(review, side=Side.AUTHOR, at=at) is not None,
    )


def _reason(review: Review, newest: ReviewVersion) -> ReasonCode | None:
    """Why a review was removed, or its newest version is not shown."""
    if review.status == ReviewStatus.REMOVED:
        removals = Removal.objects.filter(review=review, status=RemovalStatus.REMOVED)
        code = removals.order_by("-decided_at", "-pk").values_list("reason", flat=True).first()
    elif newest.status == VersionStatus.REJECTED and review.status != ReviewStatus.WITHDRAWN:
        items = ModerationItem.objects.filter(version=newest, outcome=ItemOutcome.REJECTED).exclude(reason="")
        code = items.order_by("-decided_at", "-pk").values_list("reason", flat=True).first()
    else:
        return None
    return ReasonCode(code) if code else None


def grid_photo(photo: ReviewPhoto) -> GridPhoto:
    """A photo of a review with its addresses."""
    return GridPhoto(
        url=reverse("reviews:photo", args=[photo.public_id, "full"]),
        thumbnail_url=reverse("reviews:photo", args=[photo.public_id, "thumbnail"]),
        alt=_("Photo of the review"),
    )


def cannot(request: HttpRequest, booking: Booking, refusal: Refusal) -> HttpResponse:
    """A page that says why a visit cannot be reviewed, with where to go instead."""
    context: dict[str, Any] = {
        "nav_section": "visits",
        "booking": booking,
        "shop": booking.shop,
        "refusal": refusal,
        "review": Review.objects.filter(booking=booking).first(),
    }
    return render(request, "reviews/owner/cannot.html", context, status=refusal.status)


def person(request: HttpRequest) -> User:
    """The signed-in person (`login_required` has seen to it)."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user
