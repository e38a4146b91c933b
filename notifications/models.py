"""The record of every message that left the platform."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import PublicIdModel
from notifications.choices import Channel, MessageStatus


class Message(PublicIdModel):
    """One message to one address over one channel, kept as a delivery log."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    kind = models.CharField(_("kind"), max_length=60, help_text=_("what the message is, for example sign_in_code"))
    recipient = models.CharField(_("recipient"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    # Secrets (codes) are in the body only where the local outbox shows them; elsewhere they are masked.
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
