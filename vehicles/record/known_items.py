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

    `topic` is under which filter of the record it stands: "oil", "brakes", "tyres" or none.
    """

    key: str
    name_zh: str
    name_en: str
    topic: str = ""

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


Provider = Callable[[], Iterable[KnownItem]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Add to what can be picked. A provider is asked each time, so it may answer from the database."""
    _providers.append(provider)


def known() -> list[KnownItem]:
    """All that can be picked, in the providers' order."""
    return [item for provider in _providers for item in provider()]
