"""The owner's own entries, their corrections, and papers."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Refusal
from core.photo_fields import accepts_photos
from core.photos import CleanPhoto, Size, photo_response
from vehicles.choices import RecordPart
from vehicles.models import Car, HealthEntry, RecordDocument
from vehicles.record import actions, sharing
from vehicles.record.documents import add_document, remove_document
from vehicles.record.reading import Event
from vehicles.record_forms import DocumentForm, OwnEntryForm
from vehicles.record_views.asked import own_car, own_history, person, show_refusal


@accepts_photos
@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write down what was done before the platform, or elsewhere; marked as the owner's word."""
    car = own_car(request, public_id)
    form = OwnEntryForm(request.POST or None, request.FILES or None, powertrain=car.variant.powertrain)
    if request.method == "POST" and form.is_valid():
        try:
            _add(request, car, form)
        except Refusal as refusal:
            show_refusal(refusal, form)
        else:
            messages.success(request, _("The entry is in the record."))
            return redirect("vehicles:record", public_id=car.public_id)
    context = {"car": car, "form": form}
    return render(request, "vehicles/record_entry_form.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _add(request: HttpRequest, car: Car, form: OwnEntryForm) -> HealthEntry:
    """The entry and its receipts, all or nothing. Sent twice (a double click) it enters once."""
    now, owner = timezone.now(), person(request)
    receipts: list[CleanPhoto] = form.cleaned_data.get("receipts") or []
    key = form.cleaned_data["key"]
    entry = actions.add_own_entry(
        car=car,
        own=form.own_entry(tuple(receipt.sha256 for receipt in receipts)),
        by=owner,
        at=now,
        reference=f"own:{car.public_id}:{key}" if key else "",
    )
    if entry.recorded_at == now:
        for receipt in receipts:
            add_document(record=entry.record, photo=receipt, by=owner, at=now, entry=entry)
    return entry


@login_required
@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, public_id: str, entry_id: str) -> HttpResponse:
    """Say what is right instead of an own entry; what was said before stays to be seen."""
    car = own_car(request, public_id)
    event = _own_event(request, car, entry_id)
    form = OwnEntryForm(
        request.POST or None,
        initial=OwnEntryForm.initial_of(event),
        powertrain=car.variant.powertrain,
        with_receipts=False,
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.correct_own_entry(
                entry=event.first, car=car, own=form.own_entry(), by=person(request), at=timezone.now()
            )
        except Refusal as refusal:
            show_refusal(refusal, form)
        else:
            messages.success(request, _("The correction is in the record."))
            return redirect("vehicles:record", public_id=car.public_id)
    context = {"car": car, "form": form, "event": event}
    return render(request, "vehicles/record_entry_form.html", context, status=422 if form.errors else 200)


def _own_event(request: HttpRequest, car: Car, entry_id: str) -> Event:
    for event in own_history(request, car).events:
        if event.first.public_id == entry_id and event.is_own:
            return event
    raise Http404(entry_id)


@accepts_photos
@login_required
@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest, public_id: str) -> HttpResponse:
    """The owner's papers, and a form for one more."""
    car = own_car(request, public_id)
    form = DocumentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_document(
                record=actions.record_of(car),
                photo=form.cleaned_data["photo"],
                title=form.cleaned_data["title"],
                by=person(request),
                at=timezone.now(),
            )
        except Refusal as refusal:
            show_refusal(refusal, form)
        else:
            messages.success(request, _("The document is kept."))
            return redirect("vehicles:record_documents", public_id=car.public_id)
    context = {
        "car": car,
        "form": form,
        "documents": list(_own_documents(request, car)),
        "document_readers": sharing.readers_of(actions.record_of(car), RecordPart.DOCUMENTS, timezone.now()),
    }
    return render(request, "vehicles/record_documents.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def document(request: HttpRequest, public_id: str, document_id: str, size: Size) -> HttpResponseBase:
    """The photo of a paper, for who holds it."""
    car = own_car(request, public_id)
    found = get_object_or_404(_own_documents(request, car), public_id=document_id)
    return photo_response(request, found, size)


@login_required
@require_POST
def remove(request: HttpRequest, public_id: str, document_id: str) -> HttpResponse:
    """Delete a paper and its files. An entry that names its hash keeps the hash."""
    car = own_car(request, public_id)
    found = get_object_or_404(_own_documents(request, car), public_id=document_id)
    remove_document(document=found)
    messages.success(request, _("The document is removed."))
    return redirect("vehicles:record_documents", public_id=car.public_id)


def _own_documents(request: HttpRequest, car: Car) -> QuerySet[RecordDocument]:
    return RecordDocument.objects.filter(record=actions.record_of(car), holder=person(request)).select_related("entry")
