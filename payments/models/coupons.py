"""Coupons: who gives them, who pays for them, who used them."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.catalogue import TwoNames
from core.ids import PublicIdModel
from payments.choices import CouponFunder, CouponUseStatus
from payments.models.orders import MAX_AMOUNT_FEN, Order
from shops.models import Shop


class Coupon(PublicIdModel, TwoNames):
    """Money off a visit: a fixed amount, or a percentage up to an amount. `used_count` is kept under the row's lock."""

    code = models.CharField(
        pgettext_lazy("coupon", "code"), max_length=30, unique=True, help_text=_("capital letters and digits")
    )
    funder = models.CharField(_("paid for by"), max_length=10, choices=CouponFunder)
    # The shop whose coupon it is: needed where a shop pays; else empty means every shop.
    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="coupons", verbose_name=_("shop")
    )
    # Whose coupon it is, where it was given to one person; else anybody's who knows the code.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="coupons",
        verbose_name=_("given to"),
    )
    # Of a shared coupon: what the shop bears; 0 and 100 where one bears it all.
    shop_percent = models.PositiveSmallIntegerField(
        _("the shop's share, percent"), default=0, validators=[MaxValueValidator(100)]
    )
    value_fen = models.BigIntegerField(_("worth, fen"), help_text=_("of a percentage: at most"))
    percent = models.PositiveSmallIntegerField(
        _("percent of the price"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    min_total_fen = models.BigIntegerField(_("from a price of, fen"), default=0)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    limit_total = models.PositiveIntegerField(_("uses in all"), null=True, blank=True)
    limit_per_person = models.PositiveSmallIntegerField(_("uses by one person"), default=1)
    used_count = models.PositiveIntegerField(_("used"), default=0, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("created by")
    )

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z0-9]{4,30}$"), name="coupon_code_shape"),
            models.CheckConstraint(
                condition=Q(value_fen__range=(1, MAX_AMOUNT_FEN), min_total_fen__gte=0), name="coupon_money_sane"
            ),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="coupon_ends"),
            models.CheckConstraint(
                condition=Q(limit_total__isnull=True) | Q(used_count__lte=F("limit_total")), name="coupon_within_limit"
            ),
            models.CheckConstraint(
                condition=Q(funder=CouponFunder.PLATFORM, shop_percent=0)
                | Q(funder=CouponFunder.SHOP, shop_percent=100, shop__isnull=False)
                | Q(funder=CouponFunder.SHARED, shop_percent__range=(1, 99), shop__isnull=False),
                name="coupon_funded",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CouponUse(models.Model):
    """A coupon used for an order. Shares are frozen; a coupon given back can be used again."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses", verbose_name=_("coupon"))
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="coupon_uses", verbose_name=_("order"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("used by")
    )
    status = models.CharField(_("status"), max_length=10, choices=CouponUseStatus, default=CouponUseStatus.USED)
    platform_fen = models.BigIntegerField(_("borne by the platform, fen"))
    shop_fen = models.BigIntegerField(_("borne by the shop, fen"))
    used_at = models.DateTimeField(_("used at"))
    returned_at = models.DateTimeField(_("given back at"), null=True, blank=True)

    class Meta:
        verbose_name = _("use of a coupon")
        verbose_name_plural = _("uses of coupons")
        ordering = ["-used_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], name="one_coupon_an_order", condition=Q(status=CouponUseStatus.USED)
            ),
            models.CheckConstraint(condition=Q(platform_fen__gte=0, shop_fen__gte=0), name="coupon_use_money_sane"),
            models.CheckConstraint(
                condition=Q(status=CouponUseStatus.USED, returned_at__isnull=True)
                | Q(status=CouponUseStatus.RETURNED, returned_at__isnull=False),
                name="coupon_use_returned_dated",
            ),
        ]
        indexes = [models.Index(fields=["coupon", "person"], name="coupon_use_of_person")]

    def __str__(self) -> str:
        return f"{self.coupon_id} {self.order_id}"

    @property
    def amount_fen(self) -> int:
        """What it takes off the price, fen."""
        return self.platform_fen + self.shop_fen
