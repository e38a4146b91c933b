"""A record as rich as they come, for exports and pages: visits to three shops, own entries, doubts, corrections."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.factories.accounts import UserFactory
from tests.factories.records import NOW, OIL_SERVICE, SHOP, enter, facts, private
from tests.factories.vehicles import CarFactory
from vehicles.models import Car, HealthEntry
from vehicles.record import actions, known_points
from vehicles.record.actions import OwnEntry
from vehicles.record.known_items import KnownItem
from vehicles.record.known_points import KnownPoint

VIN = "LSVAM4187C2184847"
DEALER = SHOP | {"slug": "pujiang-vw", "name_zh": "浦江大众 4S · 龙华", "name_en": "Pujiang VW 4S, Longhua"}
TYRES = SHOP | {"slug": "laozhou", "name_zh": "老周轮胎", "name_en": "Lao Zhou Tyres"}
POINTS = [
    KnownPoint(
        key=f"pad_front_{side}_inner",
        name_zh="前刹车片",
        name_en=f"Brake pad front {side}, inner",
        group="pads_front",
        group_zh="前刹车片",
        group_en="Front pads",
        red_at=Decimal(3),
        yellow_at=Decimal(4),
        new_value=Decimal(12),
    )
    for side in ("left", "right")
] + [
    KnownPoint("tread_front_left", "左前轮胎花纹", "Tyre tread", red_at=Decimal("1.6"), yellow_at=Decimal(3)),
    KnownPoint(
        "brake_fluid_water",
        "制动液含水量",
        "Brake fluid water",
        is_low_bad=False,
        red_at=Decimal(3),
        yellow_at=Decimal(2),
        new_value=Decimal(0),
    ),
    KnownPoint("battery_rest", "蓄电池", "Battery", red_at=Decimal("12.0"), yellow_at=Decimal("12.4")),
]


def item(**changed: Any) -> dict[str, Any]:
    return OIL_SERVICE | changed


def rows(**values: str) -> list[dict[str, str]]:
    units = {"brake_fluid_water": "%", "battery_rest": "V"}
    tones = {"2.8": "red", "2.1": "yellow", "12.5": "green", "4.1": "green"}
    return [
        {"point": point, "value": value, "unit": units.get(point, "mm"), "tone": tones.get(value, "green")}
        for point, value in values.items()
    ]


def sample_record() -> tuple[Car, list[HealthEntry]]:
    """A Lavida of 2021 with six visits, an own entry with a mistyped odometer, and its correction."""
    car = CarFactory(
        owner=UserFactory(name="Lin"), vin=VIN, plate="沪AD8K21", model_year=2021, delivered_on=date(2020, 12, 20)
    )
    car.record = actions.record_for_vin(VIN)
    car.record.owner = car.owner
    car.record.save(update_fields=["owner"])
    car.save(update_fields=["record"])
    throttle = item(
        service="throttle_clean", name_zh="节气门清洗", name_en="Throttle cleaning", outcome="declined", parts=[]
    )
    filter_ = item(
        service="cabin_filter",
        name_zh="空调滤芯",
        name_en="Cabin filter",
        labour_minutes=6,
        parts=[{"name": "空调滤芯", "code": "5QD 819 653", "quantity": "1"}],
    )
    fluid = item(service="brake_fluid", name_zh="制动液", name_en="Brake fluid", labour_minutes=30)
    visits: list[dict[str, Any]] = [
        {"date": "2021-12-08", "odometer_km": 8_120, "shop": DEALER},
        {"date": "2022-10-02", "odometer_km": 16_700, "shop": DEALER, "items": [item(), filter_]},
        {"date": "2023-06-12", "odometer_km": 24_600, "shop": DEALER, "measurements": rows(battery_rest="12.7")},
        {"date": "2024-10-22", "odometer_km": 38_911, "shop": DEALER, "items": [item(), throttle]},
        {
            "date": "2025-04-19",
            "odometer_km": 43_704,
            "shop": TYRES,
            "items": [fluid],
            "measurements": rows(tread_front_left="4.1", brake_fluid_water="2.1"),
        },
        {
            "date": "2026-11-20",
            "items": [item(), filter_],
            "measurements": rows(pad_front_left_inner="2.8", pad_front_right_inner="4.1", battery_rest="12.5"),
            "fault_codes": ["P0300"],
        },
    ]
    entries = [enter(car, vin=VIN, **visit) for visit in visits]
    own = OwnEntry(
        occurred_on=date(2024, 2, 6),
        odometer_km=13_120,
        items=(KnownItem("minor_service", "小保养", "Oil service", "oil"),),
        shop_name="小区门口修车铺",
        total_fen=29_000,
    )
    typed = actions.add_own_entry(car=car, own=own, by=car.owner, at=NOW)
    right = OwnEntry(**{**vars(own), "odometer_km": 31_200})
    entries += [typed, actions.correct_own_entry(entry=typed, car=car, own=right, by=car.owner, at=NOW)]
    return car, entries


def know_points(monkeypatch: Any) -> None:
    """Say what the measured points are called, as the catalogue does."""
    monkeypatch.setattr(known_points, "_providers", [lambda: POINTS])


__all__ = ["POINTS", "VIN", "facts", "know_points", "private", "sample_record"]
