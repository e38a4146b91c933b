"""An author's pages: write a review, change it, see how it stands, take it back, appeal. Only views read the clock."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import devices
from accounts.models import User
from bookings.choices import Status
from bookings.models import Booking
from core.errors import Refusal
from core.photo_fields import accepts_photos
from reviews import people, rules, writing
from reviews.choices import Side
from reviews.errors import ChangedMeanwhileError
from reviews.limits import MAX_PHOTOS, REVIEW_WITHIN
from reviews.models import Review, ReviewVersion
from reviews.moderation import appeals
from reviews.owner_pages.forms import AppealForm, ReviewForm, initial_of
from reviews.owner_pages.showing import cannot, look_of, own_review, person
from reviews.visit_facts import facts_of

PAGE = 10
# Visits that still wait for a word, at the top of the list.
ASKED = 5


@accepts_photos
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write the review of a visit. One that is written is shown instead; a visit that cannot be reviewed says why."""
    user, now = person(request), timezone.now()
    booking = get_object_or_404(Booking.objects.visible_to(user).for_card(), public_id=public_id)
    written = Review.objects.visible_to(user).filter(booking=booking).first()
    if written is not None and request.method == "GET":
        return redirect("reviews:own", written.public_id)
    refusal = rules.why_not_review(user, booking, at=now)
    if refusal is not None:
        return cannot(request, booking, refusal)
    if request.method == "GET":
        stars = request.GET.get("stars", "")
        return _form_page(request, booking, ReviewForm(initial={"stars": stars if stars in tuple("12345") else ""}))
    form = ReviewForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, booking, form, status=400)
    devices.note(request, user, at=now)
    try:
        review = writing.submit(booking=booking, by=user, draft=form.draft(), at=now)
    except Refusal as refused:
        return _refused_form(request, booking, form, refused)
    messages.success(request, _("Thank you. Your review has arrived."))
    return redirect("reviews:own", review.public_id)


@accepts_photos
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, review_id: str) -> HttpResponse:
    """Write the next version of a review. What readers see stays until the new version was checked."""
    user, now = person(request), timezone.now()
    review, booking = _own(user, review_id)
    refusal = rules.why_not_edit(review, at=now)
    if refusal is not None:
        messages.error(request, str(refusal.message))
        return redirect("reviews:own", review.public_id)
    newest = _newest(review)
    if request.method == "GET":
        return _form_page(request, booking, _edit_form(newest), review=review)
    form = ReviewForm(request.POST, request.FILES, photos_of=list(newest.photos.all()))
    if not form.is_valid():
        return _form_page(request, booking, form, review=review, status=400)
    devices.note(request, user, at=now)
    try:
        writing.edit(review=review, by=user, draft=form.draft(), seen=form.cleaned_data["seen"] or 0, at=now)
    except ChangedMeanwhileError:
        return _stale(request, booking, review)
    except Refusal as refused:
        return _refused_form(request, booking, form, refused, review=review)
    messages.success(request, _("Your change has arrived."))
    return redirect("reviews:own", review.public_id)


@never_cache
@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The person's reviews, newest first, and the visits that still wait for a word. The number of queries is
    constant."""
    user, now = person(request), timezone.now()
    written = Review.objects.visible_to(user).select_related("shop", "service", "booking").prefetch_related("versions")
    page = Paginator(written.order_by("-created_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    rows = [_row(review) for review in page]
    context = {"nav_section": "me", "page": page, "rows": rows, "asked": _asked(user, now)}
    return render(request, "reviews/owner/mine.html", context)


@never_cache
@login_required
@require_safe
def own(request: HttpRequest, review_id: str) -> HttpResponse:
    """One review of the person: what it says, how it stands, its versions, the shop's reply."""
    review, booking = _own(person(request), review_id)
    context = {
        "nav_section": "me",
        "own": own_review(review, at=timezone.now()),
        "review": review,
        "booking": booking,
        "shop": booking.shop,
        "people": review.people.select_related("person"),
        "reply": review.replies.published().first(),
    }
    return render(request, "reviews/owner/own.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, review_id: str) -> HttpResponse:
    """Take a review back for good, after a page that says so."""
    user = person(request)
    review, booking = _own(user, review_id)
    if request.method == "GET":
        own = own_review(review, at=timezone.now())
        if not own.can_withdraw:
            return redirect("reviews:own", review.public_id)
        context = {"nav_section": "me", "review": review, "booking": booking, "shop": booking.shop, "own": own}
        return render(request, "reviews/owner/withdraw.html", context)
    writing.withdraw(review=review, by=user, at=timezone.now())
    messages.success(request, _("Your review is taken back. It is no longer shown or counted."))
    return redirect("reviews:own", review.public_id)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def appeal(request: HttpRequest, review_id: str) -> HttpResponse:
    """Ask for a decision to be looked at again; shows why it was taken and, after that, how the appeal stands."""
    user, now = person(request), timezone.now()
    review, booking = _own(user, review_id)
    form = AppealForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            appeals.appeal(review=review, by=user, side=Side.AUTHOR, text=form.cleaned_data["text"], at=now)
        except Refusal as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
            status = refused.status
        else:
            messages.success(request, _("Your appeal has arrived. Somebody else decides, and you are told."))
            return redirect("reviews:own", review.public_id)
    elif form.errors:
        status = 400
    context = {
        "nav_section": "me",
        "own": own_review(review, at=now),
        "review": review,
        "booking": booking,
        "shop": booking.shop,
        "form": form,
    }
    return render(request, "reviews/owner/appeal.html", context, status=status)


# --- Parts ------------------------------------------------------------------------------------------


def _own(user: User, review_id: str) -> tuple[Review, Booking]:
    """A review of the person with its visit as cards show it; anybody else's looks like a missing one."""
    review = get_object_or_404(Review.objects.visible_to(user).select_related("author", "shown"), public_id=review_id)
    review.booking = Booking.objects.for_card().select_related("follow_up").get(pk=review.booking_id)
    review.shop = review.booking.shop
    return review, review.booking


def _newest(review: Review) -> ReviewVersion:
    return review.versions.prefetch_related("photos").order_by("-number")[0]


def _edit_form(newest: ReviewVersion) -> ReviewForm:
    return ReviewForm(initial=initial_of(newest), photos_of=list(newest.photos.all()))


def _row(review: Review) -> dict[str, object]:
    newest = max(review.versions.all(), key=lambda version: version.number)
    return {"review": review, "newest": newest, "look": look_of(review, newest)}


def _asked(user: User, now: datetime) -> list[Booking]:
    """Visits that can still be reviewed, the latest first."""
    over = Booking.objects.visible_to(user).filter(status=Status.COMPLETED, completed_at__gt=now - REVIEW_WITHIN)
    return list(over.filter(review=None).for_card().order_by("-completed_at", "-pk")[:ASKED])


def _stale(request: HttpRequest, booking: Booking, review: Review) -> HttpResponse:
    """The form with what was typed, on top of the version that is there now."""
    newest, data = _newest(review), request.POST.copy()
    data["seen"] = str(newest.number)
    form = ReviewForm(data, request.FILES, photos_of=list(newest.photos.all()))
    form.add_error(None, str(ChangedMeanwhileError.message))
    return _form_page(request, booking, form, review=review, newer=newest, status=ChangedMeanwhileError.status)


def _refused_form(
    request: HttpRequest, booking: Booking, form: ReviewForm, refused: Refusal, review: Review | None = None
) -> HttpResponse:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
    return _form_page(request, booking, form, review=review, status=refused.status)


def _form_page(
    request: HttpRequest,
    booking: Booking,
    form: ReviewForm,
    *,
    review: Review | None = None,
    newer: ReviewVersion | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "nav_section": "visits",
        "booking": booking,
        "shop": booking.shop,
        "form": form,
        "review": review,
        "newer": newer,
        "people": people.who_worked(booking).items(),
        "facts": facts_of(booking),
        "max_photos": MAX_PHOTOS,
    }
    return render(request, "reviews/owner/form.html", context, status=status)
