"""Telling an author what became of their review: published, not published, removed, their appeal decided; and that the
shop has replied to it.

Decisions are told when they can no longer be undone. What was undone or overtaken meanwhile is not told.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import Booking
from core import outbox
from core.models import OutboxEvent
from notifications import keys, telling
from reviews import message_kinds as kinds
from reviews import publication
from reviews.choices import Act, AppealStatus, ItemKind, ReviewStatus, Side, VersionStatus
from reviews.limits import APPEAL_WITHIN
from reviews.models import Appeal, ModerationEvent, Reply, Review
from reviews.moderation import intake, reasons
from reviews.moderation.undoing import stands
from reviews.shown_text import in_words

# A shop that corrects its reply does not have its author told again so soon (product decision).
_TOLD_AGAIN_AFTER = timedelta(days=1)


def connect() -> None:
    """Subscribe to decisions; called once when the app is ready."""
    outbox.subscribe("review.decided")(tell_decided)
    outbox.subscribe("review.removed")(tell_removed)
    outbox.subscribe("appeal.decided")(tell_appeal)
    outbox.subscribe("reply.published")(tell_reply)


def tell_decided(event: OutboxEvent) -> None:
    """A version was approved, or is not shown and why."""
    line = _line(event)
    if line is None or line.item is None or line.item.kind != ItemKind.REVIEW or not stands(line):
        return
    review, version = line.review, line.item.version
    if line.act == Act.APPROVED and review.shown_id == version.pk:
        _tell(event, review, kinds.PUBLISHED)
    elif line.act == Act.REJECTED and version.status == VersionStatus.REJECTED and _is_newest(review, version.number):
        is_shown = review.status == ReviewStatus.PUBLISHED
        _tell(event, review, kinds.REJECTED, reason=line.reason, is_shown=is_shown)


def tell_removed(event: OutboxEvent) -> None:
    """What readers saw was taken down, and why."""
    line = _line(event)
    if line is not None and line.review.status == ReviewStatus.REMOVED:
        _tell(event, line.review, kinds.REMOVED, reason=line.reason)


def tell_appeal(event: OutboxEvent) -> None:
    """The author's appeal was answered. A shop's is told of by `reviews.shop_notifications`."""
    rows = Appeal.objects.filter(public_id=event.payload.get("appeal", ""), side=Side.AUTHOR)
    appeal = rows.select_related("review__author", "review__shop").first()
    if appeal is not None and appeal.status in (AppealStatus.UPHELD, AppealStatus.DISMISSED):
        kind = kinds.APPEAL_UPHELD if appeal.status == AppealStatus.UPHELD else kinds.APPEAL_DISMISSED
        _tell(event, appeal.review, kind, answer=appeal.answer)


def tell_reply(event: OutboxEvent) -> None:
    """The shop has replied, in the words that readers see. Nothing of a reply that is not shown any more or was shown
    anew since (that has an event of its own), and nothing where the author was told of another one within a day."""
    known = Review.objects.filter(public_id=event.key).first()
    if known is None:
        return
    review = publication.locked(known)
    reply = review.replies.published().filter(public_id=event.payload.get("reply", ""), told_at=None).first()
    if reply is None or reply.decided_at is None or review.status != ReviewStatus.PUBLISHED:
        return
    if reply.decided_at + intake.SETTLED_AFTER > event.due_at:
        return
    if review.replies.filter(told_at__gt=event.due_at - _TOLD_AGAIN_AFTER).exists():
        return
    reply.told_at = event.due_at
    reply.save(update_fields=["told_at"])
    _tell(event, review, kinds.REPLIED, reply=reply)


def _line(event: OutboxEvent) -> ModerationEvent | None:
    rows = ModerationEvent.objects.select_related("review__author", "review__shop", "item__version")
    return rows.filter(pk=event.payload.get("event")).first()


def _is_newest(review: Review, number: int) -> bool:
    return not review.versions.filter(number__gt=number).exists()


def _tell(event: OutboxEvent, review: Review, kind: str, **more: Any) -> None:
    if review.status == ReviewStatus.WITHDRAWN:
        return
    path = reverse("reviews:own", args=[review.public_id])
    telling.tell(
        kind=kind,
        key=keys.make(kind, review.public_id, event.pk),
        to=review.author,
        context=lambda: _facts(review, path, **more),
        path=path,
        at=timezone.now(),
    )


def _facts(
    review: Review, path: str, *, reason: str = "", is_shown: bool = False, answer: str = "", reply: Reply | None = None
) -> dict[str, Any]:
    explained = reasons.explain(reason) if reason else None
    return {
        "service": Booking.objects.for_card().get(pk=review.booking_id).title,
        "shop_name": review.shop.name,
        "why": str(explained.why) if explained else "",
        "what_next": str(explained.what_next) if explained else "",
        "is_shown": is_shown,
        "answer": answer,
        "words": in_words(reply.text, reply.masks) if reply else "",
        "appeal_days": APPEAL_WITHIN.days,
        "review_url": settings.SITE_URL.rstrip("/") + path,
        "action_words": _("See your review"),
    }
