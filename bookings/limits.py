"""How many slots one network address may hold in a while (rate: ACCOUNT_RATE_LIMITS["hold"])."""

import logging

from allauth.core import ratelimit
from django.http import HttpRequest
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def may_hold(request: HttpRequest) -> bool:
    """Count one attempt to hold a slot; False once the address had enough. Without a cache nobody is refused."""
    try:
        return bool(ratelimit.consume(request, action="hold"))
    except RedisError:
        logger.warning("holds are not limited: no cache")
        return True
