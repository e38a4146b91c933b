"""Shops that an owner can let read a record. Shops stand above vehicles and register how to find them:

known_shops.register(find)   # in AppConfig.ready(); find("申驰") and find by public ids and slugs
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.utils.translation import get_language


@dataclass(frozen=True)
class KnownShop:
    """A shop by its public id (`key`) and its address on the site (`slug`)."""

    key: str
    slug: str
    name_zh: str
    name_en: str

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


@dataclass(frozen=True)
class Query:
    """What is looked for: shops named like `text`, or those with one of the keys or slugs. At most `limit` of them."""

    text: str = ""
    keys: Collection[str] = ()
    slugs: Collection[str] = ()
    limit: int = 10


Finder = Callable[[Query], list[KnownShop]]
_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Say how shops are found. Registering replaces the finder before."""
    _finders[:] = [finder]


def find(query: Query) -> list[KnownShop]:
    """The shops that the query finds; none while nobody has registered."""
    return _finders[0](query) if _finders else []
