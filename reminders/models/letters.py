"""Who was reminded of what, when, with which slots, and who came back."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from core.ids import PublicIdModel
from notifications.models import Notice
from reminders.choices import LetterKind, Stage, StageOutcome
from reminders.models.campaigns import Campaign
from reminders.models.due import DueItem
from shops.models import Shop
from vehicles.models import Car


class OwnerTurn(models.Model):
    """When an owner was last written to. Its row is the lock under which letters to them are made."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="reminder_turn",
        verbose_name=_("owner"),
    )
    last_letter_at = models.DateTimeField(_("last reminder at"), null=True, blank=True)
    last_campaign_at = models.DateTimeField(_("last offer at"), null=True, blank=True)

    class Meta:
        verbose_name = _("turn of an owner")
        verbose_name_plural = _("turns of owners")

    def __str__(self) -> str:
        return str(self.owner_id)


class Letter(PublicIdModel):
    """One time that an owner was written to about everything that was to be said then, over all their cars."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reminder_letters", verbose_name=_("owner")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=LetterKind)
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.PROTECT, related_name="letters", verbose_name=_("campaign")
    )
    notice = models.OneToOneField(
        Notice, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("notice")
    )
    sent_at = models.DateTimeField(_("sent at"))
    followed_at = models.DateTimeField(_("link followed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["-sent_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=LetterKind.CAMPAIGN, campaign__isnull=False)
                | Q(kind=LetterKind.REMINDER, campaign__isnull=True),
                name="letter_campaign_has_one",
            ),
            models.UniqueConstraint(
                fields=["campaign", "owner"], condition=Q(campaign__isnull=False), name="letter_once_per_campaign"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-sent_at"], name="letter_newest"),
            models.Index(fields=["-sent_at"], name="letter_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {timezone.localdate(self.sent_at):%Y-%m-%d}"


class Reminder(models.Model):
    """A stage of a due item that is over: told in a letter, or skipped. Once for each round: no second letter can tell
    it again. Append-only."""

    item = models.ForeignKey(DueItem, on_delete=models.CASCADE, related_name="reminders", verbose_name=_("due item"))
    round = models.PositiveSmallIntegerField(_("round"))
    stage = models.CharField(_("stage"), max_length=8, choices=Stage)
    outcome = models.CharField(_("outcome"), max_length=8, choices=StageOutcome)
    letter = models.ForeignKey(
        Letter, null=True, blank=True, on_delete=models.CASCADE, related_name="lines", verbose_name=_("letter")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["item", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["item", "round", "stage"], name="reminder_once_per_stage"),
            models.CheckConstraint(
                condition=Q(outcome=StageOutcome.SENT, letter__isnull=False)
                | Q(outcome=StageOutcome.SKIPPED, letter__isnull=True),
                name="reminder_sent_in_a_letter",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.stage}"


class LetterSlot(models.Model):
    """A time that a letter offered, true when it was written; tapping it asks the engine again."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="slots", verbose_name=_("letter"))
    number = models.PositiveSmallIntegerField(_("number"))
    car = models.ForeignKey(Car, on_delete=models.CASCADE, related_name="+", verbose_name=_("car"))
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    services = ArrayField(models.CharField(max_length=60), verbose_name=_("services"))
    starts_at = models.DateTimeField(_("start"))
    price_fen = models.PositiveIntegerField(_("price, fen"))
    discount_percent = models.PositiveSmallIntegerField(_("off-peak discount, percent"), default=0)

    class Meta:
        verbose_name = _("slot in a letter")
        verbose_name_plural = _("slots in letters")
        ordering = ["letter", "number"]
        constraints = [models.UniqueConstraint(fields=["letter", "number"], name="letter_slot_once")]

    def __str__(self) -> str:
        return f"{self.letter_id} #{self.number}"


class LetterReturn(models.Model):
    """A visit that was booked after a letter about the same work on the same car, and what became of it."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="returns", verbose_name=_("letter"))
    # A visit is counted for one letter only: the newest that spoke of its work.
    booking = models.OneToOneField(
        Booking, on_delete=models.CASCADE, related_name="letter_return", verbose_name=_("visit")
    )
    is_tapped = models.BooleanField(_("by the letter's link"), default=False)
    booked_at = models.DateTimeField(_("booked at"))
    visited_at = models.DateTimeField(_("handed over at"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("return after a letter")
        verbose_name_plural = _("returns after letters")
        ordering = ["-booked_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.letter_id} {self.booking_id}"
