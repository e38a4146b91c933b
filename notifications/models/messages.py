"""What somebody is told, once, and each message by which it leaves the platform."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.ids import PublicIdModel
from notifications.choices import Channel, DropReason, MessageStatus, Topic
from notifications.querysets import MessageQuerySet, NoticeQuerySet


class Notice(PublicIdModel):
    """One thing that somebody is told: a line of the inbox, and the head of the messages that carry it.

    `key` says what it is about. It is unique: whoever tells the same again, because an event was handled twice or two
    beats ran, finds it told.
    """

    key = models.CharField(_("key"), max_length=160, unique=True)
    kind = models.CharField(_("kind"), max_length=60, help_text=_("what the message is, for example bookings/ready"))
    topic = models.CharField(_("topic"), max_length=12, choices=Topic)
    # Nobody for who has no account: then there is no inbox.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="notices",
        verbose_name=_("person"),
    )
    language = models.CharField(_("language"), max_length=10)
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"))
    path = models.CharField(_("address on the site"), max_length=300, blank=True)
    in_inbox = models.BooleanField(_("in the inbox"), default=True)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("not sent after"), null=True, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    objects: ClassVar[NoticeQuerySet] = NoticeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(key=""), name="notice_has_key"),
            models.CheckConstraint(condition=Q(topic__in=Topic.values), name="notice_topic_known"),
            models.CheckConstraint(
                condition=Q(person__isnull=False) | Q(in_inbox=False), name="notice_inbox_is_somebodys"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-created_at", "-id"], name="notice_inbox", condition=Q(in_inbox=True)),
            models.Index(fields=["person"], name="notice_unread", condition=Q(in_inbox=True, read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.title


class Message(PublicIdModel):
    """One message to one address over one channel: the queue while it waits, the delivery log ever after.

    `html` is kept only while the message waits. Secrets (codes, links that open something) are in the texts only while
    it waits, and where the local outbox shows them; then they are masked.
    """

    notice = models.ForeignKey(
        Notice,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="messages",
        verbose_name=_("notice"),
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    kind = models.CharField(_("kind"), max_length=60, help_text=_("what the message is, for example sign_in_code"))
    # For push the public id of the browser's subscription.
    recipient = models.CharField(_("recipient"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"))
    html = models.TextField(_("rich text"), blank=True)
    status = models.CharField(_("status"), max_length=10, choices=MessageStatus)
    dropped_for = models.CharField(_("not sent because"), max_length=12, choices=DropReason, blank=True)
    error = models.TextField(_("error"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    due_at = models.DateTimeField(_("not sent before"), null=True, blank=True)
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    reference = models.CharField(_("the other side's number"), max_length=120, blank=True)
    # Thousandths of a yuan (厘): a text message costs 45 of them.
    cost_li = models.PositiveIntegerField(_("cost, li"), default=0)

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel", "recipient"], name="message_once_per_address"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="message_channel_known"),
            models.CheckConstraint(condition=Q(status__in=MessageStatus.values), name="message_status_known"),
            models.CheckConstraint(
                condition=~Q(status=MessageStatus.QUEUED) | Q(due_at__isnull=False), name="message_queued_is_due"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[MessageStatus.CLAIMED, MessageStatus.HANDING], claimed_until__isnull=False)
                | Q(claimed_until__isnull=True) & ~Q(status__in=[MessageStatus.CLAIMED, MessageStatus.HANDING]),
                name="message_claimed_for_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status=MessageStatus.DROPPED) & ~Q(dropped_for="")
                | ~Q(status=MessageStatus.DROPPED) & Q(dropped_for=""),
                name="message_dropped_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at"], name="message_newest"),
            models.Index(
                fields=["channel", "due_at", "id"], name="message_queue", condition=Q(status=MessageStatus.QUEUED)
            ),
            models.Index(
                fields=["claimed_until"],
                name="message_claims",
                condition=Q(status__in=[MessageStatus.CLAIMED, MessageStatus.HANDING]),
            ),
            models.Index(fields=["channel", "reference"], name="message_reference", condition=~Q(reference="")),
            models.Index(fields=["recipient"], name="message_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} → {self.recipient}"
