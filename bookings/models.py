"""A visit from slot to handover, and the claims that make its slot true."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.choices import (
    LAPSING,
    ActorRole,
    AllocationKind,
    EventKind,
    Handover,
    Source,
    Status,
    WaitingStatus,
)
from bookings.querysets import BookingQuerySet, WaitingQuerySet
from catalog.models import Service
from core.ids import PublicIdModel
from shops.models import Resource, Shop
from vehicles.choices import PriceClass
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
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.ONLINE)

    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ready at"), help_text=_("predicted end of the work, promised to the owner"))
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
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    parts_note = models.CharField(_("parts used"), max_length=120, blank=True)
    free_cancel_until = models.DateTimeField(_("cancellation is free until"))

    contact_name = models.CharField(_("contact"), max_length=80, blank=True)
    contact_phone = models.CharField(_("contact's number"), max_length=20, blank=True)
    plate = models.CharField(_("number plate"), max_length=10, blank=True)
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
        ]
        indexes = [
            models.Index(fields=["shop", "starts_at"], name="booking_of_day"),
            models.Index(fields=["owner", "-starts_at"], name="booking_of_owner"),
            models.Index(fields=["shop", "hold_expires_at"], name="booking_held", condition=Q(status__in=LAPSING)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def total_fen(self) -> int:
        """The all-in price agreed, tax included, less the off-peak discount."""
        return self.labour_fen + self.parts_fen - self.discount_fen

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


class BookingEvent(models.Model):
    """What happened to a visit: who, when, from, to, why. Append-only (a database trigger refuses changes)."""

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


class LearnedDuration(models.Model):
    """How long a service really takes at a shop on one class of cars, from visits that are over.

    `minutes` is already shrunk towards the standard (`bookings.engine.durations`); `visits` says how much it stands on.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="learned_durations", verbose_name=_("shop"))
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", verbose_name=_("service"))
    price_class = models.CharField(_("price class"), max_length=10, choices=PriceClass)
    visits = models.PositiveIntegerField(_("visits"))
    actual_minutes = models.PositiveSmallIntegerField(_("median of the actual times, minutes"))
    standard_minutes = models.PositiveSmallIntegerField(_("standard time, minutes"))
    minutes = models.PositiveSmallIntegerField(_("expected time, minutes"))
    learned_at = models.DateTimeField(_("learned at"))

    class Meta:
        verbose_name = _("learned duration")
        verbose_name_plural = _("learned durations")
        ordering = ["shop", "service", "price_class"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "service", "price_class"], name="duration_once"),
            models.CheckConstraint(condition=Q(minutes__range=(5, 600), visits__gt=0), name="duration_sane"),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.service_id} {self.price_class}"


class WaitingEntry(PublicIdModel):
    """A place on a shop's waiting list: "tell me if something frees before Friday". First come, first offered.

    What came free is held for the next in line (`offered`, a visit in HELD); the place is kept until the hold is taken,
    given up or lapsed. All services or none. Times UTC.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="waiting_list", verbose_name=_("shop"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="waiting_entries", verbose_name=_("owner")
    )
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+", verbose_name=_("variant"))
    car = models.ForeignKey(Car, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    services: models.ManyToManyField[Service, WaitingService] = models.ManyToManyField(
        Service, through="WaitingService", related_name="+", verbose_name=_("services")
    )
    not_before = models.DateTimeField(_("not before"))
    not_after = models.DateTimeField(_("not after"), help_text=_("the visit starts before this"))
    # What the visit needs besides: {"handover": …, "with_loaner": …, "place": …}, as `bookings.waiting` writes it.
    wishes = models.JSONField(_("wishes"), default=dict)
    status = models.CharField(_("status"), max_length=10, choices=WaitingStatus, default=WaitingStatus.WAITING)
    offered = models.ForeignKey(
        Booking, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("offered visit")
    )
    created_at = models.DateTimeField(_("joined at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects: ClassVar[WaitingQuerySet] = WaitingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("waiting list entry")
        verbose_name_plural = _("waiting list")
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(not_before__lt=F("not_after")), name="waiting_window"),
            models.CheckConstraint(
                condition=~Q(status=WaitingStatus.OFFERED) | Q(offered__isnull=False), name="waiting_offer_named"
            ),
        ]
        indexes = [
            models.Index(
                fields=["shop", "created_at"],
                name="waiting_line",
                condition=Q(status__in=[WaitingStatus.WAITING, WaitingStatus.OFFERED]),
            ),
            models.Index(fields=["owner", "-created_at"], name="waiting_of_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.owner_id} {self.not_after:%Y-%m-%d}"


class WaitingService(models.Model):
    """One of the services that somebody waits for; the first is the visit's own."""

    entry = models.ForeignKey(WaitingEntry, on_delete=models.CASCADE, related_name="wanted")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", verbose_name=_("service"))
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        ordering = ["entry", "position"]
        constraints = [models.UniqueConstraint(fields=["entry", "service"], name="waiting_service_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.service_id}"


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
