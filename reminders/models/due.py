"""What each car needs and when, as last computed; what owners said about it."""

from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.ids import PublicIdModel
from reminders.choices import STANDING, By, DismissReason, ItemAct, ItemState, OwnerDateKind, Source
from reminders.querysets import DueItemQuerySet
from vehicles.models import Car


class CarState(models.Model):
    """How fresh a car's due items are. `stale_since`: something they depend on has changed."""

    car = models.OneToOneField(
        Car, on_delete=models.CASCADE, primary_key=True, related_name="due_state", verbose_name=_("car")
    )
    stale_since = models.DateTimeField(_("stale since"), null=True, blank=True)
    computed_on = models.DateField(_("computed on"), null=True, blank=True, help_text=_("in the platform's zone"))
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("state of a car's due items")
        verbose_name_plural = _("states of cars' due items")
        indexes = [
            models.Index(fields=["stale_since"], name="car_state_stale", condition=Q(stale_since__isnull=False)),
            models.Index(fields=["computed_on"], name="car_state_oldest"),
        ]

    def __str__(self) -> str:
        return str(self.car_id)


class OwnerDate(models.Model):
    """A date that only the owner knows, as they said it; of a kind the newest row counts, `on` empty takes it back."""

    car = models.ForeignKey(Car, on_delete=models.CASCADE, related_name="owner_dates", verbose_name=_("car"))
    kind = models.CharField(_("kind"), max_length=12, choices=OwnerDateKind)
    on = models.DateField(_("date"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("entered by")
    )
    at = models.DateTimeField(_("entered at"))

    class Meta:
        verbose_name = _("date known to the owner")
        verbose_name_plural = _("dates known to owners")
        ordering = ["car", "kind", "-at", "-pk"]
        indexes = [models.Index(fields=["car", "kind", "-at", "-id"], name="owner_date_newest")]
        constraints = [models.CheckConstraint(condition=Q(kind__in=OwnerDateKind.values), name="owner_date_known")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.on or '-'}"


class DueItem(PublicIdModel):
    """One thing that a car needs once. `subject` says what ("service:engine_oil"), `cycle` which time: what the
    interval is counted from. The next time is another row; no row ever moves on to its next time.

    Days are local wall dates. `due_on` is empty where only kilometres are known and nobody can date them.
    """

    car = models.ForeignKey(Car, on_delete=models.CASCADE, related_name="due_items", verbose_name=_("car"))
    # Of the car, which never changes its owner: another owner's car is another row.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="due_items", verbose_name=_("owner")
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    subject = models.CharField(_("subject"), max_length=120)
    cycle = models.CharField(_("cycle"), max_length=60)
    service = models.CharField(_("service"), max_length=60, blank=True, help_text=_("its key in the catalogue"))
    title = models.CharField(_("title"), max_length=120, blank=True, help_text=_("only of work that is no service"))
    is_likely = models.BooleanField(
        _("only likely"), default=False, help_text=_("only a test or measurement will tell")
    )
    by = models.CharField(_("set by"), max_length=6, choices=By)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    earliest_on = models.DateField(_("earliest"), null=True, blank=True)
    latest_on = models.DateField(_("latest"), null=True, blank=True)
    due_km = models.PositiveIntegerField(_("due at, km"), null=True, blank=True)
    is_by_prior = models.BooleanField(
        _("by what is usual"), default=False, help_text=_("the car's own readings do not say how far it goes")
    )
    # Numbers, source and confidence of the advice it rests on: what its words are made of (`reminders.words`).
    facts = models.JSONField(_("facts"), default=dict, encoder=DjangoJSONEncoder)
    state = models.CharField(_("state"), max_length=10, choices=ItemState, default=ItemState.OPEN)
    deferred_until = models.DateField(_("put off until"), null=True, blank=True)
    dismissed_for = models.CharField(_("dismissed because"), max_length=12, choices=DismissReason, blank=True)
    # Goes up when the owner puts it off: then they are reminded anew.
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    next_stage_on = models.DateField(_("next reminder on"), null=True, blank=True)
    opened_at = models.DateTimeField(_("found at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    objects: ClassVar[DueItemQuerySet] = DueItemQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("due item")
        verbose_name_plural = _("due items")
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["car", "subject", "cycle"], name="due_once_per_cycle"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="due_source_known"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="due_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=STANDING, closed_at__isnull=True)
                | (~Q(state__in=STANDING) & Q(closed_at__isnull=False, next_stage_on__isnull=True)),
                name="due_closed_is_over",
            ),
            models.CheckConstraint(
                condition=Q(state=ItemState.DEFERRED, deferred_until__isnull=False) | ~Q(state=ItemState.DEFERRED),
                name="due_deferred_until",
            ),
            models.CheckConstraint(
                condition=(Q(state=ItemState.DISMISSED) & ~Q(dismissed_for=""))
                | (~Q(state=ItemState.DISMISSED) & Q(dismissed_for="")),
                name="due_dismissed_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(due_on__isnull=True, earliest_on__isnull=True, latest_on__isnull=True)
                | Q(earliest_on__lte=F("due_on"), latest_on__gte=F("due_on")),
                name="due_within_its_interval",
            ),
            models.CheckConstraint(condition=Q(due_on__isnull=False) | Q(due_km__isnull=False), name="due_sometime"),
        ]
        indexes = [
            models.Index(
                fields=["next_stage_on", "owner"], name="due_next_stage", condition=Q(next_stage_on__isnull=False)
            ),
            models.Index(fields=["car", "due_on"], name="due_standing", condition=Q(state__in=STANDING)),
            models.Index(fields=["due_on"], name="due_by_day", condition=Q(state=ItemState.OPEN)),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.due_on or self.due_km}"


class DueEvent(models.Model):
    """What became of a due item, when, and who said so. Append-only; a machine has no name."""

    item = models.ForeignKey(DueItem, on_delete=models.CASCADE, related_name="events", verbose_name=_("due item"))
    act = models.CharField(_("what"), max_length=10, choices=ItemAct)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    data = models.JSONField(_("details"), default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("event of a due item")
        verbose_name_plural = _("events of due items")
        ordering = ["item", "pk"]

    def __str__(self) -> str:
        return f"{self.item_id} {self.act}"
