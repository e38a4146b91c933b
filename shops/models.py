"""Who does the work, where and when: shops, their people, bays, hours and closures."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cos, Radians, Sin
from django.utils.translation import gettext_lazy as _

from core.catalogue import Seeded, TwoNames, localized
from core.ids import PublicIdModel
from shops.choices import (
    Amenity,
    ChangeKind,
    Confirmation,
    Day,
    HolidayPolicy,
    PlaceKind,
    ResourceKind,
    Role,
    ShopKind,
)
from shops.querysets import InvitationQuerySet, PlaceQuerySet, ResourceQuerySet, ShopQuerySet
from shops.standings import ShopStanding
from vehicles.models import Make


class City(Seeded, TwoNames):
    """A city that the platform serves. Prices compare within one city."""

    key = models.SlugField(_("key"), unique=True)
    timezone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    country = models.CharField(_("country of the holiday calendar"), max_length=2, default="CN")
    latitude = models.FloatField(_("latitude"), help_text=_("WGS-84"))
    longitude = models.FloatField(_("longitude"), help_text=_("WGS-84"))

    class Meta:
        verbose_name = _("city")
        verbose_name_plural = _("cities")
        ordering = ["name_en", "pk"]


class Place(Seeded, TwoNames):
    """A name that people give when asked where they are: a district, a neighbourhood, a station."""

    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="places", verbose_name=_("city"))
    key = models.SlugField(_("key"))
    kind = models.CharField(_("kind"), max_length=10, choices=PlaceKind)
    latitude = models.FloatField(_("latitude"), help_text=_("WGS-84"))
    longitude = models.FloatField(_("longitude"), help_text=_("WGS-84"))

    objects: ClassVar[PlaceQuerySet] = PlaceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("place")
        verbose_name_plural = _("places")
        ordering = ["kind", "name_en", "pk"]
        constraints = [models.UniqueConstraint(fields=["city", "key"], name="place_key_once_per_city")]


def unit_sphere(latitude: models.Expression | F, longitude: models.Expression | F) -> Func:
    """A `cube` point on the unit sphere: its `<->` distance orders shops by distance and uses a GiST index."""
    lat, lng = Radians(latitude), Radians(longitude)
    point = Func(
        Cos(lat) * Cos(lng),
        Cos(lat) * Sin(lng),
        Sin(lat),
        template="ARRAY[%(expressions)s]::float8[]",
        output_field=ArrayField(models.FloatField()),
    )
    return Func(point, function="cube", output_field=models.TextField())


# What a shop may ask at most (product decision): a deposit is no prepayment; a fee makes good a bay that stood empty,
# never parts that were not used.
MAX_DEPOSIT_PERCENT = 30
MAX_LATE_CANCEL_PERCENT = 30
MAX_NO_SHOW_PERCENT = 50
MAX_OFF_PEAK_PERCENT = 50


class Shop(PublicIdModel, TwoNames):
    """A place (or a mobile team) that does the work.

    Times of day in hours and policies are wall time in the city's zone. Rules are copied onto a booking
    when it is made.
    """

    slug = models.SlugField(_("address on the site"), unique=True, max_length=80)
    kind = models.CharField(_("kind"), max_length=20, choices=ShopKind)
    brand_name = models.CharField(_("chain or group"), max_length=80, blank=True)
    makes = models.ManyToManyField(
        Make,
        blank=True,
        related_name="shops",
        verbose_name=_("makes"),
        help_text=_("the makes it works on; none means all makes. For a brand dealer: the makes that authorise it"),
    )
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="shops", verbose_name=_("city"))
    district_zh = models.CharField(_("district (Chinese)"), max_length=40)
    district_en = models.CharField(_("district (English)"), max_length=40)
    address_zh = models.CharField(_("street address (Chinese)"), max_length=200)
    address_en = models.CharField(_("street address (English)"), max_length=200)
    latitude = models.FloatField(_("latitude"), validators=[MinValueValidator(-90), MaxValueValidator(90)])
    longitude = models.FloatField(_("longitude"), validators=[MinValueValidator(-180), MaxValueValidator(180)])
    phone = models.CharField(_("telephone"), max_length=20, blank=True, help_text=_("E.164"))
    intro_zh = models.TextField(_("introduction (Chinese)"), max_length=2000, blank=True)
    intro_en = models.TextField(_("introduction (English)"), max_length=2000, blank=True)
    amenities = ArrayField(
        models.CharField(max_length=20, choices=Amenity), verbose_name=_("amenities"), default=list, blank=True
    )
    warranty_months = models.PositiveSmallIntegerField(
        _("warranty, months"),
        default=0,
        help_text=_("on its own work, beyond the statutory warranty; 0: statutory only"),
    )
    service_radius_km = models.PositiveSmallIntegerField(
        _("service radius, km"), null=True, blank=True, help_text=_("on-site teams only: how far they come")
    )

    holiday_policy = models.CharField(
        _("public holidays"), max_length=20, choices=HolidayPolicy, default=HolidayPolicy.HOLIDAY_HOURS
    )
    works_makeup_days = models.BooleanField(
        _("works on make-up days"),
        default=True,
        help_text=_("a weekend day worked in exchange for a holiday has Monday's hours where the shop is else closed"),
    )
    lead_time_minutes = models.PositiveIntegerField(
        _("lead time, minutes"), default=60, help_text=_("the soonest a visit can start after it is booked online")
    )
    booking_window_days = models.PositiveSmallIntegerField(
        _("booking window, days"), default=30, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    slot_step_minutes = models.PositiveSmallIntegerField(
        _("a visit can start every … minutes"), default=30, choices=[(15, "15"), (30, "30"), (60, "60")]
    )
    hold_minutes = models.PositiveSmallIntegerField(
        _("hold, minutes"), default=10, validators=[MinValueValidator(3), MaxValueValidator(30)]
    )
    turnaround_minutes = models.PositiveSmallIntegerField(
        _("turnaround, minutes"),
        default=0,
        validators=[MaxValueValidator(240)],
        help_text=_("kept free after each visit: cleaning the bay, or an on-site team's way to the next customer"),
    )
    free_cancel_minutes = models.PositiveIntegerField(
        _("cancellation is free until … minutes before"), default=60, validators=[MaxValueValidator(7 * 24 * 60)]
    )
    setup_minutes = models.PositiveSmallIntegerField(
        _("preparation, minutes"),
        default=0,
        validators=[MaxValueValidator(60)],
        help_text=_("kept free on the bay before each visit: getting the place ready"),
    )
    write_up_minutes = models.PositiveSmallIntegerField(
        _("write-up, minutes"),
        default=0,
        validators=[MaxValueValidator(60)],
        help_text=_("with a service advisor at the start of each visit; 0: none"),
    )
    last_start_minutes = models.PositiveSmallIntegerField(
        _("last start, minutes before closing"),
        default=0,
        validators=[MaxValueValidator(600)],
        help_text=_("no visit starts later than this; 0: as long as the work fits"),
    )
    online_share_percent = models.PositiveSmallIntegerField(
        _("online share, percent"),
        default=100,
        validators=[MinValueValidator(10), MaxValueValidator(100)],
        help_text=_("of the bays that can do a job; the rest is kept for walk-ins"),
    )
    confirmation = models.CharField(
        _("bookings are confirmed"), max_length=10, choices=Confirmation, default=Confirmation.INSTANT
    )
    answer_minutes = models.PositiveSmallIntegerField(
        _("answer within, minutes"),
        default=120,
        validators=[MinValueValidator(15), MaxValueValidator(24 * 60)],
        help_text=_("a request that the shop has not answered by then is off"),
    )
    deposit_percent = models.PositiveSmallIntegerField(
        _("deposit, percent of the price"), default=0, validators=[MaxValueValidator(MAX_DEPOSIT_PERCENT)]
    )
    late_cancel_fee_percent = models.PositiveSmallIntegerField(
        _("late cancellation, percent of the labour"),
        default=0,
        validators=[MaxValueValidator(MAX_LATE_CANCEL_PERCENT)],
    )
    no_show_fee_percent = models.PositiveSmallIntegerField(
        _("no-show, percent of the labour"), default=0, validators=[MaxValueValidator(MAX_NO_SHOW_PERCENT)]
    )
    pickup_radius_km = models.PositiveSmallIntegerField(
        _("pick-up radius, km"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("how far a driver goes to fetch a car and bring it back; empty: no pick-up"),
    )
    is_listed = models.BooleanField(_("listed"), default=True, help_text=_("found in search and open for booking"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects: ClassVar[ShopQuerySet] = ShopQuerySet.as_manager()  # type: ignore[assignment]

    # The role of the member who looks at it; set by `shops.access`, not a column.
    viewer_role: str | None = None

    class Meta:
        verbose_name = _("shop")
        verbose_name_plural = _("shops")
        ordering = ["name_en", "pk"]
        indexes = [GistIndex(unit_sphere(F("latitude"), F("longitude")), name="shop_nearest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(latitude__range=(-90, 90), longitude__range=(-180, 180)), name="shop_on_earth"
            ),
            models.CheckConstraint(condition=Q(slot_step_minutes__in=[15, 30, 60]), name="shop_step_known"),
            models.CheckConstraint(
                condition=~Q(kind=ShopKind.ON_SITE) | Q(service_radius_km__isnull=False), name="shop_on_site_has_radius"
            ),
        ]

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its wall clock. Needs `city` at hand (`for_card()` sees to it)."""
        return ZoneInfo(self.city.timezone)

    @property
    def is_on_site(self) -> bool:
        return self.kind == ShopKind.ON_SITE

    @property
    def rating(self) -> ShopStanding | None:
        """What its reviews say; None without a review. No query after `for_card()`."""
        found: ShopStanding | None = getattr(self, "standing", None)
        return found if found is not None and found.reviews else None

    @property
    def district(self) -> str:
        return localized(self, "district")

    @property
    def address(self) -> str:
        return localized(self, "address")

    @property
    def intro(self) -> str:
        return localized(self, "intro")


class OpeningHours(models.Model):
    """One stretch of opening on a day, in local wall time; a lunch break is the gap between two stretches."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="opening_hours", verbose_name=_("shop"))
    day = models.PositiveSmallIntegerField(_("day"), choices=Day)
    opens_at = models.TimeField(_("opens"))
    closes_at = models.TimeField(_("closes"), help_text=_("after it opens, on the same day"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["day", "opens_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(opens_at__lt=F("closes_at")), name="hours_open_before_close"),
            models.UniqueConstraint(fields=["shop", "day", "opens_at"], name="hours_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_day_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"


class Closure(models.Model):
    """Days on which a shop is closed besides its hours: stocktaking, a refit, the team's outing. Local dates."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="closures", verbose_name=_("shop"))
    first_date = models.DateField(_("first day"))
    last_date = models.DateField(_("last day"))
    reason = models.CharField(_("reason, shown to owners"), max_length=120, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        ordering = ["first_date", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(first_date__lte=F("last_date")), name="closure_first_before_last")
        ]

    def __str__(self) -> str:
        return f"{self.first_date} – {self.last_date}"


class Resource(PublicIdModel, TwoNames):
    """Something of a shop that can be claimed for a time (`bookings.Allocation`): a bay, a mobile unit, a technician.

    `capabilities` are `BayCapability` values of a bay or mobile unit, `Skill` values of a technician.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="resources", verbose_name=_("shop"))
    kind = models.CharField(_("kind"), max_length=20, choices=ResourceKind)
    capabilities = ArrayField(models.CharField(max_length=20), verbose_name=_("capabilities"), default=list, blank=True)
    position = models.PositiveSmallIntegerField(_("position on the board"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    objects: ClassVar[ResourceQuerySet] = ResourceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("bay or technician")
        verbose_name_plural = _("bays and technicians")
        ordering = ["shop", "kind", "position", "pk"]
        indexes = [
            models.Index(fields=["shop", "kind"], name="resource_in_use", condition=Q(is_active=True)),
            GinIndex(fields=["capabilities"], name="resource_capability"),
        ]


class Shift(models.Model):
    """When a person works, in local wall time of a day; a break is the gap between two shifts of one day.

    Somebody without any shift works whenever the shop is open. Shifts never open the shop.
    """

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="shifts", verbose_name=_("person"))
    day = models.PositiveSmallIntegerField(_("day"), choices=Day)
    starts_at = models.TimeField(_("starts"))
    ends_at = models.TimeField(_("ends"), help_text=_("after it starts, on the same day"))

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["day", "starts_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="shift_starts_before_end"),
            models.UniqueConstraint(fields=["resource", "day", "starts_at"], name="shift_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_day_display()} {self.starts_at:%H:%M}–{self.ends_at:%H:%M}"


class OffPeak(models.Model):
    """A discount on the labour of visits that start in a stretch of a day, in local wall time."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="off_peak", verbose_name=_("shop"))
    day = models.PositiveSmallIntegerField(_("day"), choices=Day)
    starts_at = models.TimeField(_("from"))
    ends_at = models.TimeField(_("until"), help_text=_("after it starts, on the same day"))
    percent = models.PositiveSmallIntegerField(
        _("discount on labour, percent"),
        validators=[MinValueValidator(1), MaxValueValidator(MAX_OFF_PEAK_PERCENT)],
    )

    class Meta:
        verbose_name = _("off-peak price")
        verbose_name_plural = _("off-peak prices")
        ordering = ["day", "starts_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="off_peak_starts_before_end"),
            models.CheckConstraint(condition=Q(percent__range=(1, MAX_OFF_PEAK_PERCENT)), name="off_peak_percent_sane"),
            models.UniqueConstraint(fields=["shop", "day", "starts_at"], name="off_peak_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_day_display()} {self.starts_at:%H:%M}–{self.ends_at:%H:%M} −{self.percent} %"


class Technician(models.Model):
    """The person behind a technician resource: what owners may know of who works on their car."""

    resource = models.OneToOneField(
        Resource, on_delete=models.CASCADE, primary_key=True, related_name="technician", verbose_name=_("resource")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="technician_profiles",
        verbose_name=_("account"),
    )
    title_zh = models.CharField(_("title (Chinese)"), max_length=60, blank=True)
    title_en = models.CharField(_("title (English)"), max_length=60, blank=True)
    works_since_year = models.PositiveSmallIntegerField(_("in the trade since"), null=True, blank=True)

    class Meta:
        verbose_name = _("technician")
        verbose_name_plural = _("technicians")

    def __str__(self) -> str:
        return self.resource.name

    @property
    def title(self) -> str:
        return localized(self, "title")


class Certificate(models.Model):
    """A certificate of a technician. Shown as checked only when an admin has seen it (`verified_at`)."""

    technician = models.ForeignKey(
        Technician, on_delete=models.CASCADE, related_name="certificates", verbose_name=_("technician")
    )
    name_zh = models.CharField(_("name (Chinese)"), max_length=120)
    name_en = models.CharField(_("name (English)"), max_length=120)
    number = models.CharField(_("number"), max_length=60, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    verified_at = models.DateTimeField(_("checked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["name_en", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return localized(self, "name")


class ShopMember(models.Model):
    """A person's role at a shop. One role per shop; a person can work at several."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="members", verbose_name=_("shop"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=20, choices=Role)
    joined_at = models.DateTimeField(_("joined at"), auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["role", "pk"]
        constraints = [models.UniqueConstraint(fields=["shop", "user"], name="member_once_per_shop")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Invitation(PublicIdModel):
    """An invitation to work at a shop: sent to an e-mail address or a mobile number, usable once, for a week.

    `public_id` is the secret in the link; only who has verified the invited contact can accept.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("shop"))
    role = models.CharField(_("role"), max_length=20, choices=Role)
    email = models.EmailField(_("e-mail address"), blank=True)
    phone = models.CharField(_("mobile number"), max_length=20, blank=True, help_text=_("E.164"))
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(email="") & ~Q(phone="")) | (~Q(email="") & Q(phone="")), name="invitation_one_contact"
            )
        ]

    def __str__(self) -> str:
        return self.email or self.phone

    def is_open(self, *, at: datetime) -> bool:
        """Whether it can be accepted at `at`."""
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > at


class ShopChange(models.Model):
    """What was changed at a shop in the browser: who, when, what, before and after. Append-only by a trigger."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="changes", verbose_name=_("shop"))
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    kind = models.CharField(_("what"), max_length=20, choices=ChangeKind)
    subject = models.CharField(_("which"), max_length=254, blank=True)
    before = models.JSONField(_("before"), default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(_("after"), default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("change at a shop")
        verbose_name_plural = _("changes at shops")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["shop", "-at"], name="shop_change_newest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject}".strip()
