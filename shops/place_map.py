"""Pins and distance rings for `static/js/map.js`: plain data, useful without any tile server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Pin:
    """A shop on the map. `label` is what the pin shows (a price, a name), `title` what it means in full."""

    latitude: float
    longitude: float
    label: str
    title: str
    url: str = ""
    is_current: bool = False


def map_data(*, pins: Sequence[Pin], here: tuple[float, float] | None = None) -> dict[str, Any]:
    """What the map draws, ready for JSON: pins, the visitor's position (WGS-84) and the tile server, if one is set."""
    return {
        "pins": [asdict(pin) for pin in pins],
        "here": {"latitude": here[0], "longitude": here[1], "title": _("You are here")} if here else None,
        "tiles": settings.MAP_TILE_URL,
        "words": {"zoomIn": _("Zoom in"), "zoomOut": _("Zoom out")},
    }
