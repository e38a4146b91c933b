"""A visit from slot to handover: everything agreed, and what happened to it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.choices import (
    LAPSING,
    ActorRole,
    DecisionWay,
    EventKind,
    Handover,
    Source,
    Stage,
    Status,
)
from bookings.querysets import BookingQuerySet
from catalog.models import Service
from core.ids import PublicIdModel
from shops.models import Shop
from vehicles.models import MAX_ODOMETER_KM, Car, Variant


class Booking(PublicIdModel):
    """A visit. Everything agreed is frozen here when it is held: price, time, predicted end, cancellation terms.

    Before sign-in a hold belongs to a browser (`visitor_key`), afterwards to a person (`owner`). Walk-ins may have
    neither. All times UTC; `timezone` is the shop's zone when it was booked.
    """

    number = models.CharField(_("number"), max_length=20, unique=True)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("shop"))
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", verbose_name=_("service"))
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+", verbose_name=_("variant"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="bookings",
        verbose_name=_("owner"),
    )
    visitor_key = models.CharField(max_length=64, blank=True, editable=False)
    car = models.ForeignKey(
        Car, null=True, blank=True, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("car")
    )
    status = models.CharField(_("status"), max_length=12, choices=Status)
    # Where in the workshop the car is; empty before it came and after it left.
    stage = models.CharField(_("stage"), max_length=15, choices=Stage, blank=True, default=Stage.NONE, db_default="")
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.ONLINE)

    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ready at"), help_text=_("predicted end of the work, promised to the owner"))
    # What the shop is held to: the promise at check-in, put off only by work that the owner approved.
    agreed_end_at = models.DateTimeField(_("agreed end"), null=True, blank=True)
    timezone = models.CharField(_("time zone"), max_length=40)
    # What was agreed between people is a time on a wall: kept beside the instant, should a zone's rules ever change.
    local_date = models.DateField(_("local date"))
    local_time = models.TimeField(_("local time"))
    # The phases agreed, as `bookings.engine.phases.Plan` writes them: moving the visit claims the same again.
    plan = models.JSONField(_("phases"), default=dict, editable=False)
    handover = models.CharField(_("handover"), max_length=10, choices=Handover, default=Handover.DROP_OFF)
    with_loaner = models.BooleanField(_("with a loaner car"), default=False)

    labour_fen = models.PositiveIntegerField(_("labour, fen"))
    parts_fen = models.PositiveIntegerField(_("parts, fen"))
    discount_fen = models.PositiveIntegerField(_("off-peak discount, fen"), default=0)
    deposit_fen = models.PositiveIntegerField(_("deposit, fen"), default=0)
    late_cancel_fee_fen = models.PositiveIntegerField(_("fee for a late cancellation, fen"), default=0)
    no_show_fee_fen = models.PositiveIntegerField(_("fee for a no-show, fen"), default=0)
    fee_fen = models.PositiveIntegerField(
        _("fee owed, fen"), default=0, help_text=_("what a late cancellation or a no-show has cost")
    )
    final_fen = models.PositiveIntegerField(
        _("final price, fen"), null=True, blank=True, help_text=_("the sum of what was done; set when it is ready")
    )
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    parts_note = models.CharField(_("parts used"), max_length=120, blank=True)
    free_cancel_until = models.DateTimeField(_("cancellation is free until"))

    contact_name = models.CharField(_("contact"), max_length=80, blank=True)
    contact_phone = models.CharField(_("contact's number"), max_length=20, blank=True)
    plate = models.CharField(_("number plate"), max_length=10, blank=True)
    vin = models.CharField(_("VIN read at check-in"), max_length=17, blank=True)
    owner_note = models.TextField(_("the owner's words"), max_length=1000, blank=True)
    # Where an on-site team or a pick-up driver goes; empty for a visit to the shop.
    visit_address = models.CharField(_("address of the visit"), max_length=200, blank=True)
    visit_latitude = models.FloatField(null=True, blank=True)
    visit_longitude = models.FloatField(null=True, blank=True)

    odometer_km = models.PositiveIntegerField(
        _("odometer at check-in, km"), null=True, blank=True, validators=[MaxValueValidator(MAX_ODOMETER_KM)]
    )
    hold_expires_at = models.DateTimeField(_("held until"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("booked at"), null=True, blank=True)
    checked_in_at = models.DateTimeField(_("checked in at"), null=True, blank=True)
    started_at = models.DateTimeField(_("work started at"), null=True, blank=True)
    ready_at = models.DateTimeField(_("work finished at"), null=True, blank=True)
    completed_at = models.DateTimeField(_("handed over at"), null=True, blank=True)
    handover_confirmed_at = models.DateTimeField(_("handover confirmed by the owner at"), null=True, blank=True)
    handover_confirmed_way = models.CharField(
        _("handover confirmed how"), max_length=10, choices=DecisionWay, blank=True
    )
    # A visit in which what was done in an earlier one is put right, at no charge.
    comeback_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="comebacks", verbose_name=_("comeback of")
    )
    comeback_reason = models.CharField(_("what is wrong again"), max_length=500, blank=True)
    owner_read_at = models.DateTimeField(_("messages read by the owner at"), null=True, blank=True)
    shop_read_at = models.DateTimeField(_("messages read by the shop at"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    # Counts every change that a calendar or a board must notice (SEQUENCE of the calendar file).
    revision = models.PositiveIntegerField(_("revision"), default=0)

    objects: ClassVar[BookingQuerySet] = BookingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="booking_takes_time"),
            models.CheckConstraint(
                condition=~Q(status__in=LAPSING) | Q(hold_expires_at__isnull=False), name="booking_hold_expires"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[Status.HELD, Status.REQUESTED, Status.EXPIRED, Status.CANCELLED])
                | Q(confirmed_at__isnull=False),
                name="booking_confirmed_dated",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.COMPLETED) | Q(completed_at__isnull=False), name="booking_completed_dated"
            ),
            models.CheckConstraint(
                condition=Q(odometer_km__isnull=True) | Q(odometer_km__lte=MAX_ODOMETER_KM),
                name="booking_odometer_sane",
            ),
            models.CheckConstraint(
                condition=Q(discount_fen__lte=F("labour_fen"))
                & Q(late_cancel_fee_fen__lte=F("labour_fen"))
                & Q(no_show_fee_fen__lte=F("labour_fen"))
                & Q(deposit_fen__lte=F("labour_fen") + F("parts_fen") - F("discount_fen")),
                name="booking_money_sane",
            ),
            models.CheckConstraint(
                condition=Q(fee_fen=0) | Q(status__in=[Status.CANCELLED, Status.NO_SHOW]), name="booking_fee_has_cause"
            ),
            models.CheckConstraint(
                condition=Q(stage="") | Q(status__in=[Status.CHECKED_IN, Status.IN_SERVICE, Status.READY]),
                name="booking_stage_in_shop",
            ),
            models.CheckConstraint(
                condition=Q(comeback_of__isnull=True) | Q(labour_fen=0, parts_fen=0, deposit_fen=0),
                name="booking_comeback_is_free",
            ),
            models.CheckConstraint(
                condition=Q(final_fen__isnull=True) | Q(status__in=[Status.READY, Status.COMPLETED]),
                name="booking_billed_when_ready",
            ),
        ]
        indexes = [
            models.Index(fields=["shop", "starts_at"], name="booking_of_day"),
            models.Index(fields=["owner", "-starts_at"], name="booking_of_owner"),
            models.Index(fields=["shop", "hold_expires_at"], name="booking_held", condition=Q(status__in=LAPSING)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def agreed_fen(self) -> int:
        """The all-in price agreed when booking, tax included, less the off-peak discount."""
        return self.labour_fen + self.parts_fen - self.discount_fen

    @property
    def total_fen(self) -> int:
        """What the visit costs, all in: the final price once the work is done, until then the price agreed when
        booking (approved additions are the sum of the lines, `bookings.floor.lines.totals`)."""
        return self.agreed_fen if self.final_fen is None else self.final_fen

    @property
    def title(self) -> str:
        """The services of the visit in order: "Oil service + Wheel alignment". Needs `booked_services` at hand."""
        return " + ".join(line.service.name for line in self.booked_services.all()) or self.service.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def local_start(self) -> datetime:
        """The start on the shop's wall clock."""
        return self.starts_at.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        """The predicted end on the shop's wall clock."""
        return self.ends_at.astimezone(self.zone)


class BookedService(models.Model):
    """One of the services of a visit with the price agreed for it. The first is the visit's own `service`."""

    booking = models.ForeignKey(
        Booking, on_delete=models.CASCADE, related_name="booked_services", verbose_name=_("booking")
    )
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", verbose_name=_("service"))
    position = models.PositiveSmallIntegerField(_("position"))
    labour_fen = models.PositiveIntegerField(_("labour, fen"))
    parts_fen = models.PositiveIntegerField(_("parts, fen"))
    parts_note = models.CharField(_("parts used"), max_length=120, blank=True)
    minutes = models.PositiveSmallIntegerField(_("time, minutes"))

    class Meta:
        verbose_name = _("booked service")
        verbose_name_plural = _("booked services")
        ordering = ["booking", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "service"], name="booked_service_once"),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="booked_service_takes_time"),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.service_id}"

    @property
    def total_fen(self) -> int:
        return self.labour_fen + self.parts_fen


class BookingEvent(models.Model):
    """What happened to a visit: who, when, from, to, why. Append-only (a database trigger refuses changes, but for a
    person's name that goes with their account)."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="events", verbose_name=_("booking"))
    at = models.DateTimeField(_("at"))
    kind = models.CharField(_("event"), max_length=20, choices=EventKind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    actor_role = models.CharField(_("as"), max_length=10, choices=ActorRole)
    from_status = models.CharField(_("from"), max_length=12, choices=Status, blank=True)
    to_status = models.CharField(_("to"), max_length=12, choices=Status)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    data = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("booking event")
        verbose_name_plural = _("booking events")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
