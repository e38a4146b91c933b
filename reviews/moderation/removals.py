"""Taking away what readers see: one moderator proposes, another decides. The database keeps to it as well."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from core import outbox
from reviews import publication
from reviews.choices import (
    Act,
    ItemKind,
    ItemOutcome,
    RemovalStatus,
    ReviewStatus,
    RiskBand,
    VersionStatus,
)
from reviews.errors import AlreadyDecidedError, ChangedMeanwhileError, ReviewGoneError, TwoPeopleError
from reviews.models import Appeal, ModerationEvent, ModerationItem, Removal, Review
from reviews.moderation import checks, intake, log


@transaction.atomic
def propose(  # noqa: PLR0913  (who, when, what they saw and why)
    *, review: Review, by: User, at: datetime, seen: int, reason: str, note: str = "", appeal: Appeal | None = None
) -> Removal:
    """Propose that a published review be removed; it stays published until a second person has decided.

    `seen` is the number of the version that the moderator looked at; `reason` is what the author is told if it goes.
    Raises ReviewGoneError, ChangedMeanwhileError, AlreadyDecidedError when a removal waits already, OwnInterestError,
    InvalidInput. Side effects, in order: the removal and its item, in the highest band; a sample of the version is
    decided by it; a line in the log.
    """
    reason, note = checks.reason_of(reason), checks.note_of(note)
    review = publication.locked(review)
    if review.shown is None:
        raise ReviewGoneError
    if review.shown.number != seen:
        raise ChangedMeanwhileError
    checks.refuse_own_interest(review, by, at=at)
    if Removal.objects.filter(review=review, status=RemovalStatus.OPEN).exists():
        raise AlreadyDecidedError
    removal = Removal.objects.create(
        review=review,
        version=review.shown,
        appeal=appeal,
        reason=reason,
        note=note,
        proposed_by=by,
        proposed_at=at,
    )
    item = intake.open_item(ItemKind.REMOVAL, review.shown, review, at=at, band=RiskBand.HIGH, removal=removal)
    samples = ModerationItem.objects.open().filter(version=review.shown, kind=ItemKind.SAMPLE)
    samples.update(decided_at=at, decided_by=by, outcome=ItemOutcome.PROPOSED, reason=reason)
    log.write(review, Act.REMOVAL_PROPOSED, at=at, version_number=seen, by=by, item=item, reason=reason, note=note)
    return removal


@transaction.atomic
def decide(*, item: ModerationItem, by: User, at: datetime, remove: bool, note: str = "") -> ModerationEvent:
    """Decide, as the second person, about a removal that somebody else has proposed. It is not undone by one person.

    Raises TwoPeopleError for whoever proposed it, AlreadyDecidedError, ChangedMeanwhileError, OwnInterestError,
    InvalidInput. Side effects, in order, of removing: the review is shown and counted no more, and a newer version that
    waits is rejected with it; appeals and samples about it are settled; a line in the log; outbox `review.removed`. Of
    keeping: a line in the log; outbox `review.kept`. Both events carry the line's id.
    """
    note = checks.note_of(note)
    review, item = checks.locked(item)
    checks.refuse_unless_open(item)
    removal = item.removal
    if removal is None or removal.version_id != review.shown_id:
        raise ChangedMeanwhileError
    if by.pk == removal.proposed_by_id:
        raise TwoPeopleError
    checks.refuse_own_interest(review, by, at=at)
    removal.status = RemovalStatus.REMOVED if remove else RemovalStatus.KEPT
    removal.decided_by, removal.decided_at = by, at
    removal.save(update_fields=["status", "decided_by", "decided_at"])
    if remove:
        _take_away(review, at=at)
    outcome, act = (ItemOutcome.REMOVED, Act.REMOVED) if remove else (ItemOutcome.KEPT, Act.KEPT)
    checks.finish(item, outcome, by=by, at=at, reason=removal.reason)
    number, topic = item.version.number, "review.removed" if remove else "review.kept"
    event = log.write(review, act, at=at, version_number=number, by=by, item=item, reason=removal.reason, note=note)
    outbox.emit(topic=topic, key=review.public_id, at=at, payload={"event": event.pk})
    return event


def _take_away(review: Review, *, at: datetime) -> None:
    publication.hide(review, status=ReviewStatus.REMOVED, at=at)
    review.versions.filter(status=VersionStatus.WAITING).update(status=VersionStatus.REJECTED, decided_at=at)
    intake.overtake(
        ModerationItem.objects.filter(
            review=review, kind__in=[ItemKind.REVIEW, ItemKind.SAMPLE, ItemKind.APPEAL], decided_at=None
        ),
        at=at,
    )
