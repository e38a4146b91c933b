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


class AdviceVerdict(models.TextChoices):
    """What the platform says of a proposal. See docs/rules/advice.md."""

    DUE_NOW = "due_now", _("Due now")
    JUSTIFIED = "justified", _("Justified by evidence")
    CAN_WAIT = "can_wait", _("Can wait")
    NOT_NEEDED = "not_needed", _("Not needed")
    MOSTLY_UNNECESSARY = "mostly_unnecessary", _("Mostly unnecessary")
    UNKNOWN = "unknown", _("Not known yet")


class AdviceRule(models.TextChoices):
    """The product rule that a verdict stands on. The keys are stable: they are kept with a visit's lines."""

    FREE_TEXT = "free_text", _("Not a service of the catalogue")
    NOT_ON_THIS_CAR = "not_on_this_car", _("The car does not have it")
    MAKER_SCHEDULE = "maker_schedule", _("The maker's schedule")
    GENERAL_INTERVAL = "general_interval", _("The general interval")
    FIRST_SERVICE = "first_service", _("The maker's exception for the first time")
    NO_ENTRY = "no_entry", _("No entry in the record")
    NOT_COUNTABLE = "not_countable", _("Kilometres or dates are missing")
    NO_INTERVAL = "no_interval", _("No interval is known")
    MAKER_HAS_NONE = "maker_has_none", _("The maker asks for none")
    FITMENT_UNKNOWN = "fitment_unknown", _("What is fitted is not known")
    MEASURED_LIMIT = "measured_limit", _("A measurement has reached its limit")
    MEASURED_WATCH = "measured_watch", _("A measurement comes near its limit")
    MEASURED_GOOD = "measured_good", _("The measurements are good")
    NOT_MEASURED = "not_measured", _("Nothing was measured")
    TESTED_AND_AGED = "tested_and_aged", _("The test and the interval together")
    EVIDENCE = "evidence", _("The evidence asked for is there")
    NO_SYMPTOM = "no_symptom", _("Without a symptom")
    TOO_EARLY = "too_early", _("Earlier than it ever makes sense")
    OVER_MAINTENANCE = "over_maintenance", _("Often sold, rarely needed")
    HARMFUL = "harmful", _("Can do harm")
    STATUTE = "statute", _("By law")
    WISH = "wish", _("A wish, not a need")


class AdviceChange(models.TextChoices):
    """What would change a verdict."""

    MEASURE = "measure", _("A measurement")
    SYMPTOM = "symptom", _("A symptom")
    CODE = "code", _("A fault code")
    ENTRY = "entry", _("An entry in the record")
    ODOMETER = "odometer", _("An odometer reading")
    DELIVERY = "delivery", _("The day of delivery")
    CHECK = "check", _("A look at what is fitted")
    KM = "km", _("Kilometres")
    DATE = "date", _("A date")
    FIRST = "first", _("Another job first")
    EVIDENCE = "evidence", _("Evidence")


class Payer(models.TextChoices):
    OWNER = "owner", _("The owner")
    SHOP = "shop", _("The shop that did the work before")


class Fitment(models.TextChoices):
    """What has to be known of a car before the general interval of a service means anything."""

    TIMING_DRIVE = "timing_drive", _("Timing belt or chain")
    FUEL_FILTER_PLACE = "fuel_filter_place", _("Fuel filter outside or inside the tank")
    PLUG_TYPE = "plug_type", _("Kind of spark plugs")


class Symptom(models.TextChoices):
    """What can be noticed on a car, or happened to it. A closed list: evidence is compared by key."""

    ROUGH_IDLE = "rough_idle", _("The engine idles roughly")
    POWER_LOSS = "power_loss", _("The engine has lost power")
    FUEL_TRIM = "fuel_trim", _("Fuel trim out of range")
    SLUDGE_PHOTO = "sludge_photo", _("Photo of sludge at the oil filler cap")
    DEPOSITS_PHOTO = "deposits_photo", _("Borescope photo of deposits behind the intake valves")
    OVERHEATING = "overheating", _("The engine overheats")
    DIRTY_COOLANT = "dirty_coolant", _("Coolant dirty or mixed with oil")
    PULLS = "pulls", _("The car pulls to one side")
    UNEVEN_WEAR = "uneven_wear", _("Tyres wear unevenly")
    VIBRATION = "vibration", _("The steering shakes at a certain speed")
    SUSPENSION_WORK = "suspension_work", _("Suspension work was done")
    TYRE_FITTED = "tyre_fitted", _("A tyre was fitted")
    PUNCTURE = "puncture", _("Puncture or slow leak")
    WEAK_COOLING = "weak_cooling", _("The air-con cools weakly")
    WEAK_AIRFLOW = "weak_airflow", _("Weak flow of air")
    CABIN_SMELL = "cabin_smell", _("Smell from the air-con")
    WARNING_LIGHT = "warning_light", _("A warning light is on")
    UNEXPLAINED_FAULT = "unexplained_fault", _("Something is wrong and nobody knows what")


class PointSection(models.TextChoices):
    """Where on the car an inspection looks."""

    BRAKES = "brakes", _("Brakes")
    TYRES = "tyres", _("Tyres")
    ENGINE_BAY = "engine_bay", _("Engine bay")
    ELECTRICS = "electrics", _("Electrics")
    UNDERBODY = "underbody", _("Underbody")
    EXTERIOR = "exterior", _("Exterior")
    INTERIOR = "interior", _("Interior")
    HIGH_VOLTAGE = "high_voltage", _("High voltage")


class PointKind(models.TextChoices):
    """How a point is checked, and so what its value is."""

    MEASURE = "measure", _("Measured with an instrument")
    LOOK = "look", _("Looked at: 0 in order, 1 keep an eye on it, 2 needs work")
    CODES = "codes", _("Number of stored fault codes")
    DATE = "date", _("Date of make: week and year as on the tyre")


class Direction(models.TextChoices):
    """Which way a value goes bad."""

    LOW_IS_BAD = "low_is_bad", _("Low is bad")
    HIGH_IS_BAD = "high_is_bad", _("High is bad")


class Tone(models.TextChoices):
    RED = "red", _("Needs work now")
    YELLOW = "yellow", _("Keep an eye on it")
    GREEN = "green", _("In order")
