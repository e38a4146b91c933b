"""The record of every message that left the platform, and where people want to read theirs."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import PublicIdModel
from notifications.choices import Channel, MessageChannels, MessageStatus


class Message(PublicIdModel):
    """One message to one address over one channel, kept as a delivery log."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    kind = models.CharField(_("kind"), max_length=60, help_text=_("what the message is, for example sign_in_code"))
    recipient = models.CharField(_("recipient"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    # Secrets (codes, links that open something) are in the body only where the local outbox shows them; elsewhere they
    # are masked.
    body = models.TextField(_("text"))
    status = models.CharField(_("status"), max_length=10, choices=MessageStatus)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["-created_at"], name="message_newest")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} → {self.recipient}"


class Preference(models.Model):
    """By which channels a person reads about their visits. Nobody has to choose: `notifications.preferences`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="message_preference", verbose_name=_("person")
    )
    visit_channels = models.CharField(_("messages about visits"), max_length=10, choices=MessageChannels)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("message preference")
        verbose_name_plural = _("message preferences")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(visit_channels__in=MessageChannels.values), name="preference_channels_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.visit_channels}"
