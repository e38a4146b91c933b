"""A second look, by somebody else: authors appeal against what is not shown, shops against what is."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User
from core import outbox
from reviews import publication, words
from reviews.choices import Act, AppealStatus, ItemKind, ItemOutcome, RemovalStatus, ReviewStatus, Side, VersionStatus
from reviews.errors import AppealNotPossibleError, ChangedMeanwhileError, TwoPeopleError
from reviews.limits import APPEAL_WITHIN, MAX_APPEAL_TEXT
from reviews.models import Appeal, ModerationEvent, ModerationItem, Removal, Review, ReviewVersion
from reviews.moderation import checks, intake, log, removals
from shops.models import ShopMember

# Whoever did one of these took part in a decision about a version.
_DECISIONS = (
    Act.APPROVED,
    Act.REJECTED,
    Act.REMOVAL_PROPOSED,
    Act.REMOVED,
    Act.KEPT,
    Act.UPHELD,
    Act.DISMISSED,
)


@transaction.atomic
def appeal(*, review: Review, by: User, side: Side, text: str, at: datetime, reason: str = "") -> Appeal:
    """Ask for a second look: `side` is the author, about a version that was rejected or a review that was removed, for
    `APPEAL_WITHIN` after it; or the shop, by one of its staff, about what is shown, at any time. Once for each version
    and side. `reason` is what the shop says is wrong; an author gives none.

    Raises AppealNotPossibleError, TextNeededError and InvalidInput with the field. Side effects: an item for
    moderators; a line in the log.
    """
    text = words.checked(text, limit=MAX_APPEAL_TEXT)
    reason = checks.reason_of(reason) if side == Side.SHOP else ""
    review = publication.locked(review)
    version = _version_of(review, by=by, side=side, at=at)
    if version is None:
        raise AppealNotPossibleError
    try:
        with transaction.atomic():
            made = Appeal.objects.create(
                review=review, version=version, side=side, by=by, reason=reason, text=text, made_at=at
            )
    except IntegrityError as error:
        raise AppealNotPossibleError from error
    item = intake.open_item(ItemKind.APPEAL, version, review, at=at, appeal=made)
    data = {"side": side.value}
    log.write(review, Act.APPEALED, at=at, version_number=version.number, by=by, item=item, reason=reason, data=data)
    return made


def appealable(review: Review, *, side: Side, at: datetime) -> ReviewVersion | None:
    """The version that this side can appeal about now, None if there is none. Three queries at most."""
    version = review.shown if side == Side.SHOP else _refused(review, at=at)
    if version is None or Appeal.objects.filter(version=version, side=side).exists():
        return None
    return version


@transaction.atomic
def decide(*, item: ModerationItem, by: User, at: datetime, uphold: bool, answer: str) -> ModerationEvent:
    """Answer an appeal, as somebody who took no part in what it is about. Who appealed reads
    `answer`.

    Raises TwoPeopleError for whoever decided about that version before, AlreadyDecidedError, ChangedMeanwhileError,
    OwnInterestError, TextNeededError and InvalidInput with the field.
    Side effects, in order: an author's appeal that is upheld shows the version; a shop's proposes the removal, which
    a second person decides (unless one waits already); a line in the log; outbox `appeal.decided` with the line's id.
    """
    answer = words.checked(answer, limit=MAX_APPEAL_TEXT, field="answer")
    review, item = checks.locked(item)
    checks.refuse_unless_open(item)
    matter = item.appeal
    if matter is None:
        raise ChangedMeanwhileError
    checks.refuse_own_interest(review, by, at=at)
    if by.pk == matter.by_id or took_part(by, review, item.version.number):
        raise TwoPeopleError
    matter.status = AppealStatus.UPHELD if uphold else AppealStatus.DISMISSED
    matter.answer, matter.decided_by, matter.decided_at = answer, by, at
    matter.save(update_fields=["status", "answer", "decided_by", "decided_at"])
    outcome, act = (ItemOutcome.UPHELD, Act.UPHELD) if uphold else (ItemOutcome.DISMISSED, Act.DISMISSED)
    checks.finish(item, outcome, by=by, at=at, reason=matter.reason)
    if uphold and matter.side == Side.AUTHOR:
        _show(review, item.version, at=at)
    elif uphold:
        _propose(review, matter, item.version, by=by, at=at)
    data = {"side": matter.side, "appeal": matter.public_id}
    event = log.write(review, act, at=at, version_number=item.version.number, by=by, item=item, data=data)
    payload = {"event": event.pk, "appeal": matter.public_id}
    outbox.emit(topic="appeal.decided", key=review.public_id, at=at, payload=payload)
    return event


def took_part(user: User, review: Review, version_number: int) -> bool:
    """Whether somebody decided about a version before, and did not take it back. One query."""
    mine = ModerationEvent.objects.filter(review=review, version_number=version_number, by=user)
    lines = mine.values_list("pk", "act", "data__undoes", "item__kind")
    undone = {undoes for _pk, act, undoes, _kind in lines if act == Act.UNDONE}
    return any(act in _DECISIONS and pk not in undone and kind != ItemKind.REPLY for pk, act, _undoes, kind in lines)


def _version_of(review: Review, *, by: User, side: Side, at: datetime) -> ReviewVersion | None:
    if side == Side.SHOP:
        is_staff = ShopMember.objects.filter(shop=review.shop_id, user=by).exists()
        return review.shown if is_staff else None
    return _refused(review, at=at) if by.pk == review.author_id else None


def _refused(review: Review, *, at: datetime) -> ReviewVersion | None:
    """The version that was kept or taken from readers last, if that was not too long ago."""
    if review.status == ReviewStatus.REMOVED:
        removals_made = Removal.objects.filter(review=review, status=RemovalStatus.REMOVED)
        removal = removals_made.select_related("version").order_by("-decided_at", "-pk").first()
        is_late = removal is None or removal.decided_at is None or at > removal.decided_at + APPEAL_WITHIN
        return None if removal is None or is_late else removal.version
    if review.status == ReviewStatus.WITHDRAWN:
        return None
    newest = review.versions.order_by("-number").first()
    if newest is None or newest.status != VersionStatus.REJECTED or newest.decided_at is None:
        return None
    return None if at > newest.decided_at + APPEAL_WITHIN else newest


def _show(review: Review, version: ReviewVersion, *, at: datetime) -> None:
    if version.status != VersionStatus.APPROVED:
        version.status, version.decided_at = VersionStatus.APPROVED, at
        version.save(update_fields=["status", "decided_at"])
    publication.show(review, version, at=at)
    intake.overtaken_by(version, review, at=at)


def _propose(review: Review, matter: Appeal, version: ReviewVersion, *, by: User, at: datetime) -> None:
    if Removal.objects.filter(review=review, status=RemovalStatus.OPEN).exists():
        return
    removals.propose(review=review, by=by, at=at, seen=version.number, reason=matter.reason, appeal=matter)
