"""Telling an author what became of their review: published, not published, removed, their appeal decided; and that the
shop has replied to it.

Decisions are told when they can no longer be undone. A message leaves after its event was marked as handled, so at most
once. What was undone or overtaken meanwhile is not sent.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation

from bookings.models import Booking
from core import outbox
from core.models import OutboxEvent
from notifications.delivery import send_template
from notifications.preferences import channels_for
from reviews import publication
from reviews.choices import Act, AppealStatus, ItemKind, ReviewStatus, Side, VersionStatus
from reviews.limits import APPEAL_WITHIN
from reviews.models import Appeal, ModerationEvent, Review
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
        _tell(review, "published")
    elif line.act == Act.REJECTED and version.status == VersionStatus.REJECTED and _is_newest(review, version.number):
        _tell(review, "rejected", line.reason, is_shown=review.status == ReviewStatus.PUBLISHED)


def tell_removed(event: OutboxEvent) -> None:
    """What readers saw was taken down, and why."""
    line = _line(event)
    if line is not None and line.review.status == ReviewStatus.REMOVED:
        _tell(line.review, "removed", line.reason)


def tell_appeal(event: OutboxEvent) -> None:
    """The author's appeal was answered. A shop's is told of by `reviews.shop_pages`."""
    rows = Appeal.objects.filter(public_id=event.payload.get("appeal", ""), side=Side.AUTHOR)
    appeal = rows.select_related("review__author", "review__shop").first()
    if appeal is not None and appeal.status in (AppealStatus.UPHELD, AppealStatus.DISMISSED):
        kind = "appeal_upheld" if appeal.status == AppealStatus.UPHELD else "appeal_dismissed"
        _tell(appeal.review, kind, answer=appeal.answer)


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
    with translation.override(_language(review)):
        words = in_words(reply.text, reply.masks)
    _tell(review, "replied", words=words)


def _line(event: OutboxEvent) -> ModerationEvent | None:
    rows = ModerationEvent.objects.select_related("review__author", "review__shop", "item__version")
    return rows.filter(pk=event.payload.get("event")).first()


def _is_newest(review: Review, number: int) -> bool:
    return not review.versions.filter(number__gt=number).exists()


def _tell(review: Review, kind: str, reason: str = "", **more: Any) -> None:
    if not review.author.is_active or review.status == ReviewStatus.WITHDRAWN:
        return
    language = _language(review)
    with translation.override(language):
        context = {**_context(review, reason), **more}
    transaction.on_commit(partial(_send, review, kind, context, language))


def _language(review: Review) -> str:
    return review.author.language or settings.LANGUAGE_CODE


def _send(review: Review, kind: str, context: dict[str, Any], language: str) -> None:
    for reach in channels_for(review.author):
        send_template(
            channel=reach.channel,
            kind=f"reviews/{kind}",
            recipient=reach.recipient,
            context=context,
            language=language,
        )


def _context(review: Review, reason: str) -> dict[str, Any]:
    explained = reasons.explain(reason) if reason else None
    return {
        "service": Booking.objects.for_card().get(pk=review.booking_id).title,
        "shop_name": review.shop.name,
        "why": str(explained.why) if explained else "",
        "what_next": str(explained.what_next) if explained else "",
        "appeal_days": APPEAL_WITHIN.days,
        "review_url": settings.SITE_URL.rstrip("/") + reverse("reviews:own", args=[review.public_id]),
    }
