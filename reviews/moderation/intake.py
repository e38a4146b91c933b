"""Where a text arrives: machines look at it, then the policy publishes it or a moderator will."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db.models import QuerySet

from core import outbox
from reviews import publication
from reviews.choices import (
    Act,
    AppealStatus,
    ItemKind,
    ItemOutcome,
    RemovalStatus,
    ReplyStatus,
    RiskBand,
    Side,
    VersionStatus,
)
from reviews.errors import ReviewGoneError
from reviews.hints import finding
from reviews.hints.found import Found, band_of, masks_of, risk_of
from reviews.limits import UNDO_WITHIN
from reviews.models import (
    Appeal,
    Hint,
    ModerationItem,
    ModerationPolicy,
    Removal,
    Reply,
    Review,
    ReviewVersion,
)
from reviews.moderation import log, policy

# Nobody is told of what can still be undone, nor in the moment after.
SETTLED_AFTER = UNDO_WITHIN + timedelta(seconds=5)


def receive_version(version: ReviewVersion, *, review: Review, at: datetime) -> None:
    """Take a new version in; the review's row is locked.

    Side effects, in order: hints, risk and masks; an appeal of the author about an earlier version is settled; a line
    in the log; then it is published by the policy (with a line in the log, and now and then an item for a sample), or
    an item waits for a moderator.
    """
    version.review = review
    found = finding.of_version(version, at=at)
    version.risk, version.masks = risk_of(found), masks_of(found)
    version.save(update_fields=["risk", "masks"])
    _keep(found, version=version)
    _settle_earlier_appeals(review, at=at)
    noticed = {"hints": len(found), "risk": version.risk}
    log.write(review, Act.RECEIVED, at=at, version_number=version.number, by=review.author, data=noticed)
    holds = policy.current()
    if policy.admits(holds, version, found, at=at):
        _publish_at_once(version, review, holds, at)
    else:
        open_item(ItemKind.REVIEW, version, review, at=at)


def receive_reply(reply: Reply, *, at: datetime) -> None:
    """Take a shop's reply in; its review is locked and published. Side effects: as `receive_version`, but that a reply
    without any hint may be published whoever wrote it, if the policy says so."""
    review, version = reply.review, reply.review.shown
    if version is None:
        raise ReviewGoneError
    found = finding.of_reply(reply)
    reply.risk, reply.masks = risk_of(found), masks_of(found)
    reply.save(update_fields=["risk", "masks"])
    _keep(found, reply=reply)
    holds, about = policy.current(), {"reply": reply.number, "hints": len(found), "risk": reply.risk}
    log.write(review, Act.RECEIVED, at=at, version_number=version.number, by=reply.by, data=about)
    if holds.replies_at_once and not found:
        about = {"reply": reply.number, "policy": holds.pk}
        log.write(review, Act.AUTO_PUBLISHED, at=at, version_number=version.number, data=about)
        publish_reply(reply, at=at)
        return
    open_item(ItemKind.REPLY, version, review, at=at, reply=reply)


def publish_reply(reply: Reply, *, at: datetime) -> None:
    """Show a reply in the place of the one shown before. The review's row is locked. Side effect: `announce`."""
    shown = Reply.objects.filter(review=reply.review, status=ReplyStatus.PUBLISHED).exclude(pk=reply.pk)
    shown.update(status=ReplyStatus.REPLACED, decided_at=at)
    reply.status, reply.decided_at = ReplyStatus.PUBLISHED, at
    reply.save(update_fields=["status", "decided_at"])
    announce(reply, at=at)


def announce(reply: Reply, *, at: datetime) -> None:
    """Let the author of the review be told of a reply that readers see, once that cannot be undone any more: outbox
    `reply.published` (key: the review, payload {"reply": public id})."""
    payload = {"reply": reply.public_id}
    outbox.schedule(topic="reply.published", key=reply.review.public_id, due_at=at + SETTLED_AFTER, payload=payload)


def open_item(
    kind: ItemKind,
    version: ReviewVersion,
    review: Review,
    *,
    at: datetime,
    band: RiskBand | None = None,
    **about: Reply | Appeal | Removal,
) -> ModerationItem:
    """Put something in the queue of moderators; `about` is the reply, appeal or removal it is about. Its band is that
    of its risk unless said otherwise."""
    matter = about.get("reply", version)
    risk = matter.risk if isinstance(matter, Reply) else version.risk
    return ModerationItem.objects.create(
        kind=kind,
        review=review,
        shop_id=review.shop_id,
        version=version,
        risk=risk,
        band=band or band_of(risk),
        waiting_since=at,
        **about,
    )


def end_items_of(version: ReviewVersion, *, outcome: ItemOutcome, at: datetime) -> None:
    """End what waits about a version: it was overtaken."""
    open_ones = ModerationItem.objects.open().filter(version=version, kind__in=[ItemKind.REVIEW, ItemKind.SAMPLE])
    open_ones.update(decided_at=at, outcome=outcome)


def end_items(review: Review, *, outcome: ItemOutcome, at: datetime) -> None:
    """End everything that waits about a review: it is gone. Appeals and removals are settled without a decision."""
    overtake(ModerationItem.objects.filter(review=review), at=at, outcome=outcome)


def overtaken_by(version: ReviewVersion, review: Review, *, at: datetime) -> list[int]:
    """Settle what waits about versions that readers saw before `version`: appeals, removals and samples of them.
    Returns the ids of their items, for `reopen`."""
    about_shown = ModerationItem.objects.filter(
        review=review, kind__in=[ItemKind.APPEAL, ItemKind.REMOVAL, ItemKind.SAMPLE]
    )
    return overtake(about_shown.exclude(version=version), at=at)


def overtake(
    items: QuerySet[ModerationItem], *, at: datetime, outcome: ItemOutcome = ItemOutcome.OVERTAKEN
) -> list[int]:
    """End those of `items` that are open, and settle the appeals and removals they are about. The review's row is
    locked. Returns their ids, for `reopen`. Side effect: a line in the log for each appeal and removal."""
    ended = list(
        items.filter(decided_at=None).select_related("review", "version").order_by("pk").select_for_update(of=("self",))
    )
    Appeal.objects.filter(moderation_items__in=ended).update(status=AppealStatus.MOOT, decided_at=at)
    Removal.objects.filter(moderation_items__in=ended).update(status=RemovalStatus.MOOT, decided_at=at)
    ids = [item.pk for item in ended]
    ModerationItem.objects.filter(pk__in=ids).update(decided_at=at, outcome=outcome)
    for item in ended:
        if item.appeal_id or item.removal_id:
            log.write(item.review, Act.OVERTAKEN, at=at, version_number=item.version.number, item=item)
    return ids


def reopen(item_ids: list[int]) -> None:
    """Let what `overtake` has ended wait again: the decision that had overtaken it was taken back."""
    items = ModerationItem.objects.filter(pk__in=item_ids)
    Appeal.objects.filter(moderation_items__in=items).update(status=AppealStatus.OPEN, decided_at=None)
    Removal.objects.filter(moderation_items__in=items).update(status=RemovalStatus.OPEN, decided_at=None)
    items.update(decided_at=None, outcome="")


def _publish_at_once(version: ReviewVersion, review: Review, holds: ModerationPolicy, at: datetime) -> None:
    version.status, version.decided_at = VersionStatus.APPROVED, at
    version.save(update_fields=["status", "decided_at"])
    is_sampled = secrets.randbelow(100) < holds.sample_percent
    why = {"policy": holds.pk, "risk": version.risk, "sampled": is_sampled}
    log.write(review, Act.AUTO_PUBLISHED, at=at, version_number=version.number, data=why)
    publication.show(review, version, at=at)
    overtaken_by(version, review, at=at)
    if is_sampled:
        open_item(ItemKind.SAMPLE, version, review, at=at)


def _settle_earlier_appeals(review: Review, *, at: datetime) -> None:
    by_author = ModerationItem.objects.filter(review=review, kind=ItemKind.APPEAL, appeal__side=Side.AUTHOR)
    overtake(by_author, at=at)


def _keep(found: list[Found], *, version: ReviewVersion | None = None, reply: Reply | None = None) -> None:
    Hint.objects.bulk_create(
        Hint(
            version=version,
            reply=reply,
            kind=hint.kind,
            points=hint.points,
            start=hint.start,
            end=hint.end,
            data=hint.data,
        )
        for hint in found
    )
