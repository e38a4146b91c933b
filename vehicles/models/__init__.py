"""Cars: what there are (`catalogue`), whose they are (`cars`), and what was done to them (`record`)."""

from vehicles.limits import MAX_ODOMETER_KM
from vehicles.models.cars import Car, EngineReading, OdometerReading
from vehicles.models.catalogue import CarModel, Make, Variant, Wmi
from vehicles.models.record import HealthEntry, HealthRecord, RecordDocument, RecordGrant, RecordLink, RecordTransfer

__all__ = [
    "MAX_ODOMETER_KM",
    "Car",
    "CarModel",
    "EngineReading",
    "HealthEntry",
    "HealthRecord",
    "Make",
    "OdometerReading",
    "RecordDocument",
    "RecordGrant",
    "RecordLink",
    "RecordTransfer",
    "Variant",
    "Wmi",
]
