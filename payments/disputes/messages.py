"""Telling owner and shop what happened in a dispute: a line and a link. Whoever did it is not told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import day_words, outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications import keys, telling
from notifications.telling import Word
from payments.choices import DisputeStep, MoneyRole
from payments.disputes.reading import Record, record
from payments.message_kinds import DISPUTE, SHOP_DISPUTE
from payments.models import Dispute
from shops.access import people_who_may
from shops.choices import Permission

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
    """Tell of `event` (`dispute.<step>`) the owner and the people of the shop who see its money."""
    disputes = Dispute.objects.select_related("order__shop__city", "order__payer")
    dispute = disputes.filter(public_id=event.key).first()
    if dispute is None:
        return
    step = event.topic.removeprefix("dispute.")
    said = dispute.events.filter(pk=event.payload.get("event")).first()
    if step == DisputeStep.ANSWERED and said is not None and said.data.get("agreed"):
        return  # what came of it is said
    by, read = said.role if said is not None else "", record(dispute)
    shop = dispute.order.shop
    if dispute.order.payer is not None and by != MoneyRole.OWNER:
        path = reverse("disputes:detail", args=[dispute.public_id])
        _tell(DISPUTE, event, [dispute.order.payer], path, partial(_facts, read, step, path))
    if by != MoneyRole.SHOP and step != DisputeStep.ANSWERED:
        path = reverse("shop_disputes:detail", args=[shop.slug, dispute.public_id])
        people = people_who_may(shop, Permission.MONEY)
        _tell(SHOP_DISPUTE, event, people, path, partial(_facts, read, step, path))


def _tell(
    kind: str, event: OutboxEvent, people: Iterable[User], path: str, facts: Callable[[], dict[str, str]]
) -> None:
    step = event.topic.removeprefix("dispute.")
    words = [
        Word(kind=kind, key=keys.make(kind, event.key, step, event.pk, person.pk), to=person, context=facts, path=path)
        for person in people
    ]
    telling.tell_all(words, at=timezone.now())


def _facts(read: Record, step: str, path: str) -> dict[str, str]:
    order = read.dispute.order
    values = {
        "number": order.number,
        "claimed": format_fen(read.claimed_fen),
        "refund": format_fen(read.refund_fen),
        "due": day_words.day_time(read.dispute.answer_due_at, zone=order.shop.zone),
    }
    return {
        "said": str(_SAID[step]) % values,
        "shop_name": order.shop.name,
        "number": order.number,
        "url": settings.SITE_URL.rstrip("/") + path,
        "action_words": gettext("Open the dispute"),
    }
