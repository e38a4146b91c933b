"""What measured points are called and when they are bad. The catalogue of check points stands above vehicles and
registers itself:

known_points.register(lambda: [KnownPoint("pad_front_left_inner", …), …])   # in AppConfig.ready()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language


@dataclass(frozen=True)
class KnownPoint:
    """A point that is measured. Of the points of one group the record shows the worst, under the group's name.

    `red_at` and `yellow_at` are the limits (None: not known); `new_value` is what a new part has. A point that is only
    looked at has `is_measured` False and no bar.
    """

    key: str
    name_zh: str
    name_en: str
    group: str = ""
    group_zh: str = ""
    group_en: str = ""
    is_low_bad: bool = True
    red_at: Decimal | None = None
    yellow_at: Decimal | None = None
    new_value: Decimal | None = None
    is_measured: bool = True

    @property
    def name(self) -> str:
        """The point's name in the reader's language."""
        return self.name_zh if _is_chinese() else self.name_en

    @property
    def group_name(self) -> str:
        """The group's name in the reader's language; the point's own where it is alone."""
        return (self.group_zh if _is_chinese() else self.group_en) or self.name


Provider = Callable[[], Iterable[KnownPoint]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Say what points there are. A provider is asked each time, so it may answer from the database."""
    _providers.append(provider)


def known() -> dict[str, KnownPoint]:
    """Every point by its key."""
    return {point.key: point for provider in _providers for point in provider()}


def name_of(key: str, points: dict[str, KnownPoint]) -> str:
    """The point's name, or its key as words where nobody knows it."""
    point = points.get(key)
    return point.name if point else key.replace("_", " ").capitalize()


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")
