"""What shops tell owners who agreed, about work that is really due."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from core.ids import PublicIdModel
from reminders.choices import CampaignStatus
from reminders.querysets import CampaignQuerySet
from shops.models import Shop


class Campaign(PublicIdModel):
    """A shop's word to owners of cars it has served, who agreed to hear from shops they know, and whose car is due for
    this service between the two days. Who they are the shop does not learn."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="campaigns", verbose_name=_("shop"))
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", verbose_name=_("service"))
    text = models.CharField(_("words"), max_length=200, blank=True)
    due_from = models.DateField(_("due from"))
    due_until = models.DateField(_("due until"))
    status = models.CharField(_("status"), max_length=8, choices=CampaignStatus, default=CampaignStatus.DRAFT)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # The last owner that was looked at, so that a sweep goes on where another left off.
    cursor = models.PositiveBigIntegerField(_("position"), default=0)

    objects: ClassVar[CampaignQuerySet] = CampaignQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(due_until__gte=F("due_from")), name="campaign_days_in_order"),
            models.CheckConstraint(condition=Q(status__in=CampaignStatus.values), name="campaign_status_known"),
            models.CheckConstraint(
                condition=Q(status=CampaignStatus.DRAFT, started_at__isnull=True)
                | (~Q(status=CampaignStatus.DRAFT) & Q(started_at__isnull=False)),
                name="campaign_started_once",
            ),
            models.UniqueConstraint(
                fields=["shop"], condition=Q(status=CampaignStatus.SENDING), name="campaign_one_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["status"], name="campaign_sending", condition=Q(status=CampaignStatus.SENDING))]

    def __str__(self) -> str:
        return f"{self.public_id} {self.created_at:%Y-%m-%d}"
