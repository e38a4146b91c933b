"""A provider's day: in its own zone, which its bill is cut by."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from payments.choices import ProviderKey

# Alipay, WeChat Pay and the sandbox cut their bills at midnight in China, Stripe at midnight UTC (their documentation).
_CHINA = ZoneInfo("Asia/Shanghai")
_ZONES: dict[str, tzinfo] = {ProviderKey.STRIPE: UTC}

# A movement this close to midnight may stand on the neighbouring day's bill: clocks differ, and so does what a provider
# takes for the moment of payment. An hour is far more than was ever seen; two are safe.
NEAR_MIDNIGHT = timedelta(hours=2)


def zone_of(provider: str) -> tzinfo:
    """The zone in which the provider cuts its bills."""
    return _ZONES.get(provider, _CHINA)


def day_at(provider: str, at: datetime) -> date:
    """The provider's day at an instant."""
    return at.astimezone(zone_of(provider)).date()


def bounds(provider: str, day: date) -> tuple[datetime, datetime]:
    """The first instant of the day, and the first of the next."""
    zone = zone_of(provider)
    return (
        datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC),
        datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC),
    )
