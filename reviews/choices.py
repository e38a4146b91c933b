"""States and kinds of reviews, their moderation and what follows an unhappy visit. Imports nothing of ours."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ReviewStatus(models.TextChoices):
    """Whether a review is to be read. Only `reviews.publication` changes it."""

    WAITING = "waiting", pgettext_lazy("reviews", "Being checked")
    PUBLISHED = "published", _("Published")
    REJECTED = "rejected", _("Not published")
    REMOVED = "removed", _("Removed")
    WITHDRAWN = "withdrawn", _("Withdrawn by the author")


REVIEW_MOVES: dict[str, frozenset[str]] = {
    ReviewStatus.WAITING: frozenset({ReviewStatus.PUBLISHED, ReviewStatus.REJECTED, ReviewStatus.WITHDRAWN}),
    ReviewStatus.PUBLISHED: frozenset({ReviewStatus.WAITING, ReviewStatus.REMOVED, ReviewStatus.WITHDRAWN}),
    # A new version, an appeal that is upheld, or a decision that is undone.
    ReviewStatus.REJECTED: frozenset({ReviewStatus.WAITING, ReviewStatus.PUBLISHED, ReviewStatus.WITHDRAWN}),
    ReviewStatus.REMOVED: frozenset({ReviewStatus.PUBLISHED, ReviewStatus.WITHDRAWN}),
    ReviewStatus.WITHDRAWN: frozenset(),
}


class VersionStatus(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("reviews", "Being checked")
    APPROVED = "approved", pgettext_lazy("moderation", "Approved")
    REJECTED = "rejected", _("Rejected")
    REPLACED = "replaced", _("Replaced by the author before it was checked")
    WITHDRAWN = "withdrawn", _("Withdrawn by the author")


class Dimension(models.TextChoices):
    """What is rated beside the total, each from 1 (bad) to 5 (very good), by those who want to."""

    WORKMANSHIP = "workmanship", _("Workmanship")
    HONESTY = "honesty", _("Honesty")
    COMMUNICATION = "communication", _("Communication")
    WAITING = "waiting", pgettext_lazy("rating of a visit", "Waiting")
    PRICE = "price", _("Price as quoted")


class PersonRole(models.TextChoices):
    TECHNICIAN = "technician", _("Technician")
    ADVISOR = "advisor", _("Service advisor")


class ReplyStatus(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("reviews", "Being checked")
    PUBLISHED = "published", _("Published")
    REJECTED = "rejected", _("Not published")
    REPLACED = "replaced", _("Replaced by a newer one")


class HintKind(models.TextChoices):
    """What a machine noticed about a text or its author. Each has an explanation (`reviews.hints.explanations`)."""

    CONTACT = "contact", _("Contact data")
    INSULT = "insult", _("Insult")
    ADVERTISING = "advertising", _("Advertising")
    PAID = "paid", _("Paid review")
    COPIED = "copied", _("Copied text")
    HIDDEN_TEXT = "hidden_text", _("Hidden characters")
    THREAT = "threat", _("Threat")
    PERSONAL_DATA = "personal_data", _("Personal data")
    NO_CONTENT = "no_content", _("Says nothing")
    BURST = "burst", _("Burst of reviews")
    SAME_DEVICE = "same_device", _("Same device")
    SHOP_LINK = "shop_link", _("Link to the shop")
    MONEY_LINK = "money_link", _("Money from the shop")
    RECIPROCAL = "reciprocal", _("Reciprocal reviews")
    VOTE_RING = "vote_ring", _("Ring of votes")
    NEW_ACCOUNT = "new_account", _("New account")
    CONTRADICTS = "contradicts", _("Contradicts the record")
    AGREES = "agrees", _("Agrees with the record")


class RiskBand(models.IntegerChoices):
    """How soon a person should look: the higher, the sooner."""

    LOW = 1, _("Low")
    MEDIUM = 2, _("Medium")
    HIGH = 3, _("High")


class ItemKind(models.TextChoices):
    """What waits for a moderator."""

    REVIEW = "review", _("Review")
    REPLY = "reply", _("Reply of a shop")
    APPEAL = "appeal", _("Appeal")
    REMOVAL = "removal", _("Removal, second look")
    SAMPLE = "sample", _("Sample of what was published at once")


class ItemOutcome(models.TextChoices):
    APPROVED = "approved", pgettext_lazy("moderation", "Approved")
    REJECTED = "rejected", _("Rejected")
    UPHELD = "upheld", _("Upheld")
    DISMISSED = "dismissed", _("Dismissed")
    REMOVED = "removed", _("Removed")
    KEPT = "kept", pgettext_lazy("moderation", "Kept")
    PROPOSED = "proposed", _("Removal proposed")
    OVERTAKEN = "overtaken", _("Overtaken by a newer version")


class Act(models.TextChoices):
    """A line of the moderation log."""

    RECEIVED = "received", pgettext_lazy("moderation", "Received")
    AUTO_PUBLISHED = "auto_published", _("Published at once by policy")
    OPENED = "opened", _("Opened")
    APPROVED = "approved", pgettext_lazy("moderation", "Approved")
    REJECTED = "rejected", _("Rejected")
    SKIPPED = "skipped", _("Skipped")
    UNDONE = "undone", _("Undone")
    REMOVAL_PROPOSED = "removal_proposed", _("Removal proposed")
    REMOVED = "removed", _("Removed")
    KEPT = "kept", pgettext_lazy("moderation", "Kept")
    APPEALED = "appealed", _("Appeal received")
    UPHELD = "upheld", _("Appeal upheld")
    DISMISSED = "dismissed", _("Appeal dismissed")
    OVERTAKEN = "overtaken", _("Overtaken by a newer version")
    WITHDRAWN = "withdrawn", _("Withdrawn by the author")


class ReasonCode(models.TextChoices):
    """Why a text is not shown. The author reads it in these words (`reviews.moderation.reasons` says more)."""

    ADVERTISING = "advertising", _("Advertising")
    NOT_THIS_VISIT = "not_this_visit", _("Not about this visit")
    COPIED = "copied", _("Copied text")
    THREAT = "threat", _("Threat")
    PAID = "paid", _("Paid review")
    INSULT = "insult", _("Insult")
    PERSONAL_DATA = "personal_data", _("Personal data of others")
    OWN_SHOP = "own_shop", _("Connected with the shop")
    UNLAWFUL = "unlawful", _("Against the law")


class Side(models.TextChoices):
    AUTHOR = "author", _("Author")
    SHOP = "shop", _("Shop")


class AppealStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("an appeal", "Open")
    UPHELD = "upheld", _("Upheld")
    DISMISSED = "dismissed", _("Dismissed")
    MOOT = "moot", _("Settled without a decision")


class RemovalStatus(models.TextChoices):
    OPEN = "open", _("Waits for a second person")
    REMOVED = "removed", _("Removed")
    KEPT = "kept", pgettext_lazy("moderation", "Kept")
    MOOT = "moot", _("Settled without a decision")


class AffiliationKind(models.TextChoices):
    """How a person belongs to a shop without working there now."""

    RELATIVE = "relative", _("Family of somebody who works there")
    PROPRIETOR = "proprietor", _("Owner or shareholder")
    FORMER_STAFF = "former_staff", _("Worked there")
    SUPPLIER = "supplier", _("Does business with it")


class SignalKind(models.TextChoices):
    """A pattern over many reviews that a person should look at."""

    BURST = "burst", _("Burst of reviews")
    RECIPROCAL = "reciprocal", _("Reciprocal reviews")
    VOTE_RING = "vote_ring", _("Ring of votes")
    SHARED_DEVICE = "shared_device", _("Several reviewers on one device")


class FollowUpCause(models.TextChoices):
    LOW_REVIEW = "low_review", _("Low review")
    UNHAPPY_ANSWER = "unhappy_answer", _("The owner was not happy")


class FollowUpStatus(models.TextChoices):
    """Where winning back an unhappy owner stands. Only `reviews.follow_ups` changes it."""

    OPEN = "open", _("To be contacted")
    CONTACTED = "contacted", _("Contacted")
    OFFERED = "offered", _("Offer made")
    ACCEPTED = "accepted", _("Offer accepted")
    PUT_RIGHT = "put_right", _("Put right")
    NOT_PUT_RIGHT = "not_put_right", _("Not put right")
    LAPSED = "lapsed", _("No answer from the owner")


FOLLOW_UP_OPEN = (
    FollowUpStatus.OPEN,
    FollowUpStatus.CONTACTED,
    FollowUpStatus.OFFERED,
    FollowUpStatus.ACCEPTED,
)


class FollowUpStep(models.TextChoices):
    OPENED = "opened", pgettext_lazy("a follow-up", "Opened")
    CONTACT = "contact", _("Owner contacted")
    OFFER = "offer", _("Offer made")
    WITHDRAWN = "withdrawn", _("Offer withdrawn")
    ACCEPTED = "accepted", _("Offer accepted")
    DECLINED = "declined", _("Offer declined")
    CARRIED_OUT = "carried_out", _("Offer carried out")
    OFFER_ENDED = "offer_ended", _("Offer ended without an answer")
    INVITED = "invited", _("Invited to come again")
    ASKED = "asked", _("Owner asked whether it was put right")
    LATE = "late", _("Time to contact the owner has passed")
    ESCALATED = "escalated", _("The platform stepped in")
    PUT_RIGHT = "put_right", _("The owner says it was put right")
    NOT_PUT_RIGHT = "not_put_right", _("The owner says it was not put right")
    REVIEW_UPDATED = "review_updated", _("Review updated")
    LAPSED = "lapsed", _("No answer from the owner")


class OfferKind(models.TextChoices):
    COMEBACK = "comeback", _("Put the work right, free of charge")
    REFUND = "refund", _("Give part of the money back")
    VOUCHER = "voucher", _("Voucher for the next visit")


class OfferStatus(models.TextChoices):
    OPEN = "open", _("Waits for the owner")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", pgettext_lazy("an offer", "Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    ENDED = "ended", _("Ended without an answer")
