"""What a moderator does with a review, a reply or a sample: approve it, reject it, leave it for later, take it back.

Whoever decides says which version they saw; nothing is decided about another. Every function locks the review, then
the item, and changes nothing when it refuses.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import outbox
from core.errors import InvalidInput
from reviews import publication
from reviews.choices import Act, ItemKind, ItemOutcome, ReplyStatus, ReviewStatus, VersionStatus
from reviews.errors import ChangedMeanwhileError
from reviews.models import ModerationEvent, ModerationItem, Reply, Review, ReviewVersion
from reviews.moderation import checks, intake, log, masking, removals
from reviews.moderation.intake import SETTLED_AFTER
from reviews.moderation.undoing import undo

__all__ = ["approve", "reject", "skip", "undo"]


@transaction.atomic
def approve(
    *, item: ModerationItem, by: User, at: datetime, seen: int, masks: list[dict[str, Any]] | None = None
) -> ModerationEvent:
    """Let readers see a version of a review, or a reply; of a sample: it was right to publish it.

    `seen` is the number of the version that the moderator looked at; `masks` the stretches that readers do not see,
    None for those that the machines chose (`masking.chosen`).
    Raises AlreadyDecidedError, ChangedMeanwhileError, OwnInterestError, InvalidInput.
    Side effects, in order: the version is shown and counted in the place of the one before; removals, appeals and
    samples of that one are settled; a line in the log; after `SETTLED_AFTER` outbox `review.decided` (or
    `reply.decided`).
    """
    review, item = _ready(item, by=by, at=at, seen=seen)
    before = _standing(review, item)
    if masks is not None and item.kind != ItemKind.SAMPLE:
        _mask(item, masks)
    if item.kind == ItemKind.REVIEW:
        _close(item.version, VersionStatus.APPROVED, at=at)
        publication.show(review, item.version, at=at)
        before["settled"] = intake.overtaken_by(item.version, review, at=at)
    elif item.reply is not None:
        intake.publish_reply(item.reply, at=at)
    checks.finish(item, ItemOutcome.APPROVED, by=by, at=at)
    return _decided(review, item, Act.APPROVED, by=by, at=at, data=before)


@transaction.atomic
def reject(*, item: ModerationItem, by: User, at: datetime, seen: int, reason: str, note: str = "") -> ModerationEvent:
    """Keep a version of a review, or a reply, from readers; `reason` is what its author is told, `note` is for the log.

    What was shown before stays. A sample is published, so rejecting it proposes its removal (`removals.propose`).
    Raises as `approve`. Side effects, in order: a review of which nothing is shown is rejected; a line in the log;
    after `SETTLED_AFTER` outbox `review.decided` (or `reply.decided`).
    """
    reason, note = checks.reason_of(reason), checks.note_of(note)
    review, item = _ready(item, by=by, at=at, seen=seen)
    if item.kind == ItemKind.SAMPLE:
        removal = removals.propose(review=review, by=by, at=at, seen=seen, reason=reason, note=note)
        return ModerationEvent.objects.get(item__removal=removal, act=Act.REMOVAL_PROPOSED)
    before = _standing(review, item)
    if item.reply is not None:
        item.reply.status, item.reply.decided_at = ReplyStatus.REJECTED, at
        item.reply.save(update_fields=["status", "decided_at"])
    else:
        _close(item.version, VersionStatus.REJECTED, at=at)
        if review.status == ReviewStatus.WAITING:
            publication.hide(review, status=ReviewStatus.REJECTED, at=at)
    checks.finish(item, ItemOutcome.REJECTED, by=by, at=at, reason=reason)
    return _decided(review, item, Act.REJECTED, by=by, at=at, data=before, reason=reason, note=note)


@transaction.atomic
def skip(*, item: ModerationItem, by: User, at: datetime, note: str = "") -> ModerationEvent:
    """Leave an item, of whatever kind, for later: it comes again after the others of its band. Raises
    AlreadyDecidedError or ChangedMeanwhileError if nothing waits any more. Side effect: a line in the log."""
    note = checks.note_of(note)
    review, item = checks.locked(item)
    checks.refuse_unless_open(item)
    ModerationItem.objects.filter(pk=item.pk).update(skips=F("skips") + 1)
    return log.write(review, Act.SKIPPED, at=at, version_number=item.version.number, by=by, item=item, note=note)


def _ready(item: ModerationItem, *, by: User, at: datetime, seen: int) -> tuple[Review, ModerationItem]:
    """The review and the item, locked, if `by` may decide about the version they saw."""
    if item.kind not in (ItemKind.REVIEW, ItemKind.REPLY, ItemKind.SAMPLE):
        raise InvalidInput(_("Appeals and removals are decided on their own page."), field="item")
    review, item = checks.locked(item)
    checks.refuse_unless_open(item)
    if seen != item.version.number:
        raise ChangedMeanwhileError
    checks.refuse_own_interest(review, by, at=at)
    still_as_seen = {
        ItemKind.REVIEW: item.version.status == VersionStatus.WAITING,
        ItemKind.REPLY: item.reply is not None and item.reply.status == ReplyStatus.WAITING,
        ItemKind.SAMPLE: review.shown_id == item.version_id,
    }
    if not still_as_seen[ItemKind(item.kind)]:
        raise ChangedMeanwhileError
    return review, item


def _standing(review: Review, item: ModerationItem) -> dict[str, Any]:
    """How things stood before a decision, as the log keeps it and `undoing` reads it."""
    standing: dict[str, Any] = {
        "status": review.status,
        "shown": review.shown_id,
        "was_published": review.published_at is not None,
        "masks": _text_of(item).masks,
    }
    if item.reply is not None:
        shown = Reply.objects.published().filter(review=review).first()
        standing["reply_shown"] = shown and {"id": shown.pk, "decided_at": str(shown.decided_at)}
    return standing


def _text_of(item: ModerationItem) -> ReviewVersion | Reply:
    return item.reply or item.version


def _mask(item: ModerationItem, masks: list[dict[str, Any]]) -> None:
    text = _text_of(item)
    text.masks = masking.chosen(masks, text=text.text, stored=text.masks)
    text.save(update_fields=["masks"])


def _close(version: ReviewVersion, status: VersionStatus, *, at: datetime) -> None:
    version.status, version.decided_at = status, at
    version.save(update_fields=["status", "decided_at"])


def _decided(  # noqa: PLR0913  (a line of the log)
    review: Review,
    item: ModerationItem,
    act: Act,
    *,
    by: User,
    at: datetime,
    data: dict[str, Any],
    reason: str = "",
    note: str = "",
) -> ModerationEvent:
    """A line in the log, and word of it for whoever wrote the text, once it stands."""
    number = item.version.number
    event = log.write(
        review, act, at=at, version_number=number, by=by, item=item, reason=reason, note=note, data={"before": data}
    )
    if item.kind != ItemKind.SAMPLE:
        topic = "reply.decided" if item.kind == ItemKind.REPLY else "review.decided"
        outbox.schedule(topic=topic, key=review.public_id, due_at=at + SETTLED_AFTER, payload={"event": event.pk})
    return event
