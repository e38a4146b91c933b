"""How much fits into a garage."""

from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict
from vehicles.models import Car

MAX_CARS = 30  # a garage, not a fleet (product decision)


class GarageFullError(Conflict):
    code = "garage_full"


def check_room(owner: User) -> None:
    """Raise GarageFullError unless one more car fits. The caller holds the lock on the owner's row."""
    if Car.objects.visible_to(owner).count() >= MAX_CARS:
        raise GarageFullError(_("There are %(count)d cars already. Remove one first.") % {"count": MAX_CARS})
