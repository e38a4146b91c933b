"""The tables of reviews: each module has those of one matter."""

from reviews.models.follow_ups import (
    FollowUp,
    FollowUpEvent,
    FollowUpOffer,
    ReviewInvitation,
    VisitAnswer,
)
from reviews.models.moderation import (
    Affiliation,
    Appeal,
    Hint,
    ModerationEvent,
    ModerationItem,
    ModerationPolicy,
    Removal,
    Signal,
)
from reviews.models.prints import TextPrint
from reviews.models.reading import Counts, Listing, MonthTally, RankingMonth, Subject
from reviews.models.reviews import HelpfulVote, Reply, Review, ReviewPerson, ReviewPhoto, ReviewVersion

__all__ = [
    "Affiliation",
    "Appeal",
    "Counts",
    "FollowUp",
    "FollowUpEvent",
    "FollowUpOffer",
    "HelpfulVote",
    "Hint",
    "Listing",
    "ModerationEvent",
    "ModerationItem",
    "ModerationPolicy",
    "MonthTally",
    "RankingMonth",
    "Removal",
    "Reply",
    "Review",
    "ReviewInvitation",
    "ReviewPerson",
    "ReviewPhoto",
    "ReviewVersion",
    "Signal",
    "Subject",
    "TextPrint",
    "VisitAnswer",
]
