"""Where a text arrives: machines look at it, then the policy publishes it or a moderator will."""

from __future__ import annotations

import secrets
from datetime import datetime

from reviews import publication
from reviews.choices import Act, ItemKind, ItemOutcome, ReplyStatus, VersionStatus
from reviews.hints import finding
from reviews.hints.found import Found, band_of, masks_of, risk_of
from reviews.models import Hint, ModerationItem, ModerationPolicy, Reply, Review, ReviewVersion
from reviews.moderation import log, policy


def receive_version(version: ReviewVersion, *, review: Review, at: datetime) -> None:
    """Take a new version in; the review's row is locked.

    Side effects, in order: hints, risk and masks; a line in the log; then it is published by the policy (with a line in
    the log, and now and then an item for a sample), or an item waits for a moderator.
    """
    version.review = review
    found = finding.of_version(version, at=at)
    version.risk, version.masks = risk_of(found), masks_of(found)
    version.save(update_fields=["risk", "masks"])
    _keep(found, version=version)
    noticed = {"hints": len(found), "risk": version.risk}
    log.write(review, Act.RECEIVED, at=at, version_number=version.number, by=review.author, data=noticed)
    holds = policy.current()
    if policy.admits(holds, review, found, at=at):
        _publish_at_once(version, review, holds, at)
    else:
        open_item(ItemKind.REVIEW, version, review, at=at)


def receive_reply(reply: Reply, *, at: datetime) -> None:
    """Take a shop's reply in; its review is locked and published. Side effects: as `receive_version`, but that a reply
    without any hint may be published whoever wrote it, if the policy says so."""
    review = reply.review
    found = finding.of_reply(reply)
    reply.risk, reply.masks = risk_of(found), masks_of(found)
    reply.save(update_fields=["risk", "masks"])
    _keep(found, reply=reply)
    if policy.current().replies_at_once and not found:
        publish_reply(reply, at=at)
        return
    version = review.shown
    if version is not None:
        open_item(ItemKind.REPLY, version, review, at=at, reply=reply)


def publish_reply(reply: Reply, *, at: datetime) -> None:
    """Show a reply in the place of the one shown before. The review's row is locked."""
    shown = Reply.objects.filter(review=reply.review, status=ReplyStatus.PUBLISHED).exclude(pk=reply.pk)
    shown.update(status=ReplyStatus.REPLACED, decided_at=at)
    reply.status, reply.decided_at = ReplyStatus.PUBLISHED, at
    reply.save(update_fields=["status", "decided_at"])


def open_item(
    kind: ItemKind, version: ReviewVersion, review: Review, *, at: datetime, **about: Reply
) -> ModerationItem:
    """Put something in the queue of moderators; `about` is the reply, appeal or removal it is about."""
    matter = about.get("reply")
    risk = matter.risk if matter is not None else version.risk
    return ModerationItem.objects.create(
        kind=kind,
        review=review,
        shop_id=review.shop_id,
        version=version,
        risk=risk,
        band=band_of(risk),
        waiting_since=at,
        **about,
    )


def end_items_of(version: ReviewVersion, *, outcome: ItemOutcome, at: datetime) -> None:
    """End what waits about a version: it was overtaken."""
    open_ones = ModerationItem.objects.open().filter(version=version, kind__in=[ItemKind.REVIEW, ItemKind.SAMPLE])
    open_ones.update(decided_at=at, outcome=outcome)


def end_items(review: Review, *, outcome: ItemOutcome, at: datetime) -> None:
    """End everything that waits about a review: it is gone."""
    ModerationItem.objects.open().filter(review=review).update(decided_at=at, outcome=outcome)


def _publish_at_once(version: ReviewVersion, review: Review, holds: ModerationPolicy, at: datetime) -> None:
    version.status, version.decided_at = VersionStatus.APPROVED, at
    version.save(update_fields=["status", "decided_at"])
    is_sampled = secrets.randbelow(100) < holds.sample_percent
    why = {"policy": holds.pk, "risk": version.risk, "sampled": is_sampled}
    log.write(review, Act.AUTO_PUBLISHED, at=at, version_number=version.number, data=why)
    publication.show(review, version, at=at)
    if is_sampled:
        open_item(ItemKind.SAMPLE, version, review, at=at)


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
