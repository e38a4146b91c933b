"""What the garage keeps about a person, given out and let go of (`accounts.privacy`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts import privacy
from accounts.models import User
from vehicles.models import Car


def connect() -> None:
    """Register with `accounts.privacy`; called once when the app is ready."""
    privacy.register("cars", export=export, erase=erase)


def export(user: User) -> list[dict[str, Any]]:
    """The person's cars, removed ones too, with their odometer readings."""
    cars = Car.objects.filter(owner=user).with_names().prefetch_related("readings").order_by("pk")
    return [
        {
            "variant": car.variant.slug,
            "plate": car.plate,
            "vin": car.vin,
            "model_year": car.model_year,
            "nickname": car.nickname,
            "readings": [{"km": row.km, "read_at": row.read_at.isoformat()} for row in car.readings.all()],
        }
        for car in cars
    ]


def erase(user: User, at: datetime) -> None:
    """Forget which car it was: plate, VIN and nickname go. The row and its readings stay, without a name: visits
    point at them."""
    cars = Car.objects.filter(owner=user)
    cars.filter(removed_at=None).update(removed_at=at)
    cars.update(plate="", vin="", nickname="")
