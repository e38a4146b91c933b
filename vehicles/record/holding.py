"""Whose record it is. The record follows the VIN, never the plate: a VIN is in one garage at most, a plate may move.

A car without a VIN has a record of its own. When its VIN is added:

- nobody has a record of that VIN: the car's record becomes the VIN's;
- somebody has the VIN in the garage: refused (VinTakenError), the car stays as it was;
- a record of the VIN waits without an owner (walk-in visits, a car that left a garage): the owner takes it up, without
  the private parts of others. Entries that the car's own record had are written again at the end of that chain; the old
  chain stays as it was, without an owner and without its private parts.

A VIN under which a shop has recorded visits cannot be changed any more: it would put the visits on another car.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict
from vehicles.choices import EntrySource
from vehicles.models import Car, HealthRecord
from vehicles.record.actions import append, copy_reference
from vehicles.record.sharing import end_all


class VinTakenError(Conflict):
    """The VIN is in another garage, or in this one already."""

    code = "vin_taken"


class VinFixedError(Conflict):
    """Shops have recorded visits under the VIN."""

    code = "vin_fixed"


def claim(*, owner: User, vin: str, own: HealthRecord | None, at: datetime) -> HealthRecord:
    """The record for a car of `owner` that has this (validated) VIN and had the record `own`; moves what has to move.

    Inside the caller's transaction, before the car is saved. Raises VinTakenError, VinFixedError.
    """
    if own is None:
        return _taken_up(vin, owner) or _named(HealthRecord(owner=owner), vin)
    own = HealthRecord.objects.select_for_update().get(pk=own.pk)
    if vin == own.vin or (not own.vin and _is_elsewhere(vin, own)):
        return own
    if own.vin and own.entries.filter(source=EntrySource.VISIT).exists():
        raise VinFixedError(
            _("Shops have recorded visits under %(vin)s, so it cannot be changed. Add the other car as a new one.")
            % {"vin": own.vin},
            field="vin",
        )
    waiting = _taken_up(vin, owner)
    if waiting is None:
        return _named(own, vin)
    _join(own, waiting, at=at)
    return waiting


def _is_elsewhere(vin: str, own: HealthRecord) -> bool:
    """Whether a car of this record has had the VIN all along, from when two garages could: the record went to the
    other one, and the car can still be edited."""
    return bool(vin) and own.cars.filter(vin=vin, removed_at__isnull=True).exists()


def release(*, car: Car, at: datetime) -> None:
    """The car leaves the garage: its record belongs to nobody until the VIN is in a garage again, and nobody reads it.

    Inside the caller's transaction.
    """
    if car.record_id is None:
        return
    record = HealthRecord.objects.select_for_update().get(pk=car.record_id)
    if record.owner_id == car.owner_id:
        release_record(record, at=at)


def release_record(record: HealthRecord, *, at: datetime) -> None:
    """Nobody holds the (locked) record any more, and nobody reads it."""
    record.owner = None
    record.save(update_fields=["owner"])
    end_all(record, at=at)


def _taken_up(vin: str, owner: User) -> HealthRecord | None:
    """The record that waits for whoever adds the VIN, now held by `owner`; None if there is none."""
    found = HealthRecord.objects.select_for_update().filter(vin=vin).first() if vin else None
    if found is None:
        return None
    if found.owner_id is not None:
        raise _taken(is_mine=found.owner_id == owner.pk)
    found.owner = owner
    found.complete_since_new = False  # somebody else stated it
    found.save(update_fields=["owner", "complete_since_new"])
    return found


def _named(record: HealthRecord, vin: str) -> HealthRecord:
    record.vin = vin
    try:
        with transaction.atomic():
            record.save()
    except IntegrityError as error:  # another garage was faster
        raise _taken(is_mine=False) from error
    return record


def _join(own: HealthRecord, waiting: HealthRecord, *, at: datetime) -> None:
    """Write the entries of `own` again at the end of `waiting`, with what points at it."""
    numbers: dict[int, int] = {}
    for entry in own.entries.in_order().select_related("holder"):
        facts = entry.facts | {"corrects": numbers.get(entry.facts["corrects"])}
        copy = append(
            record=waiting,
            facts=facts,
            private=entry.private,
            source=EntrySource(entry.source),
            holder=entry.holder,
            at=at,
            reference=copy_reference(entry),
        )
        numbers[entry.sequence] = copy.sequence
    own.entries.update(private=None, holder=None)
    own.grants.update(record=waiting)
    own.links.update(record=waiting)
    own.transfers.filter(accepted_at__isnull=True, cancelled_at__isnull=True).update(cancelled_at=at)
    own.documents.update(record=waiting)
    own.owner = None
    own.save(update_fields=["owner"])


def _taken(*, is_mine: bool) -> VinTakenError:
    if is_mine:
        return VinTakenError(_("This VIN is in your garage already."), field="vin")
    return VinTakenError(
        _(
            "This VIN is in another garage. If the car is yours now, ask the owner before you to hand over its health "
            "record: you get a code. Until then you can add the car without its VIN."
        ),
        field="vin",
    )
