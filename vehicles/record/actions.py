"""Every write to a health record's chain: entries, corrections, and what the owner states about it.

Who may read is in `sharing`, whose it is in `holding` and `transfers`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, InvalidInput
from vehicles import events
from vehicles.choices import EntrySource
from vehicles.models import MAX_ODOMETER_KM, Car, HealthEntry, HealthRecord
from vehicles.record import shape
from vehicles.record.canonical import digest, entry_hash
from vehicles.record.known_items import KnownItem

EARLIEST_YEAR = 1980  # the oldest cars that can be added
MAX_ENTRIES = 5_000  # twenty a month for twenty years: more is a mistake or an attack (product decision)


class RecordFullError(Conflict):
    code = "record_full"


class NotCorrectableError(Conflict):
    """A correction has its own correction; and what a shop wrote only that shop can correct."""

    code = "not_correctable"


@transaction.atomic
def append(  # noqa: PLR0913  (the parts of an entry, each of them needed)
    *,
    record: HealthRecord,
    facts: Mapping[str, Any],
    private: Mapping[str, Any] | None,
    source: EntrySource,
    holder: User | None,
    at: datetime,
    reference: str = "",
) -> HealthEntry:
    """Write the next entry of a record's chain; `reference` names what it stands for, so that it enters only once.

    `facts` and `private` have the shape of `vehicles.record.shape`; a salt is added to `private` if it has none.
    `holder` is whose private part it is. Asked again with the same reference it returns the entry that is there.
    Emits `car.changed` for the car in a garage. Raises shape.ShapeError, RecordFullError.
    """
    locked = HealthRecord.objects.select_for_update().get(pk=record.pk)  # the chain grows one at a time
    if reference and (known := HealthEntry.objects.filter(reference=reference).first()):
        return known
    public, secret = dict(facts), {"salt": secrets.token_hex(16), **(private or {})}
    shape.check_facts(public)
    shape.check_private(secret)
    if locked.entry_count >= MAX_ENTRIES:
        raise RecordFullError(_("This record has %(count)d entries already.") % {"count": locked.entry_count})
    hashes = {
        "previous_hash": locked.head_hash,
        "facts_hash": digest(public),
        "private_hash": digest(secret),
    }
    sequence = locked.entry_count + 1
    entry = HealthEntry.objects.create(
        record=locked,
        sequence=sequence,
        holder=holder,
        facts=public,
        private=secret,
        **hashes,
        hash=entry_hash(sequence=sequence, **hashes),
        recorded_at=at,
        source=source,
        shop_slug=(public["shop"] or {}).get("slug", ""),
        occurred_on=date.fromisoformat(public["date"]),
        odometer_km=public["odometer_km"],
        reference=reference,
    )
    record.entry_count, record.head_hash = sequence, entry.hash  # moved by the table's trigger
    events.record_changed(locked, at=at)
    return entry


def record_of(car: Car) -> HealthRecord:
    """The record of a car; made if the car has none yet, held by the car's owner unless the car was removed."""
    if car.record is not None:
        return car.record
    with transaction.atomic():
        locked = Car.objects.select_for_update(of=["self"]).get(pk=car.pk)
        if locked.record is None:
            owner = locked.owner if locked.removed_at is None else None
            locked.record = HealthRecord.objects.create(owner=owner)
            locked.save(update_fields=["record"])
    car.record = locked.record
    return locked.record


def record_for_vin(vin: str) -> HealthRecord:
    """The record of a VIN (validated and normalised by the caller); made, without an owner, if there is none."""
    found = HealthRecord.objects.filter(vin=vin).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return HealthRecord.objects.create(vin=vin)
    except IntegrityError:  # two shops at once
        return HealthRecord.objects.get(vin=vin)


def copy_reference(entry: HealthEntry) -> str:
    """The reference of the copy that `holding` makes of an entry when a car's own record joins its VIN's record."""
    return f"copy:{entry.public_id}"


def present_form(entry: HealthEntry) -> HealthEntry:
    """The entry itself, or its copy in the record that the car's own record has joined since."""
    copy = HealthEntry.objects.filter(reference=copy_reference(entry)).first()
    return present_form(copy) if copy else entry


@dataclass(frozen=True)
class OwnEntry:
    """What an owner says was done to the car before it came here, or elsewhere."""

    occurred_on: date
    odometer_km: int | None
    items: tuple[KnownItem, ...]
    shop_name: str = ""
    total_fen: int | None = None
    note: str = ""
    photo_hashes: tuple[str, ...] = ()


def add_own_entry(*, car: Car, own: OwnEntry, by: User, at: datetime, reference: str = "") -> HealthEntry:
    """Write down what the owner says was done; marked as the owner's word for every reader.

    Raises InvalidInput with the field named: a date in the future or before the car was delivered, no item, an
    odometer that cannot be. An odometer that merely does not fit the others is taken, and questioned where it is shown.
    """
    _check_own(own, car=car, today=timezone.localdate(at))
    facts = _own_facts(own, vin=car.vin, kind="owner", corrects=None)
    return append(
        record=record_of(car),
        facts=facts,
        private=_own_private(own),
        source=EntrySource.OWNER,
        holder=by,
        at=at,
        reference=reference,
    )


def correct_own_entry(*, entry: HealthEntry, car: Car, own: OwnEntry, by: User, at: datetime) -> HealthEntry:
    """Correct what the owner wrote: a new entry says what is right and points at the old one, which stays.

    Raises what `add_own_entry` raises, and NotCorrectableError.
    """
    _check_own(own, car=car, today=timezone.localdate(at))
    facts = _own_facts(own, vin=car.vin, kind="correction", corrects=entry.sequence)
    return correct(entry=entry, facts=facts, private=_own_private(own), holder=by, at=at)


@transaction.atomic
def correct(
    *,
    entry: HealthEntry,
    facts: Mapping[str, Any],
    private: Mapping[str, Any] | None,
    holder: User | None,
    at: datetime,
    reference: str = "",
) -> HealthEntry:
    """Append the whole of what is right instead of `entry`, whose number `facts["corrects"]` must be.

    An entry can be corrected again; the newest correction counts. Raises NotCorrectableError if somebody else wrote the
    entry (another shop, or not a shop) or if it is a correction itself, ShapeError as `append`.
    """
    entry = present_form(entry)
    record = HealthRecord.objects.select_for_update().get(pk=entry.record_id)
    if reference and (known := HealthEntry.objects.filter(reference=reference).first()):
        return known
    if entry.source == EntrySource.CORRECTION:
        raise NotCorrectableError(_("This is a correction. Correct the entry that it points at."))
    shop = facts.get("shop")
    if (shop["slug"] if isinstance(shop, dict) and shop.get("slug") else "") != entry.shop_slug:
        raise NotCorrectableError(_("Only who wrote an entry can correct it."))
    if facts.get("kind") != "correction" or facts.get("corrects") != entry.sequence:
        raise shape.ShapeError("facts.corrects", _("must be the number of the entry"))
    return append(
        record=record,
        facts=facts,
        private=private,
        source=EntrySource.CORRECTION,
        holder=holder,
        at=at,
        reference=reference,
    )


@transaction.atomic
def set_complete_since_new(*, record: HealthRecord, is_complete: bool, at: datetime) -> HealthRecord:
    """Keep the owner's statement that nothing is missing since the car was new, or its withdrawal. Emits `car.changed`
    for the car in a garage."""
    locked = HealthRecord.objects.select_for_update().get(pk=record.pk)
    locked.complete_since_new = is_complete
    locked.save(update_fields=["complete_since_new"])
    record.complete_since_new = is_complete
    events.record_changed(locked, at=at)
    return locked


def _check_own(own: OwnEntry, *, car: Car, today: date) -> None:
    if own.occurred_on > today:
        raise InvalidInput(_("This day has not come yet."), field="occurred_on")
    if own.occurred_on.year < EARLIEST_YEAR:
        raise InvalidInput(_("Entries go back to %(year)d.") % {"year": EARLIEST_YEAR}, field="occurred_on")
    if car.delivered_on and own.occurred_on < car.delivered_on:
        raise InvalidInput(
            _("The car was first registered on %(date)s, after this day.") % {"date": car.delivered_on.isoformat()},
            field="occurred_on",
        )
    if car.model_year and own.occurred_on.year < car.model_year - 1:
        raise InvalidInput(_("The car was not built yet on this day."), field="occurred_on")
    if own.odometer_km is not None and not 0 <= own.odometer_km <= MAX_ODOMETER_KM:
        raise InvalidInput(
            _("An odometer shows between 0 and %(limit)s km.") % {"limit": f"{MAX_ODOMETER_KM:,}"}, field="odometer_km"
        )
    if not own.items:
        raise InvalidInput(_("Say what was done."), field="items")


def _own_facts(own: OwnEntry, *, vin: str, kind: str, corrects: int | None) -> dict[str, Any]:
    return {
        "v": shape.VERSION,
        "kind": kind,
        "date": own.occurred_on.isoformat(),
        "odometer_km": own.odometer_km,
        "vin": vin,
        "shop": None,
        "number": "",
        "checked_in_on": "",
        "settled_on": "",
        "items": [_own_item(item) for item in own.items],
        "measurements": [],
        "fault_codes": [],
        "photos": [{"sha256": sha256, "kind": "receipt"} for sha256 in own.photo_hashes],
        "corrects": corrects,
    }


def _own_item(item: KnownItem) -> dict[str, Any]:
    return {
        "service": item.key,
        "measure": "",
        "name_zh": item.name_zh,
        "name_en": item.name_en,
        "outcome": "done",
        "labour_minutes": 0,
        "parts": [],
        "warranty": None,
        "advice": "",
    }


def _own_private(own: OwnEntry) -> dict[str, Any]:
    """The shop's name is the owner's word about somebody else: it does not go to buyers as a fact."""
    note = "\n".join(part for part in (own.shop_name, own.note) if part)
    return {"note": note, "total_fen": own.total_fen}
