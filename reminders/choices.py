from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Source(models.TextChoices):
    """Where it is known from that something is due."""

    SCHEDULE = "schedule", _("Service schedule")
    MEASURED = "measured", _("Measurement")
    TEST = "test", _("Time to test")
    DEFERRED = "deferred", _("Put off by you")
    STATUTE = "statute", _("Law")
    INSURANCE = "insurance", _("Your entry")
    WARRANTY = "warranty", _("Warranty")


class By(models.TextChoices):
    """What sets the day: kilometres, the calendar, or a measurement carried on."""

    KM = "km", _("Kilometres")
    DATE = "date", _("Date")
    WEAR = "wear", _("Wear")


class ItemState(models.TextChoices):
    """OPEN stays until something is said or done; nothing leaves it because time goes by."""

    OPEN = "open", pgettext_lazy("due item", "Open")
    DEFERRED = "deferred", _("Put off")
    DONE = "done", _("Done")
    DISMISSED = "dismissed", pgettext_lazy("due item", "Dismissed")
    # A warranty that has run out, or a fact that was corrected: the owner owes nothing.
    ENDED = "ended", _("Ended")


# What the owner can still be told about, or will be again.
STANDING = (ItemState.OPEN, ItemState.DEFERRED)


class ItemAct(models.TextChoices):
    OPENED = "opened", pgettext_lazy("due item", "Found")
    MOVED = "moved", _("Day changed")
    DONE = "done", _("Done")
    DEFERRED = "deferred", _("Put off")
    CAME_BACK = "came_back", _("Came up again")
    DISMISSED = "dismissed", pgettext_lazy("due item", "Dismissed")
    REOPENED = "reopened", _("Taken up again")
    ENDED = "ended", _("Ended")


class DismissReason(models.TextChoices):
    DONE_ELSEWHERE = "elsewhere", _("Done elsewhere, I do not know when")
    NOT_FITTED = "not_fitted", _("My car does not have this")
    NOT_WANTED = "not_wanted", _("I decided against it")
    SELLING = "selling", _("I am selling the car")
    WRONG = "wrong", _("The day is wrong")


class Stage(models.TextChoices):
    """How often one is reminded of a thing, and then no more."""

    FIRST = "first", _("First notice")
    SECOND = "second", _("Second notice")
    OVERDUE = "overdue", _("Overdue notice")
    LAST = "last", _("Last notice")


class StageOutcome(models.TextChoices):
    """SKIPPED: its day had passed when a later stage was sent."""

    SENT = "sent", _("Sent")
    SKIPPED = "skipped", _("Skipped")


class OwnerDateKind(models.TextChoices):
    """Dates that only the owner knows."""

    INSURANCE = "insurance", _("Insurance ends")
    INSPECTION = "inspection", _("Inspection valid until")


class LetterKind(models.TextChoices):
    REMINDER = "reminder", _("Reminder")
    CAMPAIGN = "campaign", _("Offer of a shop")


class CampaignStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    STOPPED = "stopped", _("Stopped")
