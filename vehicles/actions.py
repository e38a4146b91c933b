"""Every write to cars: the garage, odometer readings, and the text that typing is matched against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from core.errors import Conflict, InvalidInput
from vehicles import events, garage, plates, vin
from vehicles.choices import PLUG_INS, OdometerSource, Powertrain
from vehicles.models import MAX_ODOMETER_KM, Car, EngineReading, OdometerReading, Variant, Wmi
from vehicles.record import holding

OLDEST_MODEL_YEAR = 1980
# Nobody drives further than this day after day: more is a mistyped digit (product decision; taxis do about 500).
MAX_KM_PER_DAY = 1_000
READ_TOGETHER = timedelta(days=1)  # odometer and combustion kilometres are read at one time (product decision)

# What owners type for a powertrain, beside the variant's own name.
_POWERTRAIN_WORDS = {
    Powertrain.ICE: "燃油 汽油 油车 petrol ice",
    Powertrain.HEV: "混动 双擎 油电混合 hybrid hev",
    Powertrain.PHEV: "插混 插电混动 混动 新能源 plug-in hybrid phev dm-i dmi",
    Powertrain.EREV: "增程 增程式 新能源 range extender erev",
    Powertrain.BEV: "纯电 电动 电车 新能源 electric ev bev",
}


class UnlikelyReadingError(Conflict):
    """The reading does not follow the one before it: it is taken from somebody who looked again and says so."""


class OdometerDecreasedError(UnlikelyReadingError):
    """The reading is below the last one: one of the two is wrong."""

    code = "odometer_decreased"


class OdometerImplausibleError(UnlikelyReadingError):
    """The reading is further from the last one than anybody drives in that time."""

    code = "odometer_implausible"


class NotAPlugInError(Conflict):
    """Only a car with an engine and a plug has combustion kilometres of its own."""

    code = "not_a_plug_in"
    message = gettext_lazy("Only plug-in hybrids and range extenders count combustion kilometres.")


class EngineDecreasedError(UnlikelyReadingError):
    """The combustion kilometres cannot follow the reading before: one of the two is wrong."""

    code = "engine_km_decreased"


class PlateTakenError(Conflict):
    code = "plate_taken"


class CarGoneError(Conflict):
    """The car has left the garage while its page was open: removed, or handed over."""

    code = "car_gone"
    message = gettext_lazy("This car is not in your garage any more. Nothing was changed.")


@dataclass(frozen=True)
class CarDetails:
    """What an owner says about a car, as typed. Plate and VIN may be empty, the year unknown."""

    plate: str = ""
    vin: str = ""
    model_year: int | None = None
    nickname: str = ""
    delivered_on: date | None = None


@transaction.atomic
def add_car(*, owner: User, variant: Variant, details: CarDetails, at: datetime, odometer_km: int | None = None) -> Car:
    """Put a car into the owner's garage, with its first odometer reading if one is given (read at `at`).

    It holds the record of its VIN (`record.holding`). Emits `car.changed`. Raises GarageFullError, PlateTakenError,
    VinTakenError, InvalidInput (PlateError and VinError among it) with the field named.
    """
    # Two clicks at once must not add the same plate twice. The order of locks is said in `record.transfers`.
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    garage.check_room(owner)
    car = Car(owner=owner, variant=variant)
    _apply(car, details=details, at=at)
    car.save()
    if odometer_km is not None:
        record_odometer(car=car, km=odometer_km, by=owner, source=OdometerSource.OWNER, at=at)
    else:
        events.car_changed(car, at=at)
    return car


@transaction.atomic
def edit_car(*, car: Car, variant: Variant, details: CarDetails, at: datetime) -> Car:
    """Correct what a car is. Emits `car.changed`. Raises what `add_car` raises, and VinFixedError. The odometer has its
    own action."""
    User.objects.select_for_update(no_key=True).get(pk=car.owner_id)
    car = Car.objects.select_for_update().get(pk=car.pk)
    if car.removed_at is not None:
        raise CarGoneError
    car.variant = variant
    _apply(car, details=details, at=at)
    car.save(update_fields=["variant", "plate", "vin", "model_year", "nickname", "delivered_on", "record"])
    events.car_changed(car, at=at)
    return car


@transaction.atomic
def remove_car(*, car: Car, at: datetime) -> Car:
    """Take a car out of the garage. The row stays: visits point at it. Doing it twice changes nothing.

    Its record belongs to nobody then, and nobody can read it until its VIN is in a garage again. Emits `car.changed`.
    """
    car = Car.objects.select_for_update().get(pk=car.pk)
    if car.removed_at is None:
        car.removed_at = at
        car.save(update_fields=["removed_at"])
        holding.release(car=car, at=at)
        events.car_changed(car, at=at)
    return car


@transaction.atomic
def record_odometer(
    *, car: Car, km: int, by: User | None, source: OdometerSource, at: datetime, is_correction: bool = False
) -> OdometerReading:
    """Write down what the odometer showed at `at` and make it the car's latest reading; updates `car` as well.

    A correction may be lower than the last reading or far above it: somebody looked again and says so. Emits
    `car.changed` while the car is in a garage. Raises InvalidInput for an impossible number, OdometerDecreasedError or
    OdometerImplausibleError for an unlikely one.
    """
    if not 0 <= km <= MAX_ODOMETER_KM:
        raise InvalidInput(
            _("An odometer shows between 0 and %(limit)s km.") % {"limit": f"{MAX_ODOMETER_KM:,}"}, field="odometer_km"
        )
    locked = Car.objects.select_for_update().get(pk=car.pk)
    if locked.delivered_on is not None and timezone.localdate(at) < locked.delivered_on:
        raise InvalidInput(
            _("The car was first registered on %(date)s, after this day.") % {"date": locked.delivered_on.isoformat()},
            field="odometer_km",
        )
    note = ""
    if locked.odometer_km is not None and is_correction:
        note = _("Corrects %(km)s km") % {"km": f"{locked.odometer_km:,}"}
    elif locked.odometer_km is not None and locked.odometer_at is not None:
        _check_plausible(km, last_km=locked.odometer_km, last_at=locked.odometer_at, at=at)
    reading = OdometerReading.objects.create(car=locked, km=km, read_at=at, source=source, by=by, note=note)
    locked.odometer_km, locked.odometer_at = km, at
    locked.save(update_fields=["odometer_km", "odometer_at"])
    car.odometer_km, car.odometer_at = km, at
    if locked.removed_at is None:
        events.car_changed(locked, at=at)
    return reading


@transaction.atomic
def record_readings(
    *, car: Car, km: int, engine_km: int | None, by: User, at: datetime, is_correction: bool = False
) -> OdometerReading:
    """Write down what an owner read at one time: the odometer, and on a plug-in the combustion kilometres. Both or
    nothing. Raises what `record_odometer` and `record_engine_km` raise."""
    source = OdometerSource.OWNER
    reading = record_odometer(car=car, km=km, by=by, source=source, at=at, is_correction=is_correction)
    if engine_km is not None:
        record_engine_km(car=car, km=engine_km, by=by, at=at, is_correction=is_correction)
    return reading


@transaction.atomic
def record_engine_km(*, car: Car, km: int, by: User | None, at: datetime, is_correction: bool = False) -> EngineReading:
    """Write down the combustion kilometres that a plug-in's display showed at `at`, beside the odometer of that day.

    A correction takes the place of the reading before it and may be lower. Emits `car.changed` while the car is in a
    garage. Raises NotAPlugInError, and InvalidInput or EngineDecreasedError for a figure that cannot be.
    """
    locked = Car.objects.select_for_update(of=("self",)).select_related("variant").get(pk=car.pk)
    if locked.variant.powertrain not in PLUG_INS:
        raise NotAPlugInError(field="engine_km")
    last = locked.engine_readings.order_by("-read_at", "-pk").first()
    odometer_km = _check_engine_km(km, car=locked, last=None if is_correction else last, at=at)
    reading = EngineReading.objects.create(
        car=locked, km=km, odometer_km=odometer_km, read_at=at, by=by, is_correction=is_correction
    )
    if locked.removed_at is None:
        events.car_changed(locked, at=at)
    return reading


def _check_engine_km(km: int, *, car: Car, last: EngineReading | None, at: datetime) -> int:
    """What the odometer shows beside it; refuses what no display can show beside that."""
    if car.odometer_km is None or car.odometer_at is None or at - car.odometer_at > READ_TOGETHER:
        raise InvalidInput(_("Enter what the odometer shows as well: both are read together."), field="engine_km")
    if km < 0:
        raise InvalidInput(_("An odometer never shows less than 0 km."), field="engine_km")
    if km > car.odometer_km:
        raise InvalidInput(
            _("The engine cannot have driven more than the %(odometer)s km that the odometer shows.")
            % {"odometer": f"{car.odometer_km:,}"},
            field="engine_km",
        )
    if last is None:
        return car.odometer_km
    if km < last.km:
        raise EngineDecreasedError(
            _("The last combustion reading was %(last)s km. A reading cannot go down unless the last one was wrong.")
            % {"last": f"{last.km:,}"},
            field="engine_km",
        )
    if km - last.km > max(car.odometer_km - last.odometer_km, 0):
        raise EngineDecreasedError(
            _("That is %(more)s km more by the engine, but the car went %(all)s km. Was the last reading wrong?")
            % {"more": f"{km - last.km:,}", "all": f"{max(car.odometer_km - last.odometer_km, 0):,}"},
            field="engine_km",
        )
    return car.odometer_km


def is_plausible(km: int, *, last_km: int, since: timedelta) -> bool:
    """Whether a reading can follow the last one: not below it, and no more than anybody drives in that time."""
    return 0 <= km - last_km <= (max(since.days, 0) + 1) * MAX_KM_PER_DAY


def _check_plausible(km: int, *, last_km: int, last_at: datetime, at: datetime) -> None:
    if is_plausible(km, last_km=last_km, since=at - last_at):
        return
    if km < last_km:
        raise OdometerDecreasedError(
            _("The last reading was %(last)s km. A reading cannot go down unless the last one was wrong.")
            % {"last": f"{last_km:,}"},
            field="odometer_km",
        )
    days = (timezone.localdate(at) - timezone.localdate(last_at)).days
    text = (
        ngettext(
            "That is %(more)s km more than %(days)d day ago. Is there a digit too many?",
            "That is %(more)s km more than %(days)d days ago. Is there a digit too many?",
            days,
        )
        if days > 0
        else _("That is %(more)s km more than earlier on the same day. Is there a digit too many?")
    )
    raise OdometerImplausibleError(text % {"more": f"{km - last_km:,}", "days": days}, field="odometer_km")


def _apply(car: Car, *, details: CarDetails, at: datetime) -> None:
    """Check the owner's words and put them on the car, with the record of its VIN; does not save the car."""
    car.plate = plates.validate(details.plate) if details.plate.strip() else ""
    car.vin = vin.validate(details.vin) if details.vin.strip() else ""
    car.model_year = details.model_year
    car.nickname = details.nickname.strip()
    if details.model_year is not None and not OLDEST_MODEL_YEAR <= details.model_year <= at.year + 1:
        raise InvalidInput(
            _("A model year lies between %(first)d and %(last)d.") % {"first": OLDEST_MODEL_YEAR, "last": at.year + 1},
            field="model_year",
        )
    car.delivered_on = details.delivered_on
    _check_delivery(car, today=timezone.localdate(at))
    if car.vin:
        _check_maker(car)
    same_plate = Car.objects.filter(owner=car.owner_id, plate=car.plate, removed_at__isnull=True).exclude(pk=car.pk)
    if car.plate and same_plate.exists():
        raise PlateTakenError(
            _("%(plate)s is in your garage already.") % {"plate": plates.display(car.plate)}, field="plate"
        )
    car.record = holding.claim(owner=car.owner, vin=car.vin, own=car.record, at=at)


def _check_delivery(car: Car, *, today: date) -> None:
    """A car is registered no earlier than in the year before its model year, when its sale begins."""
    delivered = car.delivered_on
    if delivered is None:
        return
    if delivered > today:
        raise InvalidInput(_("The first registration cannot lie in the future."), field="delivered_on")
    first_year = (car.model_year or OLDEST_MODEL_YEAR) - 1
    if delivered.year < first_year:
        raise InvalidInput(
            _("A car of model year %(year)d was registered in %(first)d at the earliest.")
            % {"year": first_year + 1, "first": first_year},
            field="delivered_on",
        )


def _check_maker(car: Car) -> None:
    """Refuse a VIN whose builder is known and builds other makes only."""
    builders = list(Wmi.objects.filter(code=car.vin[:3]).select_related("make"))
    if builders and car.variant.model.make_id not in {wmi.make_id for wmi in builders}:
        raise vin.VinError(
            _("This VIN belongs to a car built by %(maker)s, not to a %(make)s.")
            % {"maker": builders[0].maker, "make": car.variant.model.make.name}
        )


def refresh_search_text(variants: Iterable[Variant] | None = None) -> int:
    """Bring `search_text` of the variants (all of them by default) up to date with names; return how many changed."""
    if variants is None:
        variants = Variant.objects.with_names()
    changed = []
    for variant in variants:
        text = _search_text(variant)
        if variant.search_text != text:
            variant.search_text = text
            changed.append(variant)
    Variant.objects.bulk_update(changed, ["search_text"])
    return len(changed)


def _search_text(variant: Variant) -> str:
    model, make = variant.model, variant.model.make
    parts = [
        *(make.name_zh, make.name_en, make.aliases),
        *(model.name_zh, model.name_en, model.aliases),
        *(variant.code, variant.engine, _POWERTRAIN_WORDS[Powertrain(variant.powertrain)]),
        # Chinese is typed without spaces: 大众朗逸1.4T
        f"{make.name_zh}{model.name_zh}{variant.code}",
    ]
    return " ".join(part for part in parts if part).lower()
