"""Alarms: what a person has to look at. Raised by money's own code, closed by a person who says what they found."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import outbox
from core.errors import InvalidInput
from payments.choices import AlarmKind
from payments.models import Alarm

logger = logging.getLogger(__name__)


def raise_alarm(*, kind: AlarmKind, key: str, at: datetime, data: Mapping[str, Any] | None = None) -> Alarm:
    """Raise an alarm in the caller's transaction; the same open one counts up. Side effects: log line and, when it is
    new, outbox `money.alarm`."""
    with connection.cursor() as cursor:
        alarm = Alarm(kind=kind, key=key[:120], data=dict(data or {}), raised_at=at, seen_at=at)
        values = [alarm.kind, alarm.key, alarm._meta.get_field("data").get_db_prep_save(alarm.data, connection), at, at]
        cursor.execute(_RAISE, values)
        alarm.pk, alarm.times = cursor.fetchone()
    alarm._state.adding = False
    logger.error("money alarm: %s %s %s", kind, key, alarm.data)
    if alarm.times == 1:
        outbox.emit(topic="money.alarm", key=str(alarm.pk), at=at)
    return alarm


_RAISE = """
INSERT INTO payments_alarm (kind, key, data, raised_at, seen_at, times, note)
VALUES (%s, %s, %s, %s, %s, 1, '')
ON CONFLICT (kind, key) WHERE resolved_at IS NULL
DO UPDATE SET times = payments_alarm.times + 1, seen_at = excluded.seen_at, data = excluded.data
RETURNING id, times
"""


@transaction.atomic
def resolve(*, alarm: Alarm, by: User, note: str, at: datetime) -> Alarm:
    """Close an alarm with what was found. Closed twice is closed once. Raises InvalidInput without a note."""
    if not note.strip():
        raise InvalidInput(_("Say what you found."), field="note")
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if alarm.resolved_at is None:
        alarm.resolved_at, alarm.resolved_by, alarm.note = at, by, note.strip()
        alarm.save(update_fields=["resolved_at", "resolved_by", "note"])
    return alarm


@transaction.atomic
def settle_by_itself(*, kind: AlarmKind, key: str, note: str, at: datetime) -> None:
    """Close an alarm whose cause has gone, if it is open."""
    Alarm.objects.filter(kind=kind, key=key[:120], resolved_at__isnull=True).update(resolved_at=at, note=note)
