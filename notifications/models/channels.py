"""The ways out: how each is doing, who sends just now, which addresses cannot be reached, which browsers are told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.ids import PublicIdModel
from notifications.choices import AddressFault, Channel


class ChannelState(models.Model):
    """Whether a channel answers. While it is paused nothing is tried: what waits keeps waiting."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel, primary_key=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    last_sent_at = models.DateTimeField(_("last sent at"), null=True, blank=True)

    class Meta:
        verbose_name = _("state of a channel")
        verbose_name_plural = _("states of channels")
        ordering = ["channel"]
        constraints = [models.CheckConstraint(condition=Q(channel__in=Channel.values), name="channel_state_known")]

    def __str__(self) -> str:
        return self.get_channel_display()


class SenderSlot(models.Model):
    """A place to send from. A channel has a few; whoever sends holds one, so that a channel that hangs takes no more
    workers than it has places."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    number = models.PositiveSmallIntegerField(_("number"))
    held_by = models.CharField(_("held by"), max_length=16, blank=True)
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)

    class Meta:
        verbose_name = _("place to send from")
        verbose_name_plural = _("places to send from")
        ordering = ["channel", "number"]
        constraints = [models.UniqueConstraint(fields=["channel", "number"], name="sender_slot_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.number}"


class UnreachableAddress(models.Model):
    """An address to which nothing is sent until its owner proves that it works."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    recipient = models.CharField(_("recipient"), max_length=254, help_text=_("e-mail addresses in lower case"))
    fault = models.CharField(_("fault"), max_length=12, choices=AddressFault)
    note = models.CharField(_("what the other side said"), max_length=300, blank=True)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("unreachable address")
        verbose_name_plural = _("unreachable addresses")
        ordering = ["-since", "-pk"]
        constraints = [models.UniqueConstraint(fields=["channel", "recipient"], name="unreachable_once")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.recipient}"


class PushSubscription(PublicIdModel):
    """A browser that asked to be told (Web Push, RFC 8030). The endpoint is a secret of the browser's push service."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="push_subscriptions",
        verbose_name=_("person"),
    )
    endpoint = models.CharField(_("endpoint"), max_length=1000)
    endpoint_hash = models.CharField(_("hash of the endpoint"), max_length=64, unique=True)
    p256dh = models.CharField(_("the browser's public key"), max_length=120)
    auth = models.CharField(_("shared secret"), max_length=40)
    device = models.CharField(_("device"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("push subscription")
        verbose_name_plural = _("push subscriptions")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.user_id} {self.device}"
