"""The job card: what a visit is about, and what is done to it with a tap or two. Only views read the clock."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bookings import floor_notifications
from bookings.actions import Actor
from bookings.board.pages import member, staff_page
from bookings.choices import ActorRole, DecisionWay, PhotoKind, Stage
from bookings.floor import deciding, lines, photos, progress, work_photos
from bookings.floor import messages as talk
from bookings.floor.deciding import Voice
from bookings.floor_pages import job_card_reading as reading
from bookings.floor_pages.job_card_forms import MessageForm, PhoneForm, PhotosForm, PromiseForm, StageForm
from bookings.floor_pages.job_card_pages import (
    Step,
    Tried,
    attempt,
    author,
    card_page,
    card_url,
    card_visit,
    taken,
)
from core.errors import Refusal
from core.photo_fields import accepts_photos
from shops.access import get_staff_shop
from shops.choices import Permission


@require_GET
def card(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The job card, for everybody who works at the shop; what each may do on it depends on the role."""
    shop = get_staff_shop(request, slug, Permission.BOARD)
    return card_page(request, shop, card_visit(shop, public_id), timezone.now())


@require_http_methods(["GET", "POST"])
def send(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """What the owner will see of the new lines; then it is sent. Sending twice sends once."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    if request.method == "POST":
        try:
            sent = lines.send(booking=booking, by=author(request, shop), at=at)
        except Refusal as refusal:
            return card_page(request, shop, booking, at, Tried(refusal.status, str(refusal.message)))
        said = ngettext("%(n)d line sent to the owner.", "%(n)d lines sent to the owner.", len(sent)) % {"n": len(sent)}
        messages.success(request, said if sent else _("Everything had been sent already."))
        return redirect(card_url(shop, booking))
    job = reading.load(booking=booking, shop=shop, at=at)
    context = {"job": job, "booking": booking, "back_url": card_url(shop, booking)}
    return staff_page(request, shop, "floor/send.html", context)


@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Write down what the owner said on the phone: for the counter only. Each line in the version that was read out."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    job = reading.load(booking=booking, shop=shop, at=at)
    data = request.POST if request.method == "POST" else None
    # A line that was answered since stays on a form that was sent: the refusal says what became of it.
    open_now = [
        one.line for one in job.lines if one.line.is_pending or (data and f"answer_{one.line.public_id}" in data)
    ]
    form = PhoneForm(data, pending=open_now, initial={"spoke_with": booking.contact_name})
    status, problem = 200, ""
    if data is not None:

        def act() -> object:
            voice = Voice(
                DecisionWay.PHONE,
                owner=booking.owner,
                recorded_by=member(request),
                role=shop.viewer_role or "",
                spoke_with=form.cleaned_data["spoke_with"],
                note=form.cleaned_data["note"],
            )
            return deciding.decide(booking=booking, choices=form.choices(), voice=voice, at=at)

        status, problem = attempt(form, act)
        if status == 200:
            messages.success(request, _("Answer saved. The owner gets a copy."))
            return redirect(card_url(shop, booking))
    known = {one.line.public_id: one for one in job.lines}
    rows = [{**row, "one": known[row["line"].public_id]} for row in form.rows]
    context = {
        "form": form,
        "rows": rows,
        "job": job,
        "booking": booking,
        "problem": problem,
        "status": status,
        "back_url": card_url(shop, booking),
    }
    return staff_page(request, shop, "floor/phone.html", context)


@require_POST
def stage(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Where the car is now."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    form = StageForm(request.POST, stages=())

    def act() -> object:
        by = Actor(ActorRole.STAFF, member(request))
        return progress.move(booking=booking, to=Stage(form.cleaned_data["stage"]), by=by, at=at)

    return taken(
        request, shop, booking, at, Step("stage", form, act, _("Stage changed: the owner sees it."), anchor="stage")
    )


@require_POST
def promise(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Another promise to the owner, with the reason that they read."""
    shop = get_staff_shop(request, slug, Permission.WALK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    form = PromiseForm(request.POST, zone=booking.zone)

    def act() -> object:
        by = Actor(ActorRole.STAFF, member(request))
        reason = form.cleaned_data["reason"]
        return progress.promise(booking=booking, ends_at=form.instant(), reason=reason, by=by, at=at)

    return taken(request, shop, booking, at, Step("promise", form, act, _("New time promised: the owner is told.")))


@require_POST
def send_link(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """A fresh link for an owner whose link has ended or got lost."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()

    def act() -> object:
        return floor_notifications.send_link(booking=booking, at=at)

    return taken(
        request, shop, booking, at, Step("link", forms.Form(request.POST), act, _("A new link is on its way."))
    )


@accepts_photos
@require_POST
def say(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """A message to the owner, with photos or without."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    form = MessageForm(request.POST, request.FILES)

    def act() -> object:
        by = talk.Speaker(is_owner=False, user=member(request), role=shop.viewer_role or "")
        data = form.cleaned_data
        return talk.say(booking=booking, text=data["text"], by=by, at=at, cleaned=data["photos"])

    return taken(request, shop, booking, at, Step("message", form, act, _("Sent to the owner."), anchor="messages"))


@accepts_photos
@require_POST
def add_photos(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Photos of the work or of a finding; the owner sees them at once."""
    shop = get_staff_shop(request, slug, Permission.CHECK_IN)
    booking, at = card_visit(shop, public_id), timezone.now()
    form = PhotosForm(request.POST, request.FILES)

    def act() -> object:
        data = form.cleaned_data
        shown = photos.Shown(PhotoKind(data["kind"]), caption=data["caption"])
        return work_photos.add(booking=booking, cleaned=data["photos"], shown=shown, by=member(request), at=at)

    return taken(request, shop, booking, at, Step("photos", form, act, _("Photos added."), anchor="photos"))
