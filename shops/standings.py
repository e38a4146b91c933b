"""What verified reviews say of a shop, ready to be shown and sorted by. The room of reviews alone writes it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

# Fewer reviews than this are read and sorted by, but no score is shown (product decision: two may be two friends).
FEW = 3
# What is expected of a shop of which nothing has been said (product decision; the middle of what platforms show is
# near 4). Scores of few reviews are drawn towards the platform's mean, which starts from the same belief.
EXPECTED_STARS = 4
# What a shop without a review is sorted by (thousandths of a star), whether it has a row or none.
NEUTRAL_MILLI = 1000 * EXPECTED_STARS


class ShopStanding(models.Model):
    """The score of a shop and what it stands on. Made from published reviews, so it can be made anew at any time.

    `score_milli` is in thousandths of a star (1000 to 5000). A shop without a row has no review yet;
    one whose row has no review (owners were followed up before the first, or it was taken away) is treated alike.
    """

    shop = models.OneToOneField(
        "shops.Shop", on_delete=models.CASCADE, primary_key=True, related_name="standing", verbose_name=_("shop")
    )
    reviews = models.PositiveIntegerField(_("published reviews"), default=0)
    score_milli = models.PositiveSmallIntegerField(_("score, thousandths of a star"))
    follow_ups = models.PositiveIntegerField(_("unhappy owners followed up"), default=0)
    put_right = models.PositiveIntegerField(_("of them put right"), default=0)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("standing of a shop")
        verbose_name_plural = _("standings of shops")
        constraints = [
            models.CheckConstraint(
                condition=Q(score_milli__range=(1000, 5000)) & Q(put_right__lte=F("follow_ups")), name="standing_sane"
            )
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.score_milli}"

    @property
    def score(self) -> float:
        """Stars, 1 to 5."""
        return self.score_milli / 1000

    @property
    def shown_score(self) -> float | None:
        """The score to one decimal as it is shown; None while the reviews are few."""
        return round(self.score, 1) if self.reviews >= FEW else None
