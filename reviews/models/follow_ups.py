"""Asking an owner how it was, and winning back one who was not happy."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import Booking
from core.ids import PublicIdModel
from payments.models import Coupon, OrderLine
from reviews.choices import FOLLOW_UP_OPEN, FollowUpCause, FollowUpStatus, FollowUpStep, OfferKind, OfferStatus, Side
from reviews.querysets import FollowUpQuerySet
from shops.models import Shop


class ReviewInvitation(models.Model):
    """The invitation to review a visit: sent once, reminded of once, never more."""

    booking = models.OneToOneField(
        Booking, on_delete=models.PROTECT, related_name="review_invitation", verbose_name=_("visit")
    )
    due_at = models.DateTimeField(_("due at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    remind_at = models.DateTimeField(_("reminder due at"))
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)
    # Answered, refused, not possible any more: nothing is sent from here on.
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation to review")
        verbose_name_plural = _("invitations to review")
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(fields=["due_at"], name="review_invitation_due", condition=Q(sent_at=None, ended_at=None)),
            models.Index(
                fields=["remind_at"],
                name="review_reminder_due",
                condition=Q(sent_at__isnull=False, reminded_at=None, ended_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id}"


class VisitAnswer(models.Model):
    """The owner's short word on a visit: happy or not. Not public; an unhappy one opens a follow-up."""

    booking = models.OneToOneField(
        Booking, on_delete=models.PROTECT, related_name="visit_answer", verbose_name=_("visit")
    )
    is_happy = models.BooleanField(_("happy"))
    words = models.TextField(_("words"), max_length=1000, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("answer about a visit")
        verbose_name_plural = _("answers about visits")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.is_happy}"


class FollowUp(PublicIdModel):
    """An unhappy owner whom the shop is asked to win back. One for each visit."""

    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="follow_up", verbose_name=_("visit"))
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="follow_ups", verbose_name=_("shop"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="follow_ups", verbose_name=_("owner")
    )
    cause = models.CharField(_("cause"), max_length=15, choices=FollowUpCause)
    status = models.CharField(_("status"), max_length=15, choices=FollowUpStatus, default=FollowUpStatus.OPEN)
    opened_at = models.DateTimeField(_("opened at"))
    contact_due_at = models.DateTimeField(_("to be contacted until"))
    contacted_at = models.DateTimeField(_("contacted at"), null=True, blank=True)
    # When the owner was last asked whether it was put right; without an answer the case lapses in time.
    asked_at = models.DateTimeField(_("owner asked at"), null=True, blank=True)
    asked_times = models.PositiveSmallIntegerField(pgettext_lazy("a follow-up", "asked, times"), default=0)
    # When the sweep looks at an open case again: to say that it is late, to ask the owner, to let it lapse.
    next_at = models.DateTimeField(_("to be looked at again at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    # Whether it is in the shop's public figure now (`reviews.follow_ups.figures`).
    is_counted = models.BooleanField(_("in the public figure"), default=False)

    objects: ClassVar[FollowUpQuerySet] = FollowUpQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=FOLLOW_UP_OPEN, closed_at=None)
                | (~Q(status__in=FOLLOW_UP_OPEN) & Q(closed_at__isnull=False)),
                name="follow_up_closed_dated",
            ),
            models.CheckConstraint(
                condition=Q(asked_times=0, asked_at=None) | Q(asked_times__range=(1, 2), asked_at__isnull=False),
                name="follow_up_asked_twice_at_most",
            ),
            models.CheckConstraint(
                condition=~Q(is_counted=True) | Q(closed_at__isnull=False), name="follow_up_counted_once_closed"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="follow_up_due", condition=Q(closed_at=None)),
            models.Index(fields=["closed_at"], name="follow_up_counted", condition=Q(is_counted=True)),
            models.Index(fields=["shop", "status", "contact_due_at"], name="follow_up_of_shop"),
            models.Index(fields=["contact_due_at"], name="follow_up_open", condition=Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return self.public_id


class FollowUpEvent(models.Model):
    """What was said and done in a follow-up; owner, shop and platform read the same. Append-only."""

    follow_up = models.ForeignKey(
        FollowUp, on_delete=models.PROTECT, related_name="events", verbose_name=_("follow-up")
    )
    at = models.DateTimeField(_("at"))
    step = models.CharField(_("what"), max_length=15, choices=FollowUpStep)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    # Author stands for the owner of the visit, empty for the platform.
    side = models.CharField(_("as"), max_length=10, choices=Side, blank=True)
    text = models.TextField(_("words"), max_length=2000, blank=True)
    data = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("event of a follow-up")
        verbose_name_plural = _("events of follow-ups")
        ordering = ["follow_up", "at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["follow_up", "step"],
                name="follow_up_step_once",
                condition=Q(
                    step__in=[
                        FollowUpStep.OPENED,
                        FollowUpStep.LATE,
                        FollowUpStep.PUT_RIGHT,
                        FollowUpStep.NOT_PUT_RIGHT,
                        FollowUpStep.LAPSED,
                    ]
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.follow_up_id} {self.step}"


class FollowUpOffer(PublicIdModel):
    """How a shop offers to put it right. Nothing moves before the owner has accepted, and never for a change of stars:
    an offer knows nothing of the review."""

    follow_up = models.ForeignKey(
        FollowUp, on_delete=models.PROTECT, related_name="offers", verbose_name=_("follow-up")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=OfferKind)
    status = models.CharField(_("status"), max_length=10, choices=OfferStatus, default=OfferStatus.OPEN)
    text = models.TextField(_("words"), max_length=1000, blank=True)
    # Of a refund: the line of the order and how much of it; of a voucher: what it is worth.
    order_line = models.ForeignKey(
        OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("line")
    )
    amount_fen = models.PositiveBigIntegerField(_("amount, fen"), null=True, blank=True)
    # Of a comeback: public ids of the lines of the visit that are put right.
    lines = models.JSONField(_("lines"), default=list, blank=True)
    made_at = models.DateTimeField(pgettext_lazy("an offer", "made at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=pgettext_lazy("an offer", "made by"),
    )
    stands_until = models.DateTimeField(_("stands until"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    done_at = models.DateTimeField(_("carried out at"), null=True, blank=True)
    # What came of it.
    comeback = models.ForeignKey(
        Booking, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("comeback")
    )
    coupon = models.ForeignKey(
        Coupon, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("voucher")
    )

    class Meta:
        verbose_name = _("offer of a follow-up")
        verbose_name_plural = _("offers of follow-ups")
        ordering = ["follow_up", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=OfferKind.COMEBACK, amount_fen=None, order_line=None)
                | Q(kind=OfferKind.REFUND, amount_fen__gt=0, order_line__isnull=False)
                | Q(kind=OfferKind.VOUCHER, amount_fen__gt=0, order_line=None),
                name="offer_has_its_matter",
            ),
            models.CheckConstraint(
                condition=Q(status=OfferStatus.OPEN, answered_at=None)
                | (~Q(status=OfferStatus.OPEN) & Q(answered_at__isnull=False)),
                name="offer_answered_dated",
            ),
            models.CheckConstraint(
                condition=Q(status=OfferStatus.ACCEPTED) | Q(done_at=None, comeback=None, coupon=None),
                name="offer_moves_nothing_unaccepted",
            ),
            models.UniqueConstraint(
                fields=["follow_up", "kind"], name="offer_one_open_of_a_kind", condition=Q(status=OfferStatus.OPEN)
            ),
        ]
        indexes = [
            models.Index(fields=["stands_until"], name="offer_standing", condition=Q(status=OfferStatus.OPEN)),
        ]

    def __str__(self) -> str:
        return self.public_id
