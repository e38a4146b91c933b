"""A shop wins an unhappy owner back: what there is to do until when, getting in touch, inviting. Only views read the
clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import Refusal
from reviews.choices import FOLLOW_UP_OPEN, OfferKind, ReviewStatus
from reviews.follow_ups import contact, figures, reading
from reviews.models import FollowUp, Review
from reviews.shop_pages.forms import ContactForm, WordsForm
from reviews.shop_pages.pages import follow_up_of, reviews_page
from reviews.visit_facts import facts_of
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop
from shops.rules import may
from shops.standings import ShopStanding
from shops.views.pages import member, show

PER_PAGE = 30


@dataclass(frozen=True, slots=True)
class Clock:
    """How long there is to make contact: `minutes` until it is due, or since it was."""

    minutes: int
    is_late: bool

    @classmethod
    def of(cls, follow_up: FollowUp, *, at: datetime) -> Clock | None:
        """None once the owner was contacted, or the matter has ended."""
        if follow_up.contacted_at is not None or follow_up.closed_at is not None:
            return None
        minutes = int((follow_up.contact_due_at - at).total_seconds() // 60)
        return cls(abs(minutes), is_late=follow_up.contact_due_at < at)


@require_safe
def follow_up_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Open ones first to be contacted, the one due next on top; `closed` shows what became of the others."""
    shop, at = get_staff_shop(request, slug, Permission.REVIEWS), timezone.now()
    shows_closed = request.GET.get("show") == "closed"
    rows = FollowUp.objects.at_shop(shop).select_related("owner", "booking__service", "booking__variant__model__make")
    if shows_closed:
        rows = rows.exclude(status__in=FOLLOW_UP_OPEN).order_by("-closed_at", "-pk")
    else:
        rows = rows.open().order_by(F("contacted_at").asc(nulls_first=True), "contact_due_at", "pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page", ""))
    shop.standing = ShopStanding.objects.filter(shop=shop).first()
    context = {
        "page": page,
        "rows": [(row, Clock.of(row, at=at)) for row in page.object_list],
        "shows_closed": shows_closed,
        "figure": figures.of_shop(shop),
    }
    return reviews_page(request, shop, "follow_ups", "follow_ups", context)


@require_safe
def detail(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """What the owner said, what was done so far, and what can be done now."""
    shop = get_staff_shop(request, slug, Permission.REVIEWS)
    return page(request, shop, follow_up_of(shop, public_id), at=timezone.now())


@require_POST
def contact_owner(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Write to the owner, or write down what was said on the phone."""
    shop, at = get_staff_shop(request, slug, Permission.REVIEWS), timezone.now()
    follow_up, form = follow_up_of(shop, public_id), ContactForm(request.POST, prefix="contact")
    return _say(request, shop, follow_up, form, contact.record, _("The owner reads your words."), at)


@require_POST
def invite(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Invite the owner to come again."""
    shop, at = get_staff_shop(request, slug, Permission.REVIEWS), timezone.now()
    follow_up, form = follow_up_of(shop, public_id), WordsForm(request.POST, prefix="invite")
    return _say(request, shop, follow_up, form, contact.invite, _("The owner reads your invitation."), at)


def page(  # noqa: PLR0913  (what one page is made of)
    request: HttpRequest,
    shop: Shop,
    follow_up: FollowUp,
    *,
    at: datetime,
    form: WordsForm | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a follow-up; `form` is the one that was typed, `refused` a refusal that belongs to no form."""
    booking = follow_up.booking
    review = Review.objects.filter(booking=booking, status=ReviewStatus.PUBLISHED).select_related("shown").first()
    is_open = follow_up.closed_at is None
    context = {
        "follow_up": follow_up,
        "booking": booking,
        "facts": facts_of(booking),
        "case": reading.case(follow_up, at=at),
        "clock": Clock.of(follow_up, at=at),
        "review": review,
        "is_open": is_open,
        "contact_form": form if isinstance(form, ContactForm) else ContactForm(prefix="contact"),
        "invite_form": form if type(form) is WordsForm else WordsForm(prefix="invite"),
        "offer_kinds": [kind for kind in OfferKind if is_open and may_offer(shop, kind)],
        "refused": [refused] if refused else [],
    }
    return reviews_page(request, shop, "follow_ups", "follow_up", context, status=status)


def permission_for(kind: OfferKind) -> Permission:
    """Work of one's own hands may be offered by whoever wins owners back, money by those who move it."""
    return Permission.REVIEWS if kind == OfferKind.COMEBACK else Permission.MONEY


def may_offer(shop: Shop, kind: OfferKind) -> bool:
    return may(shop.viewer_role, permission_for(kind))


def _say(  # noqa: PLR0913, PLR0917  (one way for two forms)
    request: HttpRequest,
    shop: Shop,
    follow_up: FollowUp,
    form: WordsForm,
    act: Callable[..., FollowUp],
    done: str,
    at: datetime,
) -> HttpResponse:
    if not form.is_valid():
        return page(request, shop, follow_up, at=at, form=form, status=400)
    words = form.words_for(follow_up.owner) if isinstance(form, ContactForm) else form.cleaned_data["text"]
    try:
        act(follow_up=follow_up, by=member(request), text=words, at=at)
    except Refusal as refusal:
        status = show(refusal, form)
        return page(request, shop, follow_up_of(shop, follow_up.public_id), at=at, form=form, status=status)
    messages.success(request, done)
    return redirect("shop_reviews:follow_up", shop.slug, follow_up.public_id)
