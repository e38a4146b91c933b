"""Quiet hours: the wall clock of a person's own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from notifications.models.people import QUIET_FROM, QUIET_UNTIL, Preference


@dataclass(frozen=True, slots=True)
class Quiet:
    """From when to when a person is left alone; over midnight where it ends before it begins."""

    zone: str = ""
    start: time = QUIET_FROM
    end: time = QUIET_UNTIL

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone or settings.TIME_ZONE)

    def holds(self, at: datetime) -> bool:
        """Whether `at` lies in them: from the first minute, up to the last one excluded."""
        local = at.astimezone(self.zone_info).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def over(self, at: datetime) -> datetime:
        """The first moment (UTC) from `at` on at which the person may be written to."""
        if not self.holds(at):
            return at
        local = at.astimezone(self.zone_info)
        day = local.date() if local.time() < self.end else local.date() + timedelta(days=1)
        morning = datetime.combine(day, self.end, self.zone_info).astimezone(UTC)
        # Where the clocks go forward over the end itself, the wall shows it only an hour later.
        while self.holds(morning):
            morning += timedelta(minutes=15)
        return morning


def of(preference: Preference | None) -> Quiet:
    """What a person chose, else nine at night to nine in the morning in the platform's zone."""
    if preference is None:
        return Quiet()
    return Quiet(preference.zone, preference.quiet_from, preference.quiet_until)
