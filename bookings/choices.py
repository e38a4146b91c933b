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
    ODOMETER_CONFIRMED = "odometer_confirmed", _("Odometer looked at by a second person")
    CAR_STATE_CONFIRMED = "car_state_confirmed", _("Owner confirmed the state of the car")
    STAGE = "stage", _("Next stage")
    INSPECTED = "inspected", _("Inspection finished")
    PROPOSED = "proposed", _("Work proposed")
    DECIDED = "decided", _("Owner decided")
    WITHDRAWN = "withdrawn", _("Proposal withdrawn")
    LINE_DONE = "line_done", _("Line done")
    NOT_NEEDED = "not_needed", _("Line not needed")
    PARTS = "parts", _("Parts awaited")
    PROMISE = "promise", _("New promise time")
    PHOTOS = "photos", _("Photos added")
    CHECK_FAILED = "check_failed", _("Quality check found something")
    CHECK_PASSED = "check_passed", _("Quality check passed")
    HANDOVER_CONFIRMED = "handover_confirmed", _("Owner confirmed the handover")
    COMEBACK = "comeback", _("Came back under warranty")


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


# --- The workshop floor -----------------------------------------------------------------------------


class Stage(models.TextChoices):
    """Where in the workshop a car is. A field of its own beside the status: only `bookings.floor.progress` moves it."""

    NONE = "", _("Not in the workshop")
    RECEIVED = "received", _("Received")
    INSPECTING = "inspecting", _("Being inspected")
    WAITING_OWNER = "waiting_owner", _("Waiting for the owner")
    WAITING_PARTS = "waiting_parts", _("Waiting for parts")
    WORKING = "working", _("In work")
    CHECKING = "checking", _("Quality check")
    READY = "ready", _("Ready to collect")


# Where each stage may lead by hand. The owner's answers move WAITING_OWNER by themselves; a failed check leads back.
STAGE_MOVES: dict[str, frozenset[str]] = {
    Stage.NONE: frozenset({Stage.RECEIVED}),
    Stage.RECEIVED: frozenset({Stage.INSPECTING, Stage.WAITING_OWNER, Stage.WORKING, Stage.WAITING_PARTS}),
    Stage.INSPECTING: frozenset({Stage.WAITING_OWNER, Stage.WORKING, Stage.WAITING_PARTS}),
    Stage.WAITING_OWNER: frozenset({Stage.RECEIVED, Stage.INSPECTING, Stage.WORKING, Stage.WAITING_PARTS}),
    Stage.WAITING_PARTS: frozenset({Stage.RECEIVED, Stage.INSPECTING, Stage.WAITING_OWNER, Stage.WORKING}),
    Stage.WORKING: frozenset({Stage.INSPECTING, Stage.WAITING_OWNER, Stage.WAITING_PARTS, Stage.CHECKING}),
    Stage.CHECKING: frozenset({Stage.WORKING, Stage.READY}),
    Stage.READY: frozenset({Stage.WORKING, Stage.NONE}),
}


class LineState(models.TextChoices):
    """What became of a line of work. Only `bookings.floor.lines` and `bookings.floor.deciding` change it."""

    PROPOSED = "proposed", _("Proposed")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")
    DEFERRED = "deferred", _("Deferred")
    DONE = "done", _("Done")
    NOT_NEEDED = "not_needed", _("Not needed after all")
    WITHDRAWN = "withdrawn", _("Withdrawn by the shop")


LINE_MOVES: dict[str, frozenset[str]] = {
    LineState.PROPOSED: frozenset(
        {
            LineState.APPROVED,
            LineState.DECLINED,
            LineState.DEFERRED,
            LineState.WITHDRAWN,
            LineState.NOT_NEEDED,
            LineState.PROPOSED,
        }
    ),
    # A changed line must be approved again; an owner may change their mind while nothing is done.
    LineState.APPROVED: frozenset(
        {LineState.DONE, LineState.NOT_NEEDED, LineState.PROPOSED, LineState.DECLINED, LineState.DEFERRED}
    ),
    LineState.DECLINED: frozenset({LineState.APPROVED, LineState.DEFERRED, LineState.PROPOSED}),
    LineState.DEFERRED: frozenset({LineState.APPROVED, LineState.DECLINED, LineState.PROPOSED}),
    LineState.DONE: frozenset({LineState.APPROVED}),  # a failed quality check: to be done again
    LineState.NOT_NEEDED: frozenset({LineState.PROPOSED}),
    LineState.WITHDRAWN: frozenset(),
}
# States that no answer of the owner changes any more.
SETTLED_LINES = (LineState.DONE, LineState.NOT_NEEDED, LineState.WITHDRAWN)


class LineOrigin(models.TextChoices):
    BOOKED = "booked", _("Agreed when booking")
    ADDED = "added", _("Found in the workshop")
    WARRANTY = "warranty", _("Put right under warranty")


class Urgency(models.TextChoices):
    RED = "red", _("Needs work now")
    YELLOW = "yellow", _("Keep an eye on it")
    GREEN = "green", _("In order")


class PriceBasis(models.TextChoices):
    OFFER = "offer", _("From the shop's price list")
    ENTERED = "entered", _("Entered by hand")


class WarrantyScope(models.TextChoices):
    """What the regulation calls the repair; it decides the least warranty (`bookings.floor.warranty`)."""

    MINOR = "minor", _("Minor or special repair")
    SECOND_LEVEL = "second_level", _("Second-level maintenance")
    ASSEMBLY = "assembly", _("Whole vehicle or assembly")


class Decision(models.TextChoices):
    APPROVE = "approve", _("Approved")
    DECLINE = "decline", _("Declined")
    DEFER = "defer", _("Deferred")


class DecisionWay(models.TextChoices):
    """How the owner's word reached us."""

    BOOKING = "booking", _("Agreed when booking")
    ACCOUNT = "account", _("Signed in")
    LINK = "link", _("By the link sent to the owner")
    PHONE = "phone", _("On the phone, written down by the shop")
    DEVICE = "device", _("On the shop's device")


class PhotoKind(models.TextChoices):
    CONDITION = "condition", _("Condition at check-in")
    DASHBOARD = "dashboard", _("Dashboard")
    MEASUREMENT = "measurement", _("Measurement")
    FINDING = "finding", _("Finding")
    WORK = "work", _("Work")
    MESSAGE = "message", _("Sent in a message")
    HANDOVER = "handover", _("At handover")
