"""Look-ups that templates of the catalogue need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django import template

register = template.Library()
Found = TypeVar("Found")


@register.filter
def of(found: Mapping[int, Found], key: int) -> Found | None:
    """What a mapping by primary key has for this one."""
    return found.get(key)
