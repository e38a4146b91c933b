"""The check-in sheet: the state of a car when it came, written down by the shop and confirmed by the owner.

The sheet can be written again until the owner has confirmed it. After that only the odometer can still be put right
(`workshop.correct_odometer`), and the owner confirms again. The record of a car follows the VIN: a VIN that is not the
booked car's is refused until somebody says that the customer brought another car, and then the visit lets the booked
car go, so that nothing enters a record where it does not belong. Plates move between cars and prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings import workshop
from bookings.actions import Actor, locked, record
from bookings.choices import IN_SHOP, ActorRole, DecisionWay, EventKind, PhotoKind, Status
from bookings.errors import WrongStatusError
from bookings.floor import photos, progress
from bookings.floor.photos import Shown
from bookings.models import Booking, CheckIn, VisitPhoto
from core.errors import Conflict, InvalidInput, NotAllowed
from core.photos import CleanPhoto
from shops.choices import Permission
from shops.models import ShopMember
from shops.rules import PERMISSIONS
from vehicles import actions as vehicle_actions
from vehicles import vin as vins
from vehicles.choices import OdometerSource, Powertrain
from vehicles.models import Car

WITH_TANK = frozenset({Powertrain.ICE, Powertrain.HEV, Powertrain.PHEV, Powertrain.EREV})
WITH_PLUG = frozenset({Powertrain.PHEV, Powertrain.EREV, Powertrain.BEV})
SHEET_PHOTOS = (PhotoKind.CONDITION, PhotoKind.DASHBOARD)
# An owner is asked on the phone for work, never for the state of a car that they do not see.
CONFIRMING = (DecisionWay.ACCOUNT, DecisionWay.LINK, DecisionWay.DEVICE)


SheetPhotos = Mapping[PhotoKind, Sequence[CleanPhoto]]


@dataclass(frozen=True, slots=True)
class WarningLight:
    """A light on the dashboard: what it is called, its icon, and whether it says stop (red) or have a look (amber)."""

    label: str | Promise
    icon: str
    tone: str = "warn"


# The lights that cars of every maker share (ISO 2575 symbols); keys are kept with the sheet.
WARNING_LIGHTS: dict[str, WarningLight] = {
    "engine": WarningLight(_("Engine"), "cog"),
    "oil_pressure": WarningLight(_("Oil pressure"), "droplet", "bad"),
    "coolant": WarningLight(_("Coolant temperature"), "thermometer", "bad"),
    "charging": WarningLight(_("12 V charging"), "battery-warning", "bad"),
    "brake": WarningLight(_("Brake"), "circle-alert", "bad"),
    "abs": WarningLight(_("ABS"), "disc-3"),
    "stability": WarningLight(_("Stability control"), "car"),
    "airbag": WarningLight(_("Airbag"), "life-buoy", "bad"),
    "tyre_pressure": WarningLight(_("Tyre pressure"), "circle-gauge"),
    "steering": WarningLight(_("Power steering"), "ship-wheel", "bad"),
    "lamp": WarningLight(_("Lamp failed"), "lightbulb"),
    "high_voltage": WarningLight(_("High-voltage system"), "zap", "bad"),
    "reduced_power": WarningLight(_("Reduced power"), "turtle"),
    "particle_filter": WarningLight(_("Exhaust filter"), "wind"),
    "service": WarningLight(_("Service due"), "wrench"),
    "other": WarningLight(_("Another light"), "triangle-alert"),
}


class SheetConfirmedError(Conflict):
    """The owner has confirmed the sheet: it stands as it is."""

    code = "sheet_confirmed"
    message = _("The owner has confirmed this sheet, so it stays as it is. Write what is new as a message.")


class SheetChangedError(Conflict):
    """The sheet was changed after it was shown. Nothing was confirmed."""

    code = "sheet_changed"
    message = _("The sheet was changed while it was shown. Nothing was confirmed: look at it again.")


class OtherCarError(Conflict):
    """The VIN that was read is not the booked car's."""

    code = "other_car"
    message = _(
        "This is another car: the VIN of the booked car is a different one. Read it again. If the customer brought "
        "another car, say so below."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the shop writes down. Levels in percent, None where they were not read; `warning_lights` are keys of
    `WARNING_LIGHTS`; `is_other_car`: the customer brought another car than the booked one."""

    odometer_km: int
    odometer_note: str = ""
    plate: str = ""
    vin: str = ""
    is_other_car: bool = False
    fuel_percent: int | None = None
    charge_percent: int | None = None
    warning_lights: Sequence[str] = ()
    condition: str = ""
    belongings: str = ""
    owner_words: str = ""
    photos: SheetPhotos = field(default_factory=dict)


_WRITTEN = ("fuel_percent", "charge_percent", "warning_lights", "condition", "belongings", "owner_words")


@transaction.atomic
def write_sheet(*, booking: Booking, sheet: Sheet, by: User, at: datetime) -> CheckIn:
    """Receive the car with its sheet, or write the sheet again until the owner has confirmed it.

    Raises what `workshop.check_in` and `workshop.correct_odometer` raise, VinError, OtherCarError, InvalidInput,
    SheetConfirmedError, TooManyPhotosError, and WrongStatusError once work has begun. Side effects: those of the
    check-in or of a corrected odometer; new photos of a sheet that was there are the event and outbox `booking.photos`.
    """
    booking = locked(booking)
    _check(sheet)
    is_new = booking.status == Status.CONFIRMED
    if not is_new:
        _check_open(booking)
    vin_before = booking.vin
    has_new_car = _identify(booking, sheet, at=at)
    if is_new:
        note, plate = sheet.odometer_note, sheet.plate
        km = sheet.odometer_km
        booking = workshop.check_in(booking=booking, odometer_km=km, by=by, at=at, plate=plate, odometer_note=note)
    else:
        has_new_vin = booking.vin not in ("", vin_before)
        booking = _correct(booking, sheet, by=by, at=at, has_new_car=has_new_car, has_new_vin=has_new_vin)
    row, _is_made = CheckIn.objects.get_or_create(booking=booking, defaults={"recorded_at": at, "recorded_by": by})
    for name in _WRITTEN:
        setattr(row, name, getattr(sheet, name))
    row.warning_lights = [key for key in WARNING_LIGHTS if key in sheet.warning_lights]
    row.recorded_at = at  # who read the odometer stays: somebody else has to look at a doubtful one
    row.save(update_fields=["recorded_at", *_WRITTEN])
    if _keep_photos(booking, sheet.photos, by=by, at=at) and not is_new:
        _tell_of_photos(booking, sheet.photos, by=by, at=at)
    return row


@transaction.atomic
def add_photos(*, booking: Booking, added: SheetPhotos, by: User, at: datetime) -> list[VisitPhoto]:
    """Keep more photos with a sheet that the owner has not confirmed.

    Raises SheetConfirmedError, WrongStatusError, InvalidInput, TooManyPhotosError. Side effects: event and outbox
    `booking.photos`.
    """
    booking = locked(booking)
    _check_photos(added)
    _check_open(booking)
    kept = _keep_photos(booking, added, by=by, at=at)
    CheckIn.objects.filter(booking=booking).update(recorded_at=at)  # another version: it shows more now
    progress.touch(booking)
    _tell_of_photos(booking, added, by=by, at=at)
    return kept


def sheet_of(booking: Booking) -> CheckIn | None:
    """The visit's sheet with who wrote it, None before check-in. One query."""
    rows = CheckIn.objects.select_related("recorded_by", "odometer_second_by")
    return rows.filter(booking=booking).first()


def version(booking: Booking, row: CheckIn) -> str:
    """What a page that shows the sheet sends back with the confirmation, so that nobody confirms what they have not
    seen."""
    return f"{row.recorded_at.timestamp():.6f}-{booking.odometer_km}"


@transaction.atomic
def confirm(*, booking: Booking, way: DecisionWay, by: User | None, at: datetime, seen: str = "") -> CheckIn:
    """The owner confirms the state of the car. Twice is once.

    `by`: the owner who is signed in (ACCOUNT), nobody (LINK), or whose account the shop's device is signed in with
    (DEVICE). `seen` is the `version` that was shown. In a shop where nobody else could look at a doubtful odometer, an
    owner with an account who confirms (ACCOUNT, LINK) is the second person. Raises NotAllowed, InvalidInput for another
    way, SheetChangedError, WrongStatusError without a sheet or after handover. Side effects: event and outbox
    `booking.car_state_confirmed`, perhaps `booking.odometer_confirmed`.
    """
    booking = locked(booking)
    row = CheckIn.objects.select_for_update(of=("self",)).filter(booking=booking).first()
    if row is None or booking.status not in IN_SHOP:
        raise WrongStatusError
    _check_way(booking, way, by)
    if row.confirmed_at is not None:
        return row
    if seen and seen != version(booking, row):
        raise SheetChangedError
    row.confirmed_at, row.confirmed_way, row.confirmed_by = at, way, by
    row.save(update_fields=["confirmed_at", "confirmed_way", "confirmed_by"])
    progress.touch(booking)
    # On the shop's device nobody is signed in as the owner; whose device it was is kept with the event.
    data = {"way": way.value} | ({"device_of": by.pk} if by is not None and way == DecisionWay.DEVICE else {})
    actor = Actor(ActorRole.OWNER, by if way == DecisionWay.ACCOUNT else None)
    record(booking=booking, kind=EventKind.CAR_STATE_CONFIRMED, by=actor, at=at, data=data)
    if way != DecisionWay.DEVICE and _needs_owners_eyes(booking, row):
        assert booking.owner is not None  # noqa: S101  (for the type checker)
        workshop.confirm_odometer(booking=booking, by=booking.owner, at=at, role=ActorRole.OWNER)
        row.refresh_from_db()
    return row


def others_who_can_look(booking: Booking, row: CheckIn) -> bool:
    """Whether somebody else of the shop could look at the odometer again. One query."""
    able = [role for role, rights in PERMISSIONS.items() if Permission.CHECK_IN in rights]
    members = ShopMember.objects.filter(shop=booking.shop_id, role__in=able)
    return members.exclude(user=row.recorded_by_id).exists()


def _needs_owners_eyes(booking: Booking, row: CheckIn) -> bool:
    if not row.is_odometer_questioned or booking.owner_id in (None, row.recorded_by_id):
        return False
    return not others_who_can_look(booking, row)


def _check_way(booking: Booking, way: DecisionWay, by: User | None) -> None:
    if way not in CONFIRMING:
        raise InvalidInput(_("The state of a car is confirmed by who sees it."), field="way")
    if way == DecisionWay.ACCOUNT and (by is None or by.pk != booking.owner_id):
        raise NotAllowed(_("Only the owner of the visit confirms the state of the car."))


def _check(sheet: Sheet) -> None:
    if unknown := [key for key in sheet.warning_lights if key not in WARNING_LIGHTS]:
        raise InvalidInput(_("There is no warning light “%s”.") % unknown[0][:30], field="warning_lights")
    for name in ("fuel_percent", "charge_percent"):
        level = getattr(sheet, name)
        if level is not None and not 0 <= level <= 100:
            raise InvalidInput(_("Enter a percentage between 0 and 100."), field=name)
    _check_photos(sheet.photos)


def _check_photos(added: SheetPhotos) -> None:
    if set(added) - set(SHEET_PHOTOS):
        raise InvalidInput(_("Photos of the condition or of the dashboard belong here."), field="photos")


def _check_open(booking: Booking) -> None:
    if booking.status != Status.CHECKED_IN:
        raise WrongStatusError
    if CheckIn.objects.filter(booking=booking, confirmed_at__isnull=False).exists():
        raise SheetConfirmedError


# --- Which car it is ----------------------------------------------------------------------------------


def _identify(booking: Booking, sheet: Sheet, *, at: datetime) -> bool:
    """Keep the VIN that was read, and let the visit have the car that it belongs to. Whether it has another one now."""
    read = vins.validate(sheet.vin) if sheet.vin else ""
    if read and not sheet.is_other_car and _is_another(booking, read):
        raise OtherCarError(field="vin")
    if sheet.is_other_car and read and booking.car is not None and read == booking.car.vin:
        raise InvalidInput(_("This is the VIN of the booked car."), field="is_other_car")
    car = _car_of(booking, read, is_other_car=sheet.is_other_car)
    before = booking.car
    booking.car, booking.vin = car, read or ("" if sheet.is_other_car else booking.vin)
    booking.save(update_fields=["car", "vin"])
    if before is None or before == car:
        return car != before
    _take_back_reading(booking, before, at=at)
    # What was doubtful of the booked car says nothing of this one.
    rows = CheckIn.objects.filter(booking=booking)
    rows.update(odometer_reason="", odometer_second_by=None, odometer_second_at=None)
    return car is not None


def _is_another(booking: Booking, read: str) -> bool:
    if booking.car is not None and booking.car.vin:
        return read != booking.car.vin
    makes = vins.decode(read, this_year=booking.starts_at.year).makes
    return bool(makes) and booking.variant.model.make not in makes


def _car_of(booking: Booking, read: str, *, is_other_car: bool) -> Car | None:
    """The car that the visit is about: the booked one, or the one of the owner's garage that has the VIN read."""
    if booking.car is not None and not is_other_car:
        return booking.car
    if not read or booking.owner_id is None:
        return None
    found = Car.objects.filter(owner=booking.owner_id, vin=read, removed_at__isnull=True)
    return (found if is_other_car else found.filter(variant=booking.variant_id)).order_by("pk").first()


def _take_back_reading(booking: Booking, car: Car, *, at: datetime) -> None:
    """A reading of this visit that joined a car which was not here is followed by a correction to the one before. A
    first reading stays: there is nothing to go back to, and readings are never removed."""
    readings, came_at = car.readings.order_by("-read_at", "-pk"), booking.checked_in_at
    if came_at is None or not readings.filter(source=OdometerSource.CHECK_IN, read_at=came_at).exists():
        return
    before = readings.filter(read_at__lt=came_at).first()
    if before is not None:
        vehicle_actions.record_odometer(
            car=car, km=before.km, by=None, source=OdometerSource.CHECK_IN, at=at, is_correction=True
        )


def _correct(
    booking: Booking, sheet: Sheet, *, by: User, at: datetime, has_new_car: bool, has_new_vin: bool
) -> Booking:
    km, note = sheet.odometer_km, sheet.odometer_note
    if km != booking.odometer_km or has_new_car:
        booking = workshop.correct_odometer(booking=booking, odometer_km=km, note=note, by=by, at=at)
    elif has_new_vin:
        booking = workshop.compare_odometer(booking=booking, by=by, at=at)
    booking.plate = sheet.plate or booking.plate
    booking.save(update_fields=["plate"])
    progress.touch(booking)
    return booking


def _keep_photos(booking: Booking, added: SheetPhotos, *, by: User, at: datetime) -> list[VisitPhoto]:
    return [
        one
        for kind, cleaned in added.items()
        for one in photos.attach(booking=booking, cleaned=cleaned, shown=Shown(kind), by=by, at=at)
    ]


def _tell_of_photos(booking: Booking, added: SheetPhotos, *, by: User, at: datetime) -> None:
    data = {"count": sum(map(len, added.values())), "of": "check_in"}
    record(booking=booking, kind=EventKind.PHOTOS, by=Actor(ActorRole.STAFF, by), at=at, data=data)
