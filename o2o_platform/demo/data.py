"""The demo city's fixture files, and a source of chance that gives the same city on every machine."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

from vehicles import fixtures

DATA = Path(__file__).resolve().parent.parent.parent / "shops" / "data"


@cache
def read(name: str) -> list[dict[str, Any]]:
    """The entries of one fixture file of `shops/data/`."""
    return fixtures.read(DATA / f"{name}.yaml")


@cache
def people(group: str) -> dict[str, Any]:
    """One group of `demo_people.yaml`: technicians, customers or sign_ins."""
    return next(entry for entry in read("demo_people") if entry["group"] == group)


def chance(*what: object) -> random.Random:
    """A generator that always does the same for the same `what`; not for secrets."""
    return random.Random(" ".join(map(str, what)))  # noqa: S311
