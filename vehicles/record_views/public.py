"""What a buyer sees by a link: the record without anybody's private part. No sign-in; nothing says whose car it is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from vehicles.models import Car, RecordLink
from vehicles.record import sharing
from vehicles.record.exports import files
from vehicles.record.reading import History, history
from vehicles.record_views.asked import secret_address
from vehicles.record_views.record import file_response, record_context, verify_context


@secret_address
@require_GET
def record(request: HttpRequest, token: str) -> HttpResponse:
    """The record of the car that is for sale."""
    link = _open_link(token)
    if link is None:
        return _gone(request)
    known, car = _history(link), _car(link)
    context = record_context(request, known, car) | {
        "car": car,
        "link": link,
        "token": token,
        "vin": link.record.vin,
        "kinds": files.KINDS,
        "is_owner": False,
    }
    return render(request, "vehicles/record_public.html", context)


@secret_address
@require_GET
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """The chain entry by entry, and how to check it without us."""
    link = _open_link(token)
    if link is None:
        return _gone(request)
    return render(request, "vehicles/record_verify.html", {"token": token, **verify_context(_history(link))})


@secret_address
@require_GET
def export_file(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """The record as a file without private parts."""
    link = _open_link(token)
    if link is None:
        return _gone(request)
    return file_response(_history(link), _car(link), kind)


def _open_link(token: str) -> RecordLink | None:
    link = sharing.link_by_token(token)
    return link if link is not None and link.is_active(timezone.now()) else None


def _history(link: RecordLink) -> History:
    return history(link.record, viewer=None, today=timezone.localdate())


def _car(link: RecordLink) -> Car | None:
    return Car.objects.with_names().filter(record=link.record_id, removed_at__isnull=True).first()


def _gone(request: HttpRequest) -> HttpResponse:
    """One answer for a link that ended, was closed or never was: it tells nobody whether there is such a record."""
    return render(request, "vehicles/record_link_gone.html", status=404)
