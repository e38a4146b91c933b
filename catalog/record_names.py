"""What the health record calls services and check points: the record stands below the catalogue and asks for names."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.choices import Direction, PointKind
from catalog.models import CheckPoint, Service
from vehicles.record import known_items, known_points
from vehicles.record.known_items import KnownItem
from vehicles.record.known_points import KnownPoint

# Under which filter of the record a service stands, by the beginning of its key.
TOPICS = {"minor_service": "oil", "major_service": "oil", "brake_": "brakes", "tyre_": "tyres", "wheel_": "tyres"}


def register() -> None:
    """Let the record ask for names. Called once, when the apps are ready."""
    known_items.register(services)
    known_points.register(points)


def services() -> Iterator[KnownItem]:
    """Every service that can be picked. One query."""
    for service in Service.objects.listed():
        topic = next((topic for start, topic in TOPICS.items() if service.key.startswith(start)), "")
        yield KnownItem(service.key, service.name_zh, service.name_en, topic, frozenset(service.powertrains))


def points() -> Iterator[KnownPoint]:
    """Every check point with its limits; a limit that is stamped on the part is not known here. One query."""
    for point in CheckPoint.objects.all():
        has_limits = point.limit_from_id is None and point.kind != PointKind.DATE
        yield KnownPoint(
            key=point.key,
            name_zh=point.name_zh,
            name_en=point.name_en,
            group=point.group,
            group_zh=point.group_zh,
            group_en=point.group_en,
            is_low_bad=point.direction == Direction.LOW_IS_BAD,
            red_at=point.red_at if has_limits else None,
            yellow_at=point.yellow_at if has_limits else None,
            new_value=point.new_value,
            is_measured=point.kind == PointKind.MEASURE,
        )
