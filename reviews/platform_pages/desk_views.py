"""The moderators' desk: the list, one item with everything known about it, and what is decided. Only views read the
clock.

Every decision is a form of its own page; the answer is the next item. With htmx only the desk is exchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.platform_access import admin_of, platform_page
from core.errors import Refusal
from core.photos import photo_response
from reviews.choices import ItemKind, ItemOutcome
from reviews.models import ModerationItem, ReviewPhoto
from reviews.moderation import appeals, decisions, removals, undoing
from reviews.platform_pages import desk, listing
from reviews.platform_pages.access import show_page
from reviews.platform_pages.forms import AppealForm, NoteForm, ReasonForm, SearchForm, SecondLookForm, SeenForm

_ITEM = ("review__shop", "review__author", "review__booking", "shop", "version", "reply", "appeal", "removal")


@require_GET
@platform_page
def queue(request: HttpRequest) -> HttpResponse:
    """What waits; the first item is open. `?tab=` one of `listing.TABS`, `?q=` narrows the list down."""
    tab = request.GET.get("tab", "")
    return _show(request, None, tab=tab if tab in listing.TABS else "risk", at=timezone.now())


@require_GET
@platform_page
def item(request: HttpRequest, public_id: str) -> HttpResponse:
    """One item, decided or not."""
    found = _item(public_id)
    return _show(request, found, tab=listing.tab_of(found), at=timezone.now())


@require_POST
@platform_page
def approve(request: HttpRequest, public_id: str) -> HttpResponse:
    """Approve a review or a reply as it was seen, or find a sample right."""
    found, form = _item(public_id), SeenForm(request.POST)
    masks = desk.masks_asked(request.POST, found)
    return _decide(
        request,
        found,
        form,
        lambda by, at: decisions.approve(item=found, by=by, at=at, seen=form.cleaned_data["seen"], masks=masks),
    )


@require_POST
@platform_page
def reject(request: HttpRequest, public_id: str) -> HttpResponse:
    """Reject a review or a reply with a reason; of a sample, propose its removal."""
    found, form = _item(public_id), ReasonForm(request.POST)

    def act(by: User, at: datetime) -> object:
        return decisions.reject(item=found, by=by, at=at, **form.cleaned_data)

    return _decide(request, found, form, act)


@require_POST
@platform_page
def skip(request: HttpRequest, public_id: str) -> HttpResponse:
    """Leave an item for later."""
    found, form = _item(public_id), NoteForm(request.POST)
    return _decide(
        request,
        found,
        form,
        lambda by, at: decisions.skip(item=found, by=by, at=at, note=form.cleaned_data["note"]),
    )


@require_POST
@platform_page
def second_look(request: HttpRequest, public_id: str) -> HttpResponse:
    """The second person decides about a removal."""
    found, form = _item(public_id, ItemKind.REMOVAL), SecondLookForm(request.POST)

    def act(by: User, at: datetime) -> object:
        is_removed = form.cleaned_data["decision"] == "remove"
        return removals.decide(item=found, by=by, at=at, remove=is_removed, note=form.cleaned_data["note"])

    return _decide(request, found, form, act)


@require_POST
@platform_page
def answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decide an appeal."""
    found, form = _item(public_id, ItemKind.APPEAL), AppealForm(request.POST)

    def act(by: User, at: datetime) -> object:
        is_upheld = form.cleaned_data["decision"] == "uphold"
        return appeals.decide(item=found, by=by, at=at, uphold=is_upheld, answer=form.cleaned_data["answer"])

    return _decide(request, found, form, act)


@require_POST
@platform_page
def undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take back what was decided last; the item is open again."""
    found = _item(public_id)
    try:
        undoing.undo(item=found, by=admin_of(request), at=timezone.now())
    except Refusal as refusal:
        return _refused(request, found, refusal)
    return redirect(_address(request, found))


@require_GET
@platform_page
def photo(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """A photo of a review, published or not."""
    return photo_response(request, get_object_or_404(ReviewPhoto, public_id=public_id), "full")


@require_GET
@platform_page
def thumbnail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    return photo_response(request, get_object_or_404(ReviewPhoto, public_id=public_id), "thumbnail")


def _item(public_id: str, *kinds: ItemKind) -> ModerationItem:
    found = ModerationItem.objects.select_related(*_ITEM)
    return get_object_or_404(found.filter(kind__in=kinds) if kinds else found, public_id=public_id)


def _words(request: HttpRequest) -> str:
    form = SearchForm(request.GET)
    return form.cleaned_data["q"].strip() if form.is_valid() else ""


def _address(request: HttpRequest, item: ModerationItem | None, tab: str = "risk") -> str:
    """Where an item is shown, or its tab when there is none; the search stays."""
    query = QueryDict(mutable=True)
    if words := _words(request):
        query["q"] = words
    if item is None and tab != "risk":
        query["tab"] = tab
    url = reverse("platform_reviews:item", args=[item.public_id]) if item else reverse("platform_reviews:queue")
    return f"{url}?{query.urlencode()}" if query else url


def _decide(
    request: HttpRequest,
    item: ModerationItem,
    form: SeenForm | NoteForm | AppealForm,
    act: Callable[[User, datetime], object],
) -> HttpResponse:
    """Do it and show the next item; what was refused is shown with the item as it is now and what was typed."""
    now, tab = timezone.now(), listing.tab_of(item)
    if not form.is_valid():
        errors = [str(error) for found in form.errors.values() for error in found]
        return _show(request, item, tab=tab, at=now, refused=errors, typed=request.POST, status=422)
    following = listing.after(item, listing.rows(tab, _words(request), at=now))
    try:
        act(admin_of(request), now)
    except Refusal as refusal:
        return _refused(request, item, refusal)
    return redirect(_address(request, following, tab))


def _refused(request: HttpRequest, item: ModerationItem, refusal: Refusal) -> HttpResponse:
    """What was refused, with how it stands now: the newer version, if one came that waits, else the item."""
    fresh, said = _item(item.public_id), [str(refusal.message)]
    if fresh.outcome == ItemOutcome.OVERTAKEN:
        newer = ModerationItem.objects.open().filter(review=fresh.review_id, kind=fresh.kind).select_related(*_ITEM)
        fresh = newer.first() or fresh
    tab = listing.tab_of(fresh)
    return _show(request, fresh, tab=tab, at=timezone.now(), refused=said, typed=request.POST, status=refusal.status)


def _show(  # noqa: PLR0913  (what the desk is made of)
    request: HttpRequest,
    item: ModerationItem | None,
    *,
    tab: str,
    at: datetime,
    refused: list[str] | None = None,
    typed: QueryDict | None = None,
    status: int = 200,
) -> HttpResponse:
    is_part = request.headers.get("HX-Target") == "desk" and "HX-History-Restore-Request" not in request.headers
    words = _words(request)
    rows = listing.rows(tab, words, at=at)
    opened = item or (rows[0].item if rows else None)
    shown = desk.load(opened, tab=tab, words=words, by=admin_of(request), at=at, typed=typed, listed=len(rows))
    context = {**shown, "rows": rows, "is_chosen": item is not None, "refused": refused or []}
    template = "reviews/platform/_desk.html" if is_part else "reviews/platform/desk.html"
    response = show_page(request, template, {**context, "is_part": is_part}, section="queue", status=status)
    if is_part:
        response["HX-Push-Url"] = _address(request, item, tab)
    return response
