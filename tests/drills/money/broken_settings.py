"""The same with a mistake built in: a refund that was not answered is sent under a new number."""

from tests.drills.money.settings import *  # noqa: F403  (settings modules refine one another by star import)
from tests.drills.money.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.drills.money.breaking.BreakingConfig"]
