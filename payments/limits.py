"""How often one person may try a coupon code, or start a payment (rates: ACCOUNT_RATE_LIMITS)."""

import logging

from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from core.errors import Refusal

logger = logging.getLogger(__name__)


class TooOftenError(Refusal):
    """A limit is reached; waiting helps."""

    code = "too_many_requests"
    status = 429
    message = _("Too many attempts. Please wait a little and try again.")


def count(request: HttpRequest, action: str) -> None:
    """Count one `coupon` or `pay` of the signed-in person. Raises TooOftenError. Without a cache nobody is refused."""
    try:
        allowed = ratelimit.consume(request, action=action)
    except RedisError:
        logger.warning("%s is not limited: no cache", action)
        return
    if not allowed:
        raise TooOftenError
