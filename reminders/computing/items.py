"""What is due on a car: everything that is known in, due items out. Pure; what is not known is no item."""

from __future__ import annotations

from reminders.computing import by_law, services, warranties
from reminders.computing.shape import Computed, Known


def items(known: Known) -> list[Computed]:
    """Every due item of the car, each subject and cycle once."""
    found = [
        *services.items(known),
        *services.own_work(known),
        *by_law.items(known),
        *warranties.items(known),
    ]
    return list({one.key: one for one in found}.values())
