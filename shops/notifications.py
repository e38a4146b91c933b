"""Sends invitations. The handler runs at least once for each event; one that was revoked meanwhile is not sent."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from core import outbox
from core.models import OutboxEvent
from notifications.choices import Channel
from notifications.delivery import send_template
from shops.actions.members import INVITED
from shops.models import Invitation


def connect() -> None:
    """Subscribe; called once when the app is ready."""
    outbox.subscribe(INVITED)(send_invitation)


def send_invitation(event: OutboxEvent) -> None:
    """Send the link to the invited contact, in the language of who invites: theirs is not known yet."""
    row = Invitation.objects.select_related("shop", "invited_by").filter(public_id=event.key).first()
    if row is None or row.accepted_at or row.revoked_at:
        return
    send_template(
        channel=Channel.SMS if row.phone else Channel.EMAIL,
        kind="invitation",
        recipient=str(row),
        language=row.invited_by.language or settings.LANGUAGE_CODE,
        context={
            "shop": row.shop,
            "role": row.get_role_display(),
            "inviter": row.invited_by.name or row.shop.name,
            "link": settings.SITE_URL.rstrip("/") + reverse("shops:invitation", args=[row.public_id]),
        },
    )
