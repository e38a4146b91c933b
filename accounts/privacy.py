"""A person's data, given out and erased. Each app says what it keeps about a person and how it lets go of it.

    privacy.register("cars", export=cars_of, erase=forget_cars)   # in the app's AppConfig.ready()

`export(user)` returns something that JSON can hold. `erase(user, at)` runs inside the erasing transaction, removes or
anonymises personal data, keeps what the law or the trade needs (visits, bills), and may raise a `core.errors.Refusal`
to stop the erasure (for example while a visit is under way).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User

Export = Callable[[User], Any]
Erase = Callable[[User, datetime], None]


@dataclass(frozen=True)
class Keeper:
    """What one app knows of a person."""

    export: Export
    erase: Erase


_keepers: dict[str, Keeper] = {}


def register(name: str, *, export: Export, erase: Erase) -> None:
    """Add a section `name` to the export and a step to the erasure. Registering a name again replaces it."""
    _keepers[name] = Keeper(export=export, erase=erase)


def keepers() -> dict[str, Keeper]:
    """Every registered keeper by name, last registered (highest app) first."""
    return dict(reversed(_keepers.items()))
