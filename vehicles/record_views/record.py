"""The record of one's own car: the page, what can be taken away, and how it is verified."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from vehicles import vin
from vehicles.choices import RecordPart
from vehicles.models import Car
from vehicles.record import actions, charts, known_items, known_points, known_visits, sharing
from vehicles.record.exports import files
from vehicles.record.reading import Event, History
from vehicles.record_views.asked import own_car, own_history, person
from vehicles.record_views.verifier import verifier_lines
from vehicles.record_views.words import car_title, odometer_words

PER_PAGE = 30
TOPICS = (("oil", gettext_lazy("Oil")), ("brakes", gettext_lazy("Brakes")), ("tyres", gettext_lazy("Tyres")))


@login_required
@require_GET
def record(request: HttpRequest, public_id: str) -> HttpResponse:
    """Everything that is known of the car, across all shops."""
    car = own_car(request, public_id)
    history = own_history(request, car)
    own_documents = history.record.documents.filter(holder=person(request)).select_related("entry")
    context = record_context(request, history, car)
    context |= {
        "car": car,
        "visit_urls": known_visits.addresses(person(request), [event.first.reference for event in context["page"]]),
        "vin": vin.masked(history.record.vin),
        "documents": list(own_documents[:12]),
        "document_readers": sharing.readers_of(history.record, RecordPart.DOCUMENTS, timezone.now()),
        "is_owner": True,
    }
    return render(request, "vehicles/record_detail.html", context)


def record_context(request: HttpRequest, history: History, car: Car | None) -> dict[str, Any]:
    """What the owner's and the buyer's page have in common."""
    topic = request.GET.get("topic", "")
    topics = _topics(history)
    services = topics.get(topic, ())
    events = [event for event in history.events if event.concerns(services)] if services else list(history.events)
    points = known_points.known()
    visits, shops = len(history.verified_events), history.shop_count
    return {
        "title": car_title(car, history),
        "variant": car.variant if car else None,
        "history": history,
        "visits_text": ngettext("%(count)d visit", "%(count)d visits", visits) % {"count": visits},
        "shops_text": ngettext("%(count)d shop", "%(count)d shops", shops) % {"count": shops},
        "chart": charts.odometer_chart(history.curve, today=history.today),
        "chart_narrow": charts.odometer_chart(history.curve, today=history.today, frame=charts.NARROW),
        "odometer_text": odometer_words(history.curve),
        "points": points,
        "bars": charts.measure_bars(history.measurements.values(), points),
        "measurements": [
            (known_points.name_of(row.point, points), row)
            for row in charts.table_rows(list(history.measurements.values()))
        ],
        "page": Paginator(events, PER_PAGE).get_page(request.GET.get("page", "")[:6]),
        "topic": topic if services else "",
        "topics": [(key, words) for key, words in TOPICS if key in topics],
    }


def _topics(history: History) -> dict[str, tuple[str, ...]]:
    """The services of each topic that the record has anything of."""
    found: dict[str, tuple[str, ...]] = {}
    items = known_items.known()
    for topic, _words in TOPICS:
        services = tuple(item.key for item in items if item.topic == topic)
        if any(event.concerns(services) for event in history.events):
            found[topic] = services
    return found


@login_required
@require_GET
def export(request: HttpRequest, public_id: str) -> HttpResponse:
    """What can be taken away, and in which shape."""
    car = own_car(request, public_id)
    return render(request, "vehicles/record_export.html", {"car": car, "kinds": files.KINDS})


@login_required
@require_GET
def export_file(request: HttpRequest, public_id: str, kind: str) -> HttpResponse:
    """The record as a file, with the owner's private parts."""
    car = own_car(request, public_id)
    return file_response(own_history(request, car), car, kind)


def file_response(history: History, car: Car | None, kind: str) -> HttpResponse:
    """The record as a download. Raises Http404 for a kind that there is not."""
    shape = files.by_key(kind)
    if shape is None:
        raise Http404(kind)
    response = HttpResponse(shape.make(history, car), content_type=shape.content_type)
    response["Content-Disposition"] = f'attachment; filename="{files.name_of(history, shape)}"'
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_GET
def verify(request: HttpRequest, public_id: str) -> HttpResponse:
    """What "verified" means, the chain entry by entry, and how anybody can do it without us."""
    car = own_car(request, public_id)
    history = own_history(request, car)
    return render(request, "vehicles/record_verify.html", {"car": car, **verify_context(history)})


def verify_context(history: History) -> dict[str, Any]:
    """What both verification pages show."""
    broken = {problem.sequence for problem in history.problems}
    by_entry = {version.pk: event for event in history.events for version in event.versions}
    rows: list[tuple[Any, Event, bool]] = [
        (entry, by_entry[entry.pk], entry.sequence in broken) for entry in reversed(history.entries)
    ]
    return {"history": history, "rows": rows, "verifier": verifier_lines()}


@login_required
@require_POST
def complete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep the owner's statement that nothing is missing since the car was new, or take it back."""
    car = own_car(request, public_id)
    is_complete = request.POST.get("complete") == "yes"
    actions.set_complete_since_new(record=actions.record_of(car), is_complete=is_complete, at=timezone.now())
    messages.success(request, _("Your changes are saved."))
    return redirect("vehicles:record", public_id=car.public_id)
