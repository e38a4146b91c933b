"""An owner erases their account: nobody can be won back any more."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from reviews.choices import FollowUpStatus, FollowUpStep
from reviews.follow_ups import steps
from reviews.models import FollowUp


def lock_all(owner: User) -> list[FollowUp]:
    """The open follow-ups of an owner, locked in ascending order until the transaction ends."""
    open_ones = FollowUp.objects.visible_to(owner).open().order_by("pk")
    return [steps.locked(follow_up) for follow_up in open_ones]


def close(follow_up: FollowUp, *, at: datetime) -> None:
    """End a follow-up from `lock_all` whose owner leaves, if nobody was faster. It counts neither for nor against the
    shop, which can do nothing about it. Side effects: offers that wait end; the event. Nobody is written to."""
    if follow_up.closed_at is not None:
        return
    steps.close(follow_up, FollowUpStatus.LAPSED, at=at, counts=False)
    steps.write(follow_up, FollowUpStep.LAPSED, at=at, data={"why": "account erased"})
