"""A shop reads its reviews, answers them in public and appeals against them. Only views read the clock."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import devices
from core.errors import Refusal
from reviews import replying
from reviews.choices import ItemKind, ItemOutcome, ReplyStatus, Side
from reviews.errors import ChangedMeanwhileError, ReviewGoneError
from reviews.models import Appeal, ModerationItem, Reply, Review
from reviews.moderation import appeals
from reviews.shop_pages import inbox
from reviews.shop_pages.forms import AppealForm, ReplyForm
from reviews.shop_pages.inbox import Asked
from reviews.shop_pages.pages import review_of, reviews_page
from reviews.shown_text import visible
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop
from shops.rules import may
from shops.views.pages import member, show


@require_safe
def review_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop's reviews, newest first, with its figures; `show` filters, `person` names one of the team."""
    shop = get_staff_shop(request, slug, Permission.REVIEWS)
    leads = may(shop.viewer_role, Permission.STAFF)
    wanted = request.GET.get("show", "")
    if wanted == "appealed":
        context: dict[str, Any] = {"appeals": inbox.appeals(shop), "asked": Asked("appealed")}
    else:
        person = _id(request, "person") if leads else ""
        name = inbox.person_name(shop, person)
        asked = Asked(wanted if wanted in inbox.FILTERS else "all", person if name else "", _id(request, "after"))
        context = {"page": inbox.page(shop, asked), "asked": asked, "person_name": name}
    context["summary"] = inbox.summary(shop, with_people=leads)
    return reviews_page(request, shop, "list", "list", context)


@require_safe
def detail(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """One review, the shop's reply and appeal."""
    shop = get_staff_shop(request, slug, Permission.REVIEWS)
    return _page(request, shop, review_of(shop, public_id))


@require_POST
def reply(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Answer a review; with the button `preview` only show how readers would see it."""
    shop, at = get_staff_shop(request, slug, Permission.REVIEWS), timezone.now()
    review, form = review_of(shop, public_id), ReplyForm(request.POST)
    if not form.is_valid():
        return _page(request, shop, review, form=form, status=400)
    text, seen = form.cleaned_data["text"], form.cleaned_data["seen"]
    if "preview" in request.POST and review.shown is not None:
        return _page(request, shop, review, form=form, preview=replying.preview(text))
    devices.note(request, member(request), at=at)
    try:
        written = replying.reply(review=review, by=member(request), text=text, seen=seen, at=at)
    except Refusal as refusal:
        status = show(refusal, form)
        return _page(request, shop, review_of(shop, public_id), form=form, status=status)
    if written.status == ReplyStatus.PUBLISHED:
        messages.success(request, _("Your reply is published."))
    else:
        messages.success(request, _("Your reply is saved. Somebody of the platform looks at it first."))
    return redirect("shop_reviews:detail", slug, public_id)


@require_http_methods(["GET", "POST"])
def appeal(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Ask the platform to look at a review again: why, in words, and what happens then."""
    shop, at = get_staff_shop(request, slug, Permission.REVIEWS), timezone.now()
    review = review_of(shop, public_id)
    if request.method != "POST":
        if review.shown is None or _appeal_of_shown(review) is not None:
            return redirect("shop_reviews:detail", slug, public_id)
        return _appeal_page(request, shop, review, AppealForm())
    form = AppealForm(request.POST)
    if not form.is_valid():
        return _appeal_page(request, shop, review, form, status=400)
    try:
        _still_seen(review, form.cleaned_data["seen"])
        words = {name: form.cleaned_data[name] for name in ("reason", "text")}
        appeals.appeal(review=review, by=member(request), side=Side.SHOP, at=at, **words)
    except Refusal as refusal:
        return _appeal_page(request, shop, review_of(shop, public_id), form, status=show(refusal, form))
    messages.success(request, _("Your appeal is with the platform."))
    return redirect("shop_reviews:detail", slug, public_id)


def _id(request: HttpRequest, name: str) -> str:
    """A public id of the address, as far as it can be one."""
    return visible(request.GET.get(name, ""))[:16]


def _still_seen(review: Review, seen: int) -> None:
    if review.shown is None:
        raise ReviewGoneError
    if review.shown.number != seen:
        raise ChangedMeanwhileError(_("The author has changed the review since you opened it. Read it again."))


def _page(
    request: HttpRequest,
    shop: Shop,
    review: Review,
    *,
    form: ReplyForm | None = None,
    preview: Reply | None = None,
    status: int = 200,
) -> HttpResponse:
    newest = getattr(review, "newest_replies", [])
    published = next((row for row in newest if row.status == ReplyStatus.PUBLISHED), None)
    # What became of the newest words, where readers do not see them (yet).
    pending = newest[0] if newest and newest[0] is not published else None
    text = pending or published
    context = {
        "review": review,
        "reply": published,
        "pending": pending,
        "pending_reason": _reason(pending) if pending is not None else "",
        "preview": preview,
        "form": form or ReplyForm(initial={"text": text.text if text else ""}),
        "number": _number(review),
        "is_typed": form is not None,
        "appeals": getattr(review, "shop_appeals", []),
        "may_appeal": review.shown is not None and _appeal_of_shown(review) is None,
    }
    return reviews_page(request, shop, "list", "detail", context, status=status)


def _appeal_page(
    request: HttpRequest, shop: Shop, review: Review, form: AppealForm, *, status: int = 200
) -> HttpResponse:
    context = {"review": review, "form": form, "number": _number(review)}
    return reviews_page(request, shop, "list", "appeal", context, status=status)


def _number(review: Review) -> int:
    return review.shown.number if review.shown is not None else 0


def _appeal_of_shown(review: Review) -> Appeal | None:
    made: list[Appeal] = getattr(review, "shop_appeals", [])
    return next((row for row in made if row.version_id == review.shown_id), None)


def _reason(reply: Reply) -> str:
    """Why a reply is not shown, in a moderator's words; empty while it waits. One query."""
    items = ModerationItem.objects.filter(reply=reply, kind=ItemKind.REPLY, outcome=ItemOutcome.REJECTED)
    item = items.order_by("-decided_at", "-pk").first()
    return item.get_reason_display() if item is not None else ""
