"""What the room of reviews says no to."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, InvalidInput, NotAllowed


class NotReviewableError(Conflict):
    """The visit is not over, so there is nothing to say of it yet."""

    code = "visit_not_over"
    message = _("A visit can be reviewed once you have your car back.")


class WindowClosedError(Conflict):
    code = "review_window_closed"
    message = _("The time to review this visit is over.")


class AlreadyReviewedError(Conflict):
    code = "already_reviewed"
    message = _("You have reviewed this visit already. You can change your review.")


class OwnShopError(NotAllowed):
    """Who works at a shop, or belongs to it, does not review it and does not vote on what is said about it."""

    code = "own_shop"
    message = _("You work at this shop or belong to it, so you cannot review it.")


class NotEditableError(Conflict):
    code = "review_not_editable"
    message = _("The time to change this review is over.")


class TooManyVersionsError(Conflict):
    code = "too_many_versions"
    message = _("You have changed this review many times. It cannot be changed any more.")


class ReviewGoneError(Conflict):
    code = "review_gone"
    message = _("This review is not shown any more.")


class ChangedMeanwhileError(Conflict):
    """What the person looked at is not what is there: somebody wrote or decided in the meantime."""

    code = "changed_meanwhile"
    message = _("This has changed since you opened it. Look at it again.")


class AlreadyDecidedError(Conflict):
    code = "already_decided"
    message = _("Somebody has decided this already.")


class TwoPeopleError(NotAllowed):
    code = "needs_second_person"
    message = _("Somebody else has to decide this: nobody decides twice in the same matter.")


class OwnInterestError(NotAllowed):
    """A moderator who wrote the review, or belongs to the shop, does not decide about it."""

    code = "own_interest"
    message = _("You are part of this yourself, so somebody else decides.")


class UndoOverError(Conflict):
    code = "undo_over"
    message = _("This can no longer be undone.")


class AppealNotPossibleError(Conflict):
    code = "appeal_not_possible"
    message = _("There is no decision here that you can appeal against.")


class OwnReviewVoteError(NotAllowed):
    code = "own_review_vote"
    message = _("You cannot vote on your own review.")


class FollowUpClosedError(Conflict):
    code = "follow_up_closed"
    message = _("This follow-up is closed.")


class OfferGoneError(Conflict):
    code = "offer_gone"
    message = _("This offer has ended.")


class TextNeededError(InvalidInput):
    message = _("Write something.")
