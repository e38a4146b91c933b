"""Reviews: one of each visit, its versions, whom it names, its photos, and the shop's reply."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import Booking
from catalog.models import Service
from core.ids import PublicIdModel
from core.photos import StoredPhoto
from reviews.choices import Dimension, PersonRole, ReplyStatus, ReviewStatus, VersionStatus
from reviews.limits import MAX_REPLY_TEXT, MAX_TEXT
from reviews.querysets import ReplyQuerySet, ReviewQuerySet
from shops.models import Resource, Shop
from vehicles.models import CarModel

_STARS = [MinValueValidator(1), MaxValueValidator(5)]


class Review(PublicIdModel):
    """What the owner of a visit says about it. One for each visit; what they wrote stands in its versions.

    `shown` is the version that readers see and averages count; there is one exactly while it is published. Service,
    model and month are those of the visit, kept here so that lists need not ask it.
    """

    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="review", verbose_name=_("visit"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="reviews",
        verbose_name=pgettext_lazy("a review", "author"),
    )
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="reviews", verbose_name=_("shop"))
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", verbose_name=_("service"))
    model = models.ForeignKey(CarModel, on_delete=models.PROTECT, related_name="+", verbose_name=_("model"))
    # The first day of the month of the handover, on the shop's calendar: what it says ages from here.
    visit_month = models.DateField(_("month of the visit"))
    status = models.CharField(_("status"), max_length=10, choices=ReviewStatus, default=ReviewStatus.WAITING)
    shown = models.ForeignKey(
        "ReviewVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("version shown"),
    )
    published_at = models.DateTimeField(_("first published at"), null=True, blank=True)
    helpful_count = models.PositiveIntegerField(_("found helpful by"), default=0)
    created_at = models.DateTimeField(_("written at"))

    objects: ClassVar[ReviewQuerySet] = ReviewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=ReviewStatus.PUBLISHED, shown__isnull=False, published_at__isnull=False)
                | (~Q(status=ReviewStatus.PUBLISHED) & Q(shown__isnull=True)),
                name="review_shown_while_published",
            ),
            models.CheckConstraint(condition=Q(visit_month__day=1), name="review_month_is_a_first"),
        ]
        indexes = [
            models.Index(fields=["shop", "-created_at"], name="review_of_shop"),
            models.Index(fields=["author", "-created_at"], name="review_of_author"),
            models.Index(fields=["created_at"], name="review_lately"),
        ]

    def __str__(self) -> str:
        return self.public_id


class ReviewVersion(models.Model):
    """What the author wrote at one time. It never changes: an edit is the next version (a trigger sees to it; words go
    when the account is erased). `status` and what belongs to it say what became of it.

    The ratings beside the total may be left out. `masks` are the stretches of `text` that readers do not see:
    `{"start", "end", "kind"}`, offsets in characters.
    """

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="versions", verbose_name=_("review"))
    number = models.PositiveSmallIntegerField(_("number"))
    stars = models.PositiveSmallIntegerField(pgettext_lazy("stars", "total"), validators=_STARS)
    workmanship = models.PositiveSmallIntegerField(Dimension.WORKMANSHIP.label, null=True, blank=True)
    honesty = models.PositiveSmallIntegerField(Dimension.HONESTY.label, null=True, blank=True)
    communication = models.PositiveSmallIntegerField(Dimension.COMMUNICATION.label, null=True, blank=True)
    waiting = models.PositiveSmallIntegerField(Dimension.WAITING.label, null=True, blank=True)
    price = models.PositiveSmallIntegerField(Dimension.PRICE.label, null=True, blank=True)
    would_return = models.BooleanField(_("would return"), null=True, blank=True)
    text = models.TextField(_("text"), max_length=MAX_TEXT, blank=True)
    # Whether readers may see the visit's facts beside the text: service, quoted and final price, on time or not.
    shows_facts = models.BooleanField(_("the visit's facts are shown"), default=False)
    photos: models.ManyToManyField[ReviewPhoto, models.Model] = models.ManyToManyField(
        "ReviewPhoto", blank=True, related_name="versions", verbose_name=_("photos")
    )
    written_at = models.DateTimeField(_("written at"))
    status = models.CharField(_("status"), max_length=10, choices=VersionStatus, default=VersionStatus.WAITING)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    risk = models.PositiveSmallIntegerField(_("risk, 0 to 100"), default=0)
    masks = models.JSONField(_("masks"), default=list, blank=True)

    class Meta:
        verbose_name = _("version of a review")
        verbose_name_plural = _("versions of reviews")
        ordering = ["review", "number"]
        constraints = [
            models.UniqueConstraint(fields=["review", "number"], name="review_version_once"),
            models.UniqueConstraint(
                fields=["review"], name="review_one_version_waits", condition=Q(status=VersionStatus.WAITING)
            ),
            models.CheckConstraint(
                condition=Q(stars__range=(1, 5))
                & (Q(workmanship=None) | Q(workmanship__range=(1, 5)))
                & (Q(honesty=None) | Q(honesty__range=(1, 5)))
                & (Q(communication=None) | Q(communication__range=(1, 5)))
                & (Q(waiting=None) | Q(waiting__range=(1, 5)))
                & (Q(price=None) | Q(price__range=(1, 5))),
                name="review_version_stars",
            ),
            models.CheckConstraint(condition=Q(risk__lte=100), name="review_version_risk"),
            models.CheckConstraint(
                condition=Q(status=VersionStatus.WAITING, decided_at__isnull=True)
                | (~Q(status=VersionStatus.WAITING) & Q(decided_at__isnull=False)),
                name="review_version_decided_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} v{self.number}"

    def rating(self, dimension: str) -> int | None:
        """The stars given in a `Dimension`, None where it was left out."""
        value: int | None = getattr(self, Dimension(dimension).value)
        return value


class ReviewPerson(models.Model):
    """Somebody of the shop who worked on the visit: the review names them. Taken from the visit, never from input."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="people", verbose_name=_("review"))
    person = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="+", verbose_name=_("person"))
    role = models.CharField(_("as"), max_length=10, choices=PersonRole)

    class Meta:
        verbose_name = _("person named in a review")
        verbose_name_plural = _("people named in reviews")
        ordering = ["review", "-role", "pk"]
        constraints = [models.UniqueConstraint(fields=["review", "person"], name="review_names_once")]

    def __str__(self) -> str:
        return f"{self.review_id} {self.person_id}"


class ReviewPhoto(StoredPhoto):
    """A photo that belongs to versions of a review."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="photos", verbose_name=_("review"))

    class Meta(StoredPhoto.Meta):
        verbose_name = _("photo of a review")
        verbose_name_plural = _("photos of reviews")


class Reply(PublicIdModel):
    """The shop's public answer to a review. A changed answer is a new row; readers see the published one."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="replies", verbose_name=_("review"))
    number = models.PositiveSmallIntegerField(_("number"))
    text = models.TextField(_("text"), max_length=MAX_REPLY_TEXT)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    written_at = models.DateTimeField(_("written at"))
    status = models.CharField(_("status"), max_length=10, choices=ReplyStatus, default=ReplyStatus.WAITING)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    risk = models.PositiveSmallIntegerField(_("risk, 0 to 100"), default=0)
    masks = models.JSONField(_("masks"), default=list, blank=True)
    # When the author of the review was told of it, if they were (`reviews.notifications.tell_reply`).
    told_at = models.DateTimeField(_("author told at"), null=True, blank=True)

    objects: ClassVar[ReplyQuerySet] = ReplyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("reply of a shop")
        verbose_name_plural = _("replies of shops")
        ordering = ["review", "number"]
        constraints = [
            models.UniqueConstraint(fields=["review", "number"], name="reply_once"),
            models.UniqueConstraint(
                fields=["review"], name="reply_one_published", condition=Q(status=ReplyStatus.PUBLISHED)
            ),
            models.UniqueConstraint(fields=["review"], name="reply_one_waits", condition=Q(status=ReplyStatus.WAITING)),
            models.CheckConstraint(condition=Q(risk__lte=100), name="reply_risk"),
        ]

    def __str__(self) -> str:
        return self.public_id


class HelpfulVote(models.Model):
    """Somebody found a review helpful. `counts` is off for votes of a ring (`reviews.signals`)."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="votes", verbose_name=_("review"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="review_votes", verbose_name=_("person")
    )
    at = models.DateTimeField(_("at"))
    counts = models.BooleanField(_("counts"), default=True)

    class Meta:
        verbose_name = _("helpful vote")
        verbose_name_plural = _("helpful votes")
        ordering = ["review", "pk"]
        constraints = [models.UniqueConstraint(fields=["review", "user"], name="helpful_vote_once")]
        indexes = [models.Index(fields=["at"], name="helpful_vote_lately")]

    def __str__(self) -> str:
        return f"{self.review_id} {self.user_id}"
