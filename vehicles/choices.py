from django.db import models
from django.utils.translation import gettext_lazy as _


class Powertrain(models.TextChoices):
    ICE = "ice", _("Combustion engine")
    HEV = "hev", _("Hybrid")
    PHEV = "phev", _("Plug-in hybrid")
    EREV = "erev", _("Range extender")
    BEV = "bev", _("Battery electric")


# They have an engine and a plug: part of what they drive, the engine does not.
PLUG_INS = (Powertrain.PHEV, Powertrain.EREV)


class MakeKind(models.TextChoices):
    JOINT_VENTURE = "joint_venture", _("Joint venture")
    DOMESTIC = "domestic", _("Chinese brand")
    FOREIGN_OWNED = "foreign_owned", _("Foreign-owned")


class Segment(models.TextChoices):
    MINI_HATCH = "mini_hatch", _("Mini hatchback")
    SMALL_HATCH = "small_hatch", _("Small hatchback")
    COMPACT_SEDAN = "compact_sedan", _("Compact saloon")
    MID_SEDAN = "mid_sedan", _("Mid-size saloon")
    LARGE_SEDAN = "large_sedan", _("Large saloon")
    COMPACT_SUV = "compact_suv", _("Compact SUV")
    MID_SUV = "mid_suv", _("Mid-size SUV")
    LARGE_SUV = "large_suv", _("Large SUV")
    MPV = "mpv", _("People carrier")


class PriceClass(models.TextChoices):
    """What a car's work and parts cost by and large; offers may be made by class."""

    ECONOMY = "economy", _("Economy")
    MID = "mid", _("Mid-range")
    LUXURY = "luxury", _("Luxury")


class Confidence(models.TextChoices):
    """How well a fact is known. A fact that is not known is NULL, never guessed."""

    SURE = "sure", _("Official or several sources agree")
    LIKELY = "likely", _("One decent source or a well-known value")
    ESTIMATE = "estimate", _("Our own judgement, an example only")


class OdometerSource(models.TextChoices):
    OWNER = "owner", _("Entered by the owner")
    CHECK_IN = "check_in", _("Read at check-in")


class EntrySource(models.TextChoices):
    """Who wrote an entry of a health record: only a visit is verified."""

    VISIT = "visit", _("Verified visit")
    OWNER = "owner", _("Added by the owner")
    CORRECTION = "correction", _("Correction")


class RecordPart(models.TextChoices):
    """What of a health record a shop may be let to read."""

    VISITS = "visits", _("Visits: what was done, and when")
    MEASUREMENTS = "measurements", _("Measurements and fault codes")
    DOCUMENTS = "documents", _("Documents and photos")
