"""What providers tell us, and what a person has to look at."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from payments.choices import AlarmKind, NoticeVerdict, ProviderKey


class ProviderNotice(models.Model):
    """A notice (webhook) as it came: an accepted one once for each event; a refused one, with what was wrong, once for
    each body (`event_id` is its SHA-256 then)."""

    provider = models.CharField(_("provider"), max_length=10, choices=ProviderKey)
    event_id = models.CharField(_("event"), max_length=128)
    verdict = models.CharField(_("verdict"), max_length=10, choices=NoticeVerdict)
    fault = models.CharField(_("what was wrong"), max_length=20, blank=True)
    subject = models.CharField(_("about"), max_length=12, blank=True)
    request_no = models.CharField(_("our number"), max_length=64, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"))
    body = models.TextField(_("as it came"), blank=True)
    # When it is looked into next; null once that is done.
    next_try_at = models.DateTimeField(_("next try at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("notice of a provider")
        verbose_name_plural = _("notices of providers")
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "event_id"],
                name="notice_once",
                condition=Q(verdict=NoticeVerdict.ACCEPTED),
            ),
            models.UniqueConstraint(
                fields=["provider", "event_id"],
                name="refused_notice_once",
                condition=Q(verdict=NoticeVerdict.REFUSED),
            ),
            models.CheckConstraint(
                condition=Q(next_try_at__isnull=True) | Q(verdict=NoticeVerdict.ACCEPTED, handled_at__isnull=True),
                name="notice_tried_until_handled",
            ),
            models.CheckConstraint(
                condition=Q(verdict=NoticeVerdict.ACCEPTED, fault="")
                | (Q(verdict=NoticeVerdict.REFUSED) & ~Q(fault="") & Q(handled_at__isnull=True)),
                name="notice_refused_said_why",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="notice_to_try", condition=Q(next_try_at__isnull=False)),
            models.Index(fields=["received_at"], name="notice_received"),
            # Counted with each refused one.
            models.Index(
                fields=["provider", "received_at"],
                name="notice_refused_lately",
                condition=Q(verdict=NoticeVerdict.REFUSED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"


class Alarm(models.Model):
    """Something about money that a person has to look at. The same thing again counts up instead of shouting twice."""

    kind = models.CharField(_("kind"), max_length=20, choices=AlarmKind)
    key = models.CharField(_("about"), max_length=120)
    data = models.JSONField(_("details"), default=dict)
    raised_at = models.DateTimeField(_("raised at"))
    seen_at = models.DateTimeField(_("last seen at"))
    times = models.PositiveIntegerField(_("times"), default=1)
    resolved_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("closed by"),
    )
    note = models.CharField(_("what was found"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-raised_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], name="alarm_open_once", condition=Q(resolved_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
