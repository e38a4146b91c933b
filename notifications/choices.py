from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """Ways out of the platform. The inbox on the site is none: what is told is in it at once."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    PUSH = "push", _("Push message")

    @property
    def in_sentence(self) -> str:
        """The name as it stands within a sentence: "by e-mail"."""
        return str({Channel.EMAIL: _("e-mail"), Channel.PUSH: _("push message")}.get(self, self.label))


class MessageStatus(models.TextChoices):
    """QUEUED and CLAIMED can be given up without harm; HANDING means that the outside may have heard of it already."""

    QUEUED = "queued", _("Waiting to be sent")
    CLAIMED = "claimed", _("About to be sent")
    HANDING = "handing", _("Being handed over")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    BOUNCED = "bounced", _("Address unreachable")
    UNKNOWN = "unknown", _("Not known whether it arrived")
    DROPPED = "dropped", _("Not sent on purpose")


# What nothing will happen to any more, but for a report of a bounce.
ENDED = (
    MessageStatus.SENT,
    MessageStatus.FAILED,
    MessageStatus.BOUNCED,
    MessageStatus.UNKNOWN,
    MessageStatus.DROPPED,
)


class Topic(models.TextChoices):
    """What people choose channels for. `notifications.kinds` says which message belongs to which."""

    VISITS = "visits", _("Your visits")
    REMINDERS = "reminders", _("What your cars need")
    REVIEWS = "reviews", _("Reviews")
    MONEY = "money", _("Payments and refunds")
    CAMPAIGNS = "campaigns", _("Offers from shops you know")
    SHOP = "shop", _("Your shop")
    SHOP_VISITS = "shop_visits", _("Bookings at your shop")
    PLATFORM = "platform", _("The platform")
    ACCOUNT = "account", _("Your account")


class DropReason(models.TextChoices):
    """Why a message was not sent though it was written."""

    TOO_LATE = "too_late", _("It would have come too late")
    NOT_TRUE = "not_true", _("It was not true any more")
    SWITCHED_OFF = "switched_off", _("Switched off since")
    UNREACHABLE = "unreachable", _("The address cannot be reached")
    NO_ACCOUNT = "no_account", _("The account is closed")


class AddressFault(models.TextChoices):
    """Why nothing is sent to an address."""

    BOUNCED = "bounced", _("The other side says that it does not exist")
    COMPLAINED = "complained", _("The reader called a message spam")
    FULL = "full", _("Refused for a time, again and again")
