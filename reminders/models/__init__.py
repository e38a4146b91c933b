"""Tables of what is due and who was told (docs/rules/reminders.md)."""

from reminders.models.campaigns import Campaign
from reminders.models.due import CarState, DueEvent, DueItem, OwnerDate
from reminders.models.letters import Letter, LetterReturn, LetterSlot, OwnerTurn, Reminder

__all__ = [
    "Campaign",
    "CarState",
    "DueEvent",
    "DueItem",
    "Letter",
    "LetterReturn",
    "LetterSlot",
    "OwnerDate",
    "OwnerTurn",
    "Reminder",
]
