"""What happens to a car on the workshop floor: check-in, inspection, quality check, photos, messages, links."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.choices import DecisionWay, PhotoKind, Urgency
from bookings.models.lines import Line
from bookings.models.visits import Booking
from bookings.querysets import VisitLinkQuerySet
from core.photos import StoredPhoto


class CheckIn(models.Model):
    """The state of a car when it came, as the shop wrote it down and the owner confirmed it. One for each visit."""

    # Stands as the reason of a reading that was doubted without the shop having to say why it is right.
    UNEXPLAINED = "Does not fit what was recorded before"

    booking = models.OneToOneField(
        Booking, on_delete=models.PROTECT, related_name="check_in", verbose_name=_("booking")
    )
    recorded_at = models.DateTimeField(_("written down at"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    # An odometer that went back, or jumped, needs a reason and the eyes of a second person.
    odometer_reason = models.CharField(_("why the odometer is right"), max_length=200, blank=True)
    odometer_second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("odometer looked at again by"),
    )
    odometer_second_at = models.DateTimeField(_("odometer looked at again at"), null=True, blank=True)
    fuel_percent = models.PositiveSmallIntegerField(_("fuel, percent"), null=True, blank=True)
    charge_percent = models.PositiveSmallIntegerField(_("charge, percent"), null=True, blank=True)
    # Keys of `bookings.floor.checking_in.WARNING_LIGHTS`.
    warning_lights = ArrayField(
        models.CharField(max_length=30), verbose_name=_("warning lights"), default=list, blank=True
    )
    condition = models.TextField(_("scratches and dents"), max_length=1000, blank=True)
    belongings = models.TextField(_("belongings left in the car"), max_length=1000, blank=True)
    owner_words = models.TextField(_("the owner's words"), max_length=2000, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed by the owner at"), null=True, blank=True)
    confirmed_way = models.CharField(_("confirmed how"), max_length=10, choices=DecisionWay, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("check-in")
        verbose_name_plural = _("check-ins")
        ordering = ["-recorded_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(fuel_percent__isnull=True) | Q(fuel_percent__lte=100))
                & (Q(charge_percent__isnull=True) | Q(charge_percent__lte=100)),
                name="check_in_levels_sane",
            ),
            models.CheckConstraint(
                condition=Q(odometer_second_by__isnull=True)
                | (~Q(odometer_second_by=F("recorded_by")) & ~Q(odometer_reason="")),
                name="check_in_second_person",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_way="")
                | (Q(confirmed_at__isnull=False) & ~Q(confirmed_way="")),
                name="check_in_confirmed_how",
            ),
        ]

    def __str__(self) -> str:
        return f"check-in {self.booking_id}"

    @property
    def is_odometer_questioned(self) -> bool:
        """Whether the reading still waits for a second person; until then it does not join the car's record."""
        return bool(self.odometer_reason) and self.odometer_second_by_id is None

    @property
    def odometer_words(self) -> str:
        """Why the reading is right, in the words of who read it; empty where nobody had to say."""
        return "" if self.odometer_reason == self.UNEXPLAINED else self.odometer_reason


class Inspection(models.Model):
    """One round of checks by a template of the catalogue. Finished once; more is another inspection."""

    booking = models.ForeignKey(
        Booking, on_delete=models.PROTECT, related_name="inspections", verbose_name=_("booking")
    )
    template = models.SlugField(_("template"), max_length=60, help_text=_("key of a catalog.InspectionTemplate"))
    started_at = models.DateTimeField(_("started at"))
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("started by")
    )
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    finished_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("finished by"),
    )

    class Meta:
        verbose_name = _("inspection")
        verbose_name_plural = _("inspections")
        ordering = ["booking", "started_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "template"], condition=Q(finished_at__isnull=True), name="inspection_open_once"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(finished_by__isnull=False), name="inspection_finished_by"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.template}"


class InspectionItem(models.Model):
    """What was found at one check point: a measured value, a look, fault codes or a date; the tone follows by rule."""

    inspection = models.ForeignKey(
        Inspection, on_delete=models.PROTECT, related_name="items", verbose_name=_("inspection")
    )
    point = models.SlugField(_("check point"), max_length=60, help_text=_("key of a catalog.CheckPoint"))
    value = models.DecimalField(_("value"), max_digits=9, decimal_places=3, null=True, blank=True)
    on_date = models.DateField(_("date found"), null=True, blank=True)
    codes = ArrayField(models.CharField(max_length=10), verbose_name=_("fault codes"), default=list, blank=True)
    # Empty: could not be measured, and `note` says why.
    tone = models.CharField(_("tone"), max_length=10, choices=Urgency, blank=True)
    # Keys of `catalog.choices.Symptom` that were seen here.
    symptoms = ArrayField(models.CharField(max_length=40), verbose_name=_("symptoms"), default=list, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("check point result")
        verbose_name_plural = _("check point results")
        ordering = ["inspection", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["inspection", "point"], name="item_once_per_point"),
            models.CheckConstraint(condition=Q(value__isnull=True) | Q(value__gte=-100), name="item_value_sane"),
            models.CheckConstraint(condition=~Q(tone="") | ~Q(note=""), name="item_unmeasured_said_why"),
        ]

    def __str__(self) -> str:
        return f"{self.inspection_id} {self.point}"


class QualityCheck(models.Model):
    """A second pair of eyes on finished work. Append-only: a failed check stays, and another one follows."""

    booking = models.ForeignKey(
        Booking, on_delete=models.PROTECT, related_name="quality_checks", verbose_name=_("booking")
    )
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    # [{"key": …, "ok": true}] over `bookings.floor.quality.CHECKLIST`.
    checklist = models.JSONField(_("checklist"), default=list)
    is_passed = models.BooleanField(_("passed"))
    # In a shop of one there is nobody else; the owner reads it.
    is_alone = models.BooleanField(_("by the person who did the work"), default=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("quality check")
        verbose_name_plural = _("quality checks")
        ordering = ["booking", "at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(is_passed=True) | ~Q(note=""), name="quality_failed_said_why")
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.at:%Y-%m-%d %H:%M}"


class VisitMessage(models.Model):
    """Something that owner and shop say to each other in a visit. Append-only."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="messages", verbose_name=_("booking"))
    at = models.DateTimeField(_("at"))
    is_from_owner = models.BooleanField(_("from the owner"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("author")
    )
    author_role = models.CharField(_("as"), max_length=20, blank=True)
    # Emptied when the person's account is erased; nothing else changes it.
    text = models.TextField(_("text"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("message in a visit")
        verbose_name_plural = _("messages in visits")
        ordering = ["booking", "at", "pk"]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.at:%Y-%m-%d %H:%M}"


class VisitPhoto(StoredPhoto):
    """A photo of a visit, seen by the owner, by whoever holds the visit's link, and by the shop's people; and by a
    platform admin who looks into a dispute, which the admin's log keeps."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="photos", verbose_name=_("booking"))
    kind = models.CharField(_("kind"), max_length=12, choices=PhotoKind)
    item = models.ForeignKey(InspectionItem, null=True, blank=True, on_delete=models.PROTECT, related_name="photos")
    line = models.ForeignKey(Line, null=True, blank=True, on_delete=models.PROTECT, related_name="photos")
    message = models.ForeignKey(VisitMessage, null=True, blank=True, on_delete=models.PROTECT, related_name="photos")
    caption = models.CharField(_("caption"), max_length=120, blank=True)

    class Meta(StoredPhoto.Meta):
        verbose_name = _("photo of a visit")
        verbose_name_plural = _("photos of visits")
        ordering = ["booking", "uploaded_at", "pk"]


class VisitLink(models.Model):
    """An address that opens one visit without signing in, sent to the owner. Only its hash is kept.

    Whoever has the address can answer for the owner, so it is unguessable, for this visit only, and ends.
    """

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="links", verbose_name=_("booking"))
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text=_("SHA-256 of the token"))
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    used_at = models.DateTimeField(_("first used at"), null=True, blank=True)

    objects: ClassVar[VisitLinkQuerySet] = VisitLinkQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("link to a visit")
        verbose_name_plural = _("links to visits")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="link_ends"),
            models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="link_token_hashed"),
        ]

    def __str__(self) -> str:
        return f"link {self.pk}"
