"""The claims that make a slot true."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.choices import (
    AllocationKind,
)
from bookings.models.visits import Booking
from shops.models import Resource

# A longer claim (a bay's refit) is made of several: see `bookings.workshop.block`.
MAX_CLAIM = timedelta(hours=24)


class Allocation(models.Model):
    """A claim on a bay, mobile unit, person or loaner car for a time. Two claims on one resource cannot overlap: the
    database refuses. A visit's claims go with its slot (they are deleted when it is given up); breaks and blocks have
    no visit.

    `during` includes the turnaround after the work, so it can reach beyond the booking's `ends_at`.
    """

    resource = models.ForeignKey(
        # Not indexed by itself: both indexes of the table begin with it.
        Resource,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="allocations",
        verbose_name=_("resource"),
    )
    booking = models.ForeignKey(
        Booking, null=True, blank=True, on_delete=models.CASCADE, related_name="allocations", verbose_name=_("booking")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=AllocationKind, default=AllocationKind.WORK)
    during = DateTimeRangeField(_("during"))
    # A hold's claim lapses by itself: readers and claimers ignore it from this time on, whether or not it was removed.
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    # Chosen by a person: making room for another visit never moves it.
    is_pinned = models.BooleanField(_("chosen by hand"), default=False, db_default=False)

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        ordering = ["resource", "during", "pk"]
        constraints = [
            ExclusionConstraint(
                name="allocation_no_overlap",
                expressions=[("resource", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__startswith__isnull=False, during__endswith__isnull=False),
                name="allocation_has_length",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["work", "travel"], booking__isnull=False)
                | (~Q(kind__in=["work", "travel"]) & Q(booking__isnull=True)),
                name="allocation_work_has_booking",
            ),
            # So that the claims of some days can be read from the index of starts: none reaches in from far back.
            models.CheckConstraint(
                condition=Q(during__endswith__lte=F("during__startswith") + MAX_CLAIM), name="allocation_within_a_day"
            ),
        ]
        indexes = [
            models.Index(
                "resource",
                F("during__startswith"),
                include=["during", "held_until", "booking"],
                name="allocation_by_start",
            )
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.during}"
