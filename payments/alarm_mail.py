"""Telling the platform's people about a new alarm, each of them once."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from core import outbox
from core.models import OutboxEvent
from notifications import keys, telling
from notifications.telling import Word
from payments.message_kinds import ALARM
from payments.models import Alarm


def connect() -> None:
    """Subscribe to new alarms; called once when the app is ready."""
    outbox.subscribe("money.alarm")(tell_admins)


def tell_admins(event: OutboxEvent) -> None:
    """Tell every platform admin about an alarm that is still open."""
    alarm = Alarm.objects.filter(pk=int(event.key), resolved_at__isnull=True).first()
    if alarm is None:
        return
    path = reverse("platform_money:alarms")
    admins = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), is_active=True)
    words = [
        Word(
            kind=ALARM,
            key=keys.make(ALARM, event.key, admin.pk),
            to=admin,
            context=partial(_facts, alarm, path),
            path=path,
        )
        for admin in admins.order_by("pk")
    ]
    telling.tell_all(words, at=timezone.now())


def _facts(alarm: Alarm, path: str) -> dict[str, str]:
    return {"kind": alarm.get_kind_display(), "key": alarm.key, "link": settings.SITE_URL.rstrip("/") + path}
