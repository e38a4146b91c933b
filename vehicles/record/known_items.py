"""What an owner can pick when adding an entry. The catalogue of services stands above vehicles and registers itself:

known_items.register(lambda: [KnownItem("minor_service", "小保养", "Minor service"), …])   # in AppConfig.ready()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import get_language


@dataclass(frozen=True)
class KnownItem:
    """Something that can be done to a car. An empty key is something in the owner's own words.

    `topic` is under which filter of the record it stands: "oil", "brakes", "tyres" or none. `powertrains` are those it
    can be done on (`vehicles.choices.Powertrain`); none named: all.
    """

    key: str
    name_zh: str
    name_en: str
    topic: str = ""
    powertrains: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en

    def suits(self, powertrain: str) -> bool:
        """Whether it can be done on such a car: no oil service on a battery car."""
        return not self.powertrains or powertrain in self.powertrains


Provider = Callable[[], Iterable[KnownItem]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Add to what can be picked. A provider is asked each time, so it may answer from the database."""
    _providers.append(provider)


def known() -> list[KnownItem]:
    """All that can be picked, in the providers' order."""
    return [item for provider in _providers for item in provider()]
