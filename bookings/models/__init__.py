"""The tables of visits: each module has those of one matter."""

from bookings.models.claims import MAX_CLAIM, Allocation
from bookings.models.feeds import CalendarFeed
from bookings.models.figures import IntegrityFigure
from bookings.models.floor import (
    CheckIn,
    Inspection,
    InspectionItem,
    QualityCheck,
    VisitLink,
    VisitMessage,
    VisitPhoto,
)
from bookings.models.learned import LearnedDuration
from bookings.models.lines import Line, LineDecision, LineVersion
from bookings.models.visits import BookedService, Booking, BookingEvent
from bookings.models.waiting import WaitingEntry, WaitingService

__all__ = [
    "MAX_CLAIM",
    "Allocation",
    "BookedService",
    "Booking",
    "BookingEvent",
    "CalendarFeed",
    "CheckIn",
    "Inspection",
    "InspectionItem",
    "IntegrityFigure",
    "LearnedDuration",
    "Line",
    "LineDecision",
    "LineVersion",
    "QualityCheck",
    "VisitLink",
    "VisitMessage",
    "VisitPhoto",
    "WaitingEntry",
    "WaitingService",
]
