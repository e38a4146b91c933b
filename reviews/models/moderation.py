"""What moderators work through: items with their hints, appeals, removals, the log, the policy; links and patterns."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.ids import PublicIdModel
from reviews.choices import (
    Act,
    AffiliationKind,
    AppealStatus,
    HintKind,
    ItemKind,
    ItemOutcome,
    ReasonCode,
    RemovalStatus,
    RiskBand,
    Side,
    SignalKind,
)
from reviews.limits import MAX_APPEAL_TEXT
from reviews.models.reviews import Reply, Review, ReviewVersion
from reviews.querysets import AppealQuerySet, ItemQuerySet
from shops.models import Shop


class Hint(models.Model):
    """What a machine noticed about a version of a review or about a reply. A hint decides nothing by itself.

    `start` and `end` are offsets in the text where it is about a stretch of it. What it means in words is made of
    `kind` and `data` by `reviews.hints.explanations`, in the reader's language.
    """

    version = models.ForeignKey(
        ReviewVersion, null=True, blank=True, on_delete=models.CASCADE, related_name="hints", verbose_name=_("version")
    )
    reply = models.ForeignKey(
        Reply, null=True, blank=True, on_delete=models.CASCADE, related_name="hints", verbose_name=_("reply")
    )
    kind = models.CharField(_("kind"), max_length=15, choices=HintKind)
    points = models.PositiveSmallIntegerField(_("adds to the risk"))
    start = models.PositiveIntegerField(_("from"), null=True, blank=True)
    end = models.PositiveIntegerField(_("until"), null=True, blank=True)
    data = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("hint")
        verbose_name_plural = _("hints")
        ordering = ["-points", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(version__isnull=False, reply=None) | Q(version=None, reply__isnull=False),
                name="hint_about_one_text",
            ),
            models.CheckConstraint(
                condition=Q(start=None, end=None) | Q(start__isnull=False, end__gt=F("start")), name="hint_stretch"
            ),
            models.CheckConstraint(condition=Q(points__lte=100), name="hint_points"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} +{self.points}"


class Appeal(PublicIdModel):
    """Somebody asks for a decision to be looked at again: the author of a review that is not shown, or the shop about
    one that is. Decided by somebody who did not take the decision."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="appeals", verbose_name=_("review"))
    version = models.ForeignKey(ReviewVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("version"))
    side = models.CharField(_("by"), max_length=10, choices=Side)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("person")
    )
    # What the shop says is wrong with the review; empty for an author.
    reason = models.CharField(_("reason"), max_length=15, choices=ReasonCode, blank=True)
    text = models.TextField(_("words"), max_length=MAX_APPEAL_TEXT)
    made_at = models.DateTimeField(pgettext_lazy("an appeal", "made at"))
    status = models.CharField(_("status"), max_length=10, choices=AppealStatus, default=AppealStatus.OPEN)
    answer = models.TextField(_("answer"), max_length=MAX_APPEAL_TEXT, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    objects: ClassVar[AppealQuerySet] = AppealQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "side"], name="appeal_once_a_side"),
            models.CheckConstraint(
                condition=Q(status=AppealStatus.OPEN, decided_at=None)
                | (~Q(status=AppealStatus.OPEN) & Q(decided_at__isnull=False)),
                name="appeal_decided_dated",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(by=None) | ~Q(decided_by=F("by")), name="appeal_decided_by_another"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Removal(PublicIdModel):
    """A published review is taken away only by two people: one proposes, another decides."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="removals", verbose_name=_("review"))
    version = models.ForeignKey(ReviewVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("version"))
    appeal = models.ForeignKey(
        Appeal, null=True, blank=True, on_delete=models.PROTECT, related_name="removals", verbose_name=_("appeal")
    )
    reason = models.CharField(_("reason"), max_length=15, choices=ReasonCode)
    note = models.CharField(_("note"), max_length=500, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("proposed by")
    )
    proposed_at = models.DateTimeField(_("proposed at"))
    status = models.CharField(_("status"), max_length=10, choices=RemovalStatus, default=RemovalStatus.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("removal")
        verbose_name_plural = _("removals")
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["review"], name="removal_one_open", condition=Q(status=RemovalStatus.OPEN)),
            models.CheckConstraint(
                condition=Q(status__in=[RemovalStatus.OPEN], decided_at=None)
                | (~Q(status=RemovalStatus.OPEN) & Q(decided_at__isnull=False)),
                name="removal_decided_dated",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")), name="removal_needs_two_people"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[RemovalStatus.REMOVED, RemovalStatus.KEPT]) | Q(decided_by__isnull=False),
                name="removal_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class ModerationItem(PublicIdModel):
    """One thing that waits for a moderator, with its risk. Decided once: `decided_at` is set under its row lock."""

    kind = models.CharField(_("kind"), max_length=10, choices=ItemKind)
    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="moderation_items", verbose_name=_("review")
    )
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+", verbose_name=_("shop"))
    version = models.ForeignKey(
        ReviewVersion, on_delete=models.PROTECT, related_name="moderation_items", verbose_name=_("version")
    )
    reply = models.ForeignKey(
        Reply, null=True, blank=True, on_delete=models.PROTECT, related_name="moderation_items", verbose_name=_("reply")
    )
    appeal = models.ForeignKey(
        Appeal,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="moderation_items",
        verbose_name=_("appeal"),
    )
    removal = models.ForeignKey(
        Removal,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="moderation_items",
        verbose_name=_("removal"),
    )
    risk = models.PositiveSmallIntegerField(_("risk, 0 to 100"), default=0)
    band = models.PositiveSmallIntegerField(_("risk"), choices=RiskBand, default=RiskBand.LOW)
    waiting_since = models.DateTimeField(_("waiting since"))
    # Skipped: it comes again after the others of its band. Counts every skip, so that the log and the order agree.
    skips = models.PositiveSmallIntegerField(_("skipped"), default=0)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=ItemOutcome, blank=True)
    reason = models.CharField(_("reason"), max_length=15, choices=ReasonCode, blank=True)

    objects: ClassVar[ItemQuerySet] = ItemQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("item of moderation")
        verbose_name_plural = _("items of moderation")
        ordering = ["-band", "waiting_since", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at=None, outcome="") | (Q(decided_at__isnull=False) & ~Q(outcome="")),
                name="item_decided_with_outcome",
            ),
            models.CheckConstraint(
                condition=(~Q(kind=ItemKind.REPLY) | Q(reply__isnull=False))
                & (~Q(kind=ItemKind.APPEAL) | Q(appeal__isnull=False))
                & (~Q(kind=ItemKind.REMOVAL) | Q(removal__isnull=False)),
                name="item_has_its_matter",
            ),
            models.UniqueConstraint(
                fields=["version"],
                name="item_one_open_a_version",
                condition=Q(kind__in=[ItemKind.REVIEW, ItemKind.SAMPLE], decided_at=None),
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "-band", "skips", "waiting_since", "id"],
                name="item_queue",
                condition=Q(decided_at__isnull=True),
            ),
            models.Index(fields=["decided_by", "-decided_at"], name="item_by_moderator"),
            models.Index(fields=["-decided_at"], name="item_decided", condition=Q(decided_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class ModerationEvent(models.Model):
    """The log of moderation: who did what to which review, when and why. Append-only. `by` is nobody for the policy."""

    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="moderation_events", verbose_name=_("review")
    )
    version_number = models.PositiveSmallIntegerField(_("version"))
    item = models.ForeignKey(
        ModerationItem, null=True, blank=True, on_delete=models.PROTECT, related_name="events", verbose_name=_("item")
    )
    act = models.CharField(_("what"), max_length=20, choices=Act)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    reason = models.CharField(_("reason"), max_length=15, choices=ReasonCode, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    data = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("line of the moderation log")
        verbose_name_plural = _("moderation log")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["-at", "-id"], name="moderation_log_newest")]

    def __str__(self) -> str:
        return f"{self.act} {self.at:%Y-%m-%d %H:%M}"


class ModerationPolicy(models.Model):
    """What may be published before a person has looked. Each change is a new row; the newest holds. Append-only."""

    auto_publish = models.BooleanField(_("clean reviews of known authors are published at once"), default=False)
    max_risk = models.PositiveSmallIntegerField(
        _("up to this risk"), default=0, validators=[MaxValueValidator(30)], help_text=_("0 to 30")
    )
    min_visits = models.PositiveSmallIntegerField(
        _("from so many visits on"), default=2, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    min_published = models.PositiveSmallIntegerField(
        _("after so many published reviews"), default=1, validators=[MaxValueValidator(100)]
    )
    max_rejected = models.PositiveSmallIntegerField(
        _("with at most so many rejected ones"), default=0, validators=[MaxValueValidator(100)]
    )
    sample_percent = models.PositiveSmallIntegerField(
        _("of these, looked at afterwards, percent"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    replies_at_once = models.BooleanField(_("replies of shops without a hint are published at once"), default=True)
    note = models.CharField(_("why it was changed"), max_length=500, blank=True)
    set_at = models.DateTimeField(_("set at"))
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("set by")
    )

    class Meta:
        verbose_name = _("moderation policy")
        verbose_name_plural = _("moderation policies")
        ordering = ["-set_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_risk__lte=30, sample_percent__range=(1, 100), min_visits__gte=1), name="policy_sane"
            )
        ]

    def __str__(self) -> str:
        return f"{self.set_at:%Y-%m-%d %H:%M}"


class Affiliation(models.Model):
    """Somebody who belongs to a shop without working there: they cannot review it. Known by the account or, before
    there is one, by a contact (a verified address or number, as accounts keep them)."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="affiliations", verbose_name=_("shop"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="shop_affiliations",
        verbose_name=_("person"),
    )
    contact = models.CharField(_("e-mail address or number"), max_length=254, blank=True)
    kind = models.CharField(_("how"), max_length=12, choices=AffiliationKind)
    note = models.CharField(_("note"), max_length=200, blank=True)
    since = models.DateTimeField(_("since"))
    # Former staff count for a year after they left; others until somebody ends it.
    until = models.DateTimeField(_("until"), null=True, blank=True)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("declared by"),
    )

    class Meta:
        verbose_name = _("affiliation with a shop")
        verbose_name_plural = _("affiliations with shops")
        ordering = ["shop", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(user__isnull=False) | ~Q(contact=""), name="affiliation_of_somebody"),
            models.UniqueConstraint(
                fields=["shop", "user", "kind"], name="affiliation_once", condition=Q(user__isnull=False, until=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.kind}"


class Signal(models.Model):
    """A pattern over several reviews or votes, found by a periodic search. Somebody looks at it and closes it."""

    kind = models.CharField(_("kind"), max_length=15, choices=SignalKind)
    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.CASCADE, related_name="review_signals", verbose_name=_("shop")
    )
    # The same pattern found again is the same row.
    key = models.CharField(_("key"), max_length=120, unique=True)
    points = models.PositiveSmallIntegerField(_("risk"))
    data = models.JSONField(_("details"), default=dict)
    first_seen_at = models.DateTimeField(_("first seen at"))
    last_seen_at = models.DateTimeField(_("last seen at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Closed as nothing to worry about: votes that were left out for it count again, and it stays closed.
    is_harmless = models.BooleanField(_("harmless"), default=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("signal")
        verbose_name_plural = _("signals")
        ordering = ["-last_seen_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(closed_at__isnull=False) | Q(is_harmless=False), name="signal_harmless"),
        ]
        indexes = [models.Index(fields=["kind"], name="signal_open", condition=Q(closed_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
