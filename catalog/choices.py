from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ServiceCategory(models.TextChoices):
    MAINTENANCE = "maintenance", _("Maintenance")
    WEAR = "wear", _("Wear parts")
    REPAIR = "repair", _("Repair")
    DIAGNOSIS = "diagnosis", _("Diagnosis")
    EV = "ev", _("Electric drive")
    CARE = "care", _("Care")
    AGENCY = "agency", _("Paperwork")
    LOGISTICS = "logistics", _("Pick-up and delivery")


class Trigger(models.TextChoices):
    """What makes a service due."""

    SCHEDULE = "schedule", _("By the maker's schedule")
    SCHEDULE_THEN_TEST = "schedule_then_test", _("Test at the interval, do it if the test says so")
    MEASURE = "measure", _("By measurement, never by kilometres alone")
    TEST = "test", _("By test, never by age alone")
    SYMPTOM = "symptom", _("Only with a symptom")
    STATUTE = "statute", _("By law")
    WISH = "wish", _("When you like")


class BayNeed(models.TextChoices):
    """Where a service is done. Values besides ANY and NONE are `shops.choices.BayCapability`."""

    ANY = "any", _("Any bay")
    NONE = "none", _("No bay")
    LIFT = "lift", _("Lift")
    ALIGNMENT = "alignment", _("Alignment rig")
    TYRE = "tyre", _("Tyre machine")
    EV = "ev", _("High-voltage bay")
    WASH = "wash", _("Wash bay")


class PhaseKind(models.TextChoices):
    """A stretch of a job with needs of its own."""

    WRITE_UP = "write_up", _("Write-up")
    PICK_UP = "pick_up", pgettext_lazy("a phase of a visit", "Pick-up")
    WORK = "work", _("Work")
    ALIGNMENT = "alignment", _("Wheel alignment")
    ROAD_TEST = "road_test", _("Road test")
    WASH = "wash", _("Wash")
    RETURN = "return", _("Return of the car")


class OfferScope(models.TextChoices):
    """What cars an offer is for, from the most to the least specific."""

    VARIANT = "variant", _("One variant")
    MODEL = "model", _("One model")
    MAKE = "make", _("One make")
    PRICE_CLASS = "price_class", _("A price class")
    ALL = "all", _("All cars")


# An offer for a narrower scope wins over one for a wider scope.
SPECIFICITY = {
    OfferScope.VARIANT: 4,
    OfferScope.MODEL: 3,
    OfferScope.MAKE: 2,
    OfferScope.PRICE_CLASS: 1,
    OfferScope.ALL: 0,
}


class OverMaintenanceVerdict(models.TextChoices):
    NOT_RECOMMENDED = "not_recommended", _("Not recommended")
    SYMPTOM_ONLY = "symptom_only", _("Only with a symptom")
    MEASURE_FIRST = "measure_first", _("Measure first")
    HARMFUL = "harmful", _("Can do harm")
    COSMETIC = "cosmetic", _("For looks only")


class PriceSource(models.TextChoices):
    WEB = "web", _("Entered in the browser")
    CSV = "csv", _("Imported price list")
    ADMIN = "admin", _("Corrected by the platform")
    DEMO = "demo", _("Demo data")
