from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


class MessageStatus(models.TextChoices):
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class MessageChannels(models.TextChoices):
    """Where a person wants to read about their visits."""

    SMS = "sms", _("By SMS")
    EMAIL = "email", _("By e-mail")
    BOTH = "both", _("Both")
