"""The lines of a visit: what is to be done for which price, every version of it, and what the owner decided.

Two triggers keep the promise that nothing unapproved is done or charged (`migrations/0007_line_guards`): a line is
approved or done only with the owner's approval of its present version, a new version is a proposal again, and a bill
is the sum of what is done.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.choices import (
    Decision,
    DecisionWay,
    LineOrigin,
    LineState,
    PriceBasis,
    Urgency,
    WarrantyScope,
)
from bookings.models.visits import Booking
from bookings.querysets import LineQuerySet
from catalog.models import MAX_PRICE_FEN, OverMaintenanceRule, Service
from core.ids import PublicIdModel
from shops.choices import Role
from shops.models import Resource


class Line(PublicIdModel):
    """A piece of work in a visit. What it says and costs is its present version (`number == version`)."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="lines", verbose_name=_("booking"))
    position = models.PositiveSmallIntegerField(_("position"))
    origin = models.CharField(_("where it comes from"), max_length=10, choices=LineOrigin)
    state = models.CharField(_("state"), max_length=12, choices=LineState, default=LineState.PROPOSED)
    version = models.PositiveSmallIntegerField(_("present version"), default=1)
    # Proposals are collected and sent to the owner together; before that only the shop sees them.
    sent_at = models.DateTimeField(_("sent to the owner at"), null=True, blank=True)
    waits_for_parts = models.BooleanField(_("waits for parts"), default=False)
    parts_expected_on = models.DateField(_("parts expected on"), null=True, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("reported done by"),
    )
    technician = models.ForeignKey(
        Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("technician")
    )
    not_needed_reason = models.CharField(_("why it was not needed"), max_length=200, blank=True)
    warranty_until = models.DateField(_("warranty until"), null=True, blank=True)
    warranty_until_km = models.PositiveIntegerField(_("warranty until, km"), null=True, blank=True)

    objects: ClassVar[LineQuerySet] = LineQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ["booking", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "position"], name="line_position_once"),
            models.CheckConstraint(
                condition=(Q(state=LineState.DONE, done_at__isnull=False) & Q(done_by__isnull=False))
                | (~Q(state=LineState.DONE) & Q(done_at__isnull=True)),
                name="line_done_dated",
            ),
            models.CheckConstraint(
                condition=~Q(state=LineState.NOT_NEEDED) | ~Q(not_needed_reason=""), name="line_not_needed_said_why"
            ),
            models.CheckConstraint(condition=Q(version__gt=0), name="line_version_from_one"),
        ]
        indexes = [models.Index(fields=["booking"], name="line_waiting_parts", condition=Q(waits_for_parts=True))]

    def __str__(self) -> str:
        return f"{self.booking_id} #{self.position}"

    @property
    def current(self) -> LineVersion:
        """The present version. Costs no query after `LineQuerySet.with_versions`."""
        return next(row for row in self.versions.all() if row.number == self.version)

    @property
    def is_pending(self) -> bool:
        """Whether the owner has been asked and has not answered."""
        return self.state == LineState.PROPOSED and self.sent_at is not None

    @property
    def lacks_parts(self) -> bool:
        """Whether it is to be done and its parts are missing."""
        return self.state == LineState.APPROVED and self.waits_for_parts


class LineVersion(models.Model):
    """What a line said and cost at one time. Append-only: a change is a new version."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="versions", verbose_name=_("line"))
    number = models.PositiveSmallIntegerField(_("version"))
    created_at = models.DateTimeField(_("written at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    author_role = models.CharField(_("as"), max_length=20, choices=Role, blank=True)

    # One of the catalogue's services, one of its often-sold measures, or words of the shop's own.
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("service")
    )
    measure = models.ForeignKey(
        OverMaintenanceRule,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("often-sold measure"),
    )
    title = models.CharField(_("what is to be done"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    labour_minutes = models.PositiveSmallIntegerField(_("labour, minutes"), default=0)
    labour_fen = models.PositiveIntegerField(_("labour, fen"))
    # [{"name": …, "code": …, "quantity": "1", "unit_fen": 30000}]
    parts = models.JSONField(_("parts"), default=list)
    parts_fen = models.PositiveIntegerField(_("parts, fen"))
    discount_fen = models.PositiveIntegerField(_("discount, fen"), default=0)
    price_basis = models.CharField(_("price from"), max_length=10, choices=PriceBasis)
    price_reason = models.CharField(_("why this price"), max_length=200, blank=True)
    # {"low_fen", "high_fen", "n"} as the owner saw it; null where too little is known.
    fair_price = models.JSONField(_("usual range"), null=True, blank=True)
    extra_minutes = models.PositiveSmallIntegerField(_("adds to the promise, minutes"), default=0)

    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency)
    warranty_scope = models.CharField(_("kind of repair"), max_length=12, choices=WarrantyScope)
    warranty_days = models.PositiveSmallIntegerField(_("warranty, days"))
    warranty_km = models.PositiveIntegerField(_("warranty, km"))

    # What was found: keys of `catalog.choices.Symptom`, fault codes, and readings as they stood.
    symptoms = ArrayField(models.CharField(max_length=40), verbose_name=_("symptoms"), default=list, blank=True)
    fault_codes = ArrayField(models.CharField(max_length=10), verbose_name=_("fault codes"), default=list, blank=True)
    evidence = models.JSONField(_("measurements"), default=list)
    # The platform's advice when it was proposed (`catalog.advice`), and the shop's reason where that speaks against.
    advice = models.JSONField(_("advice"), default=dict)
    advice_verdict = models.CharField(_("verdict"), max_length=20, blank=True)
    against_reason = models.CharField(_("why in spite of the advice"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("version of a line")
        verbose_name_plural = _("versions of lines")
        ordering = ["line", "number"]
        constraints = [
            models.UniqueConstraint(fields=["line", "number"], name="line_version_once"),
            models.CheckConstraint(
                condition=Q(labour_fen__lte=MAX_PRICE_FEN, parts_fen__lte=MAX_PRICE_FEN)
                & Q(discount_fen__lte=F("labour_fen")),
                name="line_price_sane",
            ),
            models.CheckConstraint(
                condition=Q(service__isnull=False) | Q(measure__isnull=False) | ~Q(title=""), name="line_says_what"
            ),
            models.CheckConstraint(
                condition=Q(price_basis=PriceBasis.OFFER) | ~Q(price_reason=""), name="line_price_said_why"
            ),
            models.CheckConstraint(
                condition=~Q(advice_verdict__in=["not_needed", "mostly_unnecessary", "can_wait"])
                | ~Q(against_reason=""),
                name="line_against_advice_said_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} v{self.number}"

    @property
    def total_fen(self) -> int:
        """The all-in price of the line, fen, tax included."""
        return self.labour_fen + self.parts_fen - self.discount_fen

    @property
    def name(self) -> str:
        """What is to be done, in the reader's language where the catalogue knows it."""
        if self.title:
            return self.title
        return self.service.name if self.service else self.measure.name if self.measure else ""


class LineDecision(models.Model):
    """The owner's word on one version of a line. Append-only, but for the words of a call, which go with the account.

    Staff never decide: what an owner says on the phone is written down with who heard it and when, and a technician
    cannot write it down.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("line"))
    version = models.PositiveSmallIntegerField(_("version"))
    decision = models.CharField(_("decision"), max_length=10, choices=Decision)
    way = models.CharField(_("how"), max_length=10, choices=DecisionWay)
    at = models.DateTimeField(_("at"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("owner")
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("written down by"),
    )
    recorder_role = models.CharField(_("as"), max_length=20, choices=Role, blank=True)
    spoke_with = models.CharField(_("spoke with"), max_length=80, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    defer_until = models.DateField(_("remind on"), null=True, blank=True)
    defer_km = models.PositiveIntegerField(_("remind at, km"), null=True, blank=True)

    class Meta:
        verbose_name = _("decision on a line")
        verbose_name_plural = _("decisions on lines")
        ordering = ["line", "at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(way=DecisionWay.PHONE, recorded_by__isnull=False)
                    & ~Q(recorder_role__in=["", Role.TECHNICIAN])
                    & ~Q(spoke_with="")
                )
                | (
                    Q(way__in=[DecisionWay.BOOKING, DecisionWay.ACCOUNT, DecisionWay.LINK])
                    & Q(recorded_by__isnull=True, recorder_role="")
                ),
                name="decision_is_the_owners",
            ),
            models.CheckConstraint(
                condition=~Q(way=DecisionWay.ACCOUNT) | Q(owner__isnull=False), name="decision_signed_in"
            ),
            models.CheckConstraint(
                condition=Q(decision=Decision.DEFER) | Q(defer_until__isnull=True, defer_km__isnull=True),
                name="decision_only_deferred_reminds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} v{self.version} {self.decision}"
