"""Telling the platform's people about a new alarm: one e-mail each, once."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from core import outbox
from core.models import OutboxEvent
from notifications.choices import Channel
from notifications.delivery import send_template
from payments.models import Alarm


def connect() -> None:
    """Subscribe to new alarms; called once when the app is ready."""
    outbox.subscribe("money.alarm")(tell_admins)


def tell_admins(event: OutboxEvent) -> None:
    """Write to every platform admin who has an e-mail address about an alarm that is still open."""
    alarm = Alarm.objects.filter(pk=int(event.key), resolved_at__isnull=True).first()
    if alarm is None:
        return
    admins = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), is_active=True)
    link = f"{settings.SITE_URL.rstrip('/')}{reverse('platform_money:alarms')}"
    for admin in admins.exclude(email=None).exclude(email="").order_by("pk"):
        language = admin.language or settings.LANGUAGE_CODE
        with translation.override(language):
            context = {"kind": alarm.get_kind_display(), "key": alarm.key, "link": link}
        send_template(
            channel=Channel.EMAIL,
            kind="payments/alarm",
            recipient=admin.email or "",
            context=context,
            language=language,
        )
