"""Visits whose cars are in the shop get the lines that were agreed when they were booked, and a stage.

Where a car is ready already, its lines are done and its bill is what was agreed."""

from django.db import migrations
from django.db.models import F

STAGES = {"checked_in": "received", "in_service": "working", "ready": "ready"}


def add_lines(apps, _schema_editor):
    bookings = apps.get_model("bookings", "Booking")
    in_shop = bookings.objects.filter(status__in=STAGES)
    for booking in in_shop.prefetch_related("booked_services").iterator(chunk_size=500):
        _open_lines(apps, booking)
        changes = {"stage": STAGES[booking.status], "agreed_end_at": F("ends_at")}
        if booking.status == "ready" and _finish_lines(apps, booking):
            changes["final_fen"] = booking.labour_fen + booking.parts_fen - booking.discount_fen
        bookings.objects.filter(pk=booking.pk).update(**changes)


def _open_lines(apps, booking):
    lines, versions, decisions = (
        apps.get_model("bookings", name).objects for name in ("Line", "LineVersion", "LineDecision")
    )
    agreed_at = booking.confirmed_at or booking.created_at
    services = list(booking.booked_services.all())
    labour_fen = sum(one.labour_fen for one in services)
    seen_fen = given_fen = 0
    for position, one in enumerate(services):
        seen_fen += one.labour_fen
        share = booking.discount_fen * seen_fen // labour_fen - given_fen if labour_fen else 0
        given_fen += share
        line = lines.create(booking=booking, position=position, origin="booked", state="approved", sent_at=agreed_at)
        versions.create(
            line=line,
            number=1,
            created_at=agreed_at,
            created_by=None,
            service=one.service,
            note=one.parts_note,
            labour_minutes=one.minutes,
            labour_fen=one.labour_fen,
            parts=[{"name": one.parts_note, "code": "", "quantity": "1", "unit_fen": one.parts_fen}]
            if one.parts_fen
            else [],
            parts_fen=one.parts_fen,
            discount_fen=share,
            price_basis="offer",
            urgency="green",
            warranty_scope="minor",
            warranty_days=10,
            warranty_km=2000,
        )
        decisions.create(line=line, version=1, decision="approve", way="booking", at=agreed_at, owner=booking.owner)


def _finish_lines(apps, booking):
    """Mark the lines done by whoever reported the car ready; False where nobody is known."""
    told = apps.get_model("bookings", "BookingEvent").objects.filter(booking=booking, kind="ready", actor__isnull=False)
    event = told.order_by("-at", "-pk").first()
    if event is None:
        return False
    lines = apps.get_model("bookings", "Line").objects.filter(booking=booking)
    lines.update(state="done", done_at=event.at, done_by=event.actor)
    return True


class Migration(migrations.Migration):
    dependencies = [("bookings", "0005_workshop_floor")]

    operations = [migrations.RunPython(add_lines, migrations.RunPython.noop)]
