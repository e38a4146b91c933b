"""Taking a decision back within its first moments, exactly: whatever it changed is as it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.models import User
from reviews import publication
from reviews.choices import Act, ItemKind, ReplyStatus, ReviewStatus, VersionStatus
from reviews.errors import UndoOverError
from reviews.limits import UNDO_WITHIN
from reviews.models import ModerationEvent, ModerationItem, Reply, Review, ReviewVersion
from reviews.moderation import checks, intake, log

_UNDOABLE = (Act.APPROVED, Act.REJECTED, Act.SKIPPED)


@transaction.atomic
def undo(*, item: ModerationItem, by: User, at: datetime) -> ModerationEvent:
    """Take back what `by` did last with an item: approved, rejected or skipped it, `UNDO_WITHIN` ago at most.

    Raises UndoOverError later, for somebody else's decision, when anything has happened to the review since, and for
    appeals and removals: what needs two people is not taken back by one.
    Side effects, in order: versions, replies, counts and lists as before; what the decision had settled is open again;
    the item waits again, since when it did; a line in the log. The message about the decision is not sent (`stands`).
    """
    review, item = checks.locked(item)
    event = _last(review)
    if event is None or event.item_id != item.pk or not _can_undo(event, by, at=at):
        raise UndoOverError
    if event.act == Act.SKIPPED:
        ModerationItem.objects.filter(pk=item.pk).update(skips=F("skips") - 1)
    else:
        _restore(review, item, event.data["before"], at=at)
    number, undoes = item.version.number, {"undoes": event.pk}
    return log.write(review, Act.UNDONE, at=at, version_number=number, by=by, item=item, data=undoes)


def stands(event: ModerationEvent) -> bool:
    """Whether a decision was not taken back: asked before anybody is told of it. One query."""
    undone = ModerationEvent.objects.filter(review=event.review_id, act=Act.UNDONE, data__undoes=event.pk)
    return not undone.exists()


def undoable(by: User, *, at: datetime) -> ModerationItem | None:
    """What `by` did last, if it can be taken back now: for the bar that offers it. Two queries."""
    mine = ModerationEvent.objects.filter(by=by, at__gt=at - UNDO_WITHIN, at__lte=at, item__isnull=False)
    event = mine.select_related("item__review", "review").order_by("-at", "-pk").first()
    if event is None or _last(event.review) != event or not _can_undo(event, by, at=at):
        return None
    return event.item


def _last(review: Review) -> ModerationEvent | None:
    return ModerationEvent.objects.filter(review=review).order_by("-pk").first()


def _can_undo(event: ModerationEvent, by: User, *, at: datetime) -> bool:
    """Whether the newest line of a review's log is a decision that `by` can take back. Everything that happens to a
    review writes a line, so a newer line is something that happened since."""
    return event.by_id == by.pk and event.act in _UNDOABLE and event.at <= at <= event.at + UNDO_WITHIN


def _restore(review: Review, item: ModerationItem, before: dict[str, Any], *, at: datetime) -> None:
    if item.kind == ItemKind.REVIEW:
        _wait_again(item.version, VersionStatus.WAITING, before["masks"])
        _show_again(review, before, at=at)
        intake.reopen(before.get("settled", []))
    elif item.reply is not None:
        _wait_again(item.reply, ReplyStatus.WAITING, before["masks"])
        _reply_again(before["reply_shown"], at=at)
    item.decided_at = item.decided_by = None
    item.outcome = item.reason = ""
    item.save(update_fields=["decided_at", "decided_by", "outcome", "reason"])


def _wait_again(text: ReviewVersion | Reply, status: str, masks: list[dict[str, Any]]) -> None:
    text.status, text.decided_at, text.masks = status, None, masks
    text.save(update_fields=["status", "decided_at", "masks"])


def _show_again(review: Review, before: dict[str, Any], *, at: datetime) -> None:
    """What readers saw before. Nothing if they see it still."""
    if (review.status, review.shown_id) == (before["status"], before["shown"]):
        return
    if before["shown"] is not None:
        publication.show(review, review.versions.get(pk=before["shown"]), at=at)
    else:
        publication.hide(review, status=ReviewStatus(before["status"]), at=at)
    if not before["was_published"]:
        review.published_at = None
        review.save(update_fields=["published_at"])


def _reply_again(shown: dict[str, Any] | None, *, at: datetime) -> None:
    if shown is not None:
        decided_at = datetime.fromisoformat(shown["decided_at"])
        Reply.objects.filter(pk=shown["id"]).update(status=ReplyStatus.PUBLISHED, decided_at=decided_at)
        # While it was replaced its author may have been about to be told.
        intake.announce(Reply.objects.select_related("review").get(pk=shown["id"]), at=at)
