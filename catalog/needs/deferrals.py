"""Work that owners put off, with when to bring it up again. Visits stand above the catalogue and register how it is
found:

deferrals.register(find)   # in AppConfig.ready(); one answer for many cars, by the car's primary key
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from catalog.needs.shape import Deferred
from vehicles.models import Car

Finder = Callable[[Collection[Car]], Mapping[int, Sequence[Deferred]]]
_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Say how deferred work is found. Registering replaces the finder before."""
    _finders[:] = [finder]


def find(cars: Collection[Car]) -> Mapping[int, Sequence[Deferred]]:
    """What the owners of these cars put off, by car; nothing while nobody has registered."""
    return _finders[0](cars) if _finders else {}
