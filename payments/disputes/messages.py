"""Telling owner and shop what happened in a dispute: a line and a link, over the channels they chose.

Handlers run at least once for each event. Whoever did it is not told.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import day_words, outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications.delivery import send_template
from notifications.preferences import channels_for
from payments.choices import DisputeStep, MoneyRole
from payments.disputes.reading import record
from payments.models import Dispute
from shops.choices import Permission, Role
from shops.models import ShopMember
from shops.rules import may

# What is said, and to whom; whoever did it is left out.
_SAID: dict[str, str | Promise] = {
    DisputeStep.OPENED: _("The owner disputes work of visit %(number)s: %(claimed)s. Answer until %(due)s."),
    DisputeStep.ANSWERED: _("The shop has answered your dispute about visit %(number)s."),
    DisputeStep.COMMENTED: _("A comment was added to the dispute about visit %(number)s."),
    DisputeStep.DECIDED: _("The dispute about visit %(number)s is decided: %(refund)s go back to the owner."),
    DisputeStep.WITHDRAWN: _("The owner has withdrawn the dispute about visit %(number)s."),
}


def connect() -> None:
    """Subscribe to disputes; called once when the app is ready."""
    for step in DisputeStep.values:
        outbox.subscribe(f"dispute.{step}")(tell)


def tell(event: OutboxEvent) -> None:
    """Send the message of `event` (`dispute.<step>`) to the owner and to the people of the shop who see its money."""
    disputes = Dispute.objects.select_related("order__shop__city", "order__payer")
    dispute = disputes.filter(public_id=event.key).first()
    if dispute is None:
        return
    step = event.topic.removeprefix("dispute.")
    told = dispute.events.filter(pk=event.payload.get("event")).first()
    if step == DisputeStep.ANSWERED and told is not None and told.data.get("agreed"):
        return  # what came of it is said
    by = told.role if told is not None else ""
    if dispute.order.payer is not None and by != MoneyRole.OWNER:
        _send(dispute, step, [dispute.order.payer], reverse("disputes:detail", args=[dispute.public_id]))
    if by != MoneyRole.SHOP and step != DisputeStep.ANSWERED:
        _send(dispute, step, _people(dispute), _shop_address(dispute))


def _people(dispute: Dispute) -> list[User]:
    roles = [role for role in Role if may(role, Permission.MONEY)]
    members = ShopMember.objects.filter(shop=dispute.order.shop, role__in=roles).select_related("user")
    return [member.user for member in members.order_by("pk")]


def _shop_address(dispute: Dispute) -> str:
    return reverse("shop_disputes:detail", args=[dispute.order.shop.slug, dispute.public_id])


def _send(dispute: Dispute, step: str, people: Iterable[User], address: str) -> None:
    for person in people:
        language = person.language or settings.LANGUAGE_CODE
        with translation.override(language):
            context = {**_context(dispute, step), "url": settings.SITE_URL.rstrip("/") + address}
        for reach in channels_for(person):
            send_template(
                channel=reach.channel,
                kind="payments/dispute",
                recipient=reach.recipient,
                context=context,
                language=language,
            )


def _context(dispute: Dispute, step: str) -> dict[str, str]:
    read, zone = record(dispute), dispute.order.shop.zone
    values = {
        "number": dispute.order.number,
        "claimed": format_fen(read.claimed_fen),
        "refund": format_fen(read.refund_fen),
        "due": day_words.day_time(dispute.answer_due_at, zone=zone),
    }
    return {"said": str(_SAID[step]) % values, "shop_name": dispute.order.shop.name, "number": dispute.order.number}
