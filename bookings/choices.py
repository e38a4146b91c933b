"""States of a visit and the moves between them. Imports nothing of ours."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    HELD = "held", _("Held")
    REQUESTED = "requested", _("Requested")
    CONFIRMED = "confirmed", _("Confirmed")
    CHECKED_IN = "checked_in", _("Checked in")
    IN_SERVICE = "in_service", _("In service")
    READY = "ready", _("Ready")
    COMPLETED = "completed", _("Handed over")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("No-show")


# What each state may become. `bookings.actions` is the only place that changes a status, and it obeys this table.
TRANSITIONS: dict[str, frozenset[str]] = {
    Status.HELD: frozenset({Status.REQUESTED, Status.CONFIRMED, Status.EXPIRED, Status.CANCELLED}),
    Status.REQUESTED: frozenset({Status.CONFIRMED, Status.EXPIRED, Status.CANCELLED}),
    Status.CONFIRMED: frozenset({Status.CHECKED_IN, Status.CANCELLED, Status.NO_SHOW}),
    Status.CHECKED_IN: frozenset({Status.IN_SERVICE, Status.CANCELLED}),
    Status.IN_SERVICE: frozenset({Status.READY}),
    Status.READY: frozenset({Status.IN_SERVICE, Status.COMPLETED}),
    Status.COMPLETED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.NO_SHOW: frozenset(),
}

# States that lapse by themselves at `hold_expires_at`: a hold nobody confirmed, a request the shop did not answer.
LAPSING = (Status.HELD, Status.REQUESTED)
# States in which a visit claims its bay and technician.
CLAIMING = (
    Status.HELD,
    Status.REQUESTED,
    Status.CONFIRMED,
    Status.CHECKED_IN,
    Status.IN_SERVICE,
    Status.READY,
    Status.COMPLETED,
)
UPCOMING = (Status.REQUESTED, Status.CONFIRMED)
IN_SHOP = (Status.CHECKED_IN, Status.IN_SERVICE, Status.READY)
ENDED = (Status.COMPLETED, Status.EXPIRED, Status.CANCELLED, Status.NO_SHOW)


class Source(models.TextChoices):
    ONLINE = "online", _("Booked online")
    WALK_IN = "walk_in", _("Walk-in")
    PHONE = "phone", _("By telephone")
    WAITING_LIST = "waiting", _("From the waiting list")
    DEMO = "demo", _("Demo data")


class Handover(models.TextChoices):
    """How car and shop come together."""

    DROP_OFF = "drop_off", _("You bring the car")
    PICK_UP = "pick_up", _("A driver fetches the car and brings it back")
    ON_SITE = "on_site", _("The team comes to the car")


# What an owner can ask of a shop that one drives to; an on-site team always comes.
HANDOVER_WISHES = [(wish.value, wish.label) for wish in (Handover.DROP_OFF, Handover.PICK_UP)]


class AllocationKind(models.TextChoices):
    WORK = "work", _("Work")
    TRAVEL = "travel", _("On the way")
    BREAK = "break", _("Break")
    BLOCK = "block", _("Out of use")


# Claims that belong to no visit.
PAUSES = (AllocationKind.BREAK, AllocationKind.BLOCK)


class EventKind(models.TextChoices):
    HELD = "held", _("Slot held")
    REQUESTED = "requested", _("Asked the shop")
    CONFIRMED = "confirmed", _("Booked")
    EXPIRED = "expired", _("Hold expired")
    RESCHEDULED = "rescheduled", _("Moved to another time")
    REASSIGNED = "reassigned", _("Bay or technician changed")
    REPACKED = "repacked", _("Given another bay to make room")
    SWAPPED = "swapped", _("Changed places with another visit")
    CANCELLED = "cancelled", _("Cancelled")
    CHECKED_IN = "checked_in", _("Car checked in")
    STARTED = "started", _("Work started")
    READY = "ready", _("Ready to collect")
    REOPENED = "reopened", _("Work taken up again")
    COMPLETED = "completed", _("Handed over")
    NO_SHOW = "no_show", _("Did not come")
    ODOMETER = "odometer", _("Odometer corrected")


# The status that follows from an event; events that are not here leave the status alone.
OUTCOMES: dict[str, str] = {
    EventKind.REQUESTED: Status.REQUESTED,
    EventKind.CONFIRMED: Status.CONFIRMED,
    EventKind.CANCELLED: Status.CANCELLED,
    EventKind.CHECKED_IN: Status.CHECKED_IN,
    EventKind.STARTED: Status.IN_SERVICE,
    EventKind.REOPENED: Status.IN_SERVICE,
    EventKind.READY: Status.READY,
    EventKind.COMPLETED: Status.COMPLETED,
    EventKind.NO_SHOW: Status.NO_SHOW,
}


class ActorRole(models.TextChoices):
    """As what a person acted: the same person can be an owner here and staff there."""

    OWNER = "owner", _("Owner")
    STAFF = "staff", _("Shop")
    PLATFORM = "platform", _("Platform")
    SYSTEM = "system", _("System")


class WaitingStatus(models.TextChoices):
    """What became of a place on the waiting list."""

    WAITING = "waiting", _("Waiting")
    OFFERED = "offered", _("A time is held for you")
    TAKEN = "taken", _("Booked")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    OVER = "over", _("Nothing came free")


class CancelReason(models.TextChoices):
    PLANS_CHANGED = "plans_changed", _("My plans changed")
    OTHER_SHOP = "other_shop", _("I chose another shop")
    NOT_NEEDED = "not_needed", _("It is not needed any more")
    SHOP_CANNOT = "shop_cannot", _("The shop cannot do it")
    OTHER = "other", _("Another reason")
