"""Sends invitations; one that was revoked meanwhile is not sent."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from core import outbox
from core.models import OutboxEvent
from notifications import keys, telling
from notifications.choices import Channel
from notifications.preferences import Reach
from shops.actions.members import INVITED
from shops.message_kinds import INVITATION
from shops.models import Invitation


def connect() -> None:
    """Subscribe; called once when the app is ready."""
    outbox.subscribe(INVITED)(send_invitation)


def send_invitation(event: OutboxEvent) -> None:
    """Send the link to the invited contact, in the language of who invites: theirs is not known yet."""
    row = Invitation.objects.select_related("shop", "invited_by").filter(public_id=event.key).first()
    if row is None or row.accepted_at or row.revoked_at:
        return
    telling.tell(
        kind=INVITATION,
        key=keys.make(INVITATION, row.public_id),
        to=Reach(Channel.SMS if row.phone else Channel.EMAIL, str(row)),
        language=row.invited_by.language,
        context=lambda: _facts(row),
        at=timezone.now(),
        until=row.expires_at,
    )


def _facts(row: Invitation) -> dict[str, str]:
    link = settings.SITE_URL.rstrip("/") + reverse("shops:invitation", args=[row.public_id])
    return {
        "shop": row.shop.name,
        "role": row.get_role_display(),
        "inviter": row.invited_by.name or row.shop.name,
        "link": link,
    }
