"""Where and when people want to be told."""

from datetime import time

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from notifications.choices import Channel, Topic

QUIET_FROM, QUIET_UNTIL = time(21), time(9)


class Preference(models.Model):
    """When a person is left alone: wall clock of their own zone. Nobody has to choose: `notifications.quiet`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="message_preference", verbose_name=_("person")
    )
    zone = models.CharField(_("time zone"), max_length=60, blank=True, help_text=_("empty: the platform's"))
    quiet_from = models.TimeField(_("quiet from"), default=QUIET_FROM)
    quiet_until = models.TimeField(_("quiet until"), default=QUIET_UNTIL)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("message preference")
        verbose_name_plural = _("message preferences")
        constraints = [
            # A whole day of quiet would be "never", which has a switch of its own.
            models.CheckConstraint(condition=~Q(quiet_from=F("quiet_until")), name="preference_quiet_ends")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.quiet_from:%H:%M}-{self.quiet_until:%H:%M}"


class ChannelChoice(models.Model):
    """Whether a person wants messages of a topic by a channel. Without a row the default holds."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="channel_choices", verbose_name=_("person")
    )
    topic = models.CharField(_("topic"), max_length=12, choices=Topic)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    is_on = models.BooleanField(_("on"))
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("choice of a channel")
        verbose_name_plural = _("choices of channels")
        ordering = ["user", "topic", "channel"]
        constraints = [
            models.UniqueConstraint(fields=["user", "topic", "channel"], name="channel_choice_once"),
            models.CheckConstraint(condition=Q(topic__in=Topic.values), name="channel_choice_topic_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="channel_choice_channel_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.topic} {self.channel} {'on' if self.is_on else 'off'}"
