"""The page of a visit in the shop and what its owner does there: answer lines, confirm, talk. Each view stands behind
both doors (`bookings.owner_views.doors`); every form works without JavaScript."""

from __future__ import annotations

from typing import cast

from django.contrib import messages as notices
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from bookings.choices import IN_SHOP, Decision, Status
from bookings.errors import LineChangedError, NoSuchLineError
from bookings.floor import checking_in, deciding, handing_over, links, messages, progress
from bookings.models import Booking, VisitPhoto
from bookings.owner_views import live_page
from bookings.owner_views.doors import Door, by_account, by_link
from bookings.owner_views.live_forms import ALL, DecisionForm, MessageForm
from bookings.owner_views.live_page import Trouble
from core.errors import Refusal
from core.photo_fields import accepts_photos
from core.photos import Size, photo_response

# Visits that have this page. A link opens one before the car has come, too.
STATUSES = (*IN_SHOP, Status.COMPLETED)


def page(request: HttpRequest, door: Door, *, trouble: Trouble | None = None, status: int = 200) -> HttpResponse:
    """The whole page. Looking at it is reading the shop's messages."""
    at = timezone.now()
    later = request.GET.get("later", "")[:32] if request.method == "GET" else ""
    context = live_page.context(door, at=at, trouble=trouble, later=later)
    if request.method == "GET" and live_page.unread(context):
        messages.mark_read(booking=door.booking, by=door.speaker, at=at)
    context["part"] = live_page.whole(request, context)
    context["nav_section"] = "visits"
    return render(request, "bookings/live/page.html", context, status=status)


@require_safe
def by_links_page(request: HttpRequest, door: Door) -> HttpResponse:
    """The page as the link opens it."""
    if door.link is not None and door.link.used_at is None:
        links.note_use(link=door.link, at=timezone.now())
    return page(request, door)


@require_GET
def news(request: HttpRequest, door: Door) -> HttpResponse:
    """The parts of the page as they are now, for htmx to put in their places."""
    if door.booking.status not in STATUSES and not door.is_link:
        return HttpResponse(headers={"HX-Refresh": "true"})
    at = timezone.now()
    context = live_page.context(door, at=at)
    if live_page.unread(context):
        messages.mark_read(booking=door.booking, by=door.speaker, at=at)
    return HttpResponse(live_page.parts(request, context))


@require_POST
def decide(request: HttpRequest, door: Door) -> HttpResponse:
    """Approve, decline or put off one line or several. One that the shop has changed since is shown again, marked."""
    form = DecisionForm(request.POST)
    chosen = request.POST.getlist("line")[:100]
    own = chosen[0].partition(".")[0] if len(chosen) == 1 else ""
    if not form.is_valid():
        field, words = _first_error(form)
        kept = {name: request.POST.get(name, "")[:20] for name in ("defer_until", "defer_km")}
        trouble = Trouble(words, line=own, field_name=field, chosen=chosen, values=kept)
        return page(request, door, trouble=trouble, status=400)
    choices = form.choices()
    try:
        deciding.decide(booking=door.booking, choices=choices, voice=door.voice, at=timezone.now())
    except NoSuchLineError as refusal:
        raise Http404(str(refusal.message)) from refusal
    except Refusal as refusal:
        line = str(refusal.extra.get("line", own))
        kept = {name: request.POST.get(name, "")[:20] for name in ("defer_until", "defer_km")}
        is_changed = isinstance(refusal, LineChangedError)
        text = _("The shop has changed this line. Nothing was decided yet.") if is_changed else str(refusal.message)
        trouble = Trouble(text, line=line, field_name=refusal.field or "", chosen=chosen, values=kept)
        return _again(request, door, trouble, refusal.status)
    notices.success(request, _decided(form.cleaned_data["decision"], len(choices)))
    return redirect(door.page_url + "#visit-lines")


@require_POST
def confirm_sheet(request: HttpRequest, door: Door) -> HttpResponse:
    """The owner confirms the state of the car as it was written down, in the version that was shown."""
    seen = request.POST.get("seen", "")[:60]
    try:
        checking_in.confirm(
            booking=door.booking, way=door.way, by=door.user, at=timezone.now(), seen=seen or "not shown"
        )
    except Refusal as refusal:
        return _again(request, door, Trouble(str(refusal.message)), refusal.status)
    notices.success(request, _("Thank you. Your confirmation is kept with the visit."))
    return redirect(door.page_url)


@require_POST
def confirm_handover(request: HttpRequest, door: Door) -> HttpResponse:
    """The owner confirms that they have the car and the list of what was done."""
    try:
        handing_over.confirm(booking=door.booking, way=door.way, by=door.user, at=timezone.now())
    except Refusal as refusal:
        return _again(request, door, Trouble(str(refusal.message)), refusal.status)
    notices.success(request, _("Thank you. Your confirmation is kept with the visit."))
    return redirect(door.page_url)


@require_POST
def say(request: HttpRequest, door: Door) -> HttpResponse:
    """Say something to the shop, with photos or without words. What was typed is kept if it is refused."""
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return page(request, door, trouble=Trouble(form=form), status=400)
    text, photos = form.cleaned_data["text"], form.cleaned_data["photos"]
    try:
        messages.say(booking=door.booking, text=text, by=door.speaker, at=timezone.now(), cleaned=photos)
    except Refusal as refusal:
        form.add_error("text", str(refusal.message))
        return _again(request, door, Trouble(form=form), refusal.status)
    return redirect(door.page_url + "#messages")


@require_GET
def photo(request: HttpRequest, door: Door, photo_id: str, size: str) -> HttpResponseBase:
    """A photo of this visit; any other looks missing."""
    found = VisitPhoto.objects.filter(booking=door.booking, public_id=photo_id).first()
    if found is None:
        raise Http404(_("There is no such photo here."))
    return photo_response(request, found, cast(Size, size))


@require_POST
def end_links(request: HttpRequest, door: Door) -> HttpResponse:
    """End every link to the visit: the owner thinks that somebody else has one."""
    with transaction.atomic():
        ended = links.revoke_all(booking=door.booking, at=timezone.now())
        if ended:
            fresh = Booking.objects.select_for_update(no_key=True).get(pk=door.booking.pk)
            progress.touch(fresh)  # pages that stand open by a link see at once that it is over
    notices.success(request, _("Every link to this visit has ended. New messages bring new links."))
    return redirect("home" if door.is_link else door.page_url)


def _again(request: HttpRequest, door: Door, trouble: Trouble, status: int) -> HttpResponse:
    """The page as it is now, with why nothing was done."""
    door.booking.refresh_from_db()
    return page(request, door, trouble=trouble, status=status)


def _first_error(form: DecisionForm) -> tuple[str, str]:
    for field, errors in form.errors.items():
        return (field if field in form.fields else ""), str(errors[0])
    return "", ""


def _decided(decision: str, count: int) -> str:
    if decision in (Decision.APPROVE, ALL):
        return ngettext("%(n)d line approved. The shop sees it.", "%(n)d lines approved. The shop sees it.", count) % {
            "n": count
        }
    if decision == Decision.DEFER:
        return _("Put off. It is not done and costs nothing.")
    return _("Declined. It is not done and costs nothing.")


account_news, link_news = by_account(news), by_link(news)
account_decide, link_decide = by_account(decide), by_link(decide)
account_confirm_sheet, link_confirm_sheet = by_account(confirm_sheet), by_link(confirm_sheet)
account_confirm_handover, link_confirm_handover = by_account(confirm_handover), by_link(confirm_handover)
account_say, link_say = accepts_photos(by_account(say)), accepts_photos(by_link(say))
account_photo, link_photo = by_account(photo), by_link(photo)
account_end_links, link_end_links = by_account(end_links), by_link(end_links)
link_page = by_link(by_links_page)
