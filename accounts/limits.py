"""Limits per contact and per network address, counted in the cache (rates: ACCOUNT_RATE_LIMITS)."""

from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from core.errors import Refusal


class TooMany(Refusal):
    """A limit is reached; waiting helps."""

    code = "too_many_requests"
    status = 429
    message = _("Too many attempts. Please wait a little and try again.")


class Unavailable(Refusal):
    """A server behind us does not answer. Nothing was changed or lost."""

    code = "unavailable"
    status = 503
    message = _("Signing in does not work right now. Nothing was lost; please try again in a minute.")


def consume(request: HttpRequest, *, action: str, key: str, message: str | Promise | None = None) -> None:
    """Count one `action` for `key` and for the client's address. Raises TooMany, or Unavailable without a cache."""
    try:
        allowed = ratelimit.consume(request, action=action, key=key)
    except RedisError as error:
        raise Unavailable from error
    if not allowed:
        raise TooMany(message)
