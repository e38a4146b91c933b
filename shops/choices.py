from django.db import models
from django.utils.translation import gettext_lazy as _


class ShopKind(models.TextChoices):
    DEALER = "4s", _("Brand dealer")
    CHAIN = "chain", _("Chain")
    INDEPENDENT = "independent", _("Independent")
    ON_SITE = "on_site", _("On-site team")


class Role(models.TextChoices):
    """What a person is at one shop. What each may do: `shops.rules`."""

    OWNER = "owner", _("Shop owner")
    MANAGER = "manager", _("Manager")
    ADVISOR = "advisor", _("Service advisor")
    TECHNICIAN = "technician", _("Technician")
    CASHIER = "cashier", _("Cashier")


class ResourceKind(models.TextChoices):
    """What can be claimed for a time. Bays and mobile units are where work happens, technicians who does it (drivers
    are technicians with the skill), advisors write the visit up, loaner cars stand in for the customer's."""

    BAY = "bay", _("Bay")
    MOBILE_UNIT = "mobile_unit", _("Mobile unit")
    TECHNICIAN = "technician", _("Technician")
    ADVISOR = "advisor", _("Service advisor")
    LOANER = "loaner", _("Loaner car")


PLACES = (ResourceKind.BAY, ResourceKind.MOBILE_UNIT)
PEOPLE = (ResourceKind.TECHNICIAN, ResourceKind.ADVISOR)


class BayCapability(models.TextChoices):
    """What a bay or a mobile unit is equipped for."""

    LIFT = "lift", _("Lift")
    ALIGNMENT = "alignment", _("Alignment rig")
    TYRE = "tyre", _("Tyre machine")
    EV = "ev", _("High-voltage bay")
    WASH = "wash", _("Wash bay")


class Skill(models.TextChoices):
    """What a technician is trained for."""

    MAINTENANCE = "maintenance", _("Maintenance")
    ENGINE = "engine", _("Engine")
    TRANSMISSION = "transmission", _("Transmission")
    CHASSIS = "chassis", _("Chassis and brakes")
    TYRE = "tyre", _("Tyres")
    ALIGNMENT = "alignment", _("Wheel alignment")
    ELECTRICAL = "electrical", _("Electrics")
    AC = "ac", _("Air conditioning")
    DIAGNOSIS = "diagnosis", _("Diagnosis")
    EV_HV = "ev_hv", _("High voltage")
    AGENCY = "agency", _("Inspection handling")
    DRIVER = "driver", _("Driver")
    WASH = "wash", _("Washing")


class Amenity(models.TextChoices):
    PICKUP = "pickup", _("Pick-up and delivery")
    LOANER = "loaner", _("Loaner car")
    LOUNGE = "lounge", _("Waiting lounge")
    WIFI = "wifi", _("Wi-Fi")
    CHARGING = "charging", _("EV charging")
    PARKING = "parking", _("Free parking")
    GLASS_WALL = "glass_wall", _("Work in view")
    OLD_PARTS = "old_parts", _("Old parts shown and returned")
    COFFEE = "coffee", _("Coffee")
    METRO = "metro", _("Metro within 500 m")


class Day(models.IntegerChoices):
    """Days for opening hours: ISO weekdays, and public holidays as a day of their own."""

    MONDAY = 1, _("Monday")
    TUESDAY = 2, _("Tuesday")
    WEDNESDAY = 3, _("Wednesday")
    THURSDAY = 4, _("Thursday")
    FRIDAY = 5, _("Friday")
    SATURDAY = 6, _("Saturday")
    SUNDAY = 7, _("Sunday")
    HOLIDAY = 8, _("Public holidays")


class HolidayPolicy(models.TextChoices):
    CLOSED = "closed", _("Closed on public holidays")
    HOLIDAY_HOURS = "holiday_hours", _("Holiday hours on public holidays")
    AS_USUAL = "as_usual", _("Open as on any other day")


class Confirmation(models.TextChoices):
    """Who says the last word on a booking made online."""

    INSTANT = "instant", _("Booked at once")
    BY_HAND = "by_hand", _("The shop answers each request")


class PlaceKind(models.TextChoices):
    DISTRICT = "district", _("District")
    AREA = "area", _("Area")
    STATION = "station", _("Station")


class Permission(models.TextChoices):
    """What a role opens at a shop (`shops.rules.PERMISSIONS`)."""

    BOARD = "board", _("See the board")
    CHECK_IN = "check_in", _("Check cars in")
    WALK_IN = "walk_in", _("Take walk-ins and move visits")
    CLOSE_DAY = "close_day", _("Close the day")
    MONEY = "money", _("See and move the shop's money")
    PRICES = "prices", _("Change prices")
    SETTINGS = "settings", _("Change settings")
    STAFF = "staff", _("Manage staff")
    REVIEWS = "reviews", _("Answer reviews and win unhappy owners back")


class ChangeKind(models.TextChoices):
    """What was changed at a shop (`ShopChange`)."""

    PROFILE = "profile", _("Profile")
    HOURS = "hours", _("Opening hours")
    RULES = "rules", _("Booking rules")
    CLOSURE_ADDED = "closure_added", _("Closure added")
    CLOSURE_REMOVED = "closure_removed", _("Closure removed")
    BAY = "bay", _("Bay or mobile unit")
    TECHNICIAN = "technician", _("Technician")
    ADVISOR = "advisor", _("Service advisor")
    LOANER = "loaner", _("Loaner car")
    SHIFTS = "shifts", _("Shifts")
    OFF_PEAK = "off_peak", _("Off-peak prices")
    CERTIFICATE = "certificate", _("Certificate")
    PAYOUT_ACCOUNT = "payout_account", _("Account for payouts")
    INVITATION = "invitation", _("Invitation")
    MEMBER = "member", _("Member")
