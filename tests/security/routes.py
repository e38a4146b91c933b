"""Every address of the site, read from the URL resolver, so that a new route is attacked from the day it exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True)
class Route:
    """One pattern: its path with `<…>` parameters, and its name with namespace."""

    path: str
    name: str

    @property
    def parameters(self) -> list[str]:
        return [name for _kind, name in _PARAMETER.findall(self.path)]

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def is_admin(self) -> bool:
        return self.path.startswith("/admin/")

    def filled(self, values: Mapping[str, Any]) -> str:
        """The path with each parameter filled, by `<name> <parameter>`, `<namespace>: <parameter>` or its name."""

        def value(match: re.Match[str]) -> str:
            own = f"{self.name} {match[2]}"
            spaced = f"{self.name.partition(':')[0]}: {match[2]}"
            return str(next((values[key] for key in (own, spaced, match[2]) if key in values), "1"))

        return _PARAMETER.sub(value, self.path)

    def filled_with(self, text: str) -> str:
        """The path with the same text, already quoted, in every parameter."""
        return _PARAMETER.sub(lambda _match: text, self.path)


def every_route() -> list[Route]:
    """Every route that is no regular expression (those are the admin's catch-all and old admin addresses)."""
    return list(_walk(get_resolver().url_patterns, "/", ""))


def _walk(patterns: Any, prefix: str, namespace: str) -> Iterator[Route]:
    for pattern in patterns:
        if isinstance(pattern.pattern, RegexPattern):
            continue
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern):
            yield Route(path, f"{namespace}{pattern.name or ''}")
