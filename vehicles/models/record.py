"""The health record of a physical car: a chain of entries, and who may read them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.ids import LENGTH as PUBLIC_ID_LENGTH
from core.ids import PublicIdModel
from core.photos import StoredPhoto
from vehicles.choices import EntrySource, RecordPart
from vehicles.querysets import (
    HealthEntryQuerySet,
    HealthRecordQuerySet,
    RecordGrantQuerySet,
    RecordLinkQuerySet,
    RecordTransferQuerySet,
)
from vehicles.record.canonical import FIRST_HASH

_HASH_LENGTH = 64  # SHA-256 in hexadecimal


class HealthRecord(PublicIdModel):
    """One physical car across owners and shops. It belongs to whoever has the car in the garage, or to nobody.

    `entry_count` and `head_hash` are kept by a trigger on the entries; nothing else can change them.
    """

    vin = models.CharField(_("VIN"), max_length=17, blank=True, help_text=_("empty while it is not known"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="health_records",
        verbose_name=_("present owner"),
    )
    complete_since_new = models.BooleanField(
        _("complete since new"),
        default=False,
        help_text=_("the owner says that nothing is missing since delivery"),
    )
    entry_count = models.PositiveIntegerField(_("entries"), default=0, editable=False)
    head_hash = models.CharField(_("newest hash"), max_length=_HASH_LENGTH, default=FIRST_HASH, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects: ClassVar[HealthRecordQuerySet] = HealthRecordQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("health record")
        verbose_name_plural = _("health records")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["vin"], condition=~Q(vin=""), name="record_vin_once"),
            models.CheckConstraint(
                condition=Q(entry_count=0, head_hash=FIRST_HASH) | (Q(entry_count__gt=0) & ~Q(head_hash=FIRST_HASH)),
                name="record_head_fits_count",
            ),
        ]

    def __str__(self) -> str:
        return self.vin or self.public_id


class HealthEntry(PublicIdModel):
    """Something that was done to a car, readable without any shop's rows. Append-only and chained by hash.

    `facts` is about the car and stays; `private` is about people and money, belongs to `holder`, and can be erased
    (set to NULL) without breaking the chain, which holds only its hash.
    """

    record = models.ForeignKey(
        HealthRecord, on_delete=models.PROTECT, related_name="entries", verbose_name=_("health record")
    )
    sequence = models.PositiveIntegerField(_("number"))
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("owner at the time"),
    )
    facts = models.JSONField(_("facts"))
    private = models.JSONField(_("private part"), null=True)
    facts_hash = models.CharField(_("hash of the facts"), max_length=_HASH_LENGTH)
    private_hash = models.CharField(_("hash of the private part"), max_length=_HASH_LENGTH)
    previous_hash = models.CharField(_("hash before"), max_length=_HASH_LENGTH)
    hash = models.CharField(_("hash"), max_length=_HASH_LENGTH)
    recorded_at = models.DateTimeField(_("recorded at"))
    source = models.CharField(_("source"), max_length=10, choices=EntrySource)
    shop_slug = models.CharField(_("shop"), max_length=80, blank=True)
    occurred_on = models.DateField(_("date"), help_text=_("wall date where the car was"))
    odometer_km = models.PositiveIntegerField(_("odometer, km"), null=True, blank=True)
    reference = models.CharField(
        _("reference"), max_length=80, blank=True, help_text=_("what it stands for, so that it enters only once")
    )

    objects: ClassVar[HealthEntryQuerySet] = HealthEntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("entry of a health record")
        verbose_name_plural = _("entries of health records")
        ordering = ["record", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["record", "sequence"], name="entry_once_per_sequence"),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="entry_reference_once"),
            models.CheckConstraint(condition=Q(sequence__gt=0), name="entry_sequence_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} #{self.sequence}"


class RecordGrant(models.Model):
    """What one shop may read of a record, and until when. Ended, never deleted.

    The shop is known by its public id: shops stand above vehicles, and their addresses can change.
    """

    record = models.ForeignKey(
        HealthRecord, on_delete=models.PROTECT, related_name="grants", verbose_name=_("health record")
    )
    shop_key = models.CharField(_("shop"), max_length=PUBLIC_ID_LENGTH, help_text=_("the shop's public id"))
    shop_name_zh = models.CharField(_("shop (Chinese)"), max_length=120)
    shop_name_en = models.CharField(_("shop (English)"), max_length=120)
    parts = ArrayField(models.CharField(max_length=20, choices=RecordPart), verbose_name=_("parts"))
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("granted by")
    )
    granted_at = models.DateTimeField(_("granted at"))
    until = models.DateTimeField(_("until"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects: ClassVar[RecordGrantQuerySet] = RecordGrantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("grant to read a record")
        verbose_name_plural = _("grants to read records")
        ordering = ["-granted_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("granted_at")), name="grant_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(parts__len__gt=0), name="grant_has_parts"),
            models.UniqueConstraint(
                fields=["record", "shop_key"], condition=Q(revoked_at__isnull=True), name="grant_once_per_shop"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record} → {self.shop_name_en}"

    def is_active(self, at: datetime) -> bool:
        """Whether the shop may read at that moment."""
        return self.revoked_at is None and at < self.until


class RecordLink(PublicIdModel):
    """A link by which a buyer may look at a record without signing in. Only the token's hash is kept."""

    record = models.ForeignKey(
        HealthRecord, on_delete=models.PROTECT, related_name="links", verbose_name=_("health record")
    )
    token_hash = models.CharField(_("hash of the token"), max_length=_HASH_LENGTH, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects: ClassVar[RecordLinkQuerySet] = RecordLinkQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("link to a record")
        verbose_name_plural = _("links to records")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="link_expires_after_creation")
        ]

    def __str__(self) -> str:
        return f"{self.record} ({self.public_id})"

    def is_active(self, at: datetime) -> bool:
        """Whether the link opens at that moment."""
        return self.revoked_at is None and at < self.expires_at


class RecordTransfer(PublicIdModel):
    """An offer to hand a record to whoever has the code; taken once, before it expires."""

    record = models.ForeignKey(
        HealthRecord, on_delete=models.PROTECT, related_name="transfers", verbose_name=_("health record")
    )
    token_hash = models.CharField(_("hash of the code"), max_length=_HASH_LENGTH, unique=True)
    offered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("offered by")
    )
    offered_at = models.DateTimeField(_("offered at"))
    expires_at = models.DateTimeField(_("expires at"))
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("accepted by"),
    )

    objects: ClassVar[RecordTransferQuerySet] = RecordTransferQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("handing over of a record")
        verbose_name_plural = _("handings over of records")
        ordering = ["-offered_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("offered_at")), name="transfer_expires_after_offer"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, cancelled_at__isnull=True),
                name="transfer_accepted_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["record"],
                condition=Q(accepted_at__isnull=True, cancelled_at__isnull=True),
                name="transfer_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record} ({self.public_id})"

    def is_open(self, at: datetime) -> bool:
        """Whether it can still be accepted at that moment."""
        return self.accepted_at is None and self.cancelled_at is None and at < self.expires_at


class RecordDocument(StoredPhoto):
    """A photo of a paper, a receipt above all. It shows names and prices: its holder's alone, whoever has the car."""

    record = models.ForeignKey(
        HealthRecord, on_delete=models.PROTECT, related_name="documents", verbose_name=_("health record")
    )
    entry = models.ForeignKey(
        HealthEntry,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="documents",
        verbose_name=_("entry"),
    )
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("owner at the time")
    )
    title = models.CharField(_("title"), max_length=80, blank=True)

    class Meta(StoredPhoto.Meta):
        verbose_name = _("document of a record")
        verbose_name_plural = _("documents of records")
        ordering = ["-uploaded_at", "-pk"]
