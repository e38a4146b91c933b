"""Photos of reviews."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.second_factor import lacks_second_factor
from core.photos import photo_response
from reviews.choices import ReviewStatus
from reviews.models import ReviewPhoto


@require_safe
def photo(request: HttpRequest, photo_id: str, size: str) -> HttpResponseBase:
    """A photo of a review: everybody sees those of the version that is shown, its author and platform staff the others
    too. Any other looks missing."""
    found = _visible_to(request).filter(public_id=photo_id).first()
    if found is None or size not in ("full", "thumbnail"):
        raise Http404(_("There is no such photo here."))
    return photo_response(request, found, "full" if size == "full" else "thumbnail")


def _visible_to(request: HttpRequest) -> QuerySet[ReviewPhoto]:
    user = request.user
    if isinstance(user, User) and user.is_staff and not lacks_second_factor(user):
        return ReviewPhoto.objects.all()
    seen = Q(versions=F("review__shown"), review__status=ReviewStatus.PUBLISHED)
    if isinstance(user, User):
        seen |= Q(review__author=user)
    return ReviewPhoto.objects.filter(seen).distinct()
