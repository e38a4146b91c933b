"""What the garage keeps about a person, given out and let go of (`accounts.privacy`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts import privacy
from accounts.models import User
from vehicles import events
from vehicles.models import Car, HealthEntry, HealthRecord, RecordDocument
from vehicles.record import holding


def connect() -> None:
    """Register with `accounts.privacy`; called once when the app is ready."""
    privacy.register("cars", export=export, erase=erase)
    privacy.register("health_records", export=export_records, erase=erase_records)


def export(user: User) -> list[dict[str, Any]]:
    """The person's cars, removed ones too, with their odometer readings."""
    cars = Car.objects.filter(owner=user).with_names().prefetch_related("readings", "engine_readings").order_by("pk")
    return [
        {
            "variant": car.variant.slug,
            "plate": car.plate,
            "vin": car.vin,
            "model_year": car.model_year,
            "delivered_on": car.delivered_on.isoformat() if car.delivered_on else None,
            "nickname": car.nickname,
            "readings": [{"km": row.km, "read_at": row.read_at.isoformat()} for row in car.readings.all()],
            "engine_readings": [
                {"km": row.km, "odometer_km": row.odometer_km, "read_at": row.read_at.isoformat()}
                for row in car.engine_readings.all()
            ],
        }
        for car in cars
    ]


def erase(user: User, at: datetime) -> None:
    """Forget which car it was: plate, VIN and nickname go. The row and its readings stay, without a name: visits
    point at them."""
    cars = Car.objects.filter(owner=user)
    in_garage = list(cars.filter(removed_at=None))
    cars.filter(removed_at=None).update(removed_at=at)
    for car in in_garage:
        events.car_changed(car, at=at)
    cars.update(plate="", vin="", nickname="")


def export_records(user: User) -> list[dict[str, Any]]:
    """Every entry that is the person's, of cars that have left the garage too, and who was let to read the records."""
    entries = HealthEntry.objects.filter(holder=user).select_related("record").order_by("record_id", "sequence")
    records = HealthRecord.objects.filter(owner=user).prefetch_related("grants", "links", "documents").order_by("pk")
    return [
        *(
            {"entry": entry.sequence, "record": entry.record.public_id, "facts": entry.facts, "private": entry.private}
            for entry in entries
        ),
        *(
            {
                "record": record.public_id,
                "vin": record.vin,
                "complete_since_new": record.complete_since_new,
                "grants": [
                    {"shop": grant.shop_name_en, "parts": grant.parts, "until": grant.until.isoformat()}
                    for grant in record.grants.all()
                ],
                "links": [{"expires_at": link.expires_at.isoformat()} for link in record.links.all()],
                "documents": [
                    {"title": document.title, "sha256": document.sha256}
                    for document in record.documents.all()
                    if document.holder_id == user.pk
                ],
            }
            for record in records
        ),
    ]


def erase_records(user: User, at: datetime) -> None:
    """Erase the private parts and papers, end every grant, link and offer. What was done to the car stays with the car.

    A record without entries forgets its VIN; one with entries waits for whoever has the car next. Locks the person's
    cars first (`record.transfers` says the order).
    """
    list(Car.objects.select_for_update().filter(owner=user).order_by("pk").values_list("pk"))
    for record in HealthRecord.objects.select_for_update().filter(owner=user).order_by("pk"):
        holding.release_record(record, at=at)
        if record.entry_count == 0:
            record.vin = ""
            record.save(update_fields=["vin"])
    for document in RecordDocument.objects.filter(holder=user):
        document.delete()
    HealthEntry.objects.filter(holder=user).update(private=None, holder=None)
