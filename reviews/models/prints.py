"""What copies of a text are found by."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from reviews.models.reviews import Review, ReviewVersion


class TextPrint(models.Model):
    """One of the bands of a text's print (`reviews.hints.copies`): texts that are alike have some in common. The text
    cannot be made of it again."""

    version = models.ForeignKey(
        ReviewVersion, on_delete=models.CASCADE, related_name="prints", verbose_name=_("version")
    )
    review = models.ForeignKey(
        Review, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name=_("review")
    )
    band = models.BigIntegerField(_("band"))

    class Meta:
        verbose_name = _("print of a text")
        verbose_name_plural = _("prints of texts")
        ordering = ["version", "pk"]
        constraints = [models.UniqueConstraint(fields=["version", "band"], name="text_print_once")]
        indexes = [models.Index(fields=["band", "-version"], name="text_print_alike", include=["review"])]

    def __str__(self) -> str:
        return f"{self.version_id} {self.band:x}"
