"""Calendars that programs read."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shops.models import Resource


class CalendarFeed(models.Model):
    """A secret address that a calendar program reads: an owner's visits, or the day of a bay or a technician.

    Whoever has the address can read; a new one makes the old one worthless.
    """

    token = models.CharField(max_length=64, unique=True, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="calendar_feed"
    )
    resource = models.OneToOneField(
        Resource, null=True, blank=True, on_delete=models.CASCADE, related_name="calendar_feed"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    shows_needs = models.BooleanField(
        _("shows what cars need"), default=True, help_text=_("only an owner's calendar has that")
    )

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, resource__isnull=True) | Q(user__isnull=True, resource__isnull=False),
                name="feed_of_one",
            )
        ]

    def __str__(self) -> str:
        return f"feed {self.pk}"
