"""What lists and averages are read from: kept with every publication, never worked out on reading."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Service
from reviews.models.reviews import Review
from shops.models import Resource, Shop
from vehicles.models import CarModel


class Counts(models.Model):
    """How many reviews gave how many stars, and sums of the ratings beside the total with how many gave one."""

    n1 = models.PositiveIntegerField(default=0)
    n2 = models.PositiveIntegerField(default=0)
    n3 = models.PositiveIntegerField(default=0)
    n4 = models.PositiveIntegerField(default=0)
    n5 = models.PositiveIntegerField(default=0)
    workmanship_sum = models.PositiveIntegerField(default=0)
    workmanship_n = models.PositiveIntegerField(default=0)
    honesty_sum = models.PositiveIntegerField(default=0)
    honesty_n = models.PositiveIntegerField(default=0)
    communication_sum = models.PositiveIntegerField(default=0)
    communication_n = models.PositiveIntegerField(default=0)
    waiting_sum = models.PositiveIntegerField(default=0)
    waiting_n = models.PositiveIntegerField(default=0)
    price_sum = models.PositiveIntegerField(default=0)
    price_n = models.PositiveIntegerField(default=0)
    return_yes = models.PositiveIntegerField(default=0)
    return_no = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    @property
    def reviews(self) -> int:
        return self.n1 + self.n2 + self.n3 + self.n4 + self.n5

    @property
    def stars_sum(self) -> int:
        return self.n1 + 2 * self.n2 + 3 * self.n3 + 4 * self.n4 + 5 * self.n5


class Subject(Counts):
    """Something that reviews are read of: a shop; a service, a model or a technician at that shop; or a service
    everywhere (no shop). Its counts are those of all months together."""

    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.CASCADE, related_name="review_subjects", verbose_name=_("shop")
    )
    technician = models.ForeignKey(
        Resource, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("person")
    )
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("service")
    )
    model = models.ForeignKey(
        CarModel, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("model")
    )
    score_milli = models.PositiveSmallIntegerField(_("score, thousandths of a star"), null=True, blank=True)
    # The month whose weights made the score; an older one is due to be made anew.
    scored_month = models.DateField(_("score of"), null=True, blank=True)
    updated_at = models.DateTimeField(_("updated at"), null=True, blank=True)

    class Meta:
        verbose_name = _("subject of reviews")
        verbose_name_plural = _("subjects of reviews")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "technician", "service", "model"], name="review_subject_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(technician=None, service=None, model=None, shop__isnull=False)
                | Q(technician__isnull=False, service=None, model=None, shop__isnull=False)
                | Q(technician=None, service__isnull=False, model=None)
                | Q(technician=None, service=None, model__isnull=False, shop__isnull=False),
                name="review_subject_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(score_milli=None) | Q(score_milli__range=(1000, 5000)), name="review_subject_score"
            ),
        ]
        indexes = [models.Index(fields=["scored_month", "id"], name="review_subject_due")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.technician_id} {self.service_id} {self.model_id}"


class MonthTally(Counts):
    """The counts of a subject's reviews of visits in one month."""

    subject = models.ForeignKey(
        Subject, on_delete=models.CASCADE, related_name="months", verbose_name=pgettext_lazy("reviews", "subject")
    )
    month = models.DateField(_("month"))

    class Meta:
        verbose_name = _("reviews of a month")
        verbose_name_plural = _("reviews by month")
        ordering = ["subject", "-month"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "month"], name="review_tally_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="review_tally_month_is_a_first"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.month:%Y-%m}"


class Listing(models.Model):
    """A published review under one of its subjects, with what lists are sorted by."""

    subject = models.ForeignKey(
        Subject, on_delete=models.CASCADE, related_name="listings", verbose_name=pgettext_lazy("reviews", "subject")
    )
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="listings", verbose_name=_("review"))
    published_at = models.DateTimeField(_("published at"))
    stars = models.PositiveSmallIntegerField(pgettext_lazy("stars", "total"))
    helpful_count = models.PositiveIntegerField(_("found helpful by"), default=0)

    class Meta:
        verbose_name = _("listed review")
        verbose_name_plural = _("listed reviews")
        ordering = ["subject", "-published_at", "-review"]
        constraints = [models.UniqueConstraint(fields=["subject", "review"], name="review_listed_once")]
        indexes = [
            models.Index(fields=["subject", "-published_at", "-review"], name="review_listing_newest"),
            models.Index(
                fields=["subject", "-helpful_count", "-published_at", "-review"], name="review_listing_helpful"
            ),
            models.Index(fields=["subject", "stars", "-published_at", "-review"], name="review_listing_lowest"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.review_id}"


class RankingMonth(models.Model):
    """The mean that small samples are drawn towards in one month: fixed on its first day, so that no score moves
    because somebody else was reviewed."""

    month = models.DateField(_("month"), primary_key=True)
    mean_milli = models.PositiveSmallIntegerField(_("mean, thousandths of a star"))
    reviews = models.PositiveIntegerField(_("of so many reviews"))
    fixed_at = models.DateTimeField(_("fixed at"))

    class Meta:
        verbose_name = _("mean of a month")
        verbose_name_plural = _("means of months")
        ordering = ["-month"]
        constraints = [
            models.CheckConstraint(condition=Q(mean_milli__range=(1000, 5000)), name="ranking_month_mean"),
            models.CheckConstraint(condition=Q(month__day=1), name="ranking_month_is_a_first"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.mean_milli}"
