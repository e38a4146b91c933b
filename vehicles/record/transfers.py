"""Handing a record over to a new owner: by a code that works once, for some days.

Locks are taken in one order, here and wherever else cars and records change: person, car, record, offer. The person's
is FOR NO KEY UPDATE, because what is written under a record's lock (entries, grants, offers) points at people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from core import outbox
from core.errors import Conflict
from vehicles import events, garage
from vehicles.models import Car, HealthRecord, RecordTransfer
from vehicles.record import actions
from vehicles.record.sharing import NotTheOwnerError, end_all
from vehicles.record.tokens import new_token, token_hash

TRANSFER_LASTS = timedelta(days=14)  # a sale takes days, not months (product decision)


class TransferGoneError(Conflict):
    """The code was used, taken back or is too old."""

    code = "transfer_gone"


class OwnTransferError(Conflict):
    """The owner tries to take the car over from himself."""

    code = "own_transfer"


@dataclass(frozen=True)
class NewTransfer:
    """An offer with its code, which is shown now and never again."""

    transfer: RecordTransfer
    token: str


@transaction.atomic
def offer_transfer(*, car: Car, by: User, at: datetime) -> NewTransfer:
    """Offer the car's record to whoever has the code; an offer before it ends. Raises NotTheOwnerError."""
    record = HealthRecord.objects.select_for_update().get(pk=actions.record_of(car).pk)
    if record.owner_id != by.pk:
        raise NotTheOwnerError(_("This health record is not yours any more."))
    record.transfers.filter(accepted_at__isnull=True, cancelled_at__isnull=True).update(cancelled_at=at)
    token = new_token()
    transfer = RecordTransfer.objects.create(
        record=record, token_hash=token_hash(token), offered_by=by, offered_at=at, expires_at=at + TRANSFER_LASTS
    )
    return NewTransfer(transfer, token)


@transaction.atomic
def cancel_transfer(*, transfer: RecordTransfer, by: User, at: datetime) -> None:
    """Take an offer back. Doing it twice changes nothing.

    Raises NotTheOwnerError, TransferGoneError if it was accepted.
    """
    record = HealthRecord.objects.select_for_update().get(pk=transfer.record_id)
    locked = RecordTransfer.objects.select_for_update().get(pk=transfer.pk)
    if locked.accepted_at is not None:
        raise TransferGoneError(_("The record has been handed over already."))
    if record.owner_id != by.pk:
        raise NotTheOwnerError(_("This health record is not yours any more."))
    if locked.cancelled_at is None:
        locked.cancelled_at = at
        locked.save(update_fields=["cancelled_at"])


def transfer_by_token(token: str) -> RecordTransfer | None:
    """The offer of a code, whether it is still open or not. One query."""
    return RecordTransfer.objects.select_related("record").filter(token_hash=token_hash(token)).first()


def offered_car(transfer: RecordTransfer) -> Car | None:
    """The car in the garage of who offers it, with its names; None if it has left since. One query."""
    return _offered(transfer).first()


def _offered(transfer: RecordTransfer) -> QuerySet[Car]:
    cars = Car.objects.with_names().filter(record=transfer.record_id, owner=transfer.offered_by_id)
    return cars.filter(removed_at__isnull=True)


@transaction.atomic
def accept_transfer(*, transfer: RecordTransfer, by: User, at: datetime) -> Car:
    """Put the car into the new owner's garage with its record; it leaves the old one.

    The new car has variant, VIN, model year, first registration and odometer, no plate. Private parts stay with who
    held them; every grant, link and offer ends. Emits `record.transferred`, and `car.changed` for both cars. Raises
    TransferGoneError, OwnTransferError, GarageFullError.
    """
    # The garage must not grow past its limit by two clicks at once.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    old = _offered(transfer).select_for_update(of=("self",)).first()
    record = HealthRecord.objects.select_for_update().get(pk=transfer.record_id)
    locked = RecordTransfer.objects.select_for_update().get(pk=transfer.pk)
    if not locked.is_open(at) or old is None or record.owner_id != locked.offered_by_id:
        raise TransferGoneError(_("This code has been used, taken back, or is too old. Ask for a new one."))
    if by.pk == locked.offered_by_id:
        raise OwnTransferError(_("This car is in your garage already."))
    garage.check_room(by)
    locked.accepted_at, locked.accepted_by = at, by
    locked.save(update_fields=["accepted_at", "accepted_by"])
    old.removed_at = at
    old.save(update_fields=["removed_at"])
    record.owner = by
    record.save(update_fields=["owner"])
    end_all(record, at=at)
    outbox.emit(topic="record.transferred", key=locked.public_id, at=at, payload={"car": old.public_id})
    new = Car.objects.create(
        owner=by,
        variant=old.variant,
        vin=old.vin,
        model_year=old.model_year,
        delivered_on=old.delivered_on,
        odometer_km=old.odometer_km,
        odometer_at=old.odometer_at,
        record=record,
    )
    events.car_changed(old, at=at)
    events.car_changed(new, at=at)
    return new
