"""The shared cache, which a site must be able to live without."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import TimeoutError as NoAnswer

logger = logging.getLogger(__name__)

# How long not to ask a server that did not answer: each question could cost its whole time-out.
PAUSE_SECONDS = 5
# Until when not to ask, by server: Django makes a backend for each thread, and one thread's wait is enough.
_away_until: dict[str, float] = {}


class ForgivingRedisCache(RedisCache):
    """Redis; while it does not answer, the memory of this process.

    Only limits and throttles live in the cache. They go on counting, each process for itself: looser by the number of
    processes, but never gone, and no page fails. What was counted on one side is not known on the other.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache(f"instead of {server}", {**params, "OPTIONS": {}})
        self._server = server

    @property
    def is_away(self) -> bool:
        """Whether the server did not answer a moment ago."""
        return time.monotonic() < _away_until.get(self._server, 0.0)

    def _ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if not self.is_away:
            try:
                return getattr(RedisCache, name)(self, *args, **kwargs)
            except (NoConnection, NoAnswer) as error:
                logger.warning("cache: no answer (%s); counting in this process for now", type(error).__name__)
                _away_until[self._server] = time.monotonic() + PAUSE_SECONDS
        return getattr(self._own, name)(*args, **kwargs)


def _forgiving(name: str) -> Callable[..., Any]:
    def method(self: ForgivingRedisCache, *args: Any, **kwargs: Any) -> Any:
        return self._ask(name, *args, **kwargs)

    return method


for _name in (
    "add",
    "get",
    "set",
    "touch",
    "delete",
    "get_many",
    "has_key",
    "incr",
    "set_many",
    "delete_many",
    "clear",
):
    setattr(ForgivingRedisCache, _name, _forgiving(_name))
